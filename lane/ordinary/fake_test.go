package ordinary

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"
	protov2 "google.golang.org/protobuf/proto"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
)

const denom = "udual"

// fakeTx is a transaction in JSON. The first signer pays.
type fakeTx struct {
	From      []string
	Seq       []uint64
	Fee       int64
	Gas       uint64
	Unordered int64  // the timestamp in nanoseconds, 0 for an ordered one
	Timeout   uint64 // the last height
	Bad       bool   // the signature is
	Drain     bool   // executing it takes all that the payer has
	Note      string // makes it larger, or another one
}

func send(from string, seq uint64, fee int64) fakeTx {
	return fakeTx{From: []string{from}, Seq: []uint64{seq}, Fee: fee, Gas: 100}
}

func (t fakeTx) bytes() []byte {
	raw, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	return raw
}

func (t fakeTx) GetMsgs() []sdk.Msg                    { return []sdk.Msg{&banktypes.MsgUpdateParams{}} }
func (t fakeTx) GetMsgsV2() ([]protov2.Message, error) { return nil, nil }
func (t fakeTx) GetGas() uint64                        { return t.Gas }
func (t fakeTx) GetFee() sdk.Coins                     { return sdk.Coins{{Denom: denom, Amount: math.NewInt(t.Fee)}} }
func (t fakeTx) FeePayer() []byte                      { return []byte(t.From[0]) }
func (t fakeTx) FeeGranter() []byte                    { return nil }
func (t fakeTx) GetUnordered() bool                    { return t.Unordered != 0 }
func (t fakeTx) GetTimeoutTimeStamp() time.Time        { return time.Unix(0, t.Unordered) }
func (t fakeTx) GetTimeoutHeight() uint64              { return t.Timeout }
func (t fakeTx) GetSigners() (signers [][]byte, _ error) { // as the SDK returns them
	for _, from := range t.From {
		signers = append(signers, []byte(from))
	}
	return signers, nil
}

func (t fakeTx) GetSignaturesV2() (signatures []signing.SignatureV2, _ error) {
	for _, seq := range t.Seq {
		signatures = append(signatures, signing.SignatureV2{Sequence: seq})
	}
	return signatures, nil
}

func decodeFake(bytes []byte) (sdk.Tx, error) {
	var t fakeTx
	if err := json.Unmarshal(bytes, &t); err != nil {
		return nil, err
	}
	return t, nil
}

type anyStore = storetypes.CacheMultiStore

// fakeStore is a state of numbers that can be branched. What is committed never changes.
type fakeStore struct {
	anyStore
	parent *fakeStore
	data   map[string]uint64
}

func (s *fakeStore) get(key string) uint64 {
	for ; s != nil; s = s.parent {
		if v, found := s.data[key]; found {
			return v
		}
	}
	return 0
}

func (s *fakeStore) set(key string, value uint64) {
	if s.data == nil {
		s.data = map[string]uint64{}
	}
	s.data[key] = value
}

func (s *fakeStore) CacheMultiStore() storetypes.CacheMultiStore { return &fakeStore{parent: s} }

func (s *fakeStore) Write() {
	for key, value := range s.data {
		s.parent.set(key, value)
	}
}

// fakeChain is a chain with sequence numbers and balances.
type fakeChain struct {
	mu     sync.Mutex
	height int64
	state  *fakeStore
	now    time.Time
	seed   uint64
	rich   uint64                        // the balance of an account that was never charged
	before func(tx fakeTx, recheck bool) // runs in the ante handler
	fail   error                         // of State
}

func newFakeChain() *fakeChain {
	return &fakeChain{height: 100, state: &fakeStore{data: map[string]uint64{}}, rich: 1 << 40, now: time.Unix(1_700_000_000, 0)}
}

func (c *fakeChain) committed() (sdk.Context, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return sdk.NewContext(c.state, cmtproto.Header{Height: c.height}, true, log.NewNopLogger()), c.fail
}

