package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// world is a pool with nodes and witnesses of one chain, in a bubble of time (testing/synctest). Each block is a checkpoint.
type world struct {
	t         *testing.T
	pool      *Pool
	tips      <-chan Header
	nodes     []*peer
	witnesses []*peer
	log       *lines
}

const (
	testPoll  = 2 * time.Second
	testStall = time.Minute
	setSize   = 9
)

// Duty begins a round for one key.
func (p *Pool) Duty(ctx context.Context, key ffg.PublicKey) (Duty, error) {
	return p.Round().Duty(ctx, key)
}

// inWorld runs a test with nodes at block 1. The pool has checked them.
func inWorld(t *testing.T, nodes, witnesses int, test func(*world), change ...func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, log: new(lines)}
		join := func(name string, n int) (peers []*peer, endpoints []Endpoint) {
			for i := range n {
				p := &peer{name: fmt.Sprint(name, i+1), chain: chainID, events: make(chan Header, 1024), broken: make(chan struct{}, 1)}
				p.grow(time.Now())
				peers = append(peers, p)
				endpoints = append(endpoints, Endpoint{Address: p.name, Finality: p, Checkpoints: p, Blocks: p})
			}
			return peers, endpoints
		}
		var nodeEnds, witnessEnds []Endpoint
		w.nodes, nodeEnds = join("node-", nodes)
		w.witnesses, witnessEnds = join("witness-", witnesses)
		for _, f := range change {
			f(w)
		}
		w.pool = NewPool(Config{ChainID: chainID, Poll: testPoll, StallAfter: testStall}, nodeEnds, witnessEnds, slog.New(w.log))
		w.tips = w.pool.Tips(t.Context())
		w.wait(checkPause) // for the check when events begin to come
		test(w)
	})
}

// grow makes the next block of all peers, or only of these, and announces it.
func (w *world) grow(peers ...*peer) {
	if peers == nil {
		peers = slices.Concat(w.nodes, w.witnesses)
	}
	for _, p := range peers {
		p.grow(time.Now())
	}
	synctest.Wait()
}

// wait lets time pass without blocks.
func (w *world) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// pass lets time pass with a block every second.
func (w *world) pass(d time.Duration, peers ...*peer) {
	for range d / time.Second {
		w.wait(time.Second)
		w.grow(peers...)
	}
}

// duty expects the honest vote for a checkpoint of a peer.
func (w *world) duty(from *peer, epoch uint64) {
	w.t.Helper()
	duty, err := w.pool.Duty(w.t.Context(), ffg.PublicKey{})
	if want := from.vote(epoch); err != nil || duty.Vote != want {
		w.t.Errorf("expected the duty of epoch %d from %s, found %+v, %v", epoch, from.name, duty, err)
	}
}

// noDuty expects no vote, and this error.
func (w *world) noDuty(want error) {
	w.t.Helper()
	if duty, err := w.pool.Duty(w.t.Context(), ffg.PublicKey{}); !errors.Is(err, want) || duty != (Duty{}) {
		w.t.Errorf("expected %v, found %+v, %v", want, duty, err)
	}
	synctest.Wait()
}

// using expects this node to be in use, or none for nil.
func (w *world) using(want *peer) {
	w.t.Helper()
	synctest.Wait()
	found, name := "", ""
	for _, h := range w.pool.Health() {
		if h.InUse {
			found = h.Address
		}
	}
	if want != nil {
		name = want.name
	}
	if found != name {
		w.t.Errorf("expected %q in use, found %q: %+v", name, found, w.pool.Health())
	}
}

// said expects exactly one log line with these words since the last look.
func (w *world) said(words ...string) {
	w.t.Helper()
	synctest.Wait()
	if found := w.log.count(words); found != 1 {
		w.t.Errorf("expected %q once in the log, found it %d times in:\n%s", words, found, strings.Join(w.log.all, "\n"))
	}
}

// look returns the lines since the last look.
func (w *world) look() (since []string) {
	synctest.Wait()
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	since, w.log.all = w.log.all, nil
	return since
}

var errNotKept = status.Error(codes.NotFound, "no checkpoint of epoch 1 is kept here")

// peer is a node of the world.
type peer struct {
	name   string
	events chan Header
	broken chan struct{} // ends the connection for events

	mu         sync.Mutex
	chain      string
	fork       byte // chains differ from the block after the one at which it was changed
	blocks     []Header
	roots      []ffg.Checkpoint
	catchingUp bool
	lie        bool // about the block hash of checkpoints
	source     byte // of the root of the source that it reports, if not 0
	fails      error
	hangs      bool
	late       int      // number of questions about checkpoints that it answers as if it lacked them
	questions  []string // for duties: the voters, "" for all
	voterSet   ffg.Root // hash of that of new checkpoints
	position   uint32   // of the voter in its set
	oddSize    bool     // whether what it says of one key has another size of the set
	recorded   bool
	stranger   bool // whether the voter isn't in the set
	unknown    bool // whether the voter isn't registered
	unsigned   bool // whether the tally is without the voter
	tally      error
	asked      int
}

