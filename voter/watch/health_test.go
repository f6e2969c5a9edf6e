package watch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheNodeToUse(t *testing.T) {
	down := errors.New("down")
	good := func(checks int) health { return health{good: checks} }
	bad, unchecked := health{problem: down}, newHealth()
	for name, tc := range map[string]struct {
		nodes []health
		using int
		want  int
	}{
		"the first at first":                            {nodes: []health{good(steady), good(steady)}, using: -1, want: 0},
		"nobody before the first is checked":            {nodes: []health{unchecked, good(steady)}, using: -1, want: -1},
		"the second if the first is bad":                {nodes: []health{bad, good(steady)}, using: -1, want: 1},
		"the second before the third is checked":        {nodes: []health{bad, good(steady), unchecked}, using: -1, want: 1},
		"the second when the first fails":               {nodes: []health{bad, good(steady)}, using: 0, want: 1},
		"the third when those before fail":              {nodes: []health{bad, bad, good(1)}, using: 1, want: 2},
		"the second while the first is not steady":      {nodes: []health{good(steady - 1), good(steady)}, using: 1, want: 1},
		"the first once it is steady":                   {nodes: []health{good(steady), good(steady)}, using: 1, want: 0},
		"the first before it is steady if none is left": {nodes: []health{good(1), bad}, using: 1, want: 0},
		"none if all are bad":                           {nodes: []health{bad, bad}, using: 0, want: -1},
		"any again, even one that is not steady":        {nodes: []health{bad, good(1)}, using: -1, want: 1},
	} {
		found := make([]error, len(tc.nodes))
		for i, h := range tc.nodes {
			found[i] = h.problem
		}
		if got := pick(tc.nodes, found, tc.using); got != tc.want {
			t.Errorf("%s: expected %d, found %d", name, tc.want, got)
		}
	}
}

func TestANodeIsStuckIfAnotherIsAhead(t *testing.T) {
	at := func(ago time.Duration) health {
		return health{tip: Header{Height: 7, Time: uint64(now.Add(-ago).UnixMilli())}}
	}
	bad := func(h health) health { h.problem = ErrNotSynced; return h }
	const ms = time.Millisecond
	for name, tc := range map[string]struct {
		nodes []health
		stuck []int
	}{
		"a minute behind":                          {nodes: []health{at(time.Minute), at(0)}},
		"more than a minute behind":                {nodes: []health{at(time.Minute + ms), at(0)}, stuck: []int{0}},
		"all at an old block":                      {nodes: []health{at(time.Hour), at(time.Hour)}},
		"one alone":                                {nodes: []health{at(time.Hour)}},
		"behind a node that is unhealthy":          {nodes: []health{at(time.Hour), bad(at(0))}},
		"behind a block that can be":               {nodes: []health{at(time.Minute), at(-MaxAhead)}, stuck: []int{0}},
		"behind a block from the future":           {nodes: []health{at(time.Minute), at(-MaxAhead - ms)}},
		"unhealthy and behind":                     {nodes: []health{bad(at(time.Hour)), at(0)}},
		"several behind":                           {nodes: []health{at(time.Hour), at(0), at(time.Hour)}, stuck: []int{0, 2}},
		"a clock that is ahead changes nothing":    {nodes: []health{at(24 * time.Hour), at(24*time.Hour + time.Minute)}},
		"a minute behind at the beginning of time": {nodes: []health{{tip: Header{Time: 1}}, {tip: Header{Time: 60_001}}}},
	} {
		for i, err := range verdicts(tc.nodes, time.Minute, now) {
			if stuck := errors.Is(err, ErrStuck); stuck != slices.Contains(tc.stuck, i) {
				t.Errorf("%s: node %d: expected stuck %t, found %v", name, i, !stuck, err)
			}
			if problem := tc.nodes[i].problem; problem != nil && err != problem {
				t.Errorf("%s: node %d: expected its own problem %v, found %v", name, i, problem, err)
			}
		}
	}
	err := verdicts([]health{at(61 * time.Second), at(0)}, time.Minute, now)[0]
	if !strings.Contains(fmt.Sprint(err), "block 7 is 1m1s older") {
		t.Errorf("expected the block and its age, found %v", err)
	}
}

func TestAnAnnouncementDuringACheckIsNewer(t *testing.T) {
	h := newHealth()
	h.checked(Header{}, Header{Height: 1}, nil)
	if h.problem != nil || h.tip.Height != 1 || h.good < steady {
		t.Errorf("expected a steady node at block 1, found %+v", h)
	}
	before := h.tip
	h.tip = Header{Height: 3}
	h.checked(before, Header{Height: 2}, nil)
	if h.tip.Height != 3 {
		t.Errorf("expected block 3, found %+v", h.tip)
	}
	h.checked(h.tip, Header{}, ErrNoAnswer)
	if h.problem != ErrNoAnswer || h.tip.Height != 3 || h.good != 0 {
		t.Errorf("expected a problem at block 3, found %+v", h)
	}
	for want := 1; want < steady; want++ {
		if h.checked(h.tip, h.tip, nil); h.problem != nil || h.good != want {
			t.Errorf("expected %d good checks, found %+v", want, h)
		}
	}
}

func TestKindsOfProblems(t *testing.T) {
	for _, want := range []error{errUnchecked, ErrNoAnswer, ErrNotSynced, ErrNotExecuted, ErrStuck, ErrWrongChain, ErrInconsistent} {
		if found := kind(fmt.Errorf("check: %w", want)); found != want.Error() {
			t.Errorf("expected %v, found %v", want, found)
		}
	}
	if found := kind(nil); found != "" {
		t.Errorf("expected none, found %v", found)
	}
	if found := kind(errors.New("connection refused")); found != ErrNoAnswer.Error() {
		t.Errorf("expected %v, found %v", ErrNoAnswer, found)
	}
}
