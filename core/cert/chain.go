package cert

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

// Mode is how a client keeps up, and so what two conflicting certificates prove to it (protocol §13).
type Mode uint8

const (
	// Skipping lets hand-overs leave out everything but one certificate for each installation that changed a set. It is safe
	// while less than two thirds of every pair within the unbonding time are dishonest. Two conflicting certificates show
	// that one of these pairs was that dishonest, but not which voters were: see Compare.
	Skipping Mode = iota
	// Following has every certificate start at the checkpoint trusted before, and have each checkpoint and each link from there
	// on. Two conflicting chains of such certificates from one trusted checkpoint prove at least a third of one side of a
	// pair guilty, by name.
	Following
)

// String returns the mode in lower case.
func (m Mode) String() string {
	if m == Following {
		return "following"
	}
	return "skipping"
}

// ErrExpired is wrapped by VerifyChain for trust that is too old: its voters may have withdrawn their stake, and could sign another
// past at no cost.
var ErrExpired = errors.New("trust is older than the unbonding time")

// ErrFuture is wrapped by VerifyChain for a checkpoint from the future: this clock is behind, or a quorum lies about the time. Trust in
// such a checkpoint would outlast the unbonding time.
var ErrFuture = errors.New("the checkpoint is ahead of this clock")

// DefaultClockDrift is how far ahead of the caller's time a checkpoint may be, unless Options say otherwise. Voters sign none that is
// further ahead of their clocks (protocol §4).
const DefaultClockDrift = 10 * time.Second

// Options say how to verify a chain of hand-overs. The zero value refuses all trust as expired.
type Options struct {
	Mode Mode
	// AllowDegraded accepts checkpoints whose powers the inactivity leak has lowered: two of those may conflict with nobody
	// guilty (protocol §9). While powers still decay, they change within a pair, and no certificate verifies.
	AllowDegraded bool
	// Now is the caller's time. The age of the trust is measured against it.
	Now time.Time
	// UnbondingTime is the chain's unbonding time. Older trust is refused.
	UnbondingTime time.Duration
	// ClockDrift is how far ahead of Now a checkpoint may be that is trusted, or becomes trusted. 0 stands for DefaultClockDrift.
	ClockDrift time.Duration
	// Keys remembers parsed keys between calls. If it is nil, each call parses them again.
	Keys *bls.Cache
}

// VerifyChain verifies hand-overs one after another, from a trusted checkpoint on the chain with this domain. It returns the trust that
// they lead to and how many are valid. Both are valid beside an error, which is about the next hand-over. The error wraps a
// *StepError.
func VerifyChain(domain ffg.Root, trust Trust, handOvers []HandOver, o Options) (Trust, int, error) {
	verified := 0
	reached, err := verifyChain(domain, trust, handOvers, o, func(place, Certificate, []*Pair) { verified++ })
	return reached, verified, err
}

// verifyChain calls visit for each verified certificate, with the place from which it was verified and the pair of each of its
// checkpoints.
func verifyChain(domain ffg.Root, trust Trust, handOvers []HandOver, o Options, visit func(place, Certificate, []*Pair)) (Trust, error) {
	if err := trust.Validate(); err != nil {
		return trust, err
	}
	if err := o.fresh(trust.Checkpoint); err != nil {
		return trust, &StepError{Step: StepExpired, Err: err}
	}
	if err := o.arrived(trust.Checkpoint); err != nil {
		return trust, err
	}
	if len(handOvers) == 0 {
		return trust, nil
	}
	if o.Keys == nil {
		o.Keys = bls.NewCache(2 * (len(trust.Voters) + len(trust.Next)))
	}
	pair, err := NewPair(trust.Voters, trust.Next, o.Keys)
	if err != nil {
		return trust, &StepError{Step: StepTrust, Err: err}
	}
	at := place{checkpoint: trust.Checkpoint, pair: pair}
	v := verifier{domain: domain, allowDegraded: o.AllowDegraded, keys: o.Keys}
	for i, h := range handOvers {
		next, pairs, err := v.handOver(at, h, o.Mode)
		if err == nil {
			err = o.arrived(next.checkpoint)
		}
		if err != nil {
			return at.trust(), fmt.Errorf("hand-over %d: %w", i, err)
		}
		visit(at, h.Certificate, pairs)
		at = next
	}
	return at.trust(), nil
}

// fresh checks the age of a trusted checkpoint.
func (o Options) fresh(c ffg.Checkpoint) error {
	if o.Now.UnixMilli() <= 0 { // also the zero time
		return fmt.Errorf("%w, as far as is known: expected the time, found none", ErrExpired)
	}
	now, allowed := uint64(o.Now.UnixMilli()), uint64(max(o.UnbondingTime.Milliseconds(), 0))
	if now <= c.Time || now-c.Time <= allowed {
		return nil
	}
	return fmt.Errorf("%w: the checkpoint of epoch %d is %d s old, expected at most %d s; take a newer one from a source you trust",
		ErrExpired, c.Epoch, (now-c.Time)/1000, allowed/1000)
}

