package watch

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
)

func TestTheHealthOfANode(t *testing.T) {
	before := Header{ChainID: chainID, Height: 19, Hash: ffg.Root{19}}
	for name, tc := range map[string]struct {
		change func(*scene)
		want   error
		says   string
		tip    Header
	}{
		"healthy":              {change: func(*scene) {}, tip: block},
		"no checkpoint yet":    {change: func(s *scene) { s.failures = []error{status.Error(codes.NotFound, "not anchored")} }, tip: block},
		"the anchor only":      {change: func(s *scene) { s.record = func(r *checkpointtypes.CheckpointRecord) { r.Source = nil } }, tip: block},
		"ahead of this clock":  {change: func(s *scene) { s.ahead(time.Hour) }, tip: Header{ChainID: chainID, Height: 20, Time: block.Time + 3_600_000, Hash: block.Hash}},
		"the latest under way": {change: func(s *scene) { s.executed(19) }, tip: before},
		"two blocks under way": {change: func(s *scene) { s.executed(18) }, want: ErrNotExecuted, says: "expected height 19 or more, found 18", tip: block},
		"no RPC":               {change: func(s *scene) { s.rpcErr = errors.New("connection refused") }, want: ErrNoAnswer, says: "connection refused"},
		"no gRPC":              {change: func(s *scene) { s.failures = []error{status.Error(codes.Unavailable, "no connection")} }, want: ErrNoAnswer, says: "no connection", tip: block},
		"another chain":        {change: func(s *scene) { s.status.ChainID = "other-1" }, want: ErrWrongChain, says: `expected "test-1", found "other-1"`, tip: Header{ChainID: "other-1", Height: 20}},
		"blocks of another":    {change: func(s *scene) { s.blocks[20] = Header{ChainID: "other-1", Height: 20} }, want: ErrWrongChain, says: `found "other-1"`, tip: Header{ChainID: "other-1", Height: 20}},
		"no block yet":         {change: func(s *scene) { s.status.Height = 0 }, want: ErrNotSynced, says: "none yet", tip: Header{ChainID: chainID}},
		"catching up":          {change: func(s *scene) { s.status.CatchingUp = true }, want: ErrNotSynced, says: "catching up", tip: block},
		"lies about a block":   {change: func(s *scene) { s.change(func(c *ffg.Checkpoint) { c.BlockHash = ffg.Root{21} }) }, want: ErrInconsistent, says: "block hash", tip: block},
		"lies about the root": {change: func(s *scene) {
			s.record = func(r *checkpointtypes.CheckpointRecord) { r.Checkpoint.Root = ffg.Root{6}.String() }
		}, want: ErrInconsistent, says: "from the contents", tip: block},
		"no checkpoint in it":  {change: func(s *scene) { s.record = func(r *checkpointtypes.CheckpointRecord) { r.Checkpoint = nil } }, want: ErrInconsistent, says: "expected a checkpoint", tip: block},
		"odd source":           {change: func(s *scene) { s.record = func(r *checkpointtypes.CheckpointRecord) { r.Source.Root = "6" } }, want: ErrInconsistent, says: "source", tip: block},
		"source at the target": {change: func(s *scene) { s.record = func(r *checkpointtypes.CheckpointRecord) { r.Source.Epoch = 4 } }, want: ErrInconsistent, says: "expected source epoch below 4", tip: block},
		"no height":            {change: func(s *scene) { s.header = metadata.MD{} }, want: ErrInconsistent, says: heightHeader, tip: block},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			tc.change(s)
			tip, err := s.node().check(t.Context())
			if kind(err) != kind(tc.want) || !strings.Contains(fmt.Sprint(err), tc.says) || tip != tc.tip {
				t.Errorf("expected %v (%s) at %+v, found %v at %+v", tc.want, tc.says, tc.tip, err, tip)
			}
		})
	}
}

// executed makes the head checkpoint that of a lower block, which is the state's.
func (s *scene) executed(height byte) {
	below := Header{ChainID: chainID, Height: uint64(height), Hash: ffg.Root{height}}
	s.header.Set(heightHeader, strconv.Itoa(int(height)))
	s.blocks[below.Height] = below
	s.change(func(c *ffg.Checkpoint) { c.Height, c.Time, c.BlockHash = below.Height, below.Time, below.Hash })
}

// ahead moves the head's time into the future.
func (s *scene) ahead(d time.Duration) {
	moved := block
	moved.Time += uint64(d.Milliseconds())
	s.blocks[20] = moved
	s.change(func(c *ffg.Checkpoint) { c.Time = moved.Time })
}

func TestWaitingForAnEpoch(t *testing.T) {
	notYet := status.Error(codes.NotFound, "no checkpoint of epoch 4 is kept here")
	s := newScene()
	s.failures = []error{notYet, notYet, notYet}
	want := ffg.Vote{Source: ffg.Ref{Epoch: 3, Root: head.ParentRoot}, Target: head.Ref()}
	if vote, err := s.node().testify(t.Context(), 4); err != nil || vote != want || s.asked != 4 {
		t.Errorf("expected %v at the fourth question, found %v after %d, %v", want, vote, s.asked, err)
	}
	s = newScene()
	s.failures = []error{notYet}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.node().testify(ended, 4); !errors.Is(err, ErrNoDuty) || !strings.Contains(err.Error(), "epoch 4") {
		t.Errorf("expected %v, found %v", ErrNoDuty, err)
	}
}
