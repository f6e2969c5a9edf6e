package abci

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	gogoproto "github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/x/finality/types"
)

const submitter = "dual1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq22qkp3"

var (
	errState  = errors.New("state can't be read")
	chain     = ffg.Domain("test")
	otherRoot = ffg.Root{0xff}
)

// world is a chain with a window of open targets, as x/finality would tell of it: a Keeper in memory.
type world struct {
	oldest, head uint64
	anchored     bool
	params       types.Params
	secrets      []*bls.SecretKey // by registration
	sets         map[ffg.Root]ffg.VoterSet
	now, next    ffg.Root // the pair in force and its successor
	tallies      map[uint64]ffg.Bitfield
	quorum       map[uint64]bool
	tombstoned   map[uint64]bool

	fail  map[string]error // by method
	panic string           // the method that panics
	calls map[string]int
}

var _ Keeper = (*world)(nil)

// newWorld has n voters, all of them in the pair in force, the first n − 1 in its successor, and open targets from
// 10 to 15.
func newWorld(n int) *world {
	w := &world{
		oldest: 10, head: 15, anchored: true,
		params:     types.Params{MaxVoteTxs: 4, VoteWindow: 6},
		sets:       map[ffg.Root]ffg.VoterSet{},
		tallies:    map[uint64]ffg.Bitfield{},
		quorum:     map[uint64]bool{},
		tombstoned: map[uint64]bool{},
		fail:       map[string]error{},
		calls:      map[string]int{},
	}
	for i := range n {
		secret, err := bls.KeyFromSeed(binary.BigEndian.AppendUint64(make([]byte, bls.MinSeedSize), uint64(i)))
		if err != nil {
			panic(err)
		}
		w.secrets = append(w.secrets, secret)
	}
	w.now, w.next = w.addSet(w.secrets), w.addSet(w.secrets[:n-1])
	return w
}

func (w *world) addSet(secrets []*bls.SecretKey) ffg.Root {
	var set ffg.VoterSet
	for _, secret := range secrets {
		set = append(set, ffg.Voter{Key: secret.PublicKey().Bytes(), Rear: 1, Current: 1})
	}
	slices.SortFunc(set, func(a, b ffg.Voter) int { return slices.Compare(a.Key[:], b.Key[:]) })
	hash := set.Hash()
	w.sets[hash] = set
	return hash
}

// call counts, and fails or panics as told.
func (w *world) call(method string) error {
	w.calls[method]++
	if w.panic == method {
		panic(method)
	}
	return w.fail[method]
}

func (w *world) Window(context.Context) (uint64, uint64, bool, error) {
	return w.oldest, w.head, w.anchored, w.call("Window")
}

func (w *world) OpenTarget(_ context.Context, epoch uint64) (types.OpenTarget, error) {
	set, keys := w.keys(w.now)
	return types.OpenTarget{
		Vote: canonical(epoch), SetHash: w.now, Set: set, Keys: keys, Signers: w.tallies[epoch], Justified: w.quorum[epoch],
	}, w.call("OpenTarget")
}

func canonical(epoch uint64) ffg.Vote {
	return ffg.Vote{
		Source: ffg.Ref{Epoch: epoch - 1, Root: ffg.Root{byte(epoch - 1)}},
		Target: ffg.Ref{Epoch: epoch, Root: ffg.Root{byte(epoch)}},
	}
}

// other returns a vote for the same target that conflicts with the canonical one.
func other(epoch uint64) ffg.Vote {
	vote := canonical(epoch)
	vote.Target.Root = otherRoot
	return vote
}

func (w *world) UpcomingSets(context.Context) ([]ffg.Root, error) {
	return []ffg.Root{w.now, w.next}, w.call("UpcomingSets")
}

func (w *world) Keys(_ context.Context, hash ffg.Root) (ffg.VoterSet, *bls.KeySet, error) {
	if err := w.call("Keys"); err != nil {
		return nil, nil, err
	}
	if _, known := w.sets[hash]; !known {
		return nil, nil, types.ErrUnknownSet
	}
	set, keys := w.keys(hash)
	return set, keys, nil
}

