package sim_test

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/ffg/sim"
)

// story plays an attack step by step. Checkpoints are named by their fork and epoch; "0" is the anchor. Voters are named
// by the checkpoint that elected them: every set is one voter whom no other checkpoint elects.
type story struct {
	t     *testing.T
	rules sim.Rules
	tree  *sim.Tree
	named map[string]chapter
}

// chapter is a checkpoint with its pair.
type chapter struct {
	checkpoint ffg.Checkpoint
	voters     ffg.VoterSet
	next       ffg.Side
	first      uint64
}

func voter(name string) (key ffg.PublicKey) {
	hash := sha256.Sum256([]byte(name))
	copy(key[:], hash[:])
	return key
}

func elected(name string) ffg.Side { return ffg.Side{{Key: voter(name), Power: 1}} }

func tell(t *testing.T, rules sim.Rules) *story {
	side := elected("0")
	voters := rules.Stitch(side, side)
	anchor := ffg.Checkpoint{VoterSetHash: voters.Hash(), NextVoterSetHash: side.Hash()}
	return &story{
		t: t, rules: rules, tree: sim.NewTree(anchor, voters),
		named: map[string]chapter{"0": {checkpoint: anchor, voters: voters, next: side}},
	}
}

// propose adds a checkpoint to the chain of its parent. That chain knows so far that known is final.
func (s *story) propose(name, parent, known string) {
	s.t.Helper()
	s.expectFinal(known)
	at := s.named[parent]
	c := at.checkpoint
	c.Epoch++
	c.ParentRoot = at.checkpoint.Root()
	c.Height++
	c.HistorySize++
	c.BlockHash = sha256.Sum256([]byte(name))
	if s.rules.Installs(c.Epoch, s.named[known].checkpoint.Epoch, at.first, 1) {
		at.voters, at.next, at.first = s.rules.Stitch(at.voters.CurrentSide(), at.next), elected(name), c.Epoch
		c.Pair++
		c.VoterSetHash, c.NextVoterSetHash = at.voters.Hash(), at.next.Hash()
	}
	at.checkpoint = c
	s.named[name] = at
	if err := s.tree.Add(c, at.voters); err != nil {
		s.t.Fatal(err)
	}
}

// sign has the voters sign a link such as "1→A3".
func (s *story) sign(link string, voters ...string) {
	source, target, _ := strings.Cut(link, "→")
	for _, name := range voters {
		s.tree.Sign(voter(name), ffg.Vote{Source: s.named[source].checkpoint.Ref(), Target: s.named[target].checkpoint.Ref()})
	}
}

func (s *story) final(name string) bool {
	s.t.Helper()
	final, err := s.tree.Finalized(s.rules)
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.Contains(final, s.named[name].checkpoint.Ref())
}

func (s *story) expectFinal(names ...string) {
	s.t.Helper()
	for _, name := range names {
		if !s.final(name) {
			s.t.Fatalf("expected %s to be final", name)
		}
	}
}

func (s *story) expectNotFinal(names ...string) {
	s.t.Helper()
	for _, name := range names {
		if s.final(name) {
			s.t.Fatalf("expected %s not to be final", name)
		}
	}
}

// expectUnpaid expects that conflicting checkpoints are final and no voter is guilty.
func (s *story) expectUnpaid() {
	s.t.Helper()
	if err := s.tree.Accountable(s.rules); !errors.Is(err, sim.ErrConflict) {
		s.t.Fatalf("expected %v, found %v", sim.ErrConflict, err)
	}
	s.expectGuilty()
}

// expectPaid expects that conflicting checkpoints are final and exactly these voters are guilty.
func (s *story) expectPaid(voters ...string) {
	s.t.Helper()
	if _, _, found, err := s.tree.Conflict(s.rules); !found || err != nil {
		s.t.Fatalf("expected a conflict, found none (%v)", err)
	}
	if err := s.tree.Accountable(s.rules); err != nil {
		s.t.Fatal(err)
	}
	s.expectGuilty(voters...)
}

