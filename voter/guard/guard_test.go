package guard

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dualchain/dualchain/ffg"
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

func TestAnUnknownKeyIsRefused(t *testing.T) {
	g, _ := openNew(t)
	stranger := ffg.PublicKey{3}
	if known, err := g.Knows(stranger); known || err != nil {
		t.Errorf("expected an unknown key, found %t, %v", known, err)
	}
	if err := g.Approve(chainA, stranger, link(0, 1)); !errors.Is(err, ErrMissing) {
		t.Errorf("expected %v, found %v", ErrMissing, err)
	}
	if known, err := g.Knows(alice); !known || err != nil {
		t.Errorf("expected a known key, found %t, %v", known, err)
	}
}

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

func TestFilesThatAreRefused(t *testing.T) {
	write := func(content string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tc := range map[string]struct {
		make func(*testing.T, string)
		want error
	}{
		"no file":      {func(*testing.T, string) {}, ErrMissing},
		"empty file":   {write(""), ErrDamaged},
		"another file": {write(strings.Repeat("vote ", 10_000)), ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), FileName)
			tc.make(t, path)
			for range 2 { // looking at a file doesn't mend it
				if _, err := Open(path); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("expected %v naming %s, found %v", tc.want, path, err)
				}
			}
		})
	}
}

func TestCreateReplacesNothing(t *testing.T) {
	g, path := openNew(t)
	if err := g.Approve(chainA, alice, link(0, 1)); err != nil {
		t.Fatal(err)
	}
	if err := Create(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("expected %v, found %v", fs.ErrExist, err)
	}
	if err := g.Approve(chainA, alice, link(0, 1, 9)); err == nil {
		t.Error("expected a refusal, found none")
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 2 {
		t.Errorf("expected the file and its lock, found %v, %v", entries, err)
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("expected mode 0600, found %v, %v", stat.Mode(), err)
	}
}

func TestAClosedGuardApprovesNothing(t *testing.T) {
	g, _ := openNew(t)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.Approve(chainA, alice, link(0, 1)); err == nil {
		t.Error("expected a refusal, found none")
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
