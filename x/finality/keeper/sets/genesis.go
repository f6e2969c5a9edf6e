package sets

import (
	"context"
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// InitGenesis writes the pairs and clocks of a running chain.
func (k *Keeper) InitGenesis(ctx context.Context, r types.RunningState) error {
	sets := map[ffg.Root]types.Members{}
	for _, s := range r.Sets {
		members, err := s.ToMembers()
		if err != nil {
			return err
		}
		stitched, err := members.Stitched()
		if err != nil {
			return err
		}
		sets[stitched.Hash()] = members
	}
	next, err := r.Next.ToMembers()
	if err != nil {
		return err
	}
	for _, p := range r.Pairs {
		hash, _, err := p.Hashes()
		if err != nil {
			return err
		}
		if err := errors.Join(k.useSet(ctx, hash, sets[hash]), k.pairs.Set(ctx, p.Index, p), k.inForce.Set(ctx, p.Index)); err != nil {
			return fmt.Errorf("set pair %d: %w", p.Index, err)
		}
	}
	for _, c := range r.Clocks {
		if err := k.setClock(ctx, c); err != nil {
			return err
		}
	}
	if err := k.initLast(ctx, r.Pairs, sets, next); err != nil {
		return fmt.Errorf("set last pairs: %w", err)
	}
	return k.next.Set(ctx, next)
}

// ExportGenesis adds the pairs and clocks to a running state.
func (k *Keeper) ExportGenesis(ctx context.Context, r *types.RunningState) (err error) {
	next, err := k.Next(ctx)
	if err != nil {
		return err
	}
	r.Next = types.VoterSetFromMembers(next)
	return errors.Join(
		k.pairs.Walk(ctx, nil, func(_ uint64, p types.Pair) (bool, error) {
			r.Pairs = append(r.Pairs, p)
			return false, nil
		}),
		k.sets.Walk(ctx, nil, func(_ []byte, members types.Members) (bool, error) {
			r.Sets = append(r.Sets, types.VoterSetFromMembers(members))
			return false, nil
		}),
		k.clocks.Walk(ctx, nil, func(_ uint64, c types.UnbondingClock) (bool, error) {
			r.Clocks = append(r.Clocks, c)
			return false, nil
		}),
	)
}

// Trust returns a kept checkpoint with its members; ErrNotFound of collections if they are not kept any more.
func (k *Keeper) Trust(ctx context.Context, r checkpointtypes.Record) (cert.Trust, error) {
	members, err := k.sets.Get(ctx, r.VoterSetHash[:])
	if err != nil {
		return cert.Trust{}, fmt.Errorf("read set of epoch %d: %w", r.Epoch, err)
	}
	voters, err := members.Stitched()
	if err != nil {
		return cert.Trust{}, fmt.Errorf("read set of epoch %d: %w", r.Epoch, err)
	}
	next, err := k.NextSide(ctx, r.Pair)
	if err != nil {
		return cert.Trust{}, fmt.Errorf("read the set after pair %d: %w", r.Pair, err)
	}
	return cert.NewTrust(r.Checkpoint, voters, next)
}

// NextSide returns the set that follows a kept pair: the current side of the pair after it.
func (k *Keeper) NextSide(ctx context.Context, pair uint64) (ffg.Side, error) {
	inForce, err := k.inForce.Get(ctx)
	if err != nil {
		return nil, err
	}
	if pair == inForce {
		next, err := k.next.Get(ctx)
		if err != nil {
			return nil, err
		}
		return next.Side()
	}
	after, err := k.pairs.Get(ctx, pair+1)
	if err != nil {
		return nil, err
	}
	hash, _, err := after.Hashes()
	if err != nil {
		return nil, err
	}
	members, err := k.sets.Get(ctx, hash[:])
	if err != nil {
		return nil, err
	}
	voters, err := members.Stitched()
	return voters.CurrentSide(), err
}
