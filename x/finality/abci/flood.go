package abci

import (
	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/lane/votes"
	"github.com/dualchain/dualchain/x/finality/types"
)

// In CometBFT's flood mempool a vote is admitted to the pool once, and to the mempool so that it is gossiped, until a block has counted
// it or its target has left the window. Neighbours with a mempool of type app send larger packs. Their votes go into the pool too, but
// not into the mempool, which keeps single votes alone.

// packVotes bounds the votes of larger packs that are verified between two blocks, since CometBFT's mempool waits meanwhile.
const packVotes = 2 * gossip.MaxVotes

// flooded checks a pack as it came in a flood mempool.
func (h *Handlers) flooded(tx []byte, check func(*votes.Place, gossip.Pack) error) error {
	pack, err := votes.Decode(tx)
	if err != nil {
		return err
	}
	view, err := votes.Look(h.checkState(), h.keeper)
	if err != nil {
		return err
	}
	h.pool.Prune(view.Oldest, view.Head)
	place, err := view.Place(pack.Vote, pack.SetHash)
	if err != nil {
		return err
	}
	if err := place.CheckPositions(pack); err != nil {
		return err
	}
	return check(place, pack)
}

// admit checks a vote, the cheap things first and the signature last, and adds it to the pool. A stray vote is admitted once, so that
// other nodes hear of it, and within a budget: nobody counts it.
func (h *Handlers) admit(place *votes.Place, pack gossip.Pack) error {
	if len(pack.Parts) != 1 || pack.Salt != 0 { // so that a vote has one encoding, which the mempool takes once
		return h.unpack(place, pack)
	}
	if !place.Stray() {
		if err := recorded(place, pack); err != nil {
			return err
		}
	}
	return h.votes.Single(place, pack.Parts[0])
}

// unpack takes the votes of a pack that the mempool doesn't keep. Errors: always one; [ErrNotSingle] if the pack was fine.
func (h *Handlers) unpack(place *votes.Place, pack gossip.Pack) error {
	if h.unpacked+len(pack.Parts) > packVotes {
		return votes.ErrBusy.Wrapf("expected at most %d votes in packs between two blocks, found %d", packVotes, h.unpacked+len(pack.Parts))
	}
	h.unpacked += len(pack.Parts)
	if err := h.votes.Batch(place, pack.Parts); err != nil {
		return err
	}
	return ErrNotSingle.Wrapf("the pool has the votes; expected 1 vote and salt 0, found %d and %d", len(pack.Parts), pack.Salt)
}

// recheck says whether a vote that was admitted is still worth gossiping. It verifies nothing again. A stray vote is not: the pool has
// noted it, and every node has heard of it by now.
func (h *Handlers) recheck(place *votes.Place, pack gossip.Pack) error {
	if place.Stray() {
		return votes.ErrNoted
	}
	return recorded(place, pack)
}

// recorded returns an error if the target's tally has the voter.
func recorded(place *votes.Place, pack gossip.Pack) error {
	if position := int(pack.Parts[0].Position); place.Recorded(position) {
		return types.ErrRedundant.Wrapf("epoch %d: signer %d is recorded", pack.Vote.Target.Epoch, position)
	}
	return nil
}
