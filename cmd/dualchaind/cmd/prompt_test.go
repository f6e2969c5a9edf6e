package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	words       = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
	wordsOwner  = "dual19rl4cm2hmr8afy4kldpxz3fka4jguq0auc2kp6"
	ringSecret  = "a long passphrase"
	otherSecret = "another passphrase"
)

// address is that of an account that 'keys' printed as JSON.
func address(t *testing.T, printed string) string {
	t.Helper()
	var key struct{ Address string }
	require.NoError(t, json.Unmarshal([]byte(printed), &key), printed)
	return key.Address
}

func TestAccountsAreRecoveredFromAPipe(t *testing.T) {
	for name, c := range map[string]struct {
		input string
		flags []string
	}{
		"recover":                     {words + "\n", []string{"--recover"}},
		"recover without a line end":  {words, []string{"--recover"}},
		"interactive":                 {words + "\n\n", []string{"--interactive"}},
		"a new file keyring":          {words + "\n" + ringSecret + "\n" + ringSecret + "\n", []string{"--recover", "--keyring-backend", "file"}},
		"another order of file lines": {words + "\n\n" + ringSecret + "\n" + ringSecret + "\n", []string{"--interactive", "--keyring-backend", "file"}},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, err := newSession(t).run(c.input, append([]string{
				"keys", "add", "alice", "--output", "json", "--home", t.TempDir(), "--keyring-backend", "test",
			}, c.flags...)...)
			require.NoError(t, err, stderr)
			require.Equal(t, wordsOwner, address(t, stdout))
		})
	}
}

func TestAFileKeyringOpensWithAPassphraseFromAPipe(t *testing.T) {
	home := t.TempDir()
	keyring := []string{"--home", home, "--keyring-backend", "file", "--output", "json"}
	_, stderr, err := newSession(t).run(words+"\n"+ringSecret+"\n"+ringSecret+"\n", append([]string{"keys", "add", "alice", "--recover"}, keyring...)...)
	require.NoError(t, err, stderr)
	stdout, stderr, err := newSession(t).run(ringSecret+"\n", append([]string{"keys", "show", "alice"}, keyring...)...)
	require.NoError(t, err, stderr)
	require.Equal(t, wordsOwner, address(t, stdout))
	_, _, err = newSession(t).run(otherSecret+"\n", append([]string{"keys", "show", "alice"}, keyring...)...)
	require.ErrorContains(t, err, "too many failed passphrase attempts")
}

func TestACommandWithoutAnAnswerLeavesNothing(t *testing.T) {
	for _, args := range [][]string{
		{"keys", "add", "alice", "--recover", "--keyring-backend", "test"},
		{"keys", "add", "alice", "--interactive", "--keyring-backend", "test"},
		{"keys", "add", "alice", "--recover", "--keyring-backend", "file"},
		{"keys", "import", "alice", "key", "--keyring-backend", "file"},
		{"init", "one", "--recover"},
		{"voter", "keys", "new", "--chain-id", "test-1"},
		{"voter", "keys", "recover", "--chain-id", "test-1"},
		{"voter", "keys", "import", "keystore", "--chain-id", "test-1"},
	} {
		t.Run(args[len(args)-1], func(t *testing.T) {
			home := filepath.Join(t.TempDir(), "home")
			_, stderr, err := newSession(t).run("", append(args, "--home", home)...)
			require.Error(t, err)
			require.NotRegexp(t, unreadable, err.Error(), stderr)
			require.NoDirExists(t, home)
		})
	}
}

func TestAnInitThatFailsLeavesNothing(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	_, _, err := newSession(t).run("not a mnemonic\n", "init", "one", "--recover", "--home", home)
	require.ErrorContains(t, err, "invalid mnemonic")
	require.NoDirExists(t, home)

	_, stderr, err := newSession(t).run(words+"\n", "init", "one", "--recover", "--home", home)
	require.NoError(t, err, stderr)
	for _, name := range []string{"app.toml", "client.toml", "config.toml", "genesis.json", "node_key.json", "priv_validator_key.json"} {
		require.FileExists(t, filepath.Join(home, "config", name))
	}
}

func TestAHomeWithoutANodeSaysHowToMakeOne(t *testing.T) {
	home := t.TempDir()
	for _, args := range [][]string{{"start"}, {"export"}, {"rollback"}, {"prune"}, {"comet", "unsafe-reset-all"}, {"snapshots", "list"}} {
		_, _, err := newSession(t).run("", append(args, "--home", home)...)
		require.ErrorIs(t, err, errNoNode, args)
		require.ErrorContains(t, err, "dualchaind init MONIKER")
	}
	file := filepath.Join(home, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, _, err := newSession(t).run("", "keys", "list", "--home", file)
	require.ErrorContains(t, err, "expected a folder")
}
