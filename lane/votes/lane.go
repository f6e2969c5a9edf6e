package votes

import (
	"errors"
	"sync"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/votepool"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Lane takes votes and sends them on. All methods may be called at once.
type Lane struct {
	pool   *votepool.Pool
	keeper Keeper
	state  func() (sdk.Context, error)
	config Config
	strays Strays

	// measure runs work and returns the CPU time that it took. A worker works alone, so the time that passes is close to it.
	measure func(work func()) time.Duration

	mu     sync.Mutex // never held while the state is read or a signature verified
	blocks uint64     // since the start
	view   *View      // of the latest block; nil before it is needed
	groups map[id]*group
	loose  []loose  // stray votes to send on
	again  [][]byte // packs to send again
	rpc    *intake
	gossip *intake
	counts Counters
}

// New returns an empty lane that fills pool. state returns the latest committed state, and is called once a block.
func New(pool *votepool.Pool, keeper Keeper, state func() (sdk.Context, error), config Config) (*Lane, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	l := &Lane{
		pool: pool, keeper: keeper, state: state, config: config, groups: map[id]*group{},
		measure: func(work func()) time.Duration {
			begin := time.Now()
			work()
			return time.Since(begin)
		},
	}
	l.rpc, l.gossip = newIntake(l, config.RPCCPU, config.RPCQueue), newIntake(l, config.GossipCPU, config.GossipQueue)
	return l, nil
}

// Decode reads a pack. Errors: [types.ErrInvalidVote], [ErrMalformed].
func Decode(b []byte) (gossip.Pack, error) {
	pack, err := gossip.Decode(b)
	switch {
	case errors.Is(err, ffg.ErrVoteOrder):
		return pack, types.ErrInvalidVote.Wrap(err.Error())
	case err != nil:
		return pack, ErrMalformed.Wrap(err.Error())
	}
	return pack, nil
}

// CheckPositions returns an error if a pack names a position that the voter set doesn't have. Errors: [types.ErrInvalidBitfield].
func (p *Place) CheckPositions(pack gossip.Pack) error {
	if last := pack.Parts[len(pack.Parts)-1].Position; int64(last) >= int64(len(p.Set)) {
		return types.ErrInvalidBitfield.Wrapf("position: expected below %d, found %d", len(p.Set), last)
	}
	return nil
}

// Submit takes a pack that came by RPC and waits for the verdict: nil if all its votes are held now. Errors: those of [Decode] and
// [View.Place], [types.ErrInvalidBitfield], [types.ErrRedundant] if the tally has them, [types.ErrInvalidSignature], [ErrPool],
// [ErrStrays], [ErrNoted], [ErrBusy].
func (l *Lane) Submit(b []byte) error {
	j, err := l.classify(b, true)
	if err != nil || j == nil {
		return err
	}
	verdict := j.verdict
	if err := l.push(l.rpc, j); err != nil {
		return err
	}
	return <-verdict
}

// Offer takes a pack that came from a neighbour, or drops it. It doesn't wait.
func (l *Lane) Offer(b []byte) {
	j, err := l.classify(b, false)
	if err == nil && j != nil {
		err = l.push(l.gossip, j)
	}
	if err != nil {
		l.mu.Lock()
		l.counts.Dropped++
		l.mu.Unlock()
	}
}

func (l *Lane) push(in *intake, j *job) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return in.push(j)
}

// classify returns a job of the votes of a pack that are wanted, nil if none is.
func (l *Lane) classify(b []byte, own bool) (*job, error) {
	pack, err := Decode(b)
	if err != nil {
		return nil, err
	}
	view, err := l.look()
	if err != nil {
		return nil, err
	}
	place, err := view.Place(pack.Vote, pack.SetHash)
	if err != nil {
		return nil, err
	}
	if err := place.CheckPositions(pack); err != nil {
		return nil, err
	}
	j := &job{place: place, parts: pack.Parts, own: own}
	if own {
		j.verdict = make(chan error, 1)
	}
	if place.Stray() {
		return j, nil
	}
	recorded := 0
	wanted := pack.Parts[:0:0]
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.groups[j.id()]
	for _, part := range pack.Parts {
		position := int(part.Position)
		switch {
		case place.Recorded(position):
			recorded++
		case g == nil || !g.have.Get(position):
			wanted = append(wanted, part)
		case own:
			g.own.Set(position)
		default:
			g.overhear(position)
		}
	}
	l.counts.Known += uint64(len(pack.Parts) - len(wanted))
	if own && recorded == len(pack.Parts) {
		return nil, types.ErrRedundant.Wrapf("epoch %d: the tally has all signers", pack.Vote.Target.Epoch)
	}
	if j.parts = wanted; len(wanted) == 0 {
		return nil, nil
	}
	return j, nil
}

// keep remembers verified votes that are in the pool, to send them on.
func (l *Lane) keep(j *job, parts []gossip.Part) {
	now := time.Now()
	due := l.due(j.own, now)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Verified += uint64(len(parts))
	g := l.groups[j.id()]
	if g == nil {
		if len(l.groups) >= maxGroups && j.place.Target == nil {
			return
		}
		g = newGroup(j.place)
		l.groups[j.id()] = g
	}
	for _, part := range parts {
		position := int(part.Position)
		if g.have.Set(position); j.own {
			g.own.Set(position)
		}
		g.unsent[position] = piece{signature: part.Signature, due: due}
	}
}

// Renew follows a commit: the budgets of stray votes begin anew, and the next question is answered from the new state.
func (l *Lane) Renew() {
	l.strays.Renew()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.blocks++
	l.view = nil
}

// look returns the view of the latest block, and makes it if need be.
func (l *Lane) look() (*View, error) {
	l.mu.Lock()
	view, blocks := l.view, l.blocks
	l.mu.Unlock()
	if view != nil {
		return view, nil
	}
	ctx, err := l.state()
	if err != nil {
		return nil, err
	}
	if view, err = Look(ctx, l.keeper); err != nil {
		return nil, err
	}
	l.mu.Lock()
	if l.blocks != blocks || l.view != nil { // another has made it, or there was another block
		l.mu.Unlock()
		return view, nil
	}
	l.view = view
	l.pool.Prune(view.Oldest, view.Head)
	l.mu.Unlock()
	l.turn(view)
	return view, nil
}

// turn adapts what the lane knows to the state after another block.
func (l *Lane) turn(view *View) {
	held := map[uint64]bool{}
	for _, epoch := range l.pool.Targets() {
		held[epoch] = true
	}
	l.mu.Lock()
	places := make(map[id]*Place, len(l.groups))
	for id := range l.groups {
		places[id] = nil
	}
	l.mu.Unlock()
	for id := range places {
		if place, err := view.Place(id.vote, id.set); err == nil && !place.Stray() && held[id.vote.Target.Epoch] {
			places[id] = place
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, place := range places {
		g := l.groups[id]
		if place == nil {
			delete(l.groups, id)
			continue
		}
		g.place = place
		for position := range g.unsent {
			if place.Recorded(position) {
				delete(g.unsent, position)
			}
		}
		g.age()
	}
	l.again = l.repeat()
}

// isRefusal reports whether an error is one that the lane gives, and not the pool.
func isRefusal(err error) bool {
	return errors.Is(err, types.ErrInvalidSignature) || errors.Is(err, ErrStrays)
}
