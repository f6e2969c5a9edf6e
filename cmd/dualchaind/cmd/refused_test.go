package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	finalitysettings "github.com/dualchain/dualchain/x/finality/client/settings"
)

func TestWhatIsRefusedLeavesNothing(t *testing.T) {
	for line, words := range map[string]string{
		"keys add alice --keyring-backend test --output x": "--output: expected text or json",
		"init one --default-denom x!/y":                    "invalid denom",
		"init one --consensus-key-algo x":                  "unsupported validator consensus key type",
		"keys import-hex alice x --keyring-backend test":   "expected pairs of hexadecimal digits",
		"tx finality unjail --fees x!/y":                   "--fees: invalid decimal coin expression",
		"tx finality unjail --gas-prices x!/y":             "--gas-prices: invalid decimal coin expression",
		"tx ibc-transfer transfer port channel":            "accepts 4 arg(s), received 2",
	} {
		home := filepath.Join(t.TempDir(), "home")
		_, _, err := newSession(t).run("", append(strings.Fields(line), "--home", home)...)
		require.ErrorContains(t, err, words, line)
		require.NotErrorIs(t, err, errBug, line)
		require.NoDirExists(t, home, line)
	}
}

func TestADamagedNodeIsRefusedInWordsAndLeftAsItIs(t *testing.T) {
	good := filepath.Join(t.TempDir(), "home")
	_, _, err := newSession(t).run("", "init", "one", "--home", good)
	require.NoError(t, err)
	for file, lines := range map[string][]string{
		"genesis.json":            {"start", "export", "prune", "comet bootstrap-state", "snapshots list"},
		"priv_validator_key.json": {"comet unsafe-reset-all"},
	} {
		home := t.TempDir()
		require.NoError(t, os.CopyFS(home, os.DirFS(good)))
		require.NoError(t, os.WriteFile(configFile(home, file), []byte("\x00{junk"), 0o600))
		before := content(t, home)
		for _, line := range lines {
			_, _, err := newSession(t).run("", append(strings.Fields(line), "--home", home)...)
			require.ErrorContains(t, err, "read ", line)
			require.NotErrorIs(t, err, errBug, line)
			require.Equal(t, before, content(t, home), line)
		}
	}
	for _, option := range []string{"minimum-gas-prices", "pruning"} {
		before := content(t, good)
		_, _, err := newSession(t).run("", "start", "--"+option, "x!/y", "--home", good)
		require.ErrorContains(t, err, "read "+option)
		require.NotErrorIs(t, err, errBug)
		require.Equal(t, before, content(t, good))
	}
}

func TestANodeWithSettingsThatBreakFinalityIsRefusedAndLeftAsItIs(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	_, _, err := newSession(t).run("", "init", "one", "--home", home)
	require.NoError(t, err)
	file := configFile(home, "config.toml")
	config, err := os.ReadFile(file)
	require.NoError(t, err)
	changed := strings.NewReplacer(`type = "app"`, `type = "flood"`, "recheck = true", "recheck = false", "broadcast = true", "broadcast = false").Replace(string(config))
	require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))
	before := content(t, home)
	_, _, err = newSession(t).run("", "start", "--home", home)
	require.ErrorIs(t, err, finalitysettings.ErrSettings)
	require.ErrorContains(t, err, "config.toml: [mempool] recheck: expected true, found false")
	require.ErrorContains(t, err, "config.toml: [mempool] broadcast: expected true, found false")
	require.Equal(t, before, content(t, home))
}
