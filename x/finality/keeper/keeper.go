// Package keeper is the finality layer: voters and their stake, the sets that they form, their votes, and what happens to
// those that sign two conflicting ones or none. A file holds the state changes and the queries of one concern.
package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Keeper owns the state of x/finality.
type Keeper struct {
	authority   string // the account that may change the parameters
	accounts    types.AccountKeeper
	bank        types.BankKeeper
	staking     types.StakingKeeper
	checkpoints types.Checkpoints
	verifier    *verifier // node-local and content-addressed: it changes no answer, only how fast it comes

	Schema collections.Schema
	params collections.Item[types.Params]

	// voters.go
	voters     collections.Map[uint64, types.Voter]
	byOperator collections.Map[[]byte, uint64]
	byKey      collections.Map[[]byte, uint64] // every key ever used
	voterSeq   collections.Sequence
	ranking    collections.Map[collections.Pair[[]byte, uint64], []byte] // (stake inverted, index) → key; neither jailed nor tombstoned
	tombstones collections.KeySet[collections.Pair[uint64, []byte]]      // (tombstone clock, key)
	proofs     collections.Map[uint64, []byte]                           // of possession, until the anchor

	// delegations.go, unbonding.go
	delegations           collections.Map[collections.Pair[uint64, []byte], math.Int]
	delegationsByOwner    collections.KeySet[collections.Pair[[]byte, uint64]]
	unbondings            collections.Map[uint64, types.Unbonding]
	unbondingSeq          collections.Sequence
	unbondingsByDelegator collections.KeySet[collections.Pair[[]byte, uint64]]
	unbondingQueue        collections.KeySet[collections.Pair[uint64, uint64]] // (clock, id)
	clocks                collections.Map[uint64, types.UnbondingClock]        // started clocks

	// sets.go
	pairs   collections.Map[uint64, types.Pair]
	inForce collections.Item[uint64] // index of the latest pair; absent before the anchor
	sets    collections.Map[[]byte, types.VoterSet]
	setUses collections.Map[[]byte, uint64] // number of kept pairs that have the set
	next    collections.Item[types.VoterSet]

	// tally.go, prune.go
	tallies     collections.Map[uint64, types.Tally]
	touched     collections.KeySet[uint64] // epochs whose tally grew in this block (transient)
	firstRecord collections.Item[uint64]   // oldest epoch not pruned

	// archive.go
	handOvers      collections.Map[uint64, []byte] // pair → cert.HandOver
	archivedEpochs collections.Map[uint64, uint64] // epoch that a kept hand-over proves final → pair
	anchorTrust    collections.Item[[]byte]        // cert.Trust

	// era.go
	era        collections.Item[types.Era]
	closedEras collections.Map[uint64, types.Era]
	settlement collections.Item[types.Settlement]
	scores     collections.Map[uint64, types.Scores] // those that a block settles together, by number

	// evidence.go
	evidence    collections.Map[uint64, types.EvidenceRecord]
	evidenceSeq collections.Sequence
}