func (s *story) expectGuilty(voters ...string) {
	s.t.Helper()
	guilty, err := s.tree.Offenders(s.rules)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(guilty) != len(voters) {
		s.t.Fatalf("expected %v to be guilty, found %v", voters, guilty)
	}
	for i, name := range voters {
		if guilty[i].Key != voter(name) {
			s.t.Errorf("expected the voter of %s to be guilty, found %v", name, guilty[i])
		}
	}
}

// Protocol §5: 0→A1→A3 against 0→B2→B4.
func TestAnyDescendantLinkFinalizesIsUnsafe(t *testing.T) {
	attack := func(rules sim.Rules) *story {
		rules.Installs = func(_, _, _, _ uint64) bool { return false } // one voter set for ever
		s := tell(t, rules)
		for _, fork := range []string{"A", "B"} {
			s.propose(fork+"1", "0", "0")
			s.propose(fork+"2", fork+"1", "0")
			s.propose(fork+"3", fork+"2", "0")
			s.propose(fork+"4", fork+"3", "0")
		}
		for _, link := range []string{"0→A1", "A1→A3", "0→B2", "B2→B4"} {
			s.sign(link, "0")
		}
		return s
	}

	broken := attack(sim.WithAnyDescendant())
	broken.expectFinal("A1", "B2")
	broken.expectUnpaid()

	s := attack(sim.RealRules())
	s.expectNotFinal("A1", "B2")
	// If the spanned checkpoints were justified, both would be final, at a price: 0→A2 and 0→B2 are a double vote.
	s.sign("0→A2", "0")
	s.expectFinal("A1")
	s.sign("B2→B3", "0")
	s.expectFinal("B2")
	s.expectPaid("0")
}

// Protocol §7, first: two forks learn at different times that checkpoint 1 is final, and rotate at different times.
func TestRotationWithoutTheRearSetIsUnsafe(t *testing.T) {
	attack := func(rules sim.Rules) *story {
		s := tell(t, rules)
		s.propose("1", "0", "0")
		s.propose("A2", "1", "0")
		s.propose("A3", "A2", "0")
		s.propose("A4", "A3", "0")
		s.propose("B2", "1", "0")
		s.sign("0→1", "0")
		s.sign("1→B2", "0")
		s.propose("B3", "B2", "1") // fork B knows that 1 is final, and installs the voter whom 1 elected
		s.sign("1→A3", "0")
		s.sign("A3→A4", "0")
		s.sign("B2→B3", "1")
		return s
	}

	broken := attack(sim.WithoutRear())
	broken.expectFinal("A3", "B2")
	broken.expectUnpaid()

	s := attack(sim.RealRules())
	s.expectFinal("A3")
	s.expectNotFinal("B2")
	s.sign("B2→B3", "0") // the rear side must agree, but has already voted for A3
	s.expectFinal("B2")
	s.expectPaid("0")
}

// Protocol §7, second: fork B installs twice while fork A does not, the second time on checkpoint 2, which the pair before
// the one in force proposed. Then no voter is left in both forks' quorums.
func TestRotationOnWhatAnOlderPairFinalizedIsUnsafe(t *testing.T) {
	attack := func(rules sim.Rules) *story {
		s := tell(t, rules)
		s.propose("1", "0", "0")
		s.propose("2", "1", "0")
		s.propose("A3", "2", "0")
		s.propose("A4", "A3", "0")
		s.propose("A5", "A4", "0")
		s.sign("0→1", "0")
		s.sign("1→2", "0")
		s.propose("B3", "2", "1") // installs the voter whom 1 elected beside the voter of 0
		s.sign("2→B3", "0", "1")
		s.propose("B4", "B3", "2") // installs the voter of B3, and drops the voter of 0, if the rules let it
		s.sign("2→A4", "0")
		s.sign("A4→A5", "0")
		s.sign("B3→B4", "1", "B3")
		return s
	}

	broken := attack(sim.WithOldInstalls())
	broken.expectFinal("A4", "B3")
	broken.expectUnpaid()

	s := attack(sim.RealRules())
	s.expectFinal("A4", "2")
	s.expectNotFinal("B3")
	s.sign("B3→B4", "0")
	s.expectFinal("B3")
	s.expectPaid("0")
}
