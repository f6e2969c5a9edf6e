package watch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

const chainID = "test-1"

var (
	now   = time.UnixMilli(1_800_000_000_000)
	block = Header{ChainID: chainID, Height: 20, Time: uint64(now.UnixMilli()), Hash: ffg.Root{20}}
	head  = ffg.Checkpoint{
		Epoch: 4, ParentRoot: ffg.Root{3}, Height: block.Height, Time: block.Time, BlockHash: block.Hash,
		HistorySize: 20, VoterSetHash: ffg.Root{7}, NextVoterSetHash: ffg.Root{8},
	}
)

// scene is a node at block 20 whose head is checkpoint 4, and the result for a voter.
type scene struct {
	tallies
	target   ffg.Checkpoint
	answer   types.QueryDutyResponse
	record   func(*checkpointtypes.CheckpointRecord) // changes the answer about the checkpoint
	header   metadata.MD
	failures []error // of the first questions
	status   Status
	rpcErr   error // for all questions to the consensus layer except those for single blocks
	blocks   map[uint64]Header
	asked    int
}

func newScene() *scene {
	return &scene{
		target: head,
		answer: types.QueryDutyResponse{Source: checkpointtypes.RefFromFFG(ffg.Ref{Epoch: 3, Root: head.ParentRoot}), Member: true, Position: 2, Size_: 5},
		record: func(*checkpointtypes.CheckpointRecord) {},
		header: metadata.Pairs(heightHeader, "20"),
		status: Status{ChainID: chainID, Height: 20},
		blocks: map[uint64]Header{20: block},
	}
}

// Duty implements Finality.
func (s *scene) Duty(_ context.Context, _ *types.QueryDutyRequest, opts ...grpc.CallOption) (*types.QueryDutyResponse, error) {
	if err := s.reply(opts); err != nil {
		return nil, err
	}
	answer := s.answer
	if answer.Target.Root == "" {
		answer.Target = checkpointtypes.CheckpointFromFFG(s.target)
	}
	return &answer, nil
}

// Checkpoint implements Checkpoints.
func (s *scene) Checkpoint(_ context.Context, _ *checkpointtypes.QueryCheckpointRequest, opts ...grpc.CallOption) (*checkpointtypes.QueryCheckpointResponse, error) {
	if err := s.reply(opts); err != nil {
		return nil, err
	}
	target, source := checkpointtypes.CheckpointFromFFG(s.target), checkpointtypes.RefFromFFG(ffg.Ref{Epoch: 3, Root: head.ParentRoot})
	answer := &checkpointtypes.QueryCheckpointResponse{Record: checkpointtypes.CheckpointRecord{Checkpoint: &target, Source: &source}}
	s.record(&answer.Record)
	return answer, nil
}

// reply counts the questions to the application. It fails or sends the height.
func (s *scene) reply(opts []grpc.CallOption) error {
	s.asked++
	if len(s.failures) >= s.asked {
		return s.failures[s.asked-1]
	}
	for _, opt := range opts {
		if header, ok := opt.(grpc.HeaderCallOption); ok {
			*header.HeaderAddr = s.header
		}
	}
	return nil
}

// At implements Blocks.
func (s *scene) At(_ context.Context, height uint64) (Header, error) {
	found, ok := s.blocks[height]
	if !ok {
		return Header{}, fmt.Errorf("no block %d", height)
	}
	return found, nil
}

func (s *scene) Status(context.Context) (Status, error) { return s.status, s.rpcErr }
func (s *scene) Latest(context.Context) (Header, error) { return s.blocks[s.status.Height], s.rpcErr }
func (s *scene) Listen(context.Context, func(), func(Header)) error {
	return errors.New("not asked")
}

func (s *scene) change(f func(*ffg.Checkpoint)) { f(&s.target) }
func (s *scene) node() *node {
	return &node{Endpoint: Endpoint{Finality: s, Checkpoints: s, Blocks: s}, chainID: chainID, now: func() time.Time { return now }}
}

func (s *scene) ask(t *testing.T, tip Header) (duty Duty, asked int, _ error) {
	t.Helper()
	duty, err := s.node().duty(t.Context(), ffg.PublicKey{}, tip)
	return duty, s.asked, err
}

func TestTheDutyIsTheVoteOfTheHead(t *testing.T) {
	duty, asked, err := newScene().ask(t, block)
	want := Duty{
		Vote:         ffg.Vote{Source: ffg.Ref{Epoch: 3, Root: head.ParentRoot}, Target: head.Ref()},
		VoterSetHash: head.VoterSetHash, Member: true, Position: 2, Size: 5, Executed: 20,
	}
	if err != nil || duty != want || asked != 1 {
		t.Fatalf("expected %+v at once, found %+v after %d questions, %v", want, duty, asked, err)
	}
	vote := duty.Aggregate(ffg.Signature{9})
	if vote.Vote != duty.Vote || vote.VoterSetHash != head.VoterSetHash || vote.Signature != (ffg.Signature{9}) || !vote.Signers.Equal(ffg.SingleBit(5, 2)) {
		t.Errorf("expected an aggregate of one, found %+v", vote)
	}
}

