package ffg_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

func TestCheckpointExtendsItsParent(t *testing.T) {
	const allowed = ""
	for _, tc := range []struct {
		name   string
		parent func(*ffg.Checkpoint)
		child  func(*ffg.Checkpoint)
		want   string // part of the error, or allowed
	}{
		{name: "the next checkpoint", want: allowed},
		{name: "two epochs later", child: func(c *ffg.Checkpoint) { c.Epoch++ }, want: "epoch"},
		{name: "same epoch", child: func(c *ffg.Checkpoint) { c.Epoch-- }, want: "epoch"},
		{name: "epoch that wraps around", parent: func(p *ffg.Checkpoint) { p.Epoch = math.MaxUint64 }, want: "epoch"},
		{name: "another parent", child: func(c *ffg.Checkpoint) { c.ParentRoot[31]++ }, want: "parent root"},
		{name: "one block later", child: func(c *ffg.Checkpoint) { c.Height, c.HistorySize = 100, 1 }, want: allowed},
		{name: "same height", child: func(c *ffg.Checkpoint) { c.Height, c.HistorySize = 99, 0 }, want: "height"},
		{name: "lower height", child: func(c *ffg.Checkpoint) { c.Height = 98 }, want: "height"},
		{name: "same time", child: func(c *ffg.Checkpoint) { c.Time = anchor().Time }, want: allowed},
		{name: "one millisecond earlier", child: func(c *ffg.Checkpoint) { c.Time = anchor().Time - 1 }, want: "time"},
		{name: "same history", child: func(c *ffg.Checkpoint) { c.HistorySize = 0 }, want: "history size"},
		{name: "history one short", child: func(c *ffg.Checkpoint) { c.HistorySize-- }, want: "history size"},
		{name: "history one long", child: func(c *ffg.Checkpoint) { c.HistorySize++ }, want: "history size"},
		{name: "history that wraps around", parent: func(p *ffg.Checkpoint) { p.HistorySize = math.MaxUint64 }, want: "history size"},
		{name: "same pair, another set", child: func(c *ffg.Checkpoint) { c.VoterSetHash[0]++ }, want: "voter set of the same pair"},
		{name: "same pair, another next set", child: func(c *ffg.Checkpoint) { c.NextVoterSetHash[0]++ }, want: "next voter set"},
		{name: "next pair, other sets", child: func(c *ffg.Checkpoint) {
			c.Pair++
			c.VoterSetHash[0]++
			c.NextVoterSetHash[0]++
		}, want: allowed},
		{name: "next pair, same sets", child: func(c *ffg.Checkpoint) { c.Pair++ }, want: allowed},
		{name: "two pairs later", child: func(c *ffg.Checkpoint) { c.Pair += 2 }, want: "pair"},
		{name: "an older pair", parent: func(p *ffg.Checkpoint) { p.Pair = 1 }, child: func(c *ffg.Checkpoint) { c.Pair = 0 }, want: "pair"},
		{name: "pair that wraps around", parent: func(p *ffg.Checkpoint) { p.Pair = math.MaxUint64 }, child: func(c *ffg.Checkpoint) { c.Pair = 0 }, want: "pair"},
		{name: "degraded from here on", child: func(c *ffg.Checkpoint) { c.Degraded = true }, want: allowed},
		{name: "still degraded", parent: func(p *ffg.Checkpoint) { p.Degraded = true }, child: func(c *ffg.Checkpoint) { c.Degraded = true }, want: allowed},
		{name: "another anchor", child: func(c *ffg.Checkpoint) { c.Anchor++ }, want: "anchor"},
		{name: "the same later anchor", parent: func(p *ffg.Checkpoint) { p.Anchor = 1 }, child: func(c *ffg.Checkpoint) { c.Anchor = 1 }, want: allowed},
		{name: "no longer degraded", parent: func(p *ffg.Checkpoint) { p.Degraded = true }, want: "degraded"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			parent := anchor()
			if tc.parent != nil {
				tc.parent(&parent)
			}
			c := child(parent)
			if tc.child != nil {
				tc.child(&c)
			}
			switch err := c.Extends(parent); {
			case tc.want == allowed:
				if err != nil {
					t.Errorf("expected it to extend, found: %v", err)
				}
			case !errors.Is(err, ffg.ErrNotExtension) || !strings.Contains(err.Error(), ": "+tc.want):
				t.Errorf("expected an error about %q, found: %v", tc.want, err)
			}
		})
	}
}

func TestRefNamesEpochAndRoot(t *testing.T) {
	c := child(anchor())
	if got, want := c.Ref(), (ffg.Ref{Epoch: 1, Root: c.Root()}); got != want {
		t.Errorf("expected %v, found %v", want, got)
	}
}
