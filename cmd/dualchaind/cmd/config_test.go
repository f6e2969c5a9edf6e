package cmd

import (
	"path/filepath"
	"testing"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"

	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
)

// run gives the program a command line.
func run(t *testing.T, args ...string) {
	t.Helper()
	root, err := NewRoot()
	require.NoError(t, err)
	root.SetArgs(args)
	require.NoError(t, svrcmd.Execute(root, "", t.TempDir()))
}

func readSettings(t *testing.T, home, file string) *viper.Viper {
	t.Helper()
	v := viper.New()
	v.SetConfigFile(filepath.Join(home, "config", file))
	require.NoError(t, v.ReadInConfig())
	return v
}

func TestANewHomeHasTheDefaultsOfThisChain(t *testing.T) {
	home := t.TempDir()
	run(t, "init", "one", "--home", home, "--chain-id", "test-1")

	comet := readSettings(t, home, "config.toml")
	require.Equal(t, "one", comet.GetString("moniker"))
	require.Equal(t, time.Second, comet.GetDuration("consensus.timeout_commit"), "the SDK's init makes it 5 s")
	require.Empty(t, comet.GetString("rpc.pprof_laddr"))
	require.Equal(t, "app", comet.GetString("mempool.type"))
	require.Equal(t, 50*time.Millisecond, comet.GetDuration("mempool.reap_interval"))

	node := readSettings(t, home, "app.toml")
	require.Equal(t, "0.001udual", node.GetString("minimum-gas-prices"))
	require.True(t, node.GetBool("api.enable"))
	require.True(t, node.GetBool("grpc.enable"))
	require.EqualValues(t, 50_000_000, node.GetUint64("query-gas-limit"))
}

// The SDK's init writes no gas limit, blocks of 55 MB, and evidence that expires after two days.
func TestANewGenesisBoundsWhatABlockAsksOfANode(t *testing.T) {
	home := t.TempDir()
	run(t, "init", "one", "--home", home, "--chain-id", "test-1")
	genesis, err := genutiltypes.AppGenesisFromFile(filepath.Join(home, "config", "genesis.json"))
	require.NoError(t, err)
	params := genesis.Consensus.Params
	require.NoError(t, params.ValidateBasic())
	require.EqualValues(t, 100_000_000, params.Block.MaxGas)
	require.EqualValues(t, 2_097_152, params.Block.MaxBytes)
	require.EqualValues(t, 131_072, params.Evidence.MaxBytes)
	require.Equal(t, 21*24*time.Hour, params.Evidence.MaxAgeDuration, "the unbonding time of x/staking")
	require.EqualValues(t, 21*24*60*60, params.Evidence.MaxAgeNumBlocks, "as many blocks of a second")
}

func TestTheConfigurationIsReadAndChangedByCommand(t *testing.T) {
	home := t.TempDir()
	run(t, "init", "one", "--home", home, "--chain-id", "test-1")
	run(t, "config", "set", "app", "api.enable", "false", "--home", home)
	require.False(t, readSettings(t, home, "app.toml").GetBool("api.enable"))
	run(t, "config", "set", "client", "chain-id", "test-2", "--home", home)
	stdout, stderr, err := newSession(t).run("", "config", "get", "client", "chain-id", "--home", home)
	require.NoError(t, err, stderr)
	require.Equal(t, "\"test-2\"\n", stdout)
	root, err := NewRoot()
	require.NoError(t, err)
	for _, name := range []string{"migrate", "diff"} {
		found, _, err := root.Find([]string{"config", name})
		require.True(t, err != nil || found.Name() != name, "it knows no release after v0.50 of the SDK")
	}
}

func TestAHomeThatExistsIsLeftAsItIs(t *testing.T) {
	home := t.TempDir()
	run(t, "init", "one", "--home", home, "--chain-id", "test-1")
	file := filepath.Join(home, "config", "config.toml")
	changed := cmtcfg.DefaultConfig()
	changed.Consensus.TimeoutCommit = 7 * time.Second
	changed.RPC.PprofListenAddress = "localhost:6060"
	cmtcfg.WriteConfigFile(file, changed)

	run(t, "comet", "show-node-id", "--home", home)
	comet := readSettings(t, home, "config.toml")
	require.Equal(t, 7*time.Second, comet.GetDuration("consensus.timeout_commit"))
	require.Equal(t, "localhost:6060", comet.GetString("rpc.pprof_laddr"))
}
