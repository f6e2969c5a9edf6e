package votes

import (
	"context"
	"slices"
	"sync"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/votepool"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Keeper is what the lane asks of x/finality.
type Keeper interface {
	// Window returns the open targets, oldest to head; not anchored before there are any.
	Window(ctx context.Context) (oldest, head uint64, anchored bool, err error)
	// OpenTarget returns all that there is to know about an epoch in the window.
	OpenTarget(ctx context.Context, epoch uint64) (types.OpenTarget, error)
	// UpcomingSets returns the hashes of the pair in force and of its successor: a target above the head has one of them.
	UpcomingSets(ctx context.Context) ([]ffg.Root, error)
	// Keys returns one of the upcoming sets and its keys in the same order.
	Keys(ctx context.Context, setHash ffg.Root) (ffg.VoterSet, *bls.KeySet, error)
	// Domain returns the hash that binds votes to this chain.
	Domain(ctx context.Context) ffg.Root
}

// View is what a node knows of the open targets after one block. It reads the state as it is asked, once for each target. All methods
// may be called at once.
type View struct {
	Oldest, Head uint64

	keeper Keeper
	mu     sync.Mutex
	ctx    context.Context
	open   map[uint64]*types.OpenTarget
	hashes []ffg.Root          // of the sets that targets above the head can have
	early  map[ffg.Root]voters // those of these sets that were asked for
}

// voters are a voter set and its keys, in the same order.
type voters struct {
	set  ffg.VoterSet
	keys *bls.KeySet
}

// Look returns the view of a state. Errors: [types.ErrNoEpochs] before the anchor, and those of the keeper.
func Look(ctx context.Context, keeper Keeper) (*View, error) {
	oldest, head, anchored, err := keeper.Window(ctx)
	if err != nil {
		return nil, err
	}
	if !anchored {
		return nil, types.ErrNoEpochs
	}
	return &View{Oldest: oldest, Head: head, keeper: keeper, ctx: ctx, open: map[uint64]*types.OpenTarget{}, early: map[ffg.Root]voters{}}, nil
}

// Place is where a vote belongs: who may sign it and what becomes of it.
type Place struct {
	Vote    ffg.Vote
	SetHash ffg.Root
	// Root is what is signed.
	Root ffg.Root
	// Set are the voters and Keys their keys, in the same order.
	Set  ffg.VoterSet
	Keys *bls.KeySet
	// Target is nil for an early vote: its epoch is above the head, and there is no tally yet.
	Target *types.OpenTarget
}

// Stray reports whether the vote is for a known target and not the one that counts for it. It may be half of a proof (protocol §8).
func (p *Place) Stray() bool { return p.Target != nil && p.Vote != p.Target.Vote }

// Recorded reports whether the target's tally has the voter at a position.
func (p *Place) Recorded(position int) bool { return p.Target != nil && p.Target.Signers.Get(position) }

// Place returns the place of a vote over a voter set. Errors: [types.ErrVoteWindow], [types.ErrUnknownSet], those of the keeper.
func (v *View) Place(vote ffg.Vote, setHash ffg.Root) (*Place, error) {
	epoch := vote.Target.Epoch
	if epoch < v.Oldest || epoch > v.Head && epoch-v.Head > votepool.Ahead {
		return nil, types.ErrVoteWindow.Wrapf("expected epoch %d to %d + %d, found %d", v.Oldest, v.Head, votepool.Ahead, epoch)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	p := &Place{Vote: vote, SetHash: setHash}
	if epoch > v.Head {
		early, err := v.upcoming(epoch, setHash)
		if err != nil {
			return nil, err
		}
		p.Set, p.Keys = early.set, early.keys
	} else {
		target, err := v.target(epoch)
		if err != nil {
			return nil, err
		}
		if target.SetHash != setHash {
			return nil, unknownSet(epoch, setHash, target.SetHash)
		}
		p.Target, p.Set, p.Keys = target, target.Set, target.Keys
	}
	p.Root = vote.SigningRoot(v.keeper.Domain(v.ctx))
	return p, nil
}

// Target returns an open target. Errors: [types.ErrVoteWindow], those of the keeper.
func (v *View) Target(epoch uint64) (*types.OpenTarget, error) {
	if epoch < v.Oldest || epoch > v.Head {
		return nil, types.ErrVoteWindow.Wrapf("expected epoch %d to %d, found %d", v.Oldest, v.Head, epoch)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.target(epoch)
}

func (v *View) target(epoch uint64) (*types.OpenTarget, error) {
	if target := v.open[epoch]; target != nil {
		return target, nil
	}
	target, err := v.keeper.OpenTarget(v.ctx, epoch)
	if err != nil {
		return nil, err
	}
	v.open[epoch] = &target
	return &target, nil
}

// upcoming returns the voters of a set that a target above the head can have.
func (v *View) upcoming(epoch uint64, hash ffg.Root) (voters, error) {
	if found, known := v.early[hash]; known {
		return found, nil
	}
	if v.hashes == nil {
		hashes, err := v.keeper.UpcomingSets(v.ctx)
		if err != nil {
			return voters{}, err
		}
		v.hashes = hashes
	}
	if !slices.Contains(v.hashes, hash) {
		return voters{}, unknownSet(epoch, hash, v.hashes...)
	}
	set, keys, err := v.keeper.Keys(v.ctx, hash)
	if err != nil {
		return voters{}, err
	}
	v.early[hash] = voters{set, keys}
	return v.early[hash], nil
}

func unknownSet(epoch uint64, found ffg.Root, known ...ffg.Root) error {
	return types.ErrUnknownSet.Wrapf("epoch %d: expected one of %v, found %s", epoch, known, found)
}
