package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

const (
	chainID   = "dualchain-bench"
	blockTime = time.Second
)

// chain is the real application over a database in memory, driven through ABCI like CometBFT does.
type chain struct {
	app      *app.App
	height   int64
	sequence uint64 // of the delegator's account
	writes   writes
}

// start returns a chain of these voters whose first checkpoint was just proposed.
func start(voters []voter, s settings) (*chain, error) {
	a, err := app.New(log.NewNopLogger(), dbm.NewMemDB(), true, noOptions{}, baseapp.SetChainID(chainID))
	if err != nil {
		return nil, err
	}
	state, err := appState(a, voters, s)
	if err != nil {
		return nil, fmt.Errorf("write genesis: %w", err)
	}
	params := cmttypes.DefaultConsensusParams().ToProto()
	_, err = a.InitChain(&abci.RequestInitChain{
		Time: genesisTime, ChainId: chainID, InitialHeight: 1, ConsensusParams: &params, AppStateBytes: state,
	})
	if err != nil {
		return nil, fmt.Errorf("start the chain: %w", err)
	}
	c := &chain{app: a}
	for range s.interval {
		if _, _, err := c.block(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// noOptions is a node without configuration.
type noOptions struct{}

// Get returns nil.
func (noOptions) Get(string) any { return nil }

// countWrites makes blocks count their writes from now on. That costs time, so measure time before.
func (c *chain) countWrites() error {
	store, ok := c.app.CommitMultiStore().(*rootmulti.Store)
	if !ok {
		return fmt.Errorf("count writes: expected a %T, found %T", store, c.app.CommitMultiStore())
	}
	var committed []storetypes.StoreKey
	for _, key := range store.StoreKeysByName() {
		if _, persistent := key.(*storetypes.KVStoreKey); persistent {
			committed = append(committed, key)
		}
	}
	store.AddListeners(committed)
	manager := c.app.StreamingManager()
	manager.ABCIListeners = append(manager.ABCIListeners, &c.writes)
	c.app.SetStreamingManager(manager)
	return nil
}

// writes receives what each commit writes, once stores have listeners.
type writes struct{ ofBlock []*storetypes.StoreKVPair }

// ListenFinalizeBlock has nothing to count.
func (*writes) ListenFinalizeBlock(context.Context, abci.RequestFinalizeBlock, abci.ResponseFinalizeBlock) error {
	return nil
}

// ListenCommit keeps the writes of the block.
func (w *writes) ListenCommit(_ context.Context, _ abci.ResponseCommit, changes []*storetypes.StoreKVPair) error {
	w.ofBlock = changes
	return nil
}

// process measures ProcessProposal of the next block, which must be accepted.
func (c *chain) process(txs ...[]byte) (sample, error) {
	req := c.request(txs)
	proposal := &abci.RequestProcessProposal{
		Height: req.Height, Time: req.Time, Txs: txs, Hash: req.Hash, ProposerAddress: req.ProposerAddress, ProposedLastCommit: req.DecidedLastCommit,
	}
	var resp *abci.ResponseProcessProposal
	s, err := measure(func() (err error) {
		resp, err = c.app.ProcessProposal(proposal)
		return err
	})
	if err == nil && resp.Status != abci.ResponseProcessProposal_ACCEPT {
		err = fmt.Errorf("height %d: the proposal was rejected", req.Height)
	}
	return s, err
}

// block measures FinalizeBlock of the next block, whose transactions must all succeed, and commits it.
func (c *chain) block(txs ...[]byte) (sample, *abci.ResponseFinalizeBlock, error) {
	req := c.request(txs)
	var resp *abci.ResponseFinalizeBlock
	s, err := measure(func() (err error) {
		resp, err = c.app.FinalizeBlock(req)
		return err
	})
	if err != nil {
		return s, nil, fmt.Errorf("height %d: %w", req.Height, err)
	}
	for i, result := range resp.TxResults {
		if result.Code != 0 {
			return s, nil, fmt.Errorf("height %d: transaction %d: %s", req.Height, i, result.Log)
		}
	}
	if _, err := c.app.Commit(); err != nil {
		return s, nil, fmt.Errorf("commit height %d: %w", req.Height, err)
	}
	c.height = req.Height
	for _, write := range c.writes.ofBlock {
		if ofHistory(write) {
			continue
		}
		s.writes++
		s.written += int64(len(write.Key) + len(write.Value))
	}
	return s, resp, nil
}

// ofHistory reports whether a write belongs to the Merkle history of block hashes. Each block has between one and about
// log2(height) of these, depending only on its height. They would blur the difference between two blocks.
func ofHistory(write *storetypes.StoreKVPair) bool {
	return write.StoreKey == checkpointtypes.StoreKey &&
		(bytes.HasPrefix(write.Key, checkpointtypes.HistoryPrefix) || bytes.HasPrefix(write.Key, checkpointtypes.NodesPrefix))
}

func (c *chain) request(txs [][]byte) *abci.RequestFinalizeBlock {
	height, proposer := c.height+1, validatorKey().PubKey().Address()
	hash := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(chainID), uint64(height)))
	req := &abci.RequestFinalizeBlock{
		Height: height, Time: genesisTime.Add(time.Duration(height) * blockTime), Txs: txs, Hash: hash[:], ProposerAddress: proposer,
	}
	if height > 1 {
		req.DecidedLastCommit.Votes = []abci.VoteInfo{{
			Validator: abci.Validator{Address: proposer, Power: voterPower}, BlockIdFlag: cmtproto.BlockIDFlagCommit,
		}}
	}
	return req
}

// ctx reads the latest committed state.
func (c *chain) ctx() (sdk.Context, error) { return c.app.CreateQueryContext(c.height, false) }

// aggregate is a group's vote for the head, as a block carries it, with the baseline's input to verify it.
type aggregate struct {
	tx        []byte
	root      ffg.Root
	signature ffg.Signature
}

// vote returns the group's vote for the head.
func (c *chain) vote(g group) (aggregate, error) {
	ctx, err := c.ctx()
	if err != nil {
		return aggregate{}, err
	}
	head, _, err := c.app.CheckpointKeeper.HeadEpoch(ctx)
	if err != nil {
		return aggregate{}, err
	}
	target, err := c.app.FinalityKeeper.OpenTarget(ctx, head)
	if err != nil {
		return aggregate{}, err
	}
	root := target.Vote.SigningRoot(ffg.Domain(chainID))
	agg := ffg.AggregateVote{Vote: target.Vote, VoterSetHash: target.SetHash, Signers: g.signers, Signature: g.sign(root)}
	tx, err := finalitytypes.EncodeUnsigned(&finalitytypes.MsgSubmitVotes{Votes: finalitytypes.AggregateVoteFromFFG(agg)})
	return aggregate{tx: tx, root: root, signature: agg.Signature}, err
}

func delegatorKey() *secp256k1.PrivKey { return secp256k1.GenPrivKeyFromSecret([]byte("delegator")) }

// delegate returns a transaction that bonds one unit of power with a voter.
func (c *chain) delegate(v voter) ([]byte, error) {
	key, config := delegatorKey(), c.app.Encoding().TxConfig
	owner := sdk.AccAddress(key.PubKey().Address())
	builder := config.NewTxBuilder()
	builder.SetGasLimit(1_000_000)
	signature := signing.SignatureV2{
		PubKey: key.PubKey(), Sequence: c.sequence, Data: &signing.SingleSignatureData{SignMode: signing.SignMode_SIGN_MODE_DIRECT},
	}
	err := errors.Join(
		builder.SetMsgs(&finalitytypes.MsgDelegate{
			Delegator: owner.String(), Voter: sdk.AccAddress(v.key[:20]).String(), Amount: sdk.NewInt64Coin(app.BaseDenom, finalitytypes.DefaultPowerReduction),
		}),
		builder.SetSignatures(signature),
	)
	if err != nil {
		return nil, err
	}
	signBytes, err := authsigning.GetSignBytesAdapter(context.Background(), config.SignModeHandler(), signing.SignMode_SIGN_MODE_DIRECT,
		authsigning.SignerData{Address: owner.String(), ChainID: chainID, Sequence: c.sequence, PubKey: key.PubKey()}, builder.GetTx())
	if err != nil {
		return nil, err
	}
	raw, err := key.Sign(signBytes)
	if err != nil {
		return nil, err
	}
	signature.Data = &signing.SingleSignatureData{SignMode: signing.SignMode_SIGN_MODE_DIRECT, Signature: raw}
	if err := builder.SetSignatures(signature); err != nil {
		return nil, err
	}
	c.sequence++
	return config.TxEncoder()(builder.GetTx())
}

// count returns the number of a block's events of a type.
func count(block *abci.ResponseFinalizeBlock, event proto.Message) int {
	n := 0
	for _, e := range block.Events {
		if e.Type == proto.MessageName(event) {
			n++
		}
	}
	return n
}
