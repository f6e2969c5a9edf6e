package guard

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

var (
	chainA = ffg.Domain("a-1")
	chainB = ffg.Domain("b-1")
	alice  = ffg.PublicKey{1}
	bob    = ffg.PublicKey{2}
)

// link is a vote from one epoch to another; fork tells apart votes that span the same.
func link(source, target uint64, fork ...byte) ffg.Vote {
	root := ffg.Root{byte(target)}
	copy(root[1:], fork)
	return ffg.Vote{Source: ffg.Ref{Epoch: source}, Target: ffg.Ref{Epoch: target, Root: root}}
}

// recordOf is what is remembered of a vote in chain A.
func recordOf(v ffg.Vote) Record {
	return Record{Source: v.Source.Epoch, Target: v.Target.Epoch, Root: v.SigningRoot(chainA)}
}

// openNew makes a guard that protects alice and bob, in a file of its own.
func openNew(t testing.TB, options ...Option) (*Guard, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), FileName)
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	g := reopen(t, path, options...)
	for _, key := range []ffg.PublicKey{alice, bob} {
		if err := g.Admit(key); err != nil {
			t.Fatal(err)
		}
	}
	return g, path
}

func reopen(t testing.TB, path string, options ...Option) *Guard {
	t.Helper()
	g, err := Open(path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func TestApproveRefusesWhatIsSlashable(t *testing.T) {
	for name, tc := range map[string]struct {
		before   []ffg.Vote
		vote     ffg.Vote
		kind     ffg.OffenceKind // 0 for none
		recorded ffg.Vote
	}{
		"first vote":                       {vote: link(0, 1)},
		"next vote":                        {before: []ffg.Vote{link(0, 1)}, vote: link(1, 2)},
		"same source, later target":        {before: []ffg.Vote{link(0, 1)}, vote: link(0, 2)},
		"the same vote again":              {before: []ffg.Vote{link(0, 1), link(1, 2)}, vote: link(0, 1)},
		"double vote":                      {before: []ffg.Vote{link(0, 1)}, vote: link(0, 1, 9), kind: ffg.DoubleVote, recorded: link(0, 1)},
		"double vote, other source":        {before: []ffg.Vote{link(1, 3)}, vote: link(0, 3), kind: ffg.DoubleVote, recorded: link(1, 3)},
		"surrounds an old one":             {before: []ffg.Vote{link(2, 3)}, vote: link(1, 4), kind: ffg.SurroundVote, recorded: link(2, 3)},
		"same source: surrounds nothing":   {before: []ffg.Vote{link(2, 3)}, vote: link(2, 4)},
		"is surrounded":                    {before: []ffg.Vote{link(1, 4)}, vote: link(2, 3), kind: ffg.SurroundVote, recorded: link(1, 4)},
		"same source: not surrounded":      {before: []ffg.Vote{link(1, 4)}, vote: link(1, 3)},
		"surrounds not the last, but one":  {before: []ffg.Vote{link(2, 3), link(3, 4)}, vote: link(1, 3, 1), kind: ffg.DoubleVote, recorded: link(2, 3)},
		"surrounds several":                {before: []ffg.Vote{link(2, 3), link(3, 4)}, vote: link(1, 5), kind: ffg.SurroundVote, recorded: link(3, 4)},
		"is surrounded by a later one":     {before: []ffg.Vote{link(1, 9), link(5, 10)}, vote: link(4, 8), kind: ffg.SurroundVote, recorded: link(1, 9)},
		"earlier, beside what came before": {before: []ffg.Vote{link(5, 6)}, vote: link(1, 2)},
		"between what came before":         {before: []ffg.Vote{link(1, 2), link(5, 6)}, vote: link(3, 4)},
	} {
		t.Run(name, func(t *testing.T) {
			g, path := openNew(t)
			for _, vote := range tc.before {
				if err := g.Approve(chainA, alice, vote); err != nil {
					t.Fatalf("history %v: %v", vote, err)
				}
			}
			for _, when := range []string{"at once", "after a restart"} {
				err := g.Approve(chainA, alice, tc.vote)
				want := Conflict{Recorded: recordOf(tc.recorded), Vote: tc.vote, Kind: tc.kind}
				var conflict *Conflict
				switch {
				case tc.kind == 0 && err != nil:
					t.Errorf("%s: expected approval, found %v", when, err)
				case tc.kind != 0 && !errors.As(err, &conflict):
					t.Errorf("%s: expected a conflict, found %v", when, err)
				case tc.kind != 0 && *conflict != want:
					t.Errorf("%s: expected %v, found %v", when, &want, conflict)
				}
				if err := g.Close(); err != nil {
					t.Fatal(err)
				}
				g = reopen(t, path)
			}
		})
	}
}

func TestARefusedVoteLeavesNoTrace(t *testing.T) {
	g, _ := openNew(t)
	for _, step := range []struct {
		vote     ffg.Vote
		approved bool
	}{{link(1, 2), true}, {link(0, 9), false}, {link(0, 2), false}, {link(2, 5), true}} {
		if err := g.Approve(chainA, alice, step.vote); (err == nil) != step.approved {
			t.Errorf("%v: expected approval %t, found %v", step.vote, step.approved, err)
		}
	}
}

func TestKeysAndDomainsAreApart(t *testing.T) {
	g, _ := openNew(t)
	for _, vote := range []ffg.Vote{link(0, 1), link(0, 1, 9)} {
		fork := vote.Target.Root[1]
		domain, key := chainA, alice
		if fork != 0 {
			domain = chainB
		}
		if err := g.Approve(domain, key, vote); err != nil {
			t.Errorf("%s of %s: %v", domain, key, err)
		}
	}
	if err := g.Approve(chainA, bob, link(0, 1, 9)); err != nil {
		t.Errorf("another key: %v", err)
	}
	if err := g.Approve(chainA, alice, link(0, 1, 9)); err == nil {
		t.Error("the same key in the same domain: expected a refusal, found none")
	}
}

func TestVotesMustSpanSomething(t *testing.T) {
	g, _ := openNew(t)
	for _, vote := range []ffg.Vote{link(1, 1), link(2, 1), link(0, 0)} {
		if err := g.Approve(chainA, alice, vote); !errors.Is(err, ffg.ErrVoteOrder) {
			t.Errorf("%v: expected %v, found %v", vote, ffg.ErrVoteOrder, err)
		}
	}
}

func TestOneOfManyRacersWins(t *testing.T) {
	g, _ := openNew(t)
	const racers = 16
	var approved []byte
	var mu sync.Mutex
	var wg sync.WaitGroup
	for fork := range byte(racers) {
		wg.Go(func() {
			if g.Approve(chainA, alice, link(0, 1, fork)) == nil {
				mu.Lock()
				approved = append(approved, fork)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(approved) != 1 {
		t.Errorf("expected one of %d conflicting votes approved, found %v", racers, approved)
	}
}

func TestConcurrentApprovalsAreAllRecorded(t *testing.T) {
	g, path := openNew(t)
	g.journal.spare = 10
	domains := []ffg.Root{chainA, chainB, {3}, {4}}
	const each = 50
	var wg sync.WaitGroup
	for _, domain := range domains {
		for _, key := range []ffg.PublicKey{alice, bob} {
			wg.Go(func() {
				for epoch := range uint64(each) {
					if err := g.Approve(domain, key, link(epoch, epoch+1)); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	all, err := reopen(t, path).List()
	if err != nil || len(all) != 2*len(domains) {
		t.Fatalf("expected %d summaries, found %v, %v", 2*len(domains), all, err)
	}
	for _, s := range all {
		if s.Votes != each {
			t.Errorf("expected %d votes, found %+v", each, s)
		}
	}
}

func TestAnUnknownKeyIsRefused(t *testing.T) {
	g, _ := openNew(t)
	stranger := ffg.PublicKey{3}
	if known, err := g.Knows(chainA, stranger); known || err != nil {
		t.Errorf("expected an unknown key, found %t, %v", known, err)
	}
	if err := g.Approve(chainA, stranger, link(0, 1)); !errors.Is(err, ErrMissing) {
		t.Errorf("expected %v, found %v", ErrMissing, err)
	}
	if known, err := g.Knows(chainA, alice); !known || err != nil {
		t.Errorf("expected a known key, found %t, %v", known, err)
	}
}

// The strategies differ in what is refused though it is safe.
func TestStrategies(t *testing.T) {
	history := []ffg.Vote{link(2, 3), link(3, 4), link(5, 8)}
	for _, tc := range []struct {
		name  string
		keep  int
		vote  ffg.Vote
		below bool
	}{
		{"complete: the latest again", Complete, link(5, 8), false},
		{"complete: an older one again", Complete, link(2, 3), false},
		{"complete: beside what came before", Complete, link(0, 1), false},
		{"complete: between", Complete, link(3, 6), false},
		{"two: the older of the two again", 2, link(3, 4), false},
		{"two: a forgotten one", 2, link(2, 3), true},
		{"two: between", 2, link(3, 6), false},
		{"two: before", 2, link(0, 1), true},
		{"minimal: the latest again", Minimal, link(5, 8), false},
		{"minimal: the one before", Minimal, link(3, 4), true},
		{"minimal: between", Minimal, link(3, 6), true},
		{"minimal: the next, with the same source", Minimal, link(5, 9), false},
		{"minimal: the next, with a higher source", Minimal, link(8, 9), false},
	} {
		for when, keep := range map[string]struct{ first, prune, then int }{
			"from the start": {tc.keep, Complete, tc.keep},
			"later":          {Complete, Complete, tc.keep},
			"pruned":         {Complete, tc.keep, Complete},
		} {
			g, path := openNew(t, Keep(keep.first))
			approveAll(t, g, history...)
			if err := errors.Join(g.Prune(keep.prune), g.Close()); err != nil {
				t.Fatal(err)
			}
			g = reopen(t, path, Keep(keep.then))
			err := g.Approve(chainA, alice, tc.vote)
			var below *BelowFloor
			if tc.below != errors.As(err, &below) || !tc.below && err != nil {
				t.Errorf("%s, %s: expected below the floor %t, found %v", tc.name, when, tc.below, err)
			}
		}
	}
}

func TestTheFloorRefusesWithinItsBounds(t *testing.T) {
	floor := Floor{Source: 2, Target: 3}
	for _, tc := range []struct {
		vote  Record
		above bool
	}{{span(2, 4), true}, {span(1, 4), false}, {span(2, 3), false}, {span(3, 4), true}} {
		if above := floor.above(tc.vote); above != tc.above {
			t.Errorf("%+v: expected above %t, found %t", tc.vote, tc.above, above)
		}
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	g, _ := openNew(t, Keep(Minimal))
	approveAll(t, g, link(5, 8))
	for _, tc := range []struct {
		vote ffg.Vote
		says []string
	}{
		{link(5, 8, 9), []string{"double vote: recorded 5 → 8", recordOf(link(5, 8)).Root.String(), link(5, 8, 9).Target.Root.String()}},
		{link(4, 9), []string{"surround vote: recorded 5 → 8", "asked for 4:", " → 9:"}},
		{link(4, 7), []string{"expected source epoch 5 or more and target epoch above 8, found 4 → 7"}},
	} {
		err := g.Approve(chainA, alice, tc.vote)
		for _, part := range tc.says {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: expected %q, found %v", describe(tc.vote), part, err)
			}
		}
	}
}

func BenchmarkApprove(b *testing.B) {
	g, _ := openNew(b)
	for epoch := uint64(0); b.Loop(); epoch++ {
		if err := g.Approve(chainA, alice, link(epoch, epoch+1)); err != nil {
			b.Fatal(err)
		}
	}
}

// A key that voted for an epoch that no import accepts could never be moved.
func TestApprovedEpochsCanBeImported(t *testing.T) {
	g, _ := openNew(t)
	for _, vote := range []ffg.Vote{link(0, maxEpoch+1), link(maxEpoch+1, maxEpoch+2)} {
		if err := g.Approve(chainA, alice, vote); !errors.Is(err, ErrEpoch) || !strings.Contains(err.Error(), "expected target epoch 281474976710656 at most, found 2814749767106") {
			t.Errorf("%v: expected %v with both epochs, found %v", vote, ErrEpoch, err)
		}
	}
	if _, found, err := g.Latest(chainA, alice); found || err != nil {
		t.Errorf("expected no record of them, found %t, %v", found, err)
	}
	if err := g.Approve(chainA, alice, link(maxEpoch-1, maxEpoch)); err != nil {
		t.Fatal(err)
	}
	content, err := g.Export(chainA, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := openNew(t)
	if _, err := other.Import(chainA, content); err != nil {
		t.Errorf("expected what was approved to be taken elsewhere, found %v", err)
	}
}
