// Package eras settles what voters did: rewards by weight and participation, jail for absence.
package eras

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"cosmossdk.io/collections"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/keeper/sets"
	"github.com/dualchain/dualchain/x/finality/keeper/stake"
	"github.com/dualchain/dualchain/x/finality/keeper/votes"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Keeper owns the state of eras.
type Keeper struct {
	params      state.Params
	stake       *stake.Keeper
	sets        *sets.Keeper
	votes       *votes.Keeper
	checkpoints types.Checkpoints

	era        collections.Item[types.Era] // the open one
	closedEras collections.Map[uint64, types.Era]
	settlement collections.Item[types.Settlement]
	scores     collections.Map[uint64, types.Scores] // those that a block settles together, by number
}

// New adds the component's collections to a schema.
func New(
	sb *collections.SchemaBuilder, cdc codec.BinaryCodec, params state.Params,
	stake *stake.Keeper, sets *sets.Keeper, votes *votes.Keeper, checkpoints types.Checkpoints,
) *Keeper {
	return &Keeper{
		params: params, stake: stake, sets: sets, votes: votes, checkpoints: checkpoints,

		era:        collections.NewItem(sb, types.EraPrefix, "era", codec.CollValue[types.Era](cdc)),
		closedEras: collections.NewMap(sb, types.ClosedErasPrefix, "closed_eras", collections.Uint64Key, codec.CollValue[types.Era](cdc)),
		settlement: collections.NewItem(sb, types.SettlementPrefix, "settlement", codec.CollValue[types.Settlement](cdc)),
		scores:     collections.NewMap(sb, types.ScoresPrefix, "scores", collections.Uint64Key, codec.CollValue[types.Scores](cdc)),
	}
}

// Begin opens the first era at the anchor.
func (k *Keeper) Begin(ctx context.Context) error { return k.era.Set(ctx, types.Era{FirstEpoch: 1}) }

// Open returns the open era.
func (k *Keeper) Open(ctx context.Context) (types.Era, error) {
	era, err := k.era.Get(ctx)
	if err != nil {
		return era, fmt.Errorf("read open era: %w", err)
	}
	return era, nil
}

// OldestUnsettled returns the oldest era that is not settled: a closed one, or else the open one.
func (k *Keeper) OldestUnsettled(ctx context.Context) (types.Era, error) {
	era, err := k.Open(ctx)
	if err != nil {
		return era, err
	}
	err = k.closedEras.Walk(ctx, nil, func(_ uint64, e types.Era) (bool, error) {
		era = e
		return true, nil
	})
	if err != nil {
		return era, fmt.Errorf("read closed eras: %w", err)
	}
	return era, nil
}

// Closed returns a closed era that is not settled.
func (k *Keeper) Closed(ctx context.Context, index uint64) (types.Era, error) {
	return k.closedEras.Get(ctx, index)
}

// InitGenesis writes the eras of a running chain.
func (k *Keeper) InitGenesis(ctx context.Context, r types.RunningState) error {
	for _, e := range r.Closed {
		if err := k.closedEras.Set(ctx, e.Index, e); err != nil {
			return fmt.Errorf("set era %d: %w", e.Index, err)
		}
	}
	if r.Settlement != nil {
		if err := errors.Join(k.settlement.Set(ctx, *r.Settlement), k.keepScores(ctx, r.Scores)); err != nil {
			return fmt.Errorf("set settlement: %w", err)
		}
	}
	return k.era.Set(ctx, r.Era)
}

// ExportGenesis adds the eras to a running state.
func (k *Keeper) ExportGenesis(ctx context.Context, r *types.RunningState) (err error) {
	settlement, underWay, err := state.Found(k.settlement.Get(ctx))
	if err != nil {
		return fmt.Errorf("read settlement: %w", err)
	}
	if underWay {
		r.Settlement = &settlement
	}
	if r.Era, err = k.Open(ctx); err != nil {
		return err
	}
	if r.Scores, err = k.unsettledScores(ctx); err != nil {
		return err
	}
	r.Closed, err = k.closedEraList(ctx)
	return err
}

// closedEraList returns the closed eras that are not settled, oldest first.
func (k *Keeper) closedEraList(ctx context.Context) ([]types.Era, error) {
	var out []types.Era
	err := k.closedEras.Walk(ctx, nil, func(_ uint64, e types.Era) (bool, error) {
		out = append(out, e)
		return false, nil
	})
	return out, err
}

// Voted adds up one voter's part in the epochs from first to last, and tells of each in which it had weight.
func (k *Keeper) Voted(ctx context.Context, key ffg.PublicKey, first, last uint64, epochs func(epoch uint64, signed bool)) (Line, error) {
	var out Line
	var hash ffg.Root
	var weight uint64
	position, member := 0, false
	for epoch := first; epoch <= last; epoch++ {
		r, err := k.checkpoints.Record(ctx, epoch)
		if err != nil {
			return out, err
		}
		if r.VoterSetHash != hash {
			hash = r.VoterSetHash
			set, err := k.sets.Members(ctx, hash)
			if err != nil {
				return out, err
			}
			position, member = slices.BinarySearchFunc(set, key, func(m types.Member, key ffg.PublicKey) int { return bytes.Compare(m.Key[:], key[:]) })
			if member {
				weight = max(set[position].Rear, set[position].Current)
			}
		}
		if !member {
			continue
		}
		signers, err := k.votes.Tally(ctx, epoch)
		if err != nil {
			return out, fmt.Errorf("read tally of epoch %d: %w", epoch, err)
		}
		signed := signers.Get(position)
		out.Expected = out.Expected.Add(weight)
		if signed {
			out.Signed = out.Signed.Add(weight)
		}
		epochs(epoch, signed)
	}
	return out, nil
}

// PPM returns the part of the expected weight that was signed, rounded down.
func (l Line) PPM() uint32 {
	if l.Expected.IsZero() {
		return 0
	}
	signed := new(big.Int).Mul(l.Signed.Big(), big.NewInt(types.Million))
	return uint32(signed.Quo(signed, l.Expected.Big()).Uint64())
}
