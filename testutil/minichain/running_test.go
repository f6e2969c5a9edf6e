package minichain_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	cmtabci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/tx"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/testutil/minichain"
	plain "github.com/dualchain/dualchain/testutil/minichain/plain"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/client/genesis"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

const chainID = "toy-1"

// application is what both applications of this package have.
type application struct {
	*baseapp.BaseApp
	codec    codec.Codec
	txConfig client.TxConfig
	basics   module.BasicManager
}

// node is a validator's node in memory, whose binary changes.
type node struct {
	t         *testing.T
	app       application
	db        dbm.DB
	home      string
	height    int64
	sequences [2]uint64
}

var (
	// accounts are the validator's and, with one account, the voter's operator and voter on proposals.
	accounts = [2]*secp256k1.PrivKey{secp256k1.GenPrivKeyFromSecret([]byte("validator")), secp256k1.GenPrivKeyFromSecret([]byte("operator"))}
	proposer = ed25519.GenPrivKeyFromSecret([]byte("consensus")).PubKey()
	began    = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

func address(i int) sdk.AccAddress { return sdk.AccAddress(accounts[i].PubKey().Address()) }

func toys(n int64) sdk.Coin {
	return sdk.NewCoin(minichain.Denom, sdk.DefaultPowerReduction.MulRaw(n))
}

// Get makes a node its own configuration: the home, where x/upgrade leaves a note for the next binary.
func (n *node) Get(name string) any {
	if name == flags.FlagHome {
		return n.home
	}
	return nil
}

func (n *node) startPlain() {
	n.t.Helper()
	app, err := plain.New(log.NewNopLogger(), n.db, n, baseapp.SetChainID(chainID))
	require.NoError(n.t, err)
	n.app = application{app.BaseApp, app.Codec, app.TxConfig, app.Basics}
}

func (n *node) startWithFinality() {
	n.t.Helper()
	app, err := minichain.New(log.NewNopLogger(), n.db, n, baseapp.SetChainID(chainID))
	require.NoError(n.t, err)
	n.app = application{app.BaseApp, app.Codec, app.TxConfig, app.Basics}
}

// initChain begins a chain without a gas limit, on which proposals are voted on for five blocks.
func (n *node) initChain() {
	n.t.Helper()
	cdc, state := n.app.codec, n.app.basics.DefaultGenesis(n.app.codec)
	require.NoError(n.t, genesis.AddAccounts(cdc, state,
		genesis.Account{Address: address(0), Coins: sdk.NewCoins(toys(200))},
		genesis.Account{Address: address(1), Coins: sdk.NewCoins(toys(60))}))
	require.NoError(n.t, genesis.AddValidators(cdc, state, genesis.Validator{Operator: address(0), PubKey: proposer, Moniker: "first", Stake: toys(100)}))
	require.NoError(n.t, genesis.Change(cdc, state, govtypes.ModuleName, func(g *govv1.GenesisState) error {
		voting, expedited := 5*time.Second, time.Second
		g.Params.VotingPeriod, g.Params.ExpeditedVotingPeriod = &voting, &expedited
		return nil
	}))
	raw, err := json.Marshal(state)
	require.NoError(n.t, err)
	params := cmttypes.DefaultConsensusParams().ToProto() // as the SDK's init writes them
	_, err = n.app.InitChain(&cmtabci.RequestInitChain{Time: began, ChainId: chainID, InitialHeight: 1, ConsensusParams: &params, AppStateBytes: raw})
	require.NoError(n.t, err)
}

// propose makes the next block as CometBFT does, with these transactions in the mempool, and returns what FinalizeBlock says.
func (n *node) propose(txs ...[]byte) (*cmtabci.ResponseFinalizeBlock, error) {
	n.t.Helper()
	n.height++
	at := began.Add(time.Duration(n.height) * time.Second)
	proposal, err := n.app.PrepareProposal(&cmtabci.RequestPrepareProposal{Height: n.height, Time: at, Txs: txs, MaxTxBytes: 1 << 20, ProposerAddress: proposer.Address()})
	require.NoError(n.t, err)
	hash := make([]byte, 32)
	hash[31] = byte(n.height)
	verdict, err := n.app.ProcessProposal(&cmtabci.RequestProcessProposal{Height: n.height, Time: at, Txs: proposal.Txs, Hash: hash, ProposerAddress: proposer.Address()})
	require.NoError(n.t, err)
	require.True(n.t, verdict.IsAccepted(), "block %d is rejected", n.height)
	return n.app.FinalizeBlock(&cmtabci.RequestFinalizeBlock{Height: n.height, Time: at, Txs: proposal.Txs, Hash: hash, ProposerAddress: proposer.Address()})
}

// block makes a block in which all transactions succeed.
func (n *node) block(txs ...[]byte) {
	n.t.Helper()
	result, err := n.propose(txs...)
	require.NoError(n.t, err)
	require.GreaterOrEqual(n.t, len(result.TxResults), len(txs))
	for _, r := range result.TxResults {
		require.Zero(n.t, r.Code, "block %d: %s", n.height, r.Log)
	}
	_, err = n.app.Commit()
	require.NoError(n.t, err)
}

// do makes a block with a transaction of an account.
func (n *node) do(account int, msgs ...sdk.Msg) {
	n.t.Helper()
	builder, key := n.app.txConfig.NewTxBuilder(), accounts[account]
	require.NoError(n.t, builder.SetMsgs(msgs...))
	builder.SetGasLimit(1_000_000)
	data := authsigning.SignerData{
		Address: address(account).String(), ChainID: chainID, AccountNumber: uint64(account), Sequence: n.sequences[account], PubKey: key.PubKey(),
	}
	require.NoError(n.t, builder.SetSignatures(signing.SignatureV2{
		PubKey: key.PubKey(), Data: &signing.SingleSignatureData{SignMode: signing.SignMode_SIGN_MODE_DIRECT}, Sequence: data.Sequence,
	}))
	signature, err := tx.SignWithPrivKey(n.t.Context(), signing.SignMode_SIGN_MODE_DIRECT, data, builder, key, n.app.txConfig, data.Sequence)
	require.NoError(n.t, err)
	require.NoError(n.t, builder.SetSignatures(signature))
	txBytes, err := n.app.txConfig.TxEncoder()(builder.GetTx())
	require.NoError(n.t, err)
	n.block(txBytes)
	n.sequences[account]++
}

// pass submits a proposal as `tx gov submit-proposal` reads it from a file, votes for it and waits until it is executed.
func (n *node) pass(id uint64, file string) {
	n.t.Helper()
	var p struct {
		Messages                []json.RawMessage `json:"messages"`
		Deposit, Title, Summary string
	}
	require.NoError(n.t, json.Unmarshal([]byte(file), &p))
	msgs := make([]sdk.Msg, len(p.Messages))
	for i, raw := range p.Messages {
		require.NoError(n.t, n.app.codec.UnmarshalInterfaceJSON(raw, &msgs[i]))
	}
	deposit, err := sdk.ParseCoinsNormalized(p.Deposit)
	require.NoError(n.t, err)
	submission, err := govv1.NewMsgSubmitProposal(msgs, deposit, address(0).String(), "", p.Title, p.Summary, false)
	require.NoError(n.t, err)
	n.do(0, submission)
	n.do(0, govv1.NewMsgVote(address(0), id, govv1.OptionYes, ""))
	var found govv1.QueryProposalResponse
	for range 6 {
		n.block()
	}
	n.query("/cosmos.gov.v1.Query/Proposal", &govv1.QueryProposalRequest{ProposalId: id}, &found)
	require.Equal(n.t, govv1.StatusPassed, found.Proposal.Status, found.Proposal.FailedReason)
}

func (n *node) query(path string, request, response proto.Message) {
	n.t.Helper()
	raw, err := proto.Marshal(request)
	require.NoError(n.t, err)
	answer, err := n.app.Query(n.t.Context(), &cmtabci.RequestQuery{Path: path, Data: raw})
	require.NoError(n.t, err)
	require.Zero(n.t, answer.Code, answer.Log)
	require.NoError(n.t, proto.Unmarshal(answer.Value, response))
}

func (n *node) heads() checkpointtypes.QueryStatusResponse {
	n.t.Helper()
	var status checkpointtypes.QueryStatusResponse
	n.query("/dualchain.checkpoint.v1.Query/Status", new(checkpointtypes.QueryStatusRequest), &status)
	return status
}

// vote gossips the voter's vote for the head.
func (n *node) vote(secret *bls.SecretKey) {
	n.t.Helper()
	if n.heads().Head.Epoch == 0 { // nobody votes on the anchor
		return
	}
	var duty finalitytypes.QueryDutyResponse
	n.query("/dualchain.finality.v1.Query/Duty", &finalitytypes.QueryDutyRequest{Voter: address(1).String()}, &duty)
	if !duty.Member || duty.Recorded {
		return
	}
	target, err := duty.Target.ToFFG()
	require.NoError(n.t, err)
	source, err := duty.Source.ToFFG()
	require.NoError(n.t, err)
	vote := ffg.Vote{Source: source, Target: target.Ref()}
	signature := secret.Sign(vote.SigningRoot(ffg.Domain(chainID)))
	txBytes, err := gossip.Pack{
		Vote: vote, SetHash: target.VoterSetHash, Parts: []gossip.Part{{Position: duty.Position, Signature: signature}},
	}.Encode()
	require.NoError(n.t, err)
	answer, err := n.app.CheckTx(&cmtabci.RequestCheckTx{Tx: txBytes, Type: cmtabci.CheckTxType_New})
	require.NoError(n.t, err)
	require.Zero(n.t, answer.Code, answer.Log)
}

// jsonBlocks returns the JSON blocks of a section of docs/adopt.md.
func jsonBlocks(t *testing.T, section string) []string {
	t.Helper()
	content, err := os.ReadFile("../../docs/adopt.md")
	require.NoError(t, err)
	_, text, found := strings.Cut(string(content), "\n## "+section+"\n")
	require.True(t, found, "docs/adopt.md has no section %q", section)
	text, _, _ = strings.Cut(text, "\n## ")
	var blocks []string
	for _, block := range strings.Split(text, "```json\n")[1:] {
		body, _, _ := strings.Cut(block, "```")
		blocks = append(blocks, body)
	}
	return blocks
}

// A chain that lacks finality takes it in by governance, as docs/adopt.md says, on one database. Its manager has the SDK's default order of
// migrations, in which x/checkpoint comes before x/finality.
func TestARunningChainTakesFinalityIn(t *testing.T) {
	proposals := jsonBlocks(t, "A running chain")
	require.Len(t, proposals, 2, "the gas limit and the upgrade")
	n := &node{t: t, db: dbm.NewMemDB(), home: t.TempDir()}
	n.startPlain()
	n.initChain()
	n.block()
	for _, name := range []string{finalitytypes.ModuleName, finalitytypes.RewardsName} { // somebody would halt the upgrade
		n.do(0, banktypes.NewMsgSend(address(0), authtypes.NewModuleAddress(name), sdk.NewCoins(toys(1))))
	}
	n.pass(1, proposals[0])
	n.pass(2, proposals[1])
	var plan upgradetypes.QueryCurrentPlanResponse
	n.query("/cosmos.upgrade.v1beta1.Query/CurrentPlan", new(upgradetypes.QueryCurrentPlanRequest), &plan)
	require.Equal(t, minichain.Upgrade, plan.Plan.Name)
	for n.height < plan.Plan.Height-1 {
		n.block()
	}
	_, err := n.propose()
	require.ErrorContains(t, err, `UPGRADE "finality" NEEDED`, "the old binary stops")

	n.height--
	n.startWithFinality()
	n.block()
	require.False(t, n.heads().Anchored, "nobody votes yet")
	n.block()

	secret, err := bls.KeyFromSeed(slices.Repeat([]byte{7}, bls.MinSeedSize))
	require.NoError(t, err)
	key := secret.PublicKey().Bytes()
	root, err := ffg.Possession(ffg.Domain(chainID), address(1), key)
	require.NoError(t, err)
	possession := secret.ProvePossession(root)
	n.do(1, &finalitytypes.MsgRegisterVoter{
		Operator: address(1).String(), PubKey: ffg.PublicKey(key).String(), Possession: possession[:], Amount: toys(50),
	})
	require.True(t, n.heads().Anchored, "epoch 0 is the first block with an eligible voter")
	for range 40 {
		n.vote(secret)
		n.block()
	}
	require.GreaterOrEqual(t, n.heads().Finalized.Epoch, uint64(5), "of 8 epochs, and the last ones are under way")
}
