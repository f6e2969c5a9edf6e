package ffg

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// Errors of Side.Validate and VoterSet.Validate.
var (
	ErrSetOrder = errors.New("voters not in strictly ascending order of their keys")
	ErrNoPower  = errors.New("no voting power")
)

// Member is a voter in one side of a pair. Its power is at least 1.
type Member struct {
	Key   PublicKey `json:"key"`
	Power uint64    `json:"power,string"`
}

// Side is one set of voters, strictly ascending by key: what was or will be the rear or the current side of a pair.
type Side []Member

// Validate returns an error wrapping ErrNoPower for a side without members or a member without power, ErrSetOrder for
// keys that do not ascend strictly.
func (s Side) Validate() error {
	if len(s) == 0 {
		return fmt.Errorf("%w: expected at least one member, found none", ErrNoPower)
	}
	for i, m := range s {
		if m.Power == 0 {
			return fmt.Errorf("%w: expected at least 1 at position %d, found 0", ErrNoPower, i)
		}
		if i > 0 {
			if err := ascending(s[i-1].Key, m.Key, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// Hash returns the RFC 6962 root over the members, leaf = key | power u64: a checkpoint's NextVoterSetHash.
func (s Side) Hash() Root {
	var t tree
	var leaf []byte
	for _, m := range s {
		leaf = append(leaf[:0], m.Key[:]...)
		leaf = appendUint64(leaf, m.Power)
		t.add(leaf)
	}
	return t.root()
}

// Total returns the sum of all powers.
func (s Side) Total() Power {
	var total Power
	for _, m := range s {
		total = total.Add(m.Power)
	}
	return total
}

// Voter is one voter of a stitched pair, with its power in each side. At least one of them is not zero.
type Voter struct {
	Key     PublicKey `json:"key"`
	Rear    uint64    `json:"rear,string"`
	Current uint64    `json:"current,string"`
}

// VoterSet is a stitched pair of sides as one list, strictly ascending by key: one bitfield, one signature and one hash
// for two quorums (protocol §7).
type VoterSet []Voter

// Stitch merges two valid sides into the pair (rear, current).
func Stitch(rear, current Side) VoterSet {
	pair := make(VoterSet, 0, max(len(rear), len(current)))
	for len(rear) > 0 || len(current) > 0 {
		v := Voter{Key: firstKey(rear, current)}
		if len(rear) > 0 && rear[0].Key == v.Key {
			v.Rear, rear = rear[0].Power, rear[1:]
		}
		if len(current) > 0 && current[0].Key == v.Key {
			v.Current, current = current[0].Power, current[1:]
		}
		pair = append(pair, v)
	}
	return pair
}

// firstKey returns the lesser first key of two sides that are not both empty.
func firstKey(a, b Side) PublicKey {
	if len(b) == 0 || len(a) > 0 && bytes.Compare(a[0].Key[:], b[0].Key[:]) <= 0 {
		return a[0].Key
	}
	return b[0].Key
}

// Validate returns an error wrapping ErrNoPower for a side without power or a voter without power in either side,
// ErrSetOrder for keys that do not ascend strictly.
func (s VoterSet) Validate() error {
	for i, v := range s {
		if v.Rear == 0 && v.Current == 0 {
			return fmt.Errorf("%w: expected at least 1 in a side at position %d, found 0 in both", ErrNoPower, i)
		}
		if i > 0 {
			if err := ascending(s[i-1].Key, v.Key, i); err != nil {
				return err
			}
		}
	}
	if rear, current := s.Totals(); rear.IsZero() || current.IsZero() {
		return fmt.Errorf("%w: expected some in both sides, found rear %s, current %s", ErrNoPower, rear, current)
	}
	return nil
}

func ascending(before, key PublicKey, position int) error {
	if bytes.Compare(before[:], key[:]) >= 0 {
		return fmt.Errorf("%w: expected above %s at position %d, found %s", ErrSetOrder, before, position, key)
	}
	return nil
}

// Hash returns the RFC 6962 root over the voters, leaf = key | rear u64 | current u64: a checkpoint's VoterSetHash.
func (s VoterSet) Hash() Root {
	var t tree
	var leaf []byte
	for _, v := range s {
		leaf = append(leaf[:0], v.Key[:]...)
		leaf = appendUint64(leaf, v.Rear)
		leaf = appendUint64(leaf, v.Current)
		t.add(leaf)
	}
	return t.root()
}

// RearSide returns the voters with rear power.
func (s VoterSet) RearSide() Side {
	return s.side(func(v Voter) uint64 { return v.Rear })
}

// CurrentSide returns the voters with current power: the rear side of the pair that follows.
func (s VoterSet) CurrentSide() Side {
	return s.side(func(v Voter) uint64 { return v.Current })
}

func (s VoterSet) side(power func(Voter) uint64) Side {
	side := make(Side, 0, len(s))
	for _, v := range s {
		if p := power(v); p > 0 {
			side = append(side, Member{Key: v.Key, Power: p})
		}
	}
	return side
}

// Position returns where key stands in a valid set, and whether it does; if not, the position means nothing.
func (s VoterSet) Position(key PublicKey) (int, bool) {
	return slices.BinarySearchFunc(s, key, func(v Voter, key PublicKey) int { return bytes.Compare(v.Key[:], key[:]) })
}

// Totals returns the power of each side.
func (s VoterSet) Totals() (rear, current Power) {
	for _, v := range s {
		rear, current = rear.Add(v.Rear), current.Add(v.Current)
	}
	return rear, current
}

// Powers returns the power of the signers in each side. Positions beyond the set weigh nothing.
func (s VoterSet) Powers(signers Bitfield) (rear, current Power) {
	for i := range signers.Indices() {
		if i >= len(s) {
			break
		}
		rear, current = rear.Add(s[i].Rear), current.Add(s[i].Current)
	}
	return rear, current
}

// Quorum reports whether the signers hold two thirds of the rear side and of the current side (protocol §5).
func (s VoterSet) Quorum(signers Bitfield) bool {
	rear, current := s.Powers(signers)
	allRear, allCurrent := s.Totals()
	return Quorum(rear, allRear) && Quorum(current, allCurrent)
}

// Installs reports whether proposing checkpoint epoch installs the next pair of voter sets (protocol §7): the latest
// finalized epoch was itself proposed under the pair in force, whose first checkpoint is firstEpoch, and at least period
// epochs have passed since then. A pair that rotated on what an older pair finalized would let two forks drift
// apart by more than one installation, and then finalize against each other with nobody slashable.
func Installs(epoch, finalized, firstEpoch, period uint64) bool {
	return finalized >= firstEpoch && epoch > firstEpoch && epoch-firstEpoch >= period
}