func (c *fakeChain) ante(ctx sdk.Context, tx sdk.Tx, _ bool) (sdk.Context, error) {
	t, s := tx.(fakeTx), ctx.MultiStore().(*fakeStore)
	if c.before != nil {
		c.before(t, ctx.IsReCheckTx())
	}
	ctx = ctx.WithGasMeter(storetypes.NewGasMeter(t.Gas))
	if t.Bad && !ctx.IsReCheckTx() {
		return ctx, sdkerrors.ErrUnauthorized.Wrap("bad signature")
	}
	if t.Timeout != 0 && uint64(ctx.BlockHeight()) > t.Timeout {
		return ctx, sdkerrors.ErrTxTimeoutHeight
	}
	spent := s.get("spent/" + t.From[0])
	if spent+uint64(t.Fee) > c.rich {
		return ctx, sdkerrors.ErrInsufficientFunds.Wrapf("%d spent of %d", spent, c.rich)
	}
	s.set("spent/"+t.From[0], spent+uint64(t.Fee))
	for i, from := range t.From {
		if t.Unordered != 0 {
			used := fmt.Sprintf("used/%s/%d", from, t.Unordered)
			if s.get(used) != 0 {
				return ctx, sdkerrors.ErrInvalidRequest.Wrap("used")
			}
			s.set(used, 1)
			continue
		}
		if expected := s.get("seq/" + from); t.Seq[i] != expected {
			return ctx, sdkerrors.ErrWrongSequence.Wrapf("account sequence mismatch, expected %d, got %d", expected, t.Seq[i])
		}
		s.set("seq/"+from, t.Seq[i]+1)
	}
	return ctx, nil
}

// sequence returns an account's next number.
func (c *fakeChain) sequence(account string) uint64 { return c.state.get("seq/" + account) }

// block executes transactions and returns the height and the results.
func (c *fakeChain) block(txs ...[]byte) (int64, []Committed) {
	ctx, _ := c.committed()
	next := &fakeStore{parent: c.state}
	ctx = ctx.WithMultiStore(next).WithIsReCheckTx(true)
	results := make([]Committed, len(txs))
	for i, bytes := range txs {
		results[i].Tx = bytes
		tx, err := decodeFake(bytes)
		if err != nil {
			continue
		}
		store := next.CacheMultiStore()
		if _, err := c.ante(ctx.WithMultiStore(store), tx, false); err == nil {
			if t := tx.(fakeTx); t.Drain {
				store.(*fakeStore).set("spent/"+t.From[0], c.rich)
			}
			store.Write()
			results[i].OK = true
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = next
	c.height++
	return c.height, results
}

func (c *fakeChain) chain() Chain {
	random := rand.New(rand.NewPCG(c.seed, 1))
	var mu sync.Mutex
	return Chain{
		Decode: decodeFake, Ante: c.ante, State: c.committed, FeeDenom: denom,
		Now: func() time.Time { return c.now },
		Random: func() uint64 {
			mu.Lock()
			defer mu.Unlock()
			return random.Uint64()
		},
	}
}

// scene is a lane over a fake chain.
type scene struct {
	*testing.T
	*fakeChain
	lane *Lane
}

func newScene(t *testing.T, config Config) *scene {
	t.Helper()
	c := newFakeChain()
	lane, err := New(c.chain(), config)
	require.NoError(t, err)
	t.Cleanup(lane.Close)
	return &scene{t, c, lane}
}

func (s *scene) admits(txs ...fakeTx) *scene {
	s.Helper()
	for _, tx := range txs {
		require.NoError(s, s.lane.Insert(tx.bytes(), false).Err, "%+v", tx)
	}
	return s
}

func (s *scene) refuses(tx fakeTx, reason string, expected error) Result {
	s.Helper()
	result := s.lane.Insert(tx.bytes(), false)
	require.Equal(s, reason, result.Reason, "%+v: %v", tx, result.Err)
	require.True(s, errors.Is(result.Err, expected), "expected %v, found %v", expected, result.Err)
	require.Equal(s, expected.(interface{ ABCICode() uint32 }).ABCICode(), result.CheckTx().Code)
	return result
}

// commits makes a block and waits for the recheck.
func (s *scene) commits(txs ...fakeTx) *scene {
	s.Helper()
	var raw [][]byte
	for _, tx := range txs {
		raw = append(raw, tx.bytes())
	}
	s.lane.Commit(s.block(raw...))
	require.NoError(s, s.lane.Settle(context.Background()))
	return s
}

// holds requires that exactly these are held.
func (s *scene) holds(txs ...fakeTx) *scene {
	s.Helper()
	var expected []string
	for _, tx := range txs {
		expected = append(expected, string(tx.bytes()))
	}
	require.ElementsMatch(s, expected, texts(s.lane.Select(-1, -1)))
	require.Equal(s, len(txs), s.lane.Status().Txs)
	return s
}

func texts(txs [][]byte) []string {
	found := make([]string, len(txs))
	for i, tx := range txs {
		found[i] = string(tx)
	}
	return found
}

type (
	sdkTx      = sdk.Tx
	sdkMsg     = sdk.Msg
	sdkContext = sdk.Context
)
