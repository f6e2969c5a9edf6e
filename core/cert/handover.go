package cert

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// ErrBase is wrapped by NextSet.Apply for changes that were made to another set. Ask for the full set then.
var ErrBase = errors.New("changes do not fit the set they are applied to")

// HandOver moves trust to a later checkpoint: a certificate that it is final, and the set that follows its pair. All other
// sets follow from what was trusted before: the pair after (rear, current) with next N is (current, N) (protocol §7).
type HandOver struct {
	Certificate Certificate `json:"certificate"`
	Next        NextSet     `json:"next"`
}

// NextSet is the set that follows, as changes to the one that was trusted before, or in full. The zero value says that it
// is the same.
type NextSet struct {
	Full bool `json:"full"`
	// Members are strictly ascending by key. Among changes, power 0 means that the member leaves; none leaves a power as it was.
	Members []ffg.Member `json:"members,omitempty"`
}

// Diff returns the changes that make to of from. Both are valid sides, or empty.
func Diff(from, to ffg.Side) NextSet {
	var changes []ffg.Member
	for len(from) > 0 || len(to) > 0 {
		switch order := compareFirst(from, to); {
		case order < 0:
			changes, from = append(changes, ffg.Member{Key: from[0].Key}), from[1:]
		case order > 0:
			changes, to = append(changes, to[0]), to[1:]
		default:
			if from[0].Power != to[0].Power {
				changes = append(changes, to[0])
			}
			from, to = from[1:], to[1:]
		}
	}
	return NextSet{Members: changes}
}

// Full returns a set without reference to another.
func Full(side ffg.Side) NextSet { return NextSet{Full: true, Members: side} }

// Apply returns the set that n describes, given the one that was trusted before. It shares no memory with either. Errors
// wrap ErrBase, or are those of Side.Validate.
func (n NextSet) Apply(base ffg.Side) (ffg.Side, error) {
	if n.Full {
		base = nil
	}
	for i := 1; i < len(n.Members); i++ {
		if bytes.Compare(n.Members[i-1].Key[:], n.Members[i].Key[:]) >= 0 {
			return nil, fmt.Errorf("%w: %w: expected above %s at position %d, found %s", ErrBase, ffg.ErrSetOrder, n.Members[i-1].Key, i, n.Members[i].Key)
		}
	}
	out := make(ffg.Side, 0, len(base)+len(n.Members))
	for changes := ffg.Side(n.Members); len(base) > 0 || len(changes) > 0; {
		switch order := compareFirst(base, changes); {
		case order < 0:
			out, base = append(out, base[0]), base[1:]
		case order > 0:
			// A member that is new: power 0 is refused below.
			out, changes = append(out, changes[0]), changes[1:]
		case base[0].Power == changes[0].Power:
			return nil, fmt.Errorf("%w: member %s has power %d already", ErrBase, base[0].Key, base[0].Power)
		default:
			if changes[0].Power > 0 {
				out = append(out, changes[0])
			}
			base, changes = base[1:], changes[1:]
		}
	}
	if err := out.Validate(); err != nil {
		if !n.Full {
			err = fmt.Errorf("%w: %w", ErrBase, err)
		}
		return nil, err
	}
	return out, nil
}

// change returns the set that n describes, hashed again only if it is another.
func (s hashedSide) change(n NextSet) (hashedSide, error) {
	if !n.Full && len(n.Members) == 0 {
		return s, nil
	}
	side, err := n.Apply(s.side)
	if err != nil {
		return hashedSide{}, err
	}
	return hashed(side), nil
}

// compareFirst orders the first members of two sides by key; an empty side comes last.
func compareFirst(a, b ffg.Side) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	default:
		return bytes.Compare(a[0].Key[:], b[0].Key[:])
	}
}

// Encode returns the canonical binary form (protocol §13.4). Errors are those of Certificate.Encode.
func (h HandOver) Encode() ([]byte, error) { return encode(h.write) }

// DecodeHandOver reads what Encode wrote. The error is a *StepError of StepDecode.
func DecodeHandOver(b []byte) (HandOver, error) {
	return decode("hand-over", b, readHandOver, HandOver.Encode)
}

func (h HandOver) write(w *writer) {
	h.Certificate.write(w)
	w.bool(h.Next.Full)
	w.members(h.Next.Members)
}

func readHandOver(r *reader) HandOver {
	return HandOver{Certificate: readCertificate(r), Next: NextSet{Full: r.bool(), Members: r.members()}}
}
