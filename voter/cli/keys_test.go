package cli

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/bech32"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

const homePassword = "correct horse"

// keysFixture is a voter's home and the commands on its keys, which find the password in the environment.
type keysFixture struct {
	*testing.T
	dir      string
	operator string
	input    string
}

func newKeysFixture(t *testing.T) *keysFixture {
	t.Setenv(keys.PasswordEnv, homePassword)
	operator, err := bech32.ConvertAndEncode(prefix, bytes.Repeat([]byte{7}, 20))
	require.NoError(t, err)
	return &keysFixture{T: t, dir: filepath.Join(t.TempDir(), "voter"), operator: operator}
}

// try runs one of the commands and returns what it prints and says. A new home is for test-1 if nothing else is said.
func (f *keysFixture) try(args ...string) (out, says string, err error) {
	makes := slices.Contains([]string{"new", "recover", "import"}, args[0])
	if makes && !isThere(home.Dir(f.dir), home.ConfigFile) && !slices.Contains(args, "--chain-id") {
		args = append(args, "--chain-id", "test-1")
	}
	return f.literally(args...)
}

func (f *keysFixture) literally(args ...string) (out, says string, err error) {
	var stdout, stderr bytes.Buffer
	cmd := newVoter()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetIn(strings.NewReader(f.input))
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	cmd.SetArgs(append([]string{"keys", "--home", f.dir}, args...))
	err = cmd.Execute()
	return stdout.String(), stderr.String(), err
}

// run is try without an error, for what prints a key.
func (f *keysFixture) run(args ...string) (info keys.Info, says string) {
	f.Helper()
	out, says, err := f.try(args...)
	require.NoError(f, err)
	require.NoError(f, json.Unmarshal([]byte(out), &info))
	return info, says
}

// make makes a key and returns its mnemonic too.
func (f *keysFixture) make(args ...string) (info keys.Info, mnemonic string) {
	f.Helper()
	info, says := f.run(append([]string{"new", "--kdf", "pbkdf2"}, args...)...)
	_, words, found := strings.Cut(says, "\n\n")
	require.True(f, found, says)
	require.Len(f, strings.Fields(words), 24)
	return info, words
}

// refused expects an error that says so, no new key and no mnemonic.
func (f *keysFixture) refused(want error, part string, args ...string) {
	f.Helper()
	before, err := keys.List(f.keys())
	require.NoError(f, err)
	out, says, err := f.try(args...)
	require.ErrorContains(f, err, part)
	if want != nil {
		require.ErrorIs(f, err, want)
	}
	require.Empty(f, out)
	require.Empty(f, says)
	after, err := keys.List(f.keys())
	require.NoError(f, err)
	require.Equal(f, before, after)
}

func (f *keysFixture) keys() string { return filepath.Join(f.dir, "keys") }

func (f *keysFixture) file(content string, mode fs.FileMode) string {
	f.Helper()
	path := filepath.Join(f.TempDir(), "file")
	require.NoError(f, os.WriteFile(path, []byte(content), 0o600))
	require.NoError(f, os.Chmod(path, mode))
	return path
}

// protected is whether slashing protection knows a key.
func (f *keysFixture) protected(info keys.Info) bool {
	f.Helper()
	g, err := guard.Open(filepath.Join(f.dir, guard.FileName))
	if err != nil {
		require.ErrorIs(f, err, guard.ErrMissing)
		return false
	}
	defer func() { require.NoError(f, g.Close()) }()
	raw, err := hex.DecodeString(info.PubKey)
	require.NoError(f, err)
	known, err := g.Knows(ffg.Domain("test-1"), ffg.PublicKey(raw))
	require.NoError(f, err)
	return known
}

func TestANewKeyIsProtectedConfiguredAndRecoverable(t *testing.T) {
	f := newKeysFixture(t)
	info, mnemonic := f.make("--chain-id", "test-1", "--operator", f.operator)
	require.Equal(t, home.DefaultKey, info.Name)
	require.Equal(t, "m/1685414252/118/0/0", info.Path)
	require.True(t, f.protected(info))
	config, err := home.Dir(f.dir).LoadConfig()
	require.NoError(t, err)
	require.Equal(t, []string{"test-1", f.operator}, []string{config.ChainID, config.Operator})
	stat, err := os.Stat(filepath.Join(f.keys(), "voter.json"))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), stat.Mode().Perm())

	other := newKeysFixture(t)
	other.input = mnemonic
	recovered, _ := other.run("recover", "--kdf", "pbkdf2")
	require.Equal(t, info, recovered)
}

