package guard

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

const onDisk = "guard.journal"

// newDisk is a disk with a journal that protects alice and bob.
func newDisk(t testing.TB) *faulty {
	t.Helper()
	d := newFaulty()
	content, _, _ := encode(0, []entry{{kind: kindAdmit, key: alice}, {kind: kindAdmit, key: bob}}, spareInTests)
	d.put(onDisk, content)
	return d
}

// spareInTests makes the journal replace its file often.
const spareInTests = 3

func openOn(d *faulty, options ...Option) (*Guard, error) {
	g, err := open(d, onDisk, options...)
	if err == nil {
		g.journal.spare = spareInTests
	}
	return g, err
}

// deed is something that a guard is asked for, and how to see that it was done.
type deed struct {
	name string
	do   func(*Guard) error
	done func(*Guard) error
}

func approval(v ffg.Vote) deed {
	return deed{
		name: fmt.Sprintf("approve %d → %d", v.Source.Epoch, v.Target.Epoch),
		do:   func(g *Guard) error { return g.Approve(chainA, alice, v) },
		done: func(g *Guard) error { return protects(g, v) },
	}
}

// protects returns an error unless the guard refuses what is slashable together with a vote.
func protects(g *Guard, v ffg.Vote) error {
	for _, bad := range slashableWith(v) {
		err := g.Approve(chainA, alice, bad)
		var conflict *Conflict
		var below *BelowFloor
		if !errors.As(err, &conflict) && !errors.As(err, &below) {
			return fmt.Errorf("after %v: expected %v refused, found %v", v, bad, err)
		}
	}
	return nil
}

// slashableWith returns votes that must not be signed beside v: a double vote, and those that surround it or lie within,
// if there are any.
func slashableWith(v ffg.Vote) []ffg.Vote {
	s, t := v.Source.Epoch, v.Target.Epoch
	votes := []ffg.Vote{link(s, t, 77)}
	if s > 0 {
		votes = append(votes, link(s-1, t+1, 77))
	}
	if t-s > 2 {
		votes = append(votes, link(s+1, t-1, 77))
	}
	return votes
}

// story is a life of a journal: its file is replaced at the start, by the import, by pruning and for want of slots.
func story(t *testing.T) []deed {
	imported := recordOf(link(3, 6))
	content, err := formatInterchange(chainA, []history{{key: alice, votes: []Record{imported}}})
	if err != nil {
		t.Fatal(err)
	}
	return []deed{
		approval(link(0, 1)),
		approval(link(1, 2)),
		approval(link(1, 5)),
		{"retire", func(g *Guard) error { return g.Retire(bob) }, func(g *Guard) error {
			if !g.Retired(bob) {
				return errors.New("expected bob retired")
			}
			return nil
		}},
		{"import", func(g *Guard) error {
			_, err := g.Import(chainA, content)
			return err
		}, func(g *Guard) error { return protects(g, link(3, 6)) }},
		approval(link(6, 7)),
		{"prune", func(g *Guard) error { return g.Prune(2) }, func(*Guard) error { return nil }},
		approval(link(7, 8)),
		{"admit", func(g *Guard) error { return g.Admit(ffg.PublicKey{3}) }, func(g *Guard) error {
			return g.Retire(ffg.PublicKey{3}) // which only a known key can be
		}},
		approval(link(8, 9)),
		approval(link(9, 12)),
	}
}

// tell does the deeds in order. What fails is tried again once. It returns those that were acknowledged.
func tell(g *Guard, deeds []deed) (done []deed, failures []error) {
	for _, next := range deeds {
		for range 2 {
			err := next.do(g)
			if err == nil {
				done = append(done, next)
				break
			}
			failures = append(failures, fmt.Errorf("%s: %w", next.name, err))
		}
	}
	return done, failures
}

// check returns an error unless the journal on a disk opens, everything acknowledged was done, and a safe vote is approved.
func check(d *faulty, done []deed) error {
	g, err := openOn(d)
	if err != nil {
		return err
	}
	for _, deed := range done {
		if err := deed.done(g); err != nil {
			return fmt.Errorf("%s was acknowledged: %w", deed.name, err)
		}
	}
	return g.Approve(chainA, alice, link(20, 21))
}

