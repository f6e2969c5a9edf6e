package votes

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/votepool"
	"github.com/dualchain/dualchain/x/finality/types"
)

var (
	domain   = ffg.Domain("test")
	errState = errors.New("state can't be read")
)

// voters40 are the voters of all tests, so that keys are made once.
var voters40 = sync.OnceValue(func() []*bls.SecretKey {
	secrets := make([]*bls.SecretKey, 40)
	for i := range secrets {
		secret, err := bls.KeyFromSeed(binary.BigEndian.AppendUint64(make([]byte, bls.MinSeedSize), uint64(i)))
		if err != nil {
			panic(err)
		}
		secrets[i] = secret
	}
	slices.SortFunc(secrets, func(a, b *bls.SecretKey) int {
		x, y := a.PublicKey().Bytes(), b.PublicKey().Bytes()
		return slices.Compare(x[:], y[:])
	})
	return secrets
})

// world is a chain with open targets from oldest to head, as x/finality would tell of it. Voters are given by their positions.
type world struct {
	mu           sync.Mutex
	oldest, head uint64
	anchored     bool
	set, next    ffg.VoterSet
	keys         *bls.KeySet
	tallies      map[uint64]ffg.Bitfield
	fail         error
	panics       bool
	reads        int
}

var _ Keeper = (*world)(nil)

func newWorld() *world {
	w := &world{oldest: 10, head: 15, anchored: true, tallies: map[uint64]ffg.Bitfield{}}
	var keys []*bls.PublicKey
	for _, secret := range voters40() {
		w.set = append(w.set, ffg.Voter{Key: secret.PublicKey().Bytes(), Rear: 1, Current: 1})
		keys = append(keys, secret.PublicKey())
	}
	w.next = w.set[:len(w.set)-1]
	w.keys = bls.NewKeySet(keys)
	return w
}

func (w *world) Window(context.Context) (uint64, uint64, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.oldest, w.head, w.anchored, w.fail
}

func (w *world) OpenTarget(_ context.Context, epoch uint64) (types.OpenTarget, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.panics {
		panic("world")
	}
	w.reads++
	return types.OpenTarget{
		Vote: canonical(epoch), SetHash: w.set.Hash(), Set: w.set, Keys: w.keys, Signers: slices.Clone(w.tallies[epoch]),
	}, w.fail
}

func (w *world) UpcomingSets(context.Context) ([]ffg.Root, error) {
	return []ffg.Root{w.set.Hash(), w.next.Hash()}, w.fail
}

func (w *world) Keys(_ context.Context, hash ffg.Root) (ffg.VoterSet, *bls.KeySet, error) {
	if hash == w.next.Hash() {
		return w.next, w.keys, w.fail
	}
	return w.set, w.keys, w.fail
}

func (w *world) Domain(context.Context) ffg.Root { return domain }

// count records voters, as a block would.
func (w *world) count(epoch uint64, positions ...int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tallies[epoch] == nil {
		w.tallies[epoch] = ffg.NewBitfield(len(w.set))
	}
	for _, position := range positions {
		w.tallies[epoch].Set(position)
	}
}

func canonical(epoch uint64) ffg.Vote {
	return ffg.Vote{
		Source: ffg.Ref{Epoch: epoch - 1, Root: ffg.Root{byte(epoch - 1)}}, Target: ffg.Ref{Epoch: epoch, Root: ffg.Root{byte(epoch)}},
	}
}

// stray returns the number-th vote for an epoch that doesn't count.
func stray(epoch uint64, number byte) ffg.Vote {
	vote := canonical(epoch)
	vote.Target.Root = ffg.Root{0xff, number}
	return vote
}

var signatures sync.Map

func sign(vote ffg.Vote, position int) ffg.Signature {
	type key struct {
		vote     ffg.Vote
		position int
	}
	if known, ok := signatures.Load(key{vote, position}); ok {
		return known.(ffg.Signature)
	}
	signature := ffg.Signature(voters40()[position].Sign(vote.SigningRoot(domain)))
	signatures.Store(key{vote, position}, signature)
	return signature
}

// pack returns the votes of voters.
func (w *world) pack(vote ffg.Vote, positions ...int) gossip.Pack {
	pack := gossip.Pack{Vote: vote, SetHash: w.set.Hash()}
	for _, position := range positions {
		pack.Parts = append(pack.Parts, gossip.Part{Position: uint32(position), Signature: sign(vote, position)})
	}
	slices.SortFunc(pack.Parts, func(a, b gossip.Part) int { return cmp.Compare(a.Position, b.Position) })
	return pack
}

// forge gives the vote of a position the signature of another voter.
func forge(pack gossip.Pack, position int) gossip.Pack {
	pack.Parts = slices.Clone(pack.Parts)
	for i := range pack.Parts {
		if int(pack.Parts[i].Position) == position {
			pack.Parts[i].Signature = sign(pack.Vote, (position+1)%len(voters40()))
		}
	}
	return pack
}

func encode(t require.TestingT, pack gossip.Pack) []byte {
	b, err := pack.Encode()
	require.NoError(t, err)
	return b
}

// node is a lane over a world.
type node struct {
	*Lane
	*world
	t require.TestingT
}

func newNode(t require.TestingT, config Config) *node {
	w := newWorld()
	return over(t, w, config)
}

func over(t require.TestingT, w *world, config Config) *node {
	ctx := sdk.NewContext(nil, cmtproto.Header{}, false, log.NewNopLogger())
	lane, err := New(votepool.New(1<<20), w, func() (sdk.Context, error) { return ctx, nil }, config)
	require.NoError(t, err)
	return &node{lane, w, t}
}

func (n *node) submit(pack gossip.Pack) error { return n.Submit(encode(n.t, pack)) }
func (n *node) offer(pack gossip.Pack)        { n.Offer(encode(n.t, pack)) }

// held returns the positions whose votes the pool has.
func (n *node) held(vote ffg.Vote) (positions []int) {
	for position, voter := range n.set {
		if signature, held := n.pool.Signature(voter.Key, vote); held {
			require.Equal(n.t, sign(vote, position), signature)
			positions = append(positions, position)
		}
	}
	return positions
}

// reap returns the votes that are sent now, by the packs they are in.
func (n *node) reap(maxBytes int64) (packs []gossip.Pack) {
	bytes := int64(0)
	for _, b := range n.Reap(maxBytes) {
		pack, err := gossip.Decode(b)
		require.NoError(n.t, err)
		packs, bytes = append(packs, pack), bytes+int64(len(b))
	}
	if maxBytes > 0 {
		require.LessOrEqual(n.t, bytes, maxBytes)
	}
	return packs
}

func positionsOf(pack gossip.Pack) (positions []int) {
	for _, part := range pack.Parts {
		positions = append(positions, int(part.Position))
	}
	return positions
}

func upTo(n int) []int {
	positions := make([]int, n)
	for i := range positions {
		positions[i] = i
	}
	return positions
}

// inBubble runs a test with a clock that passes when nothing else happens.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	voters40()
	synctest.Test(t, test)
}

// settle waits until nothing waits for verification.
func (n *node) settle() {
	for {
		synctest.Wait()
		n.Lane.mu.Lock()
		busy := n.gossip.running || n.rpc.running
		n.Lane.mu.Unlock()
		if !busy {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