func TestAnswersThatLeadToNoVote(t *testing.T) {
	anchor := ffg.Checkpoint{}
	for name, tc := range map[string]struct {
		change func(*scene)
		tip    func(*Header)
		want   error
		says   string
	}{
		"tip on another chain": {tip: func(h *Header) { h.ChainID = "other-1" }, want: ErrWrongChain, says: `expected "test-1", found "other-1"`},
		"target's block on another chain": {
			change: func(s *scene) { s.blocks[20] = Header{ChainID: "other-1", Height: 20} },
			tip:    func(h *Header) { h.Height = 19 }, want: ErrWrongChain, says: `expected "test-1", found "other-1"`,
		},
		"voter not registered": {change: func(s *scene) { s.failures = []error{status.Error(codes.NotFound, "voter not found")} }, want: ErrNoDuty, says: "voter not found"},
		"no anchor yet":        {change: func(s *scene) { s.failures = []error{status.Error(codes.FailedPrecondition, "not anchored")} }, want: ErrNoDuty, says: "not anchored"},
		"the anchor":           {change: func(s *scene) { s.target = anchor }, want: ErrNoDuty, says: "anchor"},
		"root of other contents": {change: func(s *scene) {
			s.answer.Target = checkpointtypes.CheckpointFromFFG(head)
			s.answer.Target.NextVoterSetHash = ffg.Root{6}.String()
		}, want: ErrInconsistent, says: "from the contents"},
		"another root": {change: func(s *scene) {
			s.answer.Target = checkpointtypes.CheckpointFromFFG(head)
			s.answer.Target.Root = ffg.Root{6}.String()
		}, want: ErrInconsistent, says: "from the contents"},
		"short source root":        {change: func(s *scene) { s.answer.Source.Root = s.answer.Source.Root[:63] }, want: ErrInconsistent, says: "expected 64 lower-case hexadecimal digits, found 63"},
		"source at the target":     {change: func(s *scene) { s.answer.Source.Epoch = 4 }, want: ErrInconsistent, says: "expected source epoch below 4, found 4"},
		"source not the parent":    {change: func(s *scene) { s.answer.Source.Root = ffg.Root{}.String() }, want: ErrInconsistent, says: "parent root"},
		"more epochs than blocks":  {change: func(s *scene) { s.change(func(c *ffg.Checkpoint) { c.Epoch = 21 }) }, want: ErrInconsistent, says: "at most its height 20, found 21"},
		"target not executed":      {change: func(s *scene) { s.change(func(c *ffg.Checkpoint) { c.Height = 21 }) }, want: ErrInconsistent, says: "at most the executed height 20, found 21"},
		"a set too large":          {change: func(s *scene) { s.answer.Size_ = maxSetSize + 1 }, want: ErrInconsistent, says: "at most 1048576, found 1048577"},
		"position outside the set": {change: func(s *scene) { s.answer.Position = 5 }, want: ErrInconsistent, says: "below 5, found 5"},
		"another block hash":       {change: func(s *scene) { s.change(func(c *ffg.Checkpoint) { c.BlockHash = ffg.Root{21} }) }, want: ErrInconsistent, says: "block hash"},
		"another time":             {change: func(s *scene) { s.change(func(c *ffg.Checkpoint) { c.Time-- }) }, want: ErrInconsistent, says: "time"},
		"another height":           {change: func(s *scene) { s.change(func(c *ffg.Checkpoint) { c.Height = 19 }); s.blocks[19] = block }, want: ErrInconsistent, says: "height"},
		"no height of the state":   {change: func(s *scene) { s.header = nil }, want: ErrInconsistent, says: heightHeader},
		"odd height of the state":  {change: func(s *scene) { s.header = metadata.Pairs(heightHeader, "-1") }, want: ErrInconsistent, says: "-1"},
		"state stays behind":       {change: func(s *scene) { s.header = metadata.Pairs(heightHeader, "19") }, want: ErrNotExecuted, says: "expected height 20 or more, found 19"},
	} {
		t.Run(name, func(t *testing.T) {
			s, tip := newScene(), block
			if tc.change != nil {
				tc.change(s)
			}
			if tc.tip != nil {
				tc.tip(&tip)
			}
			duty, _, err := s.ask(t, tip)
			if !errors.Is(err, tc.want) || !strings.Contains(fmt.Sprint(err), tc.says) || duty != (Duty{}) {
				t.Errorf("expected %v (%s), found %v and %+v", tc.want, tc.says, err, duty)
			}
		})
	}
}