// steps returns how many steps a story has when nothing goes wrong.
func steps(t *testing.T) int {
	t.Helper()
	d := newDisk(t)
	g, err := openOn(d)
	if err != nil {
		t.Fatal(err)
	}
	if _, failures := tell(g, story(t)); len(failures) > 0 {
		t.Fatal(failures)
	}
	return d.steps
}

func TestALossOfPowerAtAnyStepLosesNothingAcknowledged(t *testing.T) {
	for at := range steps(t) + 1 {
		d := newDisk(t)
		d.plan = func(step int) fault {
			if step == at+1 {
				return powerLoss
			}
			return none
		}
		g, err := openOn(d)
		if err != nil {
			t.Fatal(err)
		}
		done, _ := tell(g, story(t))
		for luck, s := range survivals() {
			if err := check(d.powerOn(s), done); err != nil {
				t.Errorf("power lost at step %d, %s: %v", at+1, luck, err)
			}
		}
	}
}

// Of the entry that was being written, any number of bytes may be on disk, from either end.
func TestALossOfPowerWithinAnEntry(t *testing.T) {
	written := approval(link(1, 2))
	for cut := range slotSize + 1 {
		for end, part := range map[string]func(int) (int, int){
			"first": func(n int) (int, int) { return 0, min(cut, n) },
			"last":  func(n int) (int, int) { return max(0, n-cut), n },
		} {
			d := newDisk(t)
			g, err := openOn(d)
			if err != nil {
				t.Fatal(err)
			}
			done, failures := tell(g, []deed{approval(link(0, 1))})
			before := d.steps
			d.plan = func(step int) fault {
				if step == before+2 { // the sync after the write
					return powerLoss
				}
				return none
			}
			if err := errors.Join(failures...); err != nil || written.do(g) == nil {
				t.Fatalf("expected the first vote approved and the second not, found %v", err)
			}
			if err := check(d.powerOn(survival{names: func(n int) int { return n - 1 }, bytes: part}), done); err != nil {
				t.Errorf("the %s %d bytes on disk: %v", end, cut, err)
			}
		}
	}
}

func TestAnyOneFailureIsSaidAndMended(t *testing.T) {
	deeds := story(t)
	for _, what := range []fault{fails, failsPartly} {
		for at := range steps(t) {
			d := newDisk(t)
			d.plan = func(step int) fault {
				if step == at+1 {
					return what
				}
				return none
			}
			g, err := openOn(d)
			if err != nil {
				t.Fatal(err)
			}
			done, failures := tell(g, deeds)
			if len(failures) != 1 || !errors.Is(failures[0], ErrStorage) || !errors.Is(failures[0], errDisk) || len(done) != len(deeds) {
				t.Errorf("fault %d at step %d: expected one failure, %v, and all %d deeds done, found %v and %d", what, at+1, ErrStorage, len(deeds), failures, len(done))
			}
			for luck, s := range survivals() {
				if err := check(d.powerOn(s), done); err != nil {
					t.Errorf("fault %d at step %d, power lost in the end, %s: %v", what, at+1, luck, err)
				}
			}
		}
	}
}

func TestALossOfPowerAfterAFailure(t *testing.T) {
	deeds, lucks := story(t), survivals()
	most := steps(t)
	for _, what := range []fault{fails, failsPartly} {
		for first := range most {
			for second := first + 1; second < most; second++ {
				d := newDisk(t)
				d.plan = func(step int) fault {
					return map[int]fault{first + 1: what, second + 1: powerLoss}[step]
				}
				g, err := openOn(d)
				if err != nil {
					t.Fatal(err)
				}
				done, _ := tell(g, deeds)
				for luck, s := range lucks {
					if err := check(d.powerOn(s), done); err != nil {
						t.Fatalf("fault %d at step %d, power lost at step %d, %s: %v", what, first+1, second+1, luck, err)
					}
				}
			}
		}
	}
}

