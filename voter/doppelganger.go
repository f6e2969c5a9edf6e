package voter

import (
	"context"
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/voter/sign"
	"github.com/dualchain/dualchain/voter/watch"
)

// A doppelganger is another machine that votes with the same key, under a guard of its own. Sooner or later the two sign
// conflicting votes. A vote is in the guard before it is signed, so a vote on the chain that the guard doesn't know is
// a doppelganger's. After a start we look before we sign; afterwards we look at what each duty shows anyway.

// ErrDoppelganger: the chain has a vote of this key that this guard has not approved.
var ErrDoppelganger = errors.New("another machine votes with this key")

// errLooking keeps from voting at first.
var errLooking = errors.New("looking for another machine that votes with this key")

// pastOf answers what the guard of a key remembers: a signer.
type pastOf interface {
	Past(ctx context.Context, key ffg.PublicKey, target uint64) (sign.Past, error)
}

// votedFor answers whether the chain has a vote, and shows the signature: a watcher.
type votedFor interface {
	Voted(ctx context.Context, epoch uint64, key ffg.PublicKey) (bool, error)
}

// doppelganger looks for votes of one key from elsewhere.
type doppelganger struct {
	key    ffg.PublicKey
	past   pastOf
	chain  votedFor
	epochs uint64 // to look at before the first signature

	started bool
	clear   bool
	first   uint64 // of the epochs to look at
	found   error  // for good: only a new start looks again
}

// check returns nil if the key may sign this duty. Errors: ErrDoppelganger, which stays; errLooking; those of asking.
func (d *doppelganger) check(ctx context.Context, duty watch.Duty) error {
	if d.found != nil {
		return d.found
	}
	epoch := duty.Vote.Target.Epoch
	if duty.Recorded {
		if err := d.expectOurs(ctx, epoch); err != nil {
			return err
		}
	}
	if d.clear {
		return nil
	}
	if !d.started {
		past, err := d.past.Past(ctx, d.key, epoch)
		if err != nil {
			return err
		}
		d.started, d.first = true, epoch
		// Whoever voted a moment ago has missed nothing: what it didn't see while it was down it wouldn't have seen running.
		d.clear = d.epochs == 0 || past.Latest == 0 || past.Latest+d.epochs >= epoch
	}
	d.first = min(d.first, epoch) // a node may have claimed an epoch that never came
	// The votes of an epoch are recorded while the next one is the head, at the latest where proposers are honest.
	if last := d.first + d.epochs - 1; !d.clear && epoch <= last+1 {
		return fmt.Errorf("%w until epoch %d", errLooking, last+2)
	}
	for e := d.first; !d.clear && e < d.first+d.epochs; e++ {
		voted, err := d.chain.Voted(ctx, e, d.key)
		if err != nil {
			return err
		}
		if voted {
			if err := d.expectOurs(ctx, e); err != nil {
				return err
			}
		}
	}
	d.clear = true
	return nil
}

// expectOurs returns ErrDoppelganger unless the guard approved a vote for an epoch in which the key has voted.
func (d *doppelganger) expectOurs(ctx context.Context, epoch uint64) error {
	past, err := d.past.Past(ctx, d.key, epoch)
	if err != nil || past.Signed {
		return err
	}
	// It costs all further votes, so one node's word is not enough: it must show the signature.
	proven, err := d.chain.Voted(ctx, epoch, d.key)
	if err != nil {
		return err
	}
	if proven {
		d.found = fmt.Errorf("%w: expected no vote for epoch %d on the chain, because this guard approved none, found one: stop that machine, import its slashing protection here, start again",
			ErrDoppelganger, epoch)
	}
	return d.found
}
