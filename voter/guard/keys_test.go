package guard

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

func TestAdmittingAgainForgetsNothing(t *testing.T) {
	g, _ := openNew(t)
	if err := g.Approve(chainA, alice, link(0, 1)); err != nil {
		t.Fatal(err)
	}
	if err := g.Admit(alice); err != nil {
		t.Fatal(err)
	}
	if err := g.Approve(chainA, alice, link(0, 1, 9)); err == nil {
		t.Error("expected a refusal, found none")
	}
}

func TestARetiredKeySignsNothingHere(t *testing.T) {
	g, path := openNew(t)
	approveAll(t, g, link(0, 1))
	for range 2 { // again is harmless
		if err := g.Retire(alice); err != nil {
			t.Fatal(err)
		}
	}
	for _, when := range []string{"at once", "after a restart", "admitted again"} {
		for _, vote := range []ffg.Vote{link(0, 1), link(1, 2)} {
			if err := g.Approve(chainA, alice, vote); !errors.Is(err, ErrRetired) || !g.Retired(alice) {
				t.Errorf("%s, %s: expected %v, found %v", when, describe(vote), ErrRetired, err)
			}
		}
		if err := g.Approve(chainA, bob, link(0, 1)); err != nil || g.Retired(bob) {
			t.Errorf("%s, another key: expected approval, found %v", when, err)
		}
		if when == "at once" {
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			g = reopen(t, path)
		} else if err := g.Admit(alice); err != nil {
			t.Fatal(err)
		}
	}
}

func TestARestoredKeySignsAgainAndKnowsWhatItSigned(t *testing.T) {
	g, path := openNew(t)
	approveAll(t, g, link(0, 1))
	for _, change := range []func(ffg.PublicKey) error{g.Restore, g.Retire, g.Restore, g.Restore} {
		if err := change(alice); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	g = reopen(t, path)
	if g.Retired(alice) {
		t.Error("expected alice restored")
	}
	if err := g.Approve(chainA, alice, link(0, 1, 9)); err == nil {
		t.Error("expected a refusal, found none")
	}
	approveAll(t, g, link(0, 1), link(1, 2))
}

func TestWhatIsRemembered(t *testing.T) {
	g, _ := openNew(t, Keep(2))
	approveAll(t, g, link(0, 1), link(1, 3), link(3, 4))
	for target, want := range map[uint64]ffg.Vote{3: link(1, 3), 4: link(3, 4)} {
		if r, found, err := g.Lookup(chainA, alice, target); r != recordOf(want) || !found || err != nil {
			t.Errorf("target %d: expected %+v, found %+v, %t, %v", target, recordOf(want), r, found, err)
		}
	}
	for _, target := range []uint64{0, 1, 2, 5} {
		if r, found, err := g.Lookup(chainA, alice, target); found || err != nil {
			t.Errorf("target %d: expected nothing, found %+v, %v", target, r, err)
		}
	}
	if r, found, err := g.Latest(chainA, alice); r != recordOf(link(3, 4)) || !found || err != nil {
		t.Errorf("expected %+v, found %+v, %t, %v", recordOf(link(3, 4)), r, found, err)
	}
	if r, found, err := g.Latest(chainB, alice); found || err != nil {
		t.Errorf("expected nothing in another domain, found %+v, %v", r, err)
	}
	if floor, err := g.FloorOf(chainA, alice); floor != (Floor{1, 3}) || err != nil {
		t.Errorf("expected floor 1, 3, found %+v, %v", floor, err)
	}
	if floor, err := g.FloorOf(chainB, alice); floor != (Floor{}) || err != nil {
		t.Errorf("expected no floor in another domain, found %+v, %v", floor, err)
	}
	if err := g.Retire(bob); err != nil {
		t.Fatal(err)
	}
	want := []Summary{
		{Key: alice, Domain: chainA, Votes: 2, Latest: recordOf(link(3, 4)), Floor: Floor{1, 3}},
		{Key: bob, Retired: true},
	}
	if all, err := g.List(); err != nil || len(all) != 2 || all[0] != want[0] || all[1] != want[1] {
		t.Errorf("expected %+v, found %+v, %v", want, all, err)
	}
}

// Every question and request, about a key that isn't known, and to a guard that is closed.
func TestWhoIsRefused(t *testing.T) {
	stranger := ffg.PublicKey{3}
	discard := func(_ any, err error) error { return err }
	for name, tc := range map[string]struct {
		ask     func(*Guard) error
		unknown error // for a key that isn't known
	}{
		"Approve": {func(g *Guard) error { return g.Approve(chainA, stranger, link(0, 1)) }, ErrMissing},
		"Admit":   {func(g *Guard) error { return g.Admit(stranger) }, nil},
		"Knows":   {func(g *Guard) error { return discard(g.Knows(chainA, stranger)) }, nil},
		"Retire":  {func(g *Guard) error { return g.Retire(stranger) }, ErrMissing},
		"Restore": {func(g *Guard) error { return g.Restore(stranger) }, ErrMissing},
		"Lookup": {func(g *Guard) error {
			_, _, err := g.Lookup(chainA, stranger, 1)
			return err
		}, ErrMissing},
		"Latest": {func(g *Guard) error {
			_, _, err := g.Latest(chainA, stranger)
			return err
		}, ErrMissing},
		"FloorOf": {func(g *Guard) error { return discard(g.FloorOf(chainA, stranger)) }, ErrMissing},
		"List":    {func(g *Guard) error { return discard(g.List()) }, nil},
		"Prune":   {func(g *Guard) error { return g.Prune(1) }, nil},
		"Export":  {func(g *Guard) error { return discard(g.Export(chainA, []ffg.PublicKey{stranger}, true)) }, ErrMissing},
		"Import":  {func(g *Guard) error { return discard(g.Import(chainA, interchangeOf(t, chainA))) }, nil},
	} {
		g, _ := openNew(t)
		if err := tc.ask(g); !errors.Is(err, tc.unknown) {
			t.Errorf("%s: expected %v, found %v", name, tc.unknown, err)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		if err := tc.ask(g); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s when closed: expected %v, found %v", name, fs.ErrClosed, err)
		}
		if g.Retired(stranger) {
			t.Errorf("%s: expected a stranger not retired", name)
		}
		if err := g.Close(); err != nil {
			t.Errorf("closed twice: %v", err)
		}
	}
}
