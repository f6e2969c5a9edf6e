package guard

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

func compare(t *testing.T, g *Guard, content []byte, key ffg.PublicKey) Comparison {
	t.Helper()
	found, err := g.Compare(chainA, content, []ffg.PublicKey{key})
	if err != nil || len(found) != 1 {
		t.Fatalf("expected one key compared, found %+v, %v", found, err)
	}
	return found[0]
}

func TestAFileIsComparedWithWhatIsRecorded(t *testing.T) {
	g, _ := openNew(t, Keep(2))
	approveAll(t, g, link(0, 1), link(1, 2), link(2, 4))
	own := must(g.Export(chainA, []ffg.PublicKey{alice}, false))
	known := Comparison{Named: true, Known: true, Recorded: true, Newest: 4}
	with := func(change func(*Comparison)) Comparison {
		a := known
		change(&a)
		return a
	}
	for name, tc := range map[string]struct {
		content []byte
		want    Comparison
	}{
		"what was made here": {own, with(func(a *Comparison) { a.Votes = 2 })},
		"no vote":            {interchangeOf(t, chainA), known},
		"an older one":       {interchangeOf(t, chainA, span(2, 3)), with(func(a *Comparison) { a.Votes = 1 })},
		"another as new":     {interchangeOf(t, chainA, span(3, 4)), with(func(a *Comparison) { a.Votes = 1 })},
		"a newer one":        {interchangeOf(t, chainA, span(3, 5), span(0, 1)), with(func(a *Comparison) { a.Votes, a.Newer = 2, true })},
		"nothing of the key": {must(formatInterchange(chainA, nil)), with(func(a *Comparison) { a.Named = false })},
	} {
		if found := compare(t, g, tc.content, alice); found != tc.want || found.Stale() {
			t.Errorf("%s: expected %+v, found %+v", name, tc.want, found)
		}
	}
	if err := g.Retire(alice); err != nil {
		t.Fatal(err)
	}
	if !compare(t, g, own, alice).Stale() || compare(t, g, interchangeOf(t, chainA, span(4, 5)), alice).Stale() {
		t.Error("a key that was retired: expected the file that was made here to be stale, and a newer one not")
	}
	if found := compare(t, g, own, ffg.PublicKey{9}); found != (Comparison{}) {
		t.Errorf("a stranger: expected nothing, found %+v", found)
	}
	if _, err := g.Compare(chainB, own, nil); !errors.Is(err, ErrDomain) {
		t.Errorf("expected %v, found %v", ErrDomain, err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Compare(chainA, own, nil); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("expected %v, found %v", fs.ErrClosed, err)
	}
}

func TestKeysThatAreReceivedVoteHere(t *testing.T) {
	g, path := openNew(t)
	approveAll(t, g, link(0, 1))
	if err := g.Retire(alice); err != nil {
		t.Fatal(err)
	}
	stranger := ffg.PublicKey{3}
	if _, err := g.Receive(chainA, interchangeOf(t, chainA, span(4, 5)), []ffg.PublicKey{alice, stranger}); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	g = reopen(t, path)
	if err := g.Approve(chainA, alice, link(1, 5)); err == nil {
		t.Error("a vote that was signed elsewhere: expected a refusal, found none")
	}
	approveAll(t, g, link(5, 6))
	if err := g.Approve(chainA, stranger, link(0, 1)); err != nil {
		t.Errorf("a key that never voted in the domain: %v", err)
	}
	if err := g.Approve(chainB, stranger, link(0, 1)); !errors.Is(err, ErrMissing) {
		t.Errorf("in another domain: expected %v, found %v", ErrMissing, err)
	}
}

func TestOfARetiredKeyThatDoesNotComeNothingIsTaken(t *testing.T) {
	g, _ := openNew(t)
	if err := errors.Join(g.Retire(alice), g.Retire(bob)); err != nil {
		t.Fatal(err)
	}
	content := must(formatInterchange(chainA, []history{{key: alice, votes: []Record{span(4, 5)}}, {key: bob, votes: []Record{span(4, 5)}}}))
	if _, err := g.Receive(chainA, content, []ffg.PublicKey{bob}); err != nil {
		t.Fatal(err)
	}
	if a, b := compare(t, g, content, alice), compare(t, g, content, bob); !a.Newer || !a.Retired || b.Newer || b.Retired {
		t.Errorf("expected the first key as it was, and the second received, found %+v and %+v", a, b)
	}
}

// Otherwise a crash in between would leave a key that votes without what it signed elsewhere, or a file that can't be
// used again.
func TestKeysAreReceivedWholeOrNotAtAll(t *testing.T) {
	content := interchangeOf(t, chainA, span(4, 5))
	for at := range 12 {
		d := newDisk(t)
		g, err := openOn(d)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Retire(alice); err != nil {
			t.Fatal(err)
		}
		before := d.steps
		d.plan = func(step int) fault {
			if step == before+at+1 {
				return powerLoss
			}
			return none
		}
		_, received := g.Receive(chainA, content, []ffg.PublicKey{alice})
		for luck, s := range survivals() {
			g, err := openOn(d.powerOn(s))
			if err != nil {
				t.Fatal(err)
			}
			a := compare(t, g, content, alice)
			if a.Retired != a.Newer || received == nil && a.Retired {
				t.Errorf("power lost at step %d, %s, after %v: found %+v", at+1, luck, received, a)
			}
		}
	}
}

func TestAnExportOfAChainWithoutVotesNamesThoseThatHaveSome(t *testing.T) {
	g, _ := openNew(t)
	if content, err := g.Export(chainA, nil, false); err != nil || !strings.Contains(string(content), alice.String()) {
		t.Errorf("no votes anywhere: expected the keys with empty lists, found %s, %v", content, err)
	}
	approveAll(t, g, link(0, 1))
	if _, err := g.Export(chainB, nil, false); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), chainA.String()) {
		t.Errorf("expected %v naming %s, found %v", ErrMissing, chainA, err)
	}
	if _, err := g.Export(chainB, []ffg.PublicKey{alice}, false); err != nil {
		t.Errorf("a key by its name, which never voted there: %v", err)
	}
}

func TestOfKeysThatDoNotArriveNothingIsTaken(t *testing.T) {
	g, _ := openNew(t)
	arriving, other := ffg.PublicKey{3}, ffg.PublicKey{4}
	votes := []Record{span(4, 5)}
	content := must(formatInterchange(chainA, []history{{key: arriving, votes: votes}, {key: other, votes: votes}, {key: alice, votes: votes}}))
	report, err := g.Receive(chainA, content, []ffg.PublicKey{arriving})
	if err != nil || len(report.Keys) != 1 || report.Keys[0].Key != arriving {
		t.Fatalf("expected a report on the key that arrives, found %+v, %v", report, err)
	}
	if err := g.Approve(chainA, arriving, link(5, 6)); err != nil {
		t.Errorf("the key that arrives: %v", err)
	}
	if err := g.Approve(chainA, other, link(5, 6)); !errors.Is(err, ErrMissing) {
		t.Errorf("another key: expected %v, found %v", ErrMissing, err)
	}
	if found := compare(t, g, content, alice); found.Recorded || !found.Known {
		t.Errorf("a key that is here: expected it as it was, found %+v", found)
	}
}
