package guard

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
)

// machine drives a guard on a faulty disk with random requests, crashes, restarts, imports and compactions, and remembers
// what was approved, which may have been signed, and what was attempted, which may have been recorded.
type machine struct {
	disk  *faulty
	guard *Guard
	keep  int

	mu        sync.Mutex
	approved  []ffg.Vote
	attempted []ffg.Vote // approved ones among them
	imported  []Record   // what somebody else may have signed, once it was imported
	offered   []Record   // what was to be imported, which may have been recorded
	wrong     error      // that was approved
	tightened bool       // more is refused than what conflicts, because of an import or of pruning
}

func newMachine(t *rapid.T, keep int) *machine {
	content, _, _ := encode(0, []entry{{kind: kindAdmit, key: alice}}, spareInTests)
	m := &machine{disk: newFaulty(), keep: keep}
	m.disk.put(onDisk, content)
	m.open(t)
	return m
}

func (m *machine) open(t *rapid.T) {
	g, err := openOn(m.disk, Keep(m.keep))
	if err != nil {
		t.Fatalf("expected a journal that opens after any crash, found %v", err)
	}
	m.guard = g
}

var votes = rapid.Custom(func(t *rapid.T) ffg.Vote {
	source := rapid.Uint64Range(0, 12).Draw(t, "source")
	target := source + rapid.Uint64Range(1, 5).Draw(t, "span")
	return link(source, target, rapid.ByteRange(0, 1).Draw(t, "fork"))
})

func (m *machine) approve(vote ffg.Vote) error {
	err := m.guard.Approve(chainA, alice, vote)
	m.mu.Lock()
	defer m.mu.Unlock()
	var conflict *Conflict
	var below *BelowFloor
	switch {
	case err == nil:
		for _, r := range m.imported {
			if kind := clash(r, recordOf(vote)); kind != 0 {
				m.wrong = fmt.Errorf("%s: %+v was imported and then %v approved", kind, r, vote)
			}
		}
		m.approved, m.attempted = append(m.approved, vote), append(m.attempted, vote)
	case !errors.As(err, &conflict) && !errors.As(err, &below):
		m.attempted = append(m.attempted, vote)
	}
	return err
}

// Vote asks for one vote. One that conflicts with nothing attempted is approved, if nothing is forgotten yet.
func (m *machine) Vote(t *rapid.T) {
	vote := votes.Draw(t, "vote")
	safe := !m.tightened && m.keep == Complete
	for _, other := range m.attempted {
		safe = safe && ffg.Slashable(vote, other) == nil
	}
	err := m.approve(vote)
	if err != nil && safe {
		m.heal()
		if err := m.approve(vote); err != nil {
			t.Fatalf("safe vote %v after %v, on a disk that works: %v", vote, m.attempted, err)
		}
	}
}

// Again asks for the latest vote that was approved. It isn't forgotten unless a later one may be recorded.
func (m *machine) Again(t *rapid.T) {
	if len(m.approved) == 0 || len(m.offered) > 0 {
		t.Skip("nothing approved, or it may conflict with what was imported")
	}
	latest := func(votes []ffg.Vote) ffg.Vote {
		return slices.MaxFunc(votes, func(a, b ffg.Vote) int { return cmp.Compare(a.Target.Epoch, b.Target.Epoch) })
	}
	vote := latest(m.approved)
	if vote.Target.Epoch < latest(m.attempted).Target.Epoch {
		t.Skip("a later one may be recorded")
	}
	m.heal()
	if err := m.approve(vote); err != nil {
		t.Fatalf("the latest vote again: %v", err)
	}
}

// Race asks for several votes at the same time.
func (m *machine) Race(t *rapid.T) {
	var wg sync.WaitGroup
	for _, vote := range rapid.SliceOfN(votes, 2, 4).Draw(t, "votes") {
		wg.Go(func() { _ = m.approve(vote) })
	}
	wg.Wait()
}

// Next asks for the vote that an honest voter casts next: no lower source, a higher target.
func (m *machine) Next(t *rapid.T) {
	var top Floor
	for _, vote := range m.attempted {
		top = top.raise(recordOf(vote))
	}
	for _, r := range m.offered {
		top = top.raise(r)
	}
	m.heal()
	next := link(top.Source, top.Target+1)
	if err := m.approve(next); err != nil {
		t.Fatalf("%v after %v and %v: %v", next, m.attempted, m.offered, err)
	}
}

