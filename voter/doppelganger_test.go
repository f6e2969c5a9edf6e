package voter

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/sign"
	"github.com/dualchain/dualchain/voter/watch"
)

// world is a guard that approved some epochs, and a chain that has votes for some.
type world struct {
	approved, voted map[uint64]bool
	claimed         map[uint64]bool // that the key has voted, which the node can't show
	kept            uint64          // the first epoch that the node keeps
	down            error
}

func (w *world) Past(_ context.Context, _ ffg.PublicKey, target uint64) (sign.Past, error) {
	past := sign.Past{Signed: w.approved[target]}
	for epoch := range w.approved {
		past.Latest = max(past.Latest, epoch)
	}
	return past, w.down
}

func (w *world) Voted(_ context.Context, epoch uint64, _ ffg.PublicKey) (bool, error) {
	if epoch < w.kept {
		return false, fmt.Errorf("ask: %w", watch.ErrNotKept)
	}
	return w.voted[epoch], w.down
}

func (w *world) Prove(_ context.Context, duty watch.Duty, _ ffg.PublicKey) error {
	if epoch := duty.Vote.Target.Epoch; w.down == nil && w.claimed[epoch] && !w.voted[epoch] {
		return watch.ErrInconsistent
	}
	return w.down
}

func epochs(of ...uint64) map[uint64]bool {
	set := map[uint64]bool{}
	for _, epoch := range of {
		set[epoch] = true
	}
	return set
}

// at is the duty while epoch is the head.
func (w *world) at(epoch uint64) watch.Duty {
	return watch.Duty{Vote: ffg.Vote{Target: ffg.Ref{Epoch: epoch}}, Recorded: w.voted[epoch] || w.claimed[epoch]}
}

func TestTheFirstSignatureWaitsForEpochsWithoutForeignVotes(t *testing.T) {
	for name, tc := range map[string]struct {
		look            uint64
		approved, voted map[uint64]bool
		signs           uint64 // first epoch from 100 on in which the key may sign
		finds           bool
	}{
		"never voted":                                      {look: 2, signs: 100},
		"switched off":                                     {look: 0, approved: epochs(50), signs: 100},
		"voted long ago":                                   {look: 2, approved: epochs(50), signs: 103},
		"one epoch to look at":                             {look: 1, approved: epochs(50), signs: 102},
		"voted in the last of as many epochs":              {look: 2, approved: epochs(98), signs: 100},
		"voted one epoch before":                           {look: 2, approved: epochs(97), signs: 103},
		"voted above the head":                             {look: 2, approved: epochs(120), signs: 100},
		"own votes are on the chain":                       {look: 2, approved: epochs(50), voted: epochs(50), signs: 103},
		"a foreign vote in the first epoch":                {look: 2, approved: epochs(50), voted: epochs(100), finds: true},
		"a foreign vote in the last epoch":                 {look: 2, approved: epochs(50), voted: epochs(101), finds: true},
		"a foreign vote before the first signature":        {look: 2, approved: epochs(50), voted: epochs(102), finds: true},
		"a foreign vote although nothing was to do":        {look: 0, approved: epochs(50), voted: epochs(100), finds: true},
		"a foreign vote of a key that never voted":         {look: 2, voted: epochs(100), finds: true},
		"a foreign vote in the last of the epochs before":  {look: 2, voted: epochs(99), finds: true},
		"a foreign vote in the first of the epochs before": {look: 2, voted: epochs(98), finds: true},
		"a foreign vote before those":                      {look: 2, voted: epochs(97), signs: 100},
		"another process's votes under the same guard":     {look: 2, approved: epochs(50, 100, 101), voted: epochs(100, 101), signs: 100},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{approved: tc.approved, voted: tc.voted}
			d := doppelganger{past: w, chain: w, epochs: tc.look}
			for epoch := uint64(100); epoch < 110; epoch++ {
				err := d.check(t.Context(), w.at(epoch))
				switch {
				case tc.finds && errors.Is(err, ErrDoppelganger):
					w.voted = nil
					if err := d.check(t.Context(), w.at(epoch+1)); !errors.Is(err, ErrDoppelganger) {
						t.Errorf("afterwards: expected %v, found %v", ErrDoppelganger, err)
					}
					return
				case err == nil:
					if tc.finds || epoch != tc.signs {
						t.Errorf("expected the first signature in epoch %d (doppelganger %t), found epoch %d", tc.signs, tc.finds, epoch)
					}
					return
				case !errors.Is(err, errLooking):
					t.Fatal(err)
				}
			}
			t.Error("never signs")
		})
	}
}

