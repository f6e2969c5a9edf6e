package ffg_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
)

func TestSlashableConditions(t *testing.T) {
	const honest = ffg.OffenceKind(0)
	otherSource := vote(2, 5, 5)
	otherSource.Source.Root = root(0x99)
	for _, tc := range []struct {
		name string
		a, b ffg.Vote
		want ffg.OffenceKind
	}{
		{"the same vote twice", vote(2, 5, 5), vote(2, 5, 5), honest},
		{"one after the other", vote(0, 1, 1), vote(1, 2, 2), honest},
		{"with a gap between", vote(0, 1, 1), vote(3, 4, 4), honest},
		{"same source, later target", vote(2, 5, 5), vote(2, 6, 6), honest},
		{"overlapping", vote(1, 3, 3), vote(2, 4, 4), honest},
		{"two targets at one epoch", vote(2, 5, 5), vote(2, 5, 6), ffg.DoubleVote},
		{"two source epochs for one target", vote(2, 5, 5), vote(3, 5, 5), ffg.DoubleVote},
		{"two source roots for one target", vote(2, 5, 5), otherSource, ffg.DoubleVote},
		{"surrounding by one on each side", vote(1, 6, 6), vote(2, 5, 5), ffg.SurroundVote},
		{"surrounding by far", vote(0, 9, 9), vote(4, 5, 5), ffg.SurroundVote},
		{"same source is no surround", vote(2, 6, 6), vote(2, 5, 5), honest},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, pair := range [][2]ffg.Vote{{tc.a, tc.b}, {tc.b, tc.a}} {
				err := ffg.Slashable(pair[0], pair[1])
				if tc.want == honest {
					if err != nil {
						t.Errorf("expected no offence, found %v", err)
					}
					continue
				}
				var offence *ffg.Offence
				if !errors.As(err, &offence) || offence.Kind != tc.want {
					t.Fatalf("expected a %s, found %v", tc.want, err)
				}
				if tc.want == ffg.SurroundVote && (offence.First != tc.a || offence.Second != tc.b) {
					t.Errorf("expected the surrounding vote first, found %v", offence)
				}
			}
		})
	}
}

func TestSlashableRefusesVotesThatGoNowhere(t *testing.T) {
	backwards := vote(5, 5, 5)
	for _, pair := range [][2]ffg.Vote{{backwards, vote(1, 2, 2)}, {vote(1, 2, 2), backwards}, {backwards, backwards}} {
		err := ffg.Slashable(pair[0], pair[1])
		var offence *ffg.Offence
		if !errors.Is(err, ffg.ErrVoteOrder) || errors.As(err, &offence) {
			t.Errorf("expected an error about order that is no offence, found %v", err)
		}
	}
}

// In either order, an offence proves itself again from the pair that it carries.
func TestOffenceCarriesItsProof(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) ffg.Vote {
			source := rapid.Uint64Range(0, 5).Draw(t, name+" source")
			target := rapid.Uint64Range(source+1, 7).Draw(t, name+" target")
			return vote(source, target, rapid.ByteRange(0, 1).Draw(t, name+" fork"))
		}
		a, b := draw("a"), draw("b")
		var forth, back *ffg.Offence
		if errors.As(ffg.Slashable(a, b), &forth) != errors.As(ffg.Slashable(b, a), &back) {
			t.Fatalf("expected the same verdict on %v and %v in both orders", a, b)
		}
		if forth == nil {
			return
		}
		var again *ffg.Offence
		if !errors.As(ffg.Slashable(forth.First, forth.Second), &again) || *again != *forth || forth.Kind != back.Kind {
			t.Fatalf("expected %v to prove itself, found %v and %v", forth, again, back)
		}
	})
}

func TestOffenceSaysWhatHappened(t *testing.T) {
	message := ffg.Slashable(vote(1, 6, 6), vote(2, 5, 5)).Error()
	for _, part := range []string{"surround vote", "1:0101", "6:0606", "2:0202", "5:0505"} {
		if !strings.Contains(message, part) {
			t.Errorf("expected %q in %q", part, message)
		}
	}
	for kind, want := range map[ffg.OffenceKind]string{ffg.DoubleVote: "double vote", ffg.SurroundVote: "surround vote", 9: "offence 9"} {
		if got := kind.String(); got != want {
			t.Errorf("expected %q, found %q", want, got)
		}
	}
}
