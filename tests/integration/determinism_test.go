package integration

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// node starts a chain for the story, on a node with these options.
func node(t *testing.T, options ...fixture.Option) *fixture.Fixture {
	return fixture.New(t, append([]fixture.Option{
		fixture.Voters(40, 30, 20, 10), fixture.Inflation("0.2"), setPeriod(3), unbondingTime(8 * time.Second),
		fixture.Params(func(p *types.Params) { p.EraLength, p.VoteWindow, p.SlashFractionDowntimePpm = 4, 4, 10_000 }),
	}, options...)...)
}

// configured is a node whose options the SDK has read from app.toml and flags.
func configured(t *testing.T, maxTxs int, more map[string]any) []fixture.Option {
	values := map[string]any{
		flags.FlagHome: t.TempDir(), flags.FlagChainID: fixture.ChainID,
		server.FlagPruning: "nothing", server.FlagMempoolMaxTxs: maxTxs, server.FlagMinGasPrices: "0" + app.BaseDenom,
	}
	for name, value := range more {
		values[name] = value
	}
	var out []fixture.Option
	for name, value := range values {
		out = append(out, fixture.AppOption(name, value))
	}
	for _, option := range server.DefaultBaseappOptions(mapOptions(values)) {
		out = append(out, fixture.BaseAppOption(option))
	}
	return out
}

type mapOptions map[string]any

func (m mapOptions) Get(name string) any { return m[name] }

// story lets everything happen that can happen to voters, with many transactions in some blocks.
func story(f *fixture.Fixture) *fixture.Fixture {
	f.T.Helper()
	f.Honest(0, 1, 2).Blocks(3)
	f.Register(4, 15).OK()
	f.Honest(0, 1, 2, 4)
	var txs [][]byte
	for _, from := range []fixture.Account{fixture.Alice, fixture.Bob, fixture.Operator(0), fixture.Operator(1), fixture.Operator(5)} {
		for i := range 3 {
			txs = append(txs, f.Sign(fixture.Tx{From: from, Fee: sdk.NewCoins(fixture.Udual(100_001)), Msgs: []sdk.Msg{
				&types.MsgDelegate{Delegator: from.String(), Voter: fixture.Operator(i).String(), Amount: fixture.Udual(1_234_567)},
			}}))
		}
	}
	txs = append(txs,
		f.Sign(fixture.Tx{From: fixture.Operator(6), Msgs: []sdk.Msg{f.Registers(6, fixture.Dual(3))}}),
		f.Sign(fixture.Tx{From: fixture.Operator(7), Msgs: []sdk.Msg{f.Registers(7, fixture.Dual(4))}}),
	)
	for _, outcome := range f.Deliver(txs...) {
		outcome.OK()
	}
	// two transactions compete, and one succeeds
	twice := make([][]byte, 0, 2)
	for _, from := range []fixture.Account{fixture.Alice, fixture.Bob} {
		twice = append(twice, f.Sign(fixture.Tx{From: from, Fee: sdk.NewCoins(fixture.Udual(777)), Msgs: []sdk.Msg{
			&types.MsgSubmitEvidence{Submitter: from.String(), Evidence: f.DoubleVote(3, 7)},
		}}))
	}
	f.Deliver(twice...)[1].Fails(types.ErrNobodyGuilty)
	f.Undelegate(fixture.Alice, 0, fixture.Udual(1_000_003)).OK()
	f.Undelegate(fixture.Operator(2), 2, fixture.Dual(20)).OK()
	f.Submit(fixture.Alice, f.Aggregate(f.Heads().Head-1, 3)).OK()
	f.Blocks(12)
	require.True(f.T, f.Voter(3).Jailed)
	params := f.Params()
	params.SetPeriod = 2
	f.Govern(&types.MsgUpdateParams{Authority: app.Authority(), Params: params})
	return f.Blocks(12)
}

func TestNodesWithDifferentSettingsAgree(t *testing.T) {
	first := story(node(t))
	stm := func(workers int) map[string]any {
		return map[string]any{server.FlagBlockExecutor: serverconfig.BlockExecutorBlockSTM, server.FlagBlockSTMWorkers: workers}
	}
	for _, tc := range []struct {
		name    string
		options []fixture.Option
	}{
		{"the same again", nil},
		{"mempool.max-txs = -1", configured(t, -1, nil)},
		{"mempool.max-txs = 0", configured(t, 0, nil)},
		{"mempool.max-txs = 5000", configured(t, 5000, nil)},
		{"block-stm with 1 worker", configured(t, -1, stm(1))},
		{"block-stm with 8 workers", configured(t, -1, stm(8))},
		{"block-stm and mempool.max-txs = 5000", configured(t, 5000, stm(4))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			other := node(t, tc.options...)
			other.Replay(first)
			require.Equal(t, first.Heads(), other.Heads())
		})
	}
}

// A block that wants more gas than the limit is rejected. If it is forced on the chain, all nodes compute the same result.
func TestNodesAgreeOnBlocksWithTooMuchGas(t *testing.T) {
	limit := fixture.MaxBlockGas(250_000)
	f := node(t, limit)
	var txs [][]byte
	for range 6 { // each uses more than 50,000
		txs = append(txs, f.Sign(fixture.Tx{From: fixture.Alice, Gas: 100_000, Msgs: []sdk.Msg{gift()}}))
	}
	require.True(t, f.Accepts(txs[:2]...))
	require.False(t, f.Accepts(txs[:3]...))
	require.Len(t, f.Prepare(txs...), 2)
	used := int64(0)
	for _, result := range f.Force(txs...).TxResults {
		used += result.GasUsed
	}
	require.Greater(t, used, int64(250_000))
	f.Blocks(1)
	stm := map[string]any{server.FlagBlockExecutor: serverconfig.BlockExecutorBlockSTM, server.FlagBlockSTMWorkers: 4}
	other := node(t, append(configured(t, -1, stm), limit)...)
	other.Replay(f)
}

const printHashes = "DUALCHAIN_PRINT_HASHES"

// Each process has its own map seed.
func TestTwoProcessesAgree(t *testing.T) {
	hashes := func() string {
		var out strings.Builder
		for _, hash := range story(node(t)).AppHashes() {
			fmt.Fprintln(&out, hex.EncodeToString(hash))
		}
		return out.String()
	}
	if path := os.Getenv(printHashes); path != "" {
		require.NoError(t, os.WriteFile(path, []byte(hashes()), 0o600))
		return
	}
	path := t.TempDir() + "/hashes"
	child := exec.Command(os.Args[0], "-test.run", "^TestTwoProcessesAgree$")
	child.Env = append(os.Environ(), printHashes+"="+path)
	output, err := child.CombinedOutput()
	require.NoError(t, err, string(output))
	other, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, hashes(), string(other))
}