func (p *peer) set(change func(*peer)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *peer) grow(at time.Time) {
	p.mu.Lock()
	height := uint64(len(p.blocks) + 1)
	block := Header{ChainID: p.chain, Height: height, Time: uint64(at.UnixMilli()), Hash: ffg.Root{byte(height), p.fork}}
	parent := ffg.Root{}
	if height > 1 {
		parent = p.roots[height-2].Root()
	}
	p.blocks = append(p.blocks, block)
	p.roots = append(p.roots, ffg.Checkpoint{Epoch: height, ParentRoot: parent, Height: height, Time: block.Time, BlockHash: block.Hash, VoterSetHash: p.voterSet})
	p.mu.Unlock()
	p.events <- block
}

// vote returns the one honest vote for an epoch. All have the anchor as their source.
func (p *peer) vote(epoch uint64) ffg.Vote {
	source := ffg.Ref{Root: p.roots[0].ParentRoot}
	if epoch > 1 {
		source.Root[0] = p.source
	}
	return ffg.Vote{Source: source, Target: p.roots[epoch-1].Ref()}
}

// enter is called at the start of each question.
func (p *peer) enter(ctx context.Context) error {
	p.mu.Lock()
	hangs, fails := p.hangs, p.fails
	p.asked++
	p.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}
	return fails
}

func (p *peer) told(epoch uint64) checkpointtypes.Checkpoint {
	told := p.roots[epoch-1]
	if p.lie {
		told.BlockHash = ffg.Root{0xee}
	}
	return checkpointtypes.CheckpointFromFFG(told)
}

func (p *peer) reply(opts []grpc.CallOption) {
	for _, opt := range opts {
		if header, ok := opt.(grpc.HeaderCallOption); ok {
			*header.HeaderAddr = metadata.Pairs(heightHeader, strconv.Itoa(len(p.blocks)))
		}
	}
}

// Duty implements Finality.
func (p *peer) Duty(ctx context.Context, request *types.QueryDutyRequest, opts ...grpc.CallOption) (*types.QueryDutyResponse, error) {
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reply(opts)
	p.questions = append(p.questions, request.Voter)
	if p.unknown && request.Voter != "" {
		return nil, status.Error(codes.NotFound, "voter not found")
	}
	head := uint64(len(p.roots))
	answer := &types.QueryDutyResponse{Target: p.told(head), Source: checkpointtypes.RefFromFFG(p.vote(head).Source), Size_: setSize}
	if request.Voter != "" {
		answer.Member, answer.Position, answer.Recorded = !p.stranger, p.position, p.recorded
		if p.oddSize {
			answer.Size_++
		}
		return answer, nil
	}
	answer.Signers = ffg.NewBitfield(setSize)
	if p.recorded {
		ffg.Bitfield(answer.Signers).Set(int(p.position))
	}
	return answer, nil
}

// Votes implements Finality.
func (p *peer) Votes(ctx context.Context, _ *types.QueryVotesRequest, _ ...grpc.CallOption) (*types.QueryVotesResponse, error) {
	err := p.enter(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	return &types.QueryVotesResponse{Voters: []types.SetVoter{{PubKey: ffg.PublicKey{}.String(), Signed: !p.unsigned}}}, cmp.Or(err, p.tally)
}

// Checkpoint implements Checkpoints.
func (p *peer) Checkpoint(ctx context.Context, request *checkpointtypes.QueryCheckpointRequest, opts ...grpc.CallOption) (*checkpointtypes.QueryCheckpointResponse, error) {
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reply(opts)
	epoch, err := strconv.ParseUint(request.Id, 10, 64)
	if err != nil {
		epoch = uint64(len(p.roots))
	} else if p.late > 0 {
		p.late--
		epoch = uint64(len(p.roots)) + 1
	}
	if epoch > uint64(len(p.roots)) {
		return nil, status.Errorf(codes.NotFound, "no checkpoint of epoch %d is kept here", epoch)
	}
	target, source := p.told(epoch), checkpointtypes.RefFromFFG(p.vote(epoch).Source)
	return &checkpointtypes.QueryCheckpointResponse{Record: checkpointtypes.CheckpointRecord{Checkpoint: &target, Source: &source}}, nil
}

// Status implements Blocks.
func (p *peer) Status(ctx context.Context) (Status, error) {
	err := p.enter(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	return Status{ChainID: p.chain, Height: uint64(len(p.blocks)), CatchingUp: p.catchingUp}, err
}

// Latest implements Blocks.
func (p *peer) Latest(ctx context.Context) (Header, error) {
	err := p.enter(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.blocks[len(p.blocks)-1], err
}

// At implements Blocks.
func (p *peer) At(ctx context.Context, height uint64) (Header, error) {
	err := p.enter(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.blocks[height-1], err
}

// Listen implements Blocks.
func (p *peer) Listen(ctx context.Context, started func(), found func(Header)) error {
	started()
	for {
		select {
		case block := <-p.events:
			found(block)
		case <-p.broken:
			return errors.New("connection lost")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lines is a log.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }
func (l *lines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *lines) WithGroup(string) slog.Handler            { return l }
func (l *lines) Handle(_ context.Context, r slog.Record) error {
	line := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
	return nil
}

// count returns how many lines have all the words.
func (l *lines) count(words []string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) }) {
			n++
		}
	}
	return n
}
