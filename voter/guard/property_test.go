package guard

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/ffg"
)

// machine drives a guard with random requests, restarts and crashes, and remembers what was approved: that may have
// been signed.
type machine struct {
	folder   string
	path     string
	crashes  int
	guard    *Guard
	keep     int
	mu       sync.Mutex
	approved []ffg.Vote
}

var votes = rapid.Custom(func(t *rapid.T) ffg.Vote {
	source := rapid.Uint64Range(0, 12).Draw(t, "source")
	target := source + rapid.Uint64Range(1, 5).Draw(t, "span")
	return link(source, target, rapid.ByteRange(0, 1).Draw(t, "fork"))
})

func (m *machine) approve(vote ffg.Vote) error {
	err := m.guard.Approve(chainA, alice, vote)
	if err == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.approved = append(m.approved, vote)
	}
	return err
}

func (m *machine) open(t *rapid.T) {
	g, err := Open(m.path)
	if err != nil {
		t.Fatal(err)
	}
	m.guard, g.keep = g, m.keep
	g.db.NoSync = true // a crash here is one of the process: the page cache stays
}

// Vote asks for one vote.
func (m *machine) Vote(t *rapid.T) { _ = m.approve(votes.Draw(t, "vote")) }

// Again asks for a vote that was approved and is not forgotten.
func (m *machine) Again(t *rapid.T) {
	if len(m.approved) == 0 {
		t.Skip("nothing approved")
	}
	vote := m.approved[len(m.approved)-1]
	for _, other := range m.approved {
		if other.Target.Epoch > vote.Target.Epoch {
			vote = other
		}
	}
	if err := m.guard.Approve(chainA, alice, vote); err != nil {
		t.Fatalf("the latest approved vote again: %v", err)
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

// Restart closes the file and opens it again.
func (m *machine) Restart(t *rapid.T) {
	if err := m.guard.Close(); err != nil {
		t.Fatal(err)
	}
	m.open(t)
}

// Crash goes on with the file as it is on disk, without closing it.
func (m *machine) Crash(t *rapid.T) {
	content, err := os.ReadFile(m.path)
	if err != nil {
		t.Fatal(err)
	}
	_ = m.guard.Close()
	m.crashes++
	m.path = filepath.Join(m.folder, "crashed", string(rune('a'+m.crashes%26))+".db")
	if err := os.WriteFile(m.path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	m.open(t)
}

// Monotone asks for the vote that an honest voter casts next: no lower source, a higher target.
func (m *machine) Monotone(t *rapid.T) {
	var latest ffg.Vote
	for _, vote := range m.approved {
		latest.Source.Epoch = max(latest.Source.Epoch, vote.Source.Epoch)
		latest.Target.Epoch = max(latest.Target.Epoch, vote.Target.Epoch)
	}
	next := link(latest.Source.Epoch, latest.Target.Epoch+1)
	if err := m.approve(next); err != nil {
		t.Fatalf("safe vote %v after %v: %v", next, m.approved, err)
	}
}

// Check holds after every step.
func (m *machine) Check(t *rapid.T) {
	for i, a := range m.approved {
		for _, b := range m.approved[:i] {
			if err := ffg.Slashable(a, b); err != nil {
				t.Fatalf("approved both: %v", err)
			}
		}
	}
}

func TestApprovedVotesAreNeverSlashable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		folder, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(folder, "crashed"), 0o700); err != nil {
			rt.Fatal(err)
		}
		m := &machine{folder: folder, path: filepath.Join(folder, "guard.db"), keep: rapid.IntRange(1, 6).Draw(rt, "keep")}
		if err := Create(m.path); err != nil {
			rt.Fatal(err)
		}
		m.open(rt)
		defer func() { _ = m.guard.Close() }()
		if err := m.guard.Admit(alice); err != nil {
			rt.Fatal(err)
		}
		rt.Repeat(rapid.StateMachineActions(m))
	})
}