func TestNothingIsMadeOfBadArguments(t *testing.T) {
	f := newKeysFixture(t)
	elsewhere, err := bech32.ConvertAndEncode("cosmos", make([]byte, 20))
	require.NoError(t, err)
	f.refused(errOperator, "expected an address like dual1", "new", "--operator", "alice")
	f.refused(errOperator, "expected an address like dual1", "new", "--operator", elsewhere)
	f.refused(errOperator, "expected an address like dual1", "new", "--operator", "")
	f.refused(home.ErrConfig, "expected 1 to 50 characters", "new", "--chain-id", "")
	f.refused(home.ErrConfig, "expected 1 to 50 characters", "new", "--chain-id", strings.Repeat("x", 51))
	f.refused(home.ErrConfig, "expected 1 to 50 characters", "new", "--chain-id", "two words")
	f.refused(nil, `expected scrypt or pbkdf2, found "argon2"`, "new", "--kdf", "argon2")
	f.refused(keys.ErrName, "expected 1 to 63", "new", "--name", "../voter")
	f.refused(keys.ErrNoPassword, "expected at least 8 characters", "new", "--password-file", f.file("1234567\n", 0o600))
	f.refused(keys.ErrMode, "expected mode 0600, found 0644", "new", "--password-file", f.file("12345678\n", 0o644))
	f.refused(fs.ErrNotExist, "none", "new", "--password-file", filepath.Join(f.TempDir(), "none"))
	f.refused(nil, "unknown command", "new", "a-password")
	require.NoDirExists(t, f.dir)

	f.make("--chain-id", strings.Repeat("x", 50))
}

func TestAPasswordIsNoArgument(t *testing.T) {
	forbidden := []string{"password", "passphrase", "mnemonic", "secret", "key", "seed"}
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(flag *pflag.Flag) { require.NotContains(t, forbidden, flag.Name, cmd.CommandPath()) })
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(options().keysCommand())
}

func TestWithoutATerminalThePasswordMustBeGiven(t *testing.T) {
	f := newKeysFixture(t)
	t.Setenv(keys.PasswordEnv, "")
	stdin := os.Stdin
	defer func() { os.Stdin = stdin }()
	var err error
	os.Stdin, err = os.Open(os.DevNull)
	require.NoError(t, err)
	f.refused(keys.ErrNoPassword, keys.PasswordEnv, "new")
	info, _ := f.make("--password-file", f.file(homePassword+"\n", 0o600))

	// A new voter.toml remembers where the password is, so that the voter starts.
	out, _, err := f.try("pop", "--chain-id", "test-1", "--operator", f.operator)
	require.NoError(t, err)
	require.Contains(t, out, info.PubKey)
}

func TestAHomeHasOnePassword(t *testing.T) {
	f := newKeysFixture(t)
	f.make()
	f.refused(fs.ErrExist, "give another --name", "new")
	f.refused(keys.ErrPassword, "the password of the home's other keys", "new", "--name", "second", "--password-file", f.file("another password", 0o600))
	second, _ := f.make("--name", "second")
	require.True(t, f.protected(second))
}

func TestWhatVoterTomlSaysIsNotSaidOtherwise(t *testing.T) {
	f := newKeysFixture(t)
	f.make("--chain-id", "test-1")
	f.refused(home.ErrConfig, `expected --chain-id as voter.toml has it, "test-1", found "test-2"`, "new", "--name", "b", "--chain-id", "test-2")
	f.refused(home.ErrConfig, `expected --operator as voter.toml has it, "", found`, "new", "--name", "b", "--operator", f.operator)
	f.make("--name", "b", "--chain-id", "test-1")
}

func TestKeysAreShownWithoutAPassword(t *testing.T) {
	f := newKeysFixture(t)
	voterInfo, _ := f.make()
	second, _ := f.make("--name", "second")
	t.Setenv(keys.PasswordEnv, "wrong")

	shown, _ := f.run("show")
	require.Equal(t, voterInfo, shown)
	shown, _ = f.run("show", "--name", "second")
	require.Equal(t, second, shown)
	f.refused(fs.ErrNotExist, "third", "show", "--name", "third")
	out, _, err := f.try("list")
	require.NoError(t, err)
	var listed []keys.Info
	require.NoError(t, json.Unmarshal([]byte(out), &listed))
	require.Equal(t, []keys.Info{second, voterInfo}, listed)
}

func TestTheProofIsForTheOperatorAndChainOfVoterToml(t *testing.T) {
	f := newKeysFixture(t)
	info, _ := f.make("--chain-id", "test-1", "--operator", f.operator)
	prove := func(args ...string) (proof keys.Possession) {
		out, _, err := f.try(append([]string{"pop"}, args...)...)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal([]byte(out), &proof))
		return proof
	}
	proof := prove()
	require.Equal(t, []string{"test-1", f.operator, info.PubKey}, []string{proof.ChainID, proof.Operator, proof.PubKey})
	raw, err := hex.DecodeString(proof.PubKey)
	require.NoError(t, err)
	public, err := bls.ParsePublicKey(raw)
	require.NoError(t, err)
	address, err := sdk.GetFromBech32(f.operator, prefix)
	require.NoError(t, err)
	root, err := ffg.Possession(ffg.Domain("test-1"), address, public.Bytes())
	require.NoError(t, err)
	possession, err := hex.DecodeString(proof.Possession)
	require.NoError(t, err)
	require.NoError(t, bls.VerifyPossession(public, root, [bls.SignatureSize]byte(possession)))

	require.Equal(t, "test-2", prove("--chain-id", "test-2").ChainID)
	f.refused(home.ErrConfig, "chain_id", "pop", "--chain-id", "")
	f.refused(errOperator, "expected an address", "pop", "--operator", "bob")
	t.Setenv(keys.PasswordEnv, "another password")
	f.refused(keys.ErrPassword, info.PubKey, "pop")
}
