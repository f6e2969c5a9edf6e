package ffg

import "fmt"

// OffenceKind says which of the two slashing conditions a pair of votes breaks (protocol §8).
type OffenceKind uint8

// The slashing conditions.
const (
	DoubleVote   OffenceKind = iota + 1 // two different votes with the same target epoch
	SurroundVote                        // one vote's span lies strictly within the other's
)

// String returns the kind in lower case words.
func (k OffenceKind) String() string {
	switch k {
	case DoubleVote:
		return "double vote"
	case SurroundVote:
		return "surround vote"
	default:
		return fmt.Sprintf("offence %d", uint8(k))
	}
}

// Offence is the error that two votes by one key cannot both be honest. It carries the pair that proves it; in a
// surround vote First surrounds Second.
type Offence struct {
	Kind          OffenceKind
	First, Second Vote
}

// Error names both votes.
func (o *Offence) Error() string { return fmt.Sprintf("%s: %s and %s", o.Kind, o.First, o.Second) }

// Span is the pair of epochs that a vote leads from and to.
type Span struct{ Source, Target uint64 }

// Surrounds reports whether o lies strictly within s.
func (s Span) Surrounds(o Span) bool { return s.Source < o.Source && o.Target < s.Target }

// Slashable returns an *Offence if the same key must not sign both votes, nil if it may: identical votes are never an
// offence. A vote that does not Validate is an error of another type, wrapping ErrVoteOrder.
func Slashable(a, b Vote) error {
	for _, v := range []Vote{a, b} {
		if err := v.Validate(); err != nil {
			return fmt.Errorf("compare votes: %w", err)
		}
	}
	switch {
	case a == b:
		return nil
	case a.Target.Epoch == b.Target.Epoch:
		return &Offence{Kind: DoubleVote, First: a, Second: b}
	case a.Span().Surrounds(b.Span()):
		return &Offence{Kind: SurroundVote, First: a, Second: b}
	case b.Span().Surrounds(a.Span()):
		return &Offence{Kind: SurroundVote, First: b, Second: a}
	default:
		return nil
	}
}