func TestADoppelgangerIsFoundAlsoLater(t *testing.T) {
	w := &world{}
	d := doppelganger{past: w, chain: w, epochs: 2}
	if err := d.check(t.Context(), w.at(100)); err != nil {
		t.Fatal(err)
	}
	w.approved, w.voted = epochs(100), epochs(100, 101)
	if err := d.check(t.Context(), w.at(100)); err != nil {
		t.Errorf("own vote: expected no error, found %v", err)
	}
	if err := d.check(t.Context(), w.at(101)); !errors.Is(err, ErrDoppelganger) {
		t.Errorf("expected %v, found %v", ErrDoppelganger, err)
	}
}

func TestNothingIsSignedWhileNobodyAnswers(t *testing.T) {
	down := errors.New("down")
	w := &world{approved: epochs(50), down: down}
	d := doppelganger{past: w, chain: w, epochs: 2}
	for epoch := uint64(100); epoch < 103; epoch++ { // the first answer counts from where it comes
		if err := d.check(t.Context(), w.at(epoch)); !errors.Is(err, down) {
			t.Errorf("epoch %d: expected %v, found %v", epoch, down, err)
		}
	}
	w.down = nil
	if err := d.check(t.Context(), w.at(103)); !errors.Is(err, errLooking) {
		t.Errorf("expected %v, found %v", errLooking, err)
	}
	w.down = down
	if err := d.check(t.Context(), w.at(106)); !errors.Is(err, down) {
		t.Errorf("expected %v, found %v", down, err)
	}
	w.down = nil
	if err := d.check(t.Context(), w.at(106)); err != nil {
		t.Errorf("expected no error, found %v", err)
	}
}

func TestANodesWordAloneStopsNobodyForGood(t *testing.T) {
	w := &world{claimed: epochs(100)}
	d := doppelganger{past: w, chain: w, epochs: 2}
	if err := d.check(t.Context(), w.at(100)); !errors.Is(err, watch.ErrInconsistent) {
		t.Errorf("expected %v, found %v", watch.ErrInconsistent, err)
	}
	w.claimed = nil
	if err := d.check(t.Context(), w.at(100)); err != nil {
		t.Errorf("expected no error, found %v", err)
	}
	w = &world{approved: epochs(50)}
	d = doppelganger{past: w, chain: w, epochs: 2}
	if err := d.check(t.Context(), w.at(1_000_000)); !errors.Is(err, errLooking) { // an epoch that never comes
		t.Fatalf("expected %v, found %v", errLooking, err)
	}
	for epoch, want := range map[uint64]error{100: errLooking, 102: errLooking, 103: nil} {
		d := d
		if err := d.check(t.Context(), w.at(100)); !errors.Is(err, errLooking) {
			t.Fatalf("expected %v, found %v", errLooking, err)
		}
		if err := d.check(t.Context(), w.at(epoch)); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("epoch %d: expected %v, found %v", epoch, want, err)
		}
	}
}

func TestTheLookEndsAlsoAfterAnEpochOfLongAgo(t *testing.T) {
	w := &world{approved: epochs(60), kept: 70}
	d := doppelganger{past: w, chain: w, epochs: 2}
	for _, step := range []struct {
		epoch uint64
		want  error
	}{
		{100, errLooking},
		{1, errLooking},   // a node that was restored from an old snapshot, say
		{101, errLooking}, // and the look begins again
		{103, errLooking},
		{104, nil},
	} {
		if err := d.check(t.Context(), w.at(step.epoch)); !errors.Is(err, step.want) || step.want == nil && err != nil {
			t.Errorf("epoch %d: expected %v, found %v", step.epoch, step.want, err)
		}
	}
}

// Nodes keep recent epochs. One that says it doesn't is no reason to wait for ever, nor to sign.
func TestANodeThatKeepsNothingIsAnError(t *testing.T) {
	for name, approved := range map[string]map[uint64]bool{"voted long ago": epochs(50), "never voted": nil} {
		w := &world{approved: approved, kept: 1 << 60}
		d := doppelganger{past: w, chain: w, epochs: 2}
		_ = d.check(t.Context(), w.at(100))
		for _, epoch := range []uint64{102, 103, 104} {
			if err := d.check(t.Context(), w.at(epoch)); !errors.Is(err, watch.ErrNotKept) {
				t.Errorf("%s, epoch %d: expected %v, found %v", name, epoch, watch.ErrNotKept, err)
			}
		}
	}
}

func TestTheLookBackEndsWhereTheNodeForgets(t *testing.T) {
	down := errors.New("down")
	w := &world{kept: 99, voted: epochs(98), down: down}
	d := doppelganger{past: w, chain: w, epochs: 1000}
	if err := d.check(t.Context(), w.at(100)); !errors.Is(err, down) {
		t.Errorf("expected %v, found %v", down, err)
	}
	w.down = nil
	if err := d.check(t.Context(), w.at(100)); err != nil {
		t.Errorf("expected no error, found %v", err)
	}
	w = &world{}
	d = doppelganger{past: w, chain: w, epochs: 1000}
	if err := d.check(t.Context(), w.at(1)); err != nil {
		t.Errorf("the first epoch: expected no error, found %v", err)
	}
}