// keys returns a set of the world with its keys.
func (w *world) keys(hash ffg.Root) (ffg.VoterSet, *bls.KeySet) {
	set := w.sets[hash]
	keys := make([]*bls.PublicKey, len(set))
	for i, voter := range set {
		key, err := bls.ParsePublicKey(voter.Key[:])
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return set, bls.NewKeySet(keys)
}

func (w *world) CheckVotes(_ context.Context, agg ffg.AggregateVote) error {
	if err := w.call("CheckVotes"); err != nil {
		return err
	}
	epoch := agg.Vote.Target.Epoch
	set, keys := w.keys(w.now)
	switch tally := w.tallies[epoch]; {
	case epoch < w.oldest || epoch > w.head:
		return types.ErrVoteWindow
	case agg.Vote != canonical(epoch):
		return types.ErrOtherVote
	case agg.VoterSetHash != w.now:
		return types.ErrUnknownSet
	case agg.Signers.Validate(len(set)) != nil || agg.Signers.IsEmpty():
		return types.ErrInvalidBitfield
	case len(tally) > 0 && !agg.Signers.Disjoint(tally) && !agg.Signers.StrictSupersetOf(tally):
		return types.ErrRedundant
	}
	return keys.VerifyAggregate(agg.Signers.Indices(), agg.Signers.Count(), agg.Vote.SigningRoot(chain), agg.Signature)
}

func (w *world) CheckUnsignedEvidence(_ context.Context, e types.Evidence) error {
	if err := w.call("CheckUnsignedEvidence"); err != nil {
		return err
	}
	if len(e.First.Registrations) != 1 || !slices.Equal(e.First.Registrations, e.Second.Registrations) {
		return types.ErrInvalidEvidence
	}
	index := e.First.Registrations[0]
	if index >= uint64(len(w.secrets)) || w.tombstoned[index] {
		return types.ErrNobodyGuilty
	}
	first, err := e.First.Vote.ToFFG()
	if err != nil {
		return err
	}
	second, err := e.Second.Vote.ToFFG()
	if err != nil {
		return err
	}
	if ffg.Slashable(first, second) == nil {
		return types.ErrNotSlashable
	}
	key := w.secrets[index].PublicKey()
	return errors.Join(
		bls.Verify(key, first.SigningRoot(chain), ffg.Signature(e.First.Signature)),
		bls.Verify(key, second.SigningRoot(chain), ffg.Signature(e.Second.Signature)))
}

func (w *world) Registration(_ context.Context, key ffg.PublicKey) (uint64, bool, bool, error) {
	for i, secret := range w.secrets {
		if secret.PublicKey().Bytes() == key {
			return uint64(i), w.tombstoned[uint64(i)], true, w.call("Registration")
		}
	}
	return 0, false, false, w.call("Registration")
}

func (w *world) Params(context.Context) (types.Params, error) { return w.params, w.call("Params") }

func (w *world) Domain(context.Context) ffg.Root {
	w.calls["Domain"]++
	return chain
}

// sign returns a vote by voters, given by registration, in the set with this hash.
func (w *world) sign(vote ffg.Vote, hash ffg.Root, voters ...int) ffg.AggregateVote {
	set := w.sets[hash]
	agg := ffg.AggregateVote{Vote: vote, VoterSetHash: hash, Signers: ffg.NewBitfield(len(set))}
	var signatures [][bls.SignatureSize]byte
	for _, voter := range voters {
		position, _ := set.Position(w.secrets[voter].PublicKey().Bytes())
		agg.Signers.Set(position)
		signatures = append(signatures, w.secrets[voter].Sign(vote.SigningRoot(chain)))
	}
	if len(signatures) > 0 {
		sum, err := bls.Aggregate(signatures...)
		if err != nil {
			panic(err)
		}
		agg.Signature = sum
	}
	return agg
}

// count records voters, as a block would.
func (w *world) count(epoch uint64, voters ...int) {
	w.tallies[epoch] = w.tallies[epoch].Or(w.sign(canonical(epoch), w.now, voters...).Signers)
}

// evidence returns two conflicting votes by a voter.
func (w *world) evidence(voter int) types.Evidence {
	side := func(vote ffg.Vote) types.EvidenceVote {
		signature := w.secrets[voter].Sign(vote.SigningRoot(chain))
		return types.EvidenceVote{Vote: types.VoteFromFFG(vote), Registrations: []uint64{uint64(voter)}, Signature: signature[:]}
	}
	return types.Evidence{First: side(canonical(12)), Second: side(other(12))}
}

func voteTx(t require.TestingT, agg ffg.AggregateVote) []byte {
	return encode(t, &types.MsgSubmitVotes{Votes: types.AggregateVoteFromFFG(agg)})
}

// packOf returns what a voter sends: the pack of a vote with one signer.
func packOf(t require.TestingT, agg ffg.AggregateVote) []byte {
	pack, err := gossip.Single(agg)
	require.NoError(t, err)
	return encodePack(t, pack)
}

// pack returns the votes of voters, given by registration, in the pair in force.
func (w *world) pack(t require.TestingT, vote ffg.Vote, voters ...int) gossip.Pack {
	pack := gossip.Pack{Vote: vote, SetHash: w.now}
	for _, voter := range voters {
		single, err := gossip.Single(w.sign(vote, w.now, voter))
		require.NoError(t, err)
		pack.Parts = append(pack.Parts, single.Parts...)
	}
	slices.SortFunc(pack.Parts, func(a, b gossip.Part) int { return cmp.Compare(a.Position, b.Position) })
	return pack
}

func encodePack(t require.TestingT, pack gossip.Pack) []byte {
	b, err := pack.Encode()
	require.NoError(t, err)
	return b
}

func evidenceTx(t require.TestingT, evidence types.Evidence) []byte {
	return encode(t, &types.MsgSubmitEvidence{Evidence: evidence})
}

func encode(t require.TestingT, msg sdk.Msg) []byte {
	tx, err := types.EncodeUnsigned(msg)
	require.NoError(t, err)
	return tx
}

var txConfig = newTxConfig()

func newTxConfig() client.TxConfig {
	options := signing.Options{
		AddressCodec:          address.NewBech32Codec("dual"),
		ValidatorAddressCodec: address.NewBech32Codec("dualvaloper"),
	}
	types.DefineCustomGetSigners(&options)
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: gogoproto.HybridResolver, SigningOptions: options,
	})
	if err != nil {
		panic(err)
	}
	for _, register := range []func(codectypes.InterfaceRegistry){
		cryptocodec.RegisterInterfaces, types.RegisterInterfaces, banktypes.RegisterInterfaces, authz.RegisterInterfaces, govv1.RegisterInterfaces,
	} {
		register(registry)
	}
	return authtx.NewTxConfig(codec.NewProtoCodec(registry), authtx.DefaultSignModes)
}