// Break makes one of the next steps of the disk fail.
func (m *machine) Break(t *rapid.T) {
	at := m.disk.steps + rapid.IntRange(1, 8).Draw(t, "steps")
	what := rapid.SampledFrom([]fault{fails, failsPartly, powerLoss}).Draw(t, "fault")
	m.disk.plan = func(step int) fault {
		if step == at {
			return what
		}
		return none
	}
}

// heal brings power back, if it was lost, with a new process.
func (m *machine) heal() {
	m.disk.plan = func(int) fault { return none }
	if !m.disk.off {
		return
	}
	m.disk = m.disk.powerOn(survival{names: func(n int) int { return n - 1 }, bytes: func(n int) (int, int) { return 0, n / 2 }})
	m.guard, _ = openOn(m.disk, Keep(m.keep))
}

// Restart is the end of a process and the start of another one: the operating system lives on.
func (m *machine) Restart(t *rapid.T) {
	if m.disk.off {
		t.Skip("no power")
	}
	m.open(t)
}

// PowerLoss loses the power now, and brings it back.
func (m *machine) PowerLoss(t *rapid.T) {
	m.disk = m.disk.powerOn(survival{
		names: func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "names") },
		bytes: func(n int) (int, int) {
			from := rapid.SampledFrom([]int{0, rapid.IntRange(0, n).Draw(t, "from")}).Draw(t, "from the beginning")
			return from, rapid.SampledFrom([]int{n, rapid.IntRange(from, n).Draw(t, "until")}).Draw(t, "to the end")
		},
	})
	m.open(t)
}

// Import imports what somebody else may have signed.
func (m *machine) Import(t *rapid.T) {
	var records []Record
	for _, vote := range rapid.SliceOfN(votes, 1, 3).Draw(t, "votes") {
		r := recordOf(vote)
		if rapid.Bool().Draw(t, "root unknown") {
			r.Root = ffg.Root{}
		}
		records = append(records, r)
	}
	content, err := formatInterchange(chainA, []history{{key: alice, votes: records}})
	if err != nil {
		t.Fatal(err)
	}
	m.tightened, m.offered = true, append(m.offered, records...)
	if _, err := m.guard.Import(chainA, content); err == nil {
		m.imported = append(m.imported, records...)
	}
}

// ImportOwn imports what was exported here.
func (m *machine) ImportOwn(t *rapid.T) {
	content, err := m.guard.Export(chainA, nil, rapid.Bool().Draw(t, "minimal"))
	if err != nil {
		t.Fatal(err)
	}
	m.tightened = true
	_, _ = m.guard.Import(chainA, content)
}

// Prune forgets.
func (m *machine) Prune(t *rapid.T) {
	m.tightened = true
	_ = m.guard.Prune(rapid.IntRange(1, 4).Draw(t, "keep"))
}

// Check holds after every step: no two approved votes are slashable, and none with one that was imported before it.
func (m *machine) Check(t *rapid.T) {
	if m.wrong != nil {
		t.Fatal(m.wrong)
	}
	for i, a := range m.approved {
		for _, b := range m.approved[:i] {
			if err := ffg.Slashable(a, b); err != nil {
				t.Fatalf("approved both: %v", err)
			}
		}
	}
}

func TestApprovedVotesAreNeverSlashable(t *testing.T) {
	for name, keep := range map[string]int{"complete": Complete, "minimal": Minimal, "few": 3} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) { rt.Repeat(rapid.StateMachineActions(newMachine(rt, keep))) })
		})
	}
}

// honest is the machine without what tightens.
type honest struct{ *machine }

func (honest) Import(t *rapid.T)    { t.Skip("not here") }
func (honest) ImportOwn(t *rapid.T) { t.Skip("not here") }
func (honest) Prune(t *rapid.T)     { t.Skip("not here") }

func TestNoSafeVoteIsRefusedForEver(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) { rt.Repeat(rapid.StateMachineActions(honest{newMachine(rt, Complete)})) })
}