// arrived checks that a checkpoint is not from the future. The error is a *StepError of StepFuture.
func (o Options) arrived(c ffg.Checkpoint) error {
	now, drift := uint64(o.Now.UnixMilli()), uint64(cmp.Or(max(o.ClockDrift, 0), DefaultClockDrift).Milliseconds())
	if c.Time <= now || c.Time-now <= drift {
		return nil
	}
	return fail(StepFuture, 0, "%w: that of epoch %d by %d s, expected at most %d s; set the clock, or else a quorum of the voters lies",
		ErrFuture, c.Epoch, (c.Time-now)/1000, drift/1000)
}

// place is where a chain of hand-overs has led: a Trust, prepared for verification.
type place struct {
	checkpoint ffg.Checkpoint
	pair       *Pair // whose next set is known
}

func (p place) trust() Trust {
	return Trust{Checkpoint: p.checkpoint, Voters: p.pair.voters, Next: p.pair.next.side}
}

// handOver verifies one hand-over from a place and returns the one that it leads to, with the pairs of its checkpoints.
func (v verifier) handOver(at place, h HandOver, mode Mode) (place, []*Pair, error) {
	c := h.Certificate
	if err := c.checkAnchor(at.checkpoint.Anchor); err != nil {
		return place{}, nil, err
	}
	if err := comesAfter(at.checkpoint, c, mode); err != nil {
		return place{}, nil, &StepError{Step: StepOrder, Err: err}
	}
	first, installed := at.pair, c.First.Pair != at.checkpoint.Pair
	if installed {
		var err error
		if first, err = v.jump(at, c.First); err != nil {
			return place{}, nil, &StepError{Step: StepSet, Err: err}
		}
	}
	next, err := at.pair.next.change(h.Next)
	if err != nil {
		return place{}, nil, &StepError{Step: StepNext, Err: err}
	}
	if installed {
		if first, err = first.commitTo(next, c.First); err != nil {
			return place{}, nil, &StepError{Step: StepNext, Err: err}
		}
	}
	pairs, err := v.certificate(c, first)
	if err != nil {
		return place{}, nil, err
	}
	final, _ := c.finalized()
	to := place{checkpoint: c.checkpoint(final)}
	if to.pair, err = pairs[final].commitTo(next, to.checkpoint); err != nil {
		return place{}, nil, &StepError{Step: StepNext, Err: err}
	}
	return to, pairs, nil
}

// jump returns the pair of a later checkpoint, in a pair that may be several installations on if all but the last changed
// nothing.
func (v verifier) jump(at place, first ffg.Checkpoint) (*Pair, error) {
	if current := at.pair.voters.CurrentSide(); first.Pair > at.checkpoint.Pair+1 && current.Hash() != at.pair.next.hash {
		return nil, fmt.Errorf("expected a hand-over for pair %d, which changed something, found one for pair %d",
			at.checkpoint.Pair+1, first.Pair)
	}
	return at.pair.follow(first, v.keys)
}

// comesAfter checks that a certificate continues from a trusted checkpoint and proves a later one final.
func comesAfter(trusted ffg.Checkpoint, c Certificate, mode Mode) error {
	first := c.First
	if first != trusted {
		if mode == Following {
			return fmt.Errorf("expected a certificate from the trusted checkpoint of epoch %d on, found one from epoch %d",
				trusted.Epoch, first.Epoch)
		}
		if err := later(trusted, first); err != nil {
			return err
		}
	}
	if final, ok := c.Finalized(); ok && final.Epoch <= trusted.Epoch {
		return fmt.Errorf("expected a final checkpoint after epoch %d, found epoch %d", trusted.Epoch, final.Epoch)
	}
	return nil
}

// later checks what must hold of a checkpoint that descends from another, with others between them.
func later(before, c ffg.Checkpoint) error {
	switch {
	case c.Epoch <= before.Epoch:
		return fmt.Errorf("expected an epoch after %d, found %d", before.Epoch, c.Epoch)
	case c.Epoch == before.Epoch+1:
		return c.Extends(before)
	case c.Height <= before.Height || c.Time < before.Time || c.Pair < before.Pair:
		return fmt.Errorf("expected a height above %d, a time from %d ms and a pair from %d on, found %d, %d ms and %d",
			before.Height, before.Time, before.Pair, c.Height, c.Time, c.Pair)
	case c.Height-before.Height != c.HistorySize-before.HistorySize:
		return fmt.Errorf("expected a history of %d blocks more than %d, found %d", c.Height-before.Height, before.HistorySize, c.HistorySize)
	}
	return nil
}
