package sim

import (
	"errors"

	"github.com/dualchain/dualchain/core/ffg"
)

// Rules are the rules under attack. Every field has the signature of the ffg function that is its default.
type Rules struct {
	Quorum    func(voters ffg.VoterSet, signers ffg.Bitfield) bool
	Slashable func(a, b ffg.Vote) error
	Finalizes func(c ffg.Chain, linked, head, finalized uint64) (epoch uint64, ok bool, err error)
	Stitch    func(rear, current ffg.Side) ffg.VoterSet
	Installs  func(epoch, finalized, firstEpoch, period uint64) bool
}

// RealRules returns the rules of package ffg.
func RealRules() Rules {
	return Rules{
		Quorum:    ffg.VoterSet.Quorum,
		Slashable: ffg.Slashable,
		Finalizes: ffg.Finalizes,
		Stitch:    ffg.Stitch,
		Installs:  ffg.Installs,
	}
}

// WithoutSurround returns rules under which surround votes go unpunished.
func WithoutSurround() Rules {
	r := RealRules()
	r.Slashable = func(a, b ffg.Vote) error {
		err := ffg.Slashable(a, b)
		var offence *ffg.Offence
		if errors.As(err, &offence) && offence.Kind == ffg.SurroundVote {
			return nil
		}
		return err
	}
	return r
}

// WithWideSurround returns rules that punish a second vote from the same source. Honest voters cast one whenever an
// epoch misses quorum, so these rules are safe but not alive.
func WithWideSurround() Rules {
	r := RealRules()
	r.Slashable = func(a, b ffg.Vote) error {
		if err := ffg.Slashable(a, b); err != nil {
			return err
		}
		if a != b && a.Source == b.Source {
			return &ffg.Offence{Kind: ffg.SurroundVote, First: a, Second: b}
		}
		return nil
	}
	return r
}

// WithAnyDescendant returns rules under which a link finalizes its source even if the epochs that it spans are not
// justified: the mistake that protocol §5 describes.
func WithAnyDescendant() Rules {
	r := RealRules()
	r.Finalizes = func(c ffg.Chain, linked, _, finalized uint64) (uint64, bool, error) {
		source, err := c.Source(linked)
		return source, err == nil && source > finalized, err
	}
	return r
}

// WithLaxQuorum returns rules that accept 3·w + 1 ≥ 2·W in each side: off by one, in units of a third of a voter.
func WithLaxQuorum() Rules {
	r := RealRules()
	lax := func(w, total ffg.Power) bool { return w.Plus(w).Plus(w).Add(1).Cmp(total.Plus(total)) >= 0 }
	r.Quorum = func(voters ffg.VoterSet, signers ffg.Bitfield) bool {
		rear, current := voters.Powers(signers)
		allRear, allCurrent := voters.Totals()
		return lax(rear, allRear) && lax(current, allCurrent)
	}
	return r
}

// WithoutRear returns rules that require a quorum only of the current side: the first mistake of protocol §7.
func WithoutRear() Rules {
	r := RealRules()
	r.Stitch = func(_, current ffg.Side) ffg.VoterSet { return ffg.Stitch(current, current) }
	return r
}

// WithOldInstalls returns rules that also install the next pair on what an older pair finalized (except the anchor): the
// second mistake of protocol §7.
func WithOldInstalls() Rules {
	r := RealRules()
	r.Installs = func(epoch, finalized, firstEpoch, period uint64) bool {
		if finalized > 0 {
			finalized = max(finalized, firstEpoch)
		}
		return ffg.Installs(epoch, finalized, firstEpoch, period)
	}
	return r
}
