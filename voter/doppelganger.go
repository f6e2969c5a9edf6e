package voter

import (
	"context"
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
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
	Prove(ctx context.Context, duty watch.Duty, key ffg.PublicKey) error
}

// doppelganger looks for votes of one key from elsewhere.
type doppelganger struct {
	key    ffg.PublicKey
	past   pastOf
	chain  votedFor
	epochs uint64 // to look at before the first signature

	started     bool
	clear       bool
	first, next uint64 // of the epochs to look at
	found       error  // for good: only a new start looks again
}

// check returns nil if the key may sign this duty. Errors: ErrDoppelganger, which stays; errLooking; those of asking.
func (d *doppelganger) check(ctx context.Context, duty watch.Duty) error {
	if d.found != nil {
		return d.found
	}
	epoch := duty.Vote.Target.Epoch
	if duty.Recorded {
		if err := d.expectOurs(ctx, epoch, func() (bool, error) { return true, d.chain.Prove(ctx, duty, d.key) }); err != nil {
			return err
		}
	}
	if d.clear {
		return nil
	}
	if !d.started {
		if err := d.start(ctx, epoch); err != nil {
			return err
		}
	}
	if epoch < d.first { // a node may have claimed an epoch that never came
		d.first, d.next = epoch, epoch
	}
	// The votes of an epoch are recorded while the next one is the head, at the latest where proposers are honest.
	for ; !d.clear && d.next < d.first+d.epochs && d.next+2 <= epoch; d.next++ {
		err := d.lookAt(ctx, d.next)
		if errors.Is(err, watch.ErrNotKept) && d.next+d.epochs+2 < epoch { // a node may have claimed an epoch of long ago
			d.first, d.next = epoch, epoch
			break
		}
		if err != nil {
			return err
		}
	}
	if d.clear = d.clear || d.next == d.first+d.epochs; !d.clear {
		return fmt.Errorf("%w until epoch %d", errLooking, d.first+d.epochs+1)
	}
	return nil
}

// start decides whether to wait. A key that never voted here doesn't wait, although another machine may have voted with it.
func (d *doppelganger) start(ctx context.Context, epoch uint64) error {
	past, err := d.past.Past(ctx, d.key, epoch)
	if err != nil {
		return err
	}
	if past.Latest == 0 {
		if err := d.lookBack(ctx, epoch); err != nil {
			return err
		}
	}
	d.started, d.first, d.next = true, epoch, epoch
	// A client that voted a moment ago has missed nothing that it would have seen while running.
	d.clear = d.epochs == 0 || past.Latest == 0 || past.Latest+d.epochs >= epoch
	return nil
}

// lookBack looks at the epochs before one, as far as the node keeps them.
func (d *doppelganger) lookBack(ctx context.Context, epoch uint64) error {
	for e := epoch - 1; e > 0 && epoch-e <= d.epochs; e-- {
		err := d.lookAt(ctx, e)
		if errors.Is(err, watch.ErrNotKept) && e < epoch-1 { // every node keeps the one before its head
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *doppelganger) lookAt(ctx context.Context, epoch uint64) error {
	return d.expectOurs(ctx, epoch, func() (bool, error) { return d.chain.Voted(ctx, epoch, d.key) })
}

// expectOurs returns ErrDoppelganger if the chain has a vote of the key for an epoch, and the guard approved none.
func (d *doppelganger) expectOurs(ctx context.Context, epoch uint64, voted func() (bool, error)) error {
	past, err := d.past.Past(ctx, d.key, epoch)
	if err != nil || past.Signed {
		return err
	}
	// It costs all further votes, so one node's word is not enough: it must show the signature.
	proven, err := voted()
	if err != nil {
		return err
	}
	if proven {
		d.found = fmt.Errorf("%w: expected no vote for epoch %d on the chain, because this guard approved none, found one: stop that machine, import its slashing protection here, start again",
			ErrDoppelganger, epoch)
	}
	return d.found
}
