// Package votes is who has voted: the tallies of the checkpoints, and evidence of two votes that conflict.
package votes

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/keeper/sets"
	"github.com/dualchain/dualchain/x/finality/keeper/stake"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Keeper owns the state of votes and evidence.
type Keeper struct {
	params      state.Params
	stake       *stake.Keeper
	sets        *sets.Keeper
	bank        types.BankKeeper
	checkpoints types.Checkpoints
	keys        *bls.Cache // node-local: parsed keys by their bytes
	verified    *verified  // node-local and content-addressed, of aggregates: it changes no answer, only how fast it comes
	possessed   *verified  // the same of proofs of possession

	tallies     collections.Map[uint64, types.Tally]
	touched     collections.KeySet[uint64] // epochs whose tally grew in this block (transient)
	firstRecord collections.Item[uint64]   // oldest epoch not pruned; absent before the anchor

	evidence    collections.Map[uint64, types.EvidenceRecord]
	evidenceSeq collections.Sequence
}

// New adds the component's collections to a schema and to that of the transient store.
func New(
	sb, transient *collections.SchemaBuilder, cdc codec.BinaryCodec, params state.Params,
	stake *stake.Keeper, sets *sets.Keeper, bank types.BankKeeper, checkpoints types.Checkpoints, keys *bls.Cache,
) *Keeper {
	return &Keeper{
		params: params, stake: stake, sets: sets, bank: bank, checkpoints: checkpoints, keys: keys,
		verified: newVerified(), possessed: newVerified(),

		tallies:     collections.NewMap(sb, types.TalliesPrefix, "tallies", collections.Uint64Key, codec.CollValue[types.Tally](cdc)),
		touched:     collections.NewKeySet(transient, types.TouchedPrefix, "touched", collections.Uint64Key),
		firstRecord: collections.NewItem(sb, types.FirstRecordPrefix, "first_record", collections.Uint64Value),

		evidence:    collections.NewMap(sb, types.EvidencePrefix, "evidence", collections.Uint64Key, codec.CollValue[types.EvidenceRecord](cdc)),
		evidenceSeq: collections.NewSequence(sb, types.EvidenceSequencePrefix, "evidence_sequence"),
	}
}

// Begin starts the records at the anchor.
func (k *Keeper) Begin(ctx context.Context) error {
	if err := k.firstRecord.Set(ctx, 0); err != nil {
		return fmt.Errorf("set first record: %w", err)
	}
	return nil
}

// Window returns the open targets, oldest to head; none before the anchor. The anchor itself is never voted on, nor is
// what was pruned before governance widened the window.
func (k *Keeper) Window(ctx context.Context) (oldest, head uint64, anchored bool, err error) {
	head, anchored, err = k.checkpoints.HeadEpoch(ctx)
	if err != nil || !anchored {
		return 0, 0, false, err
	}
	params, err := k.params(ctx)
	if err != nil {
		return 0, 0, false, err
	}
	first, err := k.firstRecord.Get(ctx)
	if err != nil {
		return 0, 0, false, fmt.Errorf("read first record: %w", err)
	}
	return max(1, first, head-min(head, params.VoteWindow-1)), head, true, nil
}

// FirstRecord returns the oldest epoch whose record is kept, or false before the anchor.
func (k *Keeper) FirstRecord(ctx context.Context) (uint64, bool, error) {
	return state.Found(k.firstRecord.Get(ctx))
}

// Prune drops the tallies of the epochs in [from, to), the oldest that are kept.
func (k *Keeper) Prune(ctx context.Context, from, to uint64) error {
	for epoch := from; epoch < to; epoch++ {
		if err := k.tallies.Remove(ctx, epoch); err != nil {
			return fmt.Errorf("prune tally of epoch %d: %w", epoch, err)
		}
	}
	return k.firstRecord.Set(ctx, to)
}

// Evidence returns accepted evidence, or false if no evidence has this number.
func (k *Keeper) Evidence(ctx context.Context, id uint64) (types.EvidenceRecord, bool, error) {
	return state.Found(k.evidence.Get(ctx, id))
}

// AllEvidence lists accepted evidence, a page at a time.
func (k *Keeper) AllEvidence(ctx context.Context, page *query.PageRequest) ([]types.EvidenceRecord, *query.PageResponse, error) {
	return query.CollectionPaginate(ctx, k.evidence, page, func(_ uint64, r types.EvidenceRecord) (types.EvidenceRecord, error) { return r, nil })
}

// InitGenesis writes the evidence, and the tallies of a running chain.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	for _, e := range g.Evidence {
		if err := k.evidence.Set(ctx, e.Id, e); err != nil {
			return fmt.Errorf("set evidence %d: %w", e.Id, err)
		}
	}
	if err := k.evidenceSeq.Set(ctx, uint64(len(g.Evidence))); err != nil {
		return fmt.Errorf("set evidence sequence: %w", err)
	}
	if g.Running == nil {
		return nil
	}
	for _, t := range g.Running.Tallies {
		if err := k.tallies.Set(ctx, t.Epoch, t.Tally); err != nil {
			return fmt.Errorf("set tally of epoch %d: %w", t.Epoch, err)
		}
	}
	return k.firstRecord.Set(ctx, g.Running.FirstRecord)
}

// ExportGenesis adds the evidence to a genesis state, and the tallies to that of a running chain.
func (k *Keeper) ExportGenesis(ctx context.Context, g *types.GenesisState) error {
	err := k.evidence.Walk(ctx, nil, func(_ uint64, e types.EvidenceRecord) (bool, error) {
		g.Evidence = append(g.Evidence, e)
		return false, nil
	})
	if err != nil || g.Running == nil {
		return err
	}
	first, firstErr := k.firstRecord.Get(ctx)
	g.Running.FirstRecord = first
	return errors.Join(firstErr, k.tallies.Walk(ctx, nil, func(epoch uint64, t types.Tally) (bool, error) {
		g.Running.Tallies = append(g.Running.Tallies, types.GenesisTally{Epoch: epoch, Tally: t})
		return false, nil
	}))
}