// ordinaryTx returns a transaction that nobody checks the signature of here.
func ordinaryTx(t require.TestingT, gas uint64, memo string, msgs ...sdk.Msg) []byte {
	builder := txConfig.NewTxBuilder()
	require.NoError(t, builder.SetMsgs(msgs...))
	builder.SetGasLimit(gas)
	builder.SetMemo(memo)
	tx, err := txConfig.TxEncoder()(builder.GetTx())
	require.NoError(t, err)
	return tx
}

func transfer(t require.TestingT, number int) []byte {
	return ordinaryTx(t, 100, fmt.Sprintf("transfer %d", number), &banktypes.MsgSend{FromAddress: submitter, ToAddress: submitter})
}

// node is the handlers over a world.
type node struct {
	*Handlers
	*world
	ctx sdk.Context
}

const (
	maxBytes = 100_000
	maxGas   = 1_000
)

func newNode(w *world) *node {
	ctx := sdk.NewContext(nil, cmtproto.Header{}, false, log.NewNopLogger()).
		WithConsensusParams(cmtproto.ConsensusParams{Block: &cmtproto.BlockParams{MaxBytes: maxBytes, MaxGas: maxGas}})
	n := &node{world: w, ctx: ctx}
	n.Handlers = New(w, txConfig.TxDecoder(), func() sdk.Context { return n.ctx }, Own{})
	n.PrepareCheckState(ctx)
	return n
}

// receive lets the node hear of single votes.
func (n *node) receive(t testing.TB, aggs ...ffg.AggregateVote) {
	t.Helper()
	for _, agg := range aggs {
		require.Zero(t, n.check(t, packOf(t, agg)).Code)
	}
}

func withGas(ctx sdk.Context, gas int64) cmtproto.ConsensusParams {
	block := *ctx.ConsensusParams().Block
	block.MaxGas = gas
	return cmtproto.ConsensusParams{Block: &block}
}

func withBytes(ctx sdk.Context, maxBytes int64) cmtproto.ConsensusParams {
	block := *ctx.ConsensusParams().Block
	block.MaxBytes = maxBytes
	return cmtproto.ConsensusParams{Block: &block}
}