func TestTheBoundsOfADuty(t *testing.T) {
	for name, change := range map[string]func(*scene){
		"as many epochs as blocks": func(s *scene) { s.change(func(c *ffg.Checkpoint) { c.Epoch = 20 }) },
		"the last position":        func(s *scene) { s.answer.Position = 4 },
		"the largest set":          func(s *scene) { s.answer.Size_ = maxSetSize },
		"not a member":             func(s *scene) { s.answer.Member, s.answer.Position, s.answer.Size_ = false, 0, 0 },
		"an older source":          func(s *scene) { s.answer.Source = checkpointtypes.RefFromFFG(ffg.Ref{Epoch: 1}) },
		"recorded":                 func(s *scene) { s.answer.Recorded = true },
	} {
		s := newScene()
		change(s)
		if duty, _, err := s.ask(t, block); err != nil || duty.Member != s.answer.Member || duty.Recorded != s.answer.Recorded {
			t.Errorf("%s: expected a duty, found %+v, %v", name, duty, err)
		}
	}
}

func TestTheFutureBeginsTenSecondsAhead(t *testing.T) {
	at := func(ahead time.Duration) error {
		s, tip := newScene(), block
		tip.Time = uint64(now.Add(ahead).UnixMilli())
		s.change(func(c *ffg.Checkpoint) { c.Time = tip.Time })
		_, _, err := s.ask(t, tip)
		return err
	}
	if err := at(10 * time.Second); err != nil {
		t.Errorf("10 s ahead: %v", err)
	}
	if err := at(10*time.Second + time.Millisecond); !errors.Is(err, ErrFuture) {
		t.Errorf("more than 10 s ahead: expected %v, found %v", ErrFuture, err)
	}
	if err := verify(ffg.Checkpoint{Time: math.MaxUint64}, Header{Time: math.MaxUint64}, now); !errors.Is(err, ErrFuture) {
		t.Errorf("the end of time: expected %v, found %v", ErrFuture, err)
	}
}

func TestATargetBelowTheTipIsComparedWithItsOwnBlock(t *testing.T) {
	s, tip := newScene(), Header{ChainID: chainID, Height: 22, Hash: ffg.Root{22}}
	s.header = metadata.Pairs(heightHeader, "22")
	if duty, _, err := s.ask(t, tip); err != nil || duty.Executed != 22 {
		t.Errorf("expected a duty from height 22, found %+v, %v", duty, err)
	}
	delete(s.blocks, 20)
	if _, _, err := s.ask(t, tip); err == nil || !strings.Contains(err.Error(), "block 20") {
		t.Errorf("expected the block to be missed, found %v", err)
	}
}

func TestAskingAgainUntilTheBlockIsExecuted(t *testing.T) {
	s := newScene()
	s.header.Set(heightHeader, "19")
	node := s.node()
	node.Finality = lateAfter{s, 3}
	if duty, err := node.duty(t.Context(), ffg.PublicKey{}, block); err != nil || duty.Executed != 20 || s.asked != 4 {
		t.Errorf("expected a duty at the fourth question, found %+v after %d, %v", duty, s.asked, err)
	}
}

// lateAfter executes block 20 after some questions.
type lateAfter struct {
	*scene
	questions int
}

func (l lateAfter) Duty(ctx context.Context, request *types.QueryDutyRequest, opts ...grpc.CallOption) (*types.QueryDutyResponse, error) {
	if l.asked == l.questions {
		l.header.Set(heightHeader, "20")
	}
	return l.scene.Duty(ctx, request, opts...)
}

func TestAFailureOfTheNodeIsItsOwn(t *testing.T) {
	s := newScene()
	s.failures = []error{status.Error(codes.Unavailable, "no connection")}
	if _, asked, err := s.ask(t, block); status.Code(errors.Unwrap(err)) != codes.Unavailable || asked != 1 {
		t.Errorf("expected the node's error after one question, found %v after %d", err, asked)
	}
}

func TestWhatANodeSaysIsShortInErrors(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for name, change := range map[string]func(*scene){
		"a chain id":   func(s *scene) { s.blocks[20] = Header{ChainID: long, Height: 20, Time: block.Time, Hash: block.Hash} },
		"a root":       func(s *scene) { s.answer.Target.Root = long },
		"a height":     func(s *scene) { s.header = metadata.Pairs(heightHeader, long) },
		"many heights": func(s *scene) { s.header = metadata.MD{heightHeader: strings.Split(long, "")} },
	} {
		s := newScene()
		change(s)
		if _, _, err := s.ask(t, Header{ChainID: chainID, Height: 19}); err == nil || len(err.Error()) > 1000 {
			t.Errorf("%s: expected a short error, found %d bytes", name, len(fmt.Sprint(err)))
		}
	}
}