// What the operating system shows a new process after a crash of the old one may never reach the disk.
func TestANewProcessRestsOnNothingThatWasNotSynced(t *testing.T) {
	for _, next := range story(t)[2:] {
		for _, failing := range []int{2, 5, 6} { // after the deed before: the sync of its entry, or a new name and its sync
			d := newDisk(t)
			g, err := openOn(d)
			if err != nil {
				t.Fatal(err)
			}
			done, failures := tell(g, story(t)[:2])
			if len(failures) > 0 {
				t.Fatal(failures)
			}
			before := d.steps
			d.plan = func(step int) fault {
				if step == before+failing {
					return failsPartly // from now on it looks done, and isn't
				}
				return none
			}
			if err := next.do(g); err != nil && !errors.Is(err, ErrStorage) {
				t.Fatalf("expected %v, found %v", ErrStorage, err)
			}
			d.plan = func(int) fault { return none }
			if g, err = openOn(d); err != nil {
				t.Fatal(err)
			}
			again, failures := tell(g, []deed{next})
			if len(failures) > 0 {
				t.Fatal(failures)
			}
			for luck, s := range survivals() {
				if err := check(d.powerOn(s), append(done, again...)); err != nil {
					t.Errorf("%s, step %d, %s: %v", next.name, failing, luck, err)
				}
			}
		}
	}
}

// A change that can't be stored isn't made in memory either; votes are the exception, which count as signed.
func TestWhatCannotBeStoredIsNotDone(t *testing.T) {
	stranger := ffg.PublicKey{3}
	for name, do := range map[string]func(*Guard) error{
		"Admit":  func(g *Guard) error { return g.Admit(stranger) },
		"Retire": func(g *Guard) error { return g.Retire(alice) },
		"Prune":  func(g *Guard) error { return g.Prune(Minimal) },
		"Import": func(g *Guard) error {
			_, err := g.Import(chainA, interchangeOf(t, chainA, recordOf(link(5, 6))))
			return err
		},
	} {
		d := newDisk(t)
		g, err := openOn(d)
		if err != nil {
			t.Fatal(err)
		}
		approveAll(t, g, link(2, 3), link(3, 4))
		want := g.state.clone()
		d.plan = func(int) fault { return fails }
		for range 2 {
			if err := do(g); !errors.Is(err, ErrStorage) {
				t.Errorf("%s: expected %v, found %v", name, ErrStorage, err)
			}
		}
		if !reflect.DeepEqual(g.state, want) {
			t.Errorf("%s: expected nothing changed, found %v", name, g.state.entries())
		}
		d.plan = func(int) fault { return none }
		approveAll(t, g, link(1, 2), link(4, 5)) // of which the first is refused after Prune and after Import
	}
}

func TestNothingIsApprovedWhileTheDiskFails(t *testing.T) {
	d := newDisk(t)
	broken := false
	d.plan = func(int) fault {
		if broken {
			return fails
		}
		return none
	}
	g, err := openOn(d)
	if err != nil {
		t.Fatal(err)
	}
	first, second := link(0, 1), link(1, 2)
	if err := g.Approve(chainA, alice, first); err != nil {
		t.Fatal(err)
	}
	broken = true
	for range 3 {
		if err := g.Approve(chainA, alice, second); !errors.Is(err, ErrStorage) || !errors.Is(err, errDisk) {
			t.Errorf("expected %v because of %v, found %v", ErrStorage, errDisk, err)
		}
	}
	if err := g.Approve(chainA, alice, first); !errors.Is(err, ErrStorage) {
		t.Errorf("a vote that was approved before, while what is on disk isn't known: expected %v, found %v", ErrStorage, err)
	}
	broken = false
	if err := protects(g, second); err != nil {
		t.Errorf("a vote that may be on disk: %v", err)
	}
	for _, vote := range []ffg.Vote{second, first, link(2, 3)} {
		if err := g.Approve(chainA, alice, vote); err != nil {
			t.Errorf("%v on a disk that works again: %v", vote, err)
		}
	}
}