// NewKeeper returns the keeper; authority is the bech32 address that may change the parameters.
func NewKeeper(
	cdc codec.BinaryCodec,
	service store.KVStoreService,
	transient store.TransientStoreService,
	accounts types.AccountKeeper,
	bank types.BankKeeper,
	staking types.StakingKeeper,
	checkpoints types.Checkpoints,
	authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(service)
	tb := collections.NewSchemaBuilderFromAccessor(func(ctx context.Context) store.KVStore { return transient.OpenTransientStore(ctx) })
	uints := collections.PairKeyCodec(collections.Uint64Key, collections.Uint64Key)
	owned := collections.PairKeyCodec(collections.BytesKey, collections.Uint64Key)
	k := &Keeper{
		authority: authority, accounts: accounts, bank: bank, staking: staking, checkpoints: checkpoints,
		verifier: newVerifier(),

		params: collections.NewItem(sb, types.ParamsPrefix, "params", codec.CollValue[types.Params](cdc)),

		voters:     collections.NewMap(sb, types.VotersPrefix, "voters", collections.Uint64Key, codec.CollValue[types.Voter](cdc)),
		byOperator: collections.NewMap(sb, types.VotersByOperatorPrefix, "voters_by_operator", collections.BytesKey, collections.Uint64Value),
		byKey:      collections.NewMap(sb, types.VotersByKeyPrefix, "voters_by_key", collections.BytesKey, collections.Uint64Value),
		voterSeq:   collections.NewSequence(sb, types.VoterSequencePrefix, "voter_sequence"),
		ranking:    collections.NewMap(sb, types.RankingPrefix, "ranking", owned, collections.BytesValue),
		tombstones: collections.NewKeySet(sb, types.TombstonesPrefix, "tombstones",
			collections.PairKeyCodec(collections.Uint64Key, collections.BytesKey)),
		proofs: collections.NewMap(sb, types.PossessionsPrefix, "possessions", collections.Uint64Key, collections.BytesValue),

		delegations: collections.NewMap(sb, types.DelegationsPrefix, "delegations",
			collections.PairKeyCodec(collections.Uint64Key, collections.BytesKey), sdk.IntValue),
		delegationsByOwner:    collections.NewKeySet(sb, types.DelegationsByDelegatorPrefix, "delegations_by_delegator", owned),
		unbondings:            collections.NewMap(sb, types.UnbondingsPrefix, "unbondings", collections.Uint64Key, codec.CollValue[types.Unbonding](cdc)),
		unbondingSeq:          collections.NewSequence(sb, types.UnbondingSequencePrefix, "unbonding_sequence"),
		unbondingsByDelegator: collections.NewKeySet(sb, types.UnbondingsByDelegatorPrefix, "unbondings_by_delegator", owned),
		unbondingQueue:        collections.NewKeySet(sb, types.UnbondingQueuePrefix, "unbonding_queue", uints),
		clocks:                collections.NewMap(sb, types.ClocksPrefix, "clocks", collections.Uint64Key, codec.CollValue[types.UnbondingClock](cdc)),

		pairs:   collections.NewMap(sb, types.PairsPrefix, "pairs", collections.Uint64Key, codec.CollValue[types.Pair](cdc)),
		inForce: collections.NewItem(sb, types.InForcePrefix, "in_force", collections.Uint64Value),
		sets:    collections.NewMap(sb, types.SetsPrefix, "sets", collections.BytesKey, codec.CollValue[types.VoterSet](cdc)),
		setUses: collections.NewMap(sb, types.SetUsesPrefix, "set_uses", collections.BytesKey, collections.Uint64Value),
		next:    collections.NewItem(sb, types.NextSetPrefix, "next_set", codec.CollValue[types.VoterSet](cdc)),

		tallies:     collections.NewMap(sb, types.TalliesPrefix, "tallies", collections.Uint64Key, codec.CollValue[types.Tally](cdc)),
		touched:     collections.NewKeySet(tb, types.TouchedPrefix, "touched", collections.Uint64Key),
		firstRecord: collections.NewItem(sb, types.FirstRecordPrefix, "first_record", collections.Uint64Value),

		handOvers:      collections.NewMap(sb, types.ArchivePrefix, "archive", collections.Uint64Key, collections.BytesValue),
		archivedEpochs: collections.NewMap(sb, types.ArchivedEpochsPrefix, "archived_epochs", collections.Uint64Key, collections.Uint64Value),
		anchorTrust:    collections.NewItem(sb, types.ArchivedAnchorPrefix, "archived_anchor", collections.BytesValue),

		era:        collections.NewItem(sb, types.EraPrefix, "era", codec.CollValue[types.Era](cdc)),
		closedEras: collections.NewMap(sb, types.ClosedErasPrefix, "closed_eras", collections.Uint64Key, codec.CollValue[types.Era](cdc)),
		settlement: collections.NewItem(sb, types.SettlementPrefix, "settlement", codec.CollValue[types.Settlement](cdc)),
		scores:     collections.NewMap(sb, types.ScoresPrefix, "scores", collections.Uint64Key, codec.CollValue[types.Scores](cdc)),

		evidence:    collections.NewMap(sb, types.EvidencePrefix, "evidence", collections.Uint64Key, codec.CollValue[types.EvidenceRecord](cdc)),
		evidenceSeq: collections.NewSequence(sb, types.EvidenceSequencePrefix, "evidence_sequence"),
	}
	schema, err := sb.Build()
	if err == nil {
		_, err = tb.Build()
	}
	if err != nil {
		panic(err) // two collections share a prefix: a programming error, met by every test
	}
	k.Schema = schema
	return k
}

// Params returns the parameters.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) {
	p, err := k.params.Get(ctx)
	if err != nil {
		return p, fmt.Errorf("read params: %w", err)
	}
	return p, nil
}

// Domain returns the domain that this chain's votes are signed for.
func (k *Keeper) Domain(ctx context.Context) ffg.Root {
	return ffg.Domain(sdk.UnwrapSDKContext(ctx).ChainID())
}

// BeginBlock runs after x/mint and before x/distribution: it watches the supply, and takes the finality layer's share of fees
// and inflation.
func (k *Keeper) BeginBlock(ctx context.Context) error {
	if err := k.watchSupply(ctx); err != nil {
		return fmt.Errorf("watch the supply: %w", err)
	}
	return k.collectRewards(ctx)
}

// EndBlock runs before x/checkpoint's (protocol §3): first the links, then everything that is spread over blocks.
func (k *Keeper) EndBlock(ctx context.Context) error {
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"count votes", k.countVotes},
		{"settle era", k.settle},
		{"pay unbondings", k.payUnbondings},
		{"prune", k.prune},
	} {
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

func emit(ctx context.Context, event interface {
	Reset()
	String() string
	ProtoMessage()
},
) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(event)
}

// found turns a missing value into false.
func found[T any](v T, err error) (T, bool, error) {
	if errors.Is(err, collections.ErrNotFound) {
		return v, false, nil
	}
	return v, err == nil, err
}
