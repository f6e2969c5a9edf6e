package ffg_test

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
)

// chain is one chain of checkpoints: sources and justified are indexed by epoch, and broken, if not zero, is an epoch
// whose state cannot be read.
type chain struct {
	sources   []uint64
	justified []bool
	finalized uint64
	broken    uint64
}

var errBroken = errors.New("broken store")

func newChain() *chain { return &chain{sources: []uint64{0}, justified: []bool{true}} }

func (c *chain) Source(epoch uint64) (uint64, error) {
	if c.broken != 0 && epoch == c.broken {
		return 0, errBroken
	}
	return c.sources[epoch], nil
}

func (c *chain) Justified(epoch uint64) (bool, error) {
	if c.broken != 0 && epoch == c.broken {
		return false, errBroken
	}
	return c.justified[epoch], nil
}

func (c *chain) head() uint64 { return uint64(len(c.sources) - 1) }

// propose appends an epoch whose source is the latest justified one (protocol §3).
func (c *chain) propose() {
	source := c.head()
	for !c.justified[source] {
		source--
	}
	c.sources, c.justified = append(c.sources, source), append(c.justified, false)
}

// justify gives epoch its link and moves the finalized head as the rule under test says.
func (c *chain) justify(epoch uint64) error {
	c.justified[epoch] = true
	final, ok, err := ffg.Finalizes(c, epoch, c.head(), c.finalized)
	if ok && final <= c.finalized {
		return fmt.Errorf("expected an epoch above %d to be newly final, found %d", c.finalized, final)
	}
	if ok {
		c.finalized = final
	}
	return err
}

// final is protocol §5 word for word: the highest s with a supermajority link s→t and all of (s, t] justified.
func (c *chain) final() (highest uint64) {
	for t := uint64(1); t <= c.head(); t++ {
		s := c.sources[t]
		all := true
		for e := s + 1; e <= t; e++ {
			all = all && c.justified[e]
		}
		if all {
			highest = max(highest, s)
		}
	}
	return highest
}

func (c *chain) clone() *chain {
	return &chain{sources: append([]uint64(nil), c.sources...), justified: append([]bool(nil), c.justified...), finalized: c.finalized}
}

func TestFinalizesFollowsTheDefinitionOnEveryShortSchedule(t *testing.T) {
	const epochs = 6
	visited := map[string]bool{}
	var walk func(c *chain)
	walk = func(c *chain) {
		state := fmt.Sprint(*c)
		if visited[state] {
			return
		}
		visited[state] = true
		if c.head() < epochs {
			next := c.clone()
			next.propose()
			walk(next)
		}
		for e := uint64(1); e <= c.head(); e++ {
			if c.justified[e] {
				continue
			}
			next := c.clone()
			if err := next.justify(e); err != nil {
				t.Fatal(err)
			}
			if want := next.final(); next.finalized != want {
				t.Fatalf("epoch %d justified last: expected %d final, found %+v", e, want, *next)
			}
			walk(next)
		}
	}
	walk(newChain())
	if len(visited) < 1000 {
		t.Errorf("expected more than a thousand chains, found %d", len(visited))
	}
}

func TestFinalizesFollowsTheDefinitionOnLongSchedules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newChain()
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			if c.head() == 0 || rapid.Bool().Draw(t, "propose") {
				c.propose()
				continue
			}
			late := rapid.Uint64Range(0, min(c.head(), 6)-1).Draw(t, "epochs below the head")
			if epoch := c.head() - late; !c.justified[epoch] {
				if err := c.justify(epoch); err != nil {
					t.Fatal(err)
				}
			}
			if want := c.final(); c.finalized != want {
				t.Fatalf("expected %d final, found %+v", want, *c)
			}
		}
	})
}

func TestFinalizesBySchedule(t *testing.T) {
	const propose = 0 // any other number is an epoch to justify
	for _, tc := range []struct {
		name     string
		schedule []uint64
		want     uint64
	}{
		{"nothing but proposals", []uint64{propose, propose, propose}, 0},
		{"one link from the anchor", []uint64{propose, 1}, 0},
		{"two links in a row (k = 1)", []uint64{propose, 1, propose, 2}, 1},
		{"a link over a gap", []uint64{propose, 1, propose, propose, 3}, 0},
		{"the gap filled later (k = 2)", []uint64{propose, 1, propose, propose, 3, 2}, 1},
		{"two gaps, one filled", []uint64{propose, 1, propose, propose, propose, 4, 3}, 0},
		{"two gaps filled downwards (k = 3)", []uint64{propose, 1, propose, propose, propose, 4, 3, 2}, 1},
		{"two gaps filled upwards (k = 3)", []uint64{propose, 1, propose, propose, propose, 4, 2, 3}, 1},
		{"always one epoch late", []uint64{propose, propose, 1, propose, 2, propose, 3, propose, 4}, 2},
		{"a late vote below the finalized head", []uint64{propose, propose, 2, propose, 3, 1}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newChain()
			for _, step := range tc.schedule {
				if step == propose {
					c.propose()
				} else if err := c.justify(step); err != nil {
					t.Fatal(err)
				}
			}
			if c.finalized != tc.want {
				t.Errorf("expected epoch %d final, found %d", tc.want, c.finalized)
			}
		})
	}
}

func TestFinalizesReportsWhatItCannotUse(t *testing.T) {
	gap := func(broken uint64) *chain {
		return &chain{sources: []uint64{0, 0, 1, 1, 1, 1}, justified: []bool{true, true, false, true, true, true}, broken: broken}
	}
	for _, tc := range []struct {
		name         string
		c            *chain
		linked, head uint64
		want         error
	}{
		{"the anchor has no link", newChain(), 0, 0, ffg.ErrLinked},
		{"above the head", gap(0), 6, 5, ffg.ErrLinked},
		{"at the head", gap(0), 5, 5, nil},
		{"unreadable above", gap(5), 4, 5, errBroken},
		{"unreadable source", gap(5), 5, 5, errBroken},
		{"unreadable below", gap(3), 5, 5, errBroken},
		{"its own source", &chain{sources: []uint64{0, 1}, justified: []bool{true, true}}, 1, 1, ffg.ErrSource},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, _, err := ffg.Finalizes(tc.c, tc.linked, tc.head, 0); !errors.Is(err, tc.want) {
				t.Errorf("expected error %v, found %v", tc.want, err)
			}
		})
	}
}
