package cli

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

// started runs `voter start` as if Ctrl-C came as soon as the voter has started.
func started(t *testing.T, dir string, args ...string) (says string, err error) {
	t.Helper()
	ended, cancel := context.WithCancel(t.Context())
	defer cancel()
	stderr := untilStarted{end: cancel}
	cmd := newVoter()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetOut(new(bytes.Buffer))
	cmd.SetErr(&stderr)
	cmd.SetArgs(append([]string{"start", "--home", dir}, args...))
	err = cmd.ExecuteContext(ended)
	return stderr.String(), err
}

func TestANewHomeNeedsItsChain(t *testing.T) {
	f := newKeysFixture(t)
	f.input = knownMnemonic
	for _, args := range [][]string{{"new"}, {"recover"}, {"import", eipKeystore("pbkdf2")}} {
		out, says, err := f.literally(args...)
		require.ErrorIs(t, err, home.ErrConfig)
		require.ErrorContains(t, err, "expected --chain-id")
		require.Empty(t, out+says)
		require.NoDirExists(t, f.dir)
	}
	f.make("--chain-id", "test-1")
	_, _, err := f.literally("new", "--name", "second", "--kdf", "pbkdf2") // voter.toml has it
	require.NoError(t, err)
}

func TestAKeyIsAddedOnce(t *testing.T) {
	f := newKeysFixture(t)
	f.input = knownMnemonic
	f.run("recover", "--kdf", "pbkdf2", "--name", "first")
	f.refused(fs.ErrExist, "first.json", "recover", "--name", "second")
	f.refused(fs.ErrExist, "first.json", "recover", "--name", "second", "--"+home.NeverVotedFlag)
	info, err := keys.Show(f.keys(), "first")
	require.NoError(t, err)
	require.False(t, f.protected(info), "a key that isn't added gets no record")

	add := []string{"import", eipKeystore("pbkdf2"), "--keystore-password-file", f.file(eipPassword, 0o600), "--kdf", "pbkdf2", "--name"}
	f.run(append(add, "third")...)
	f.refused(fs.ErrExist, "third.json", append(add, "fourth")...)
}

// Words that were shown are written down: they must be those of a key.
func TestNoWordsAreShownWhileAVoterRuns(t *testing.T) {
	f := newKeysFixture(t)
	f.make()
	g, err := guard.Open(filepath.Join(f.dir, guard.FileName))
	require.NoError(t, err)
	f.refused(guard.ErrInUse, guard.FileName, "new", "--name", "second")
	require.NoError(t, g.Close())
	f.make("--name", "second")
}

func TestAHomesOnlyKeyNeedsNoName(t *testing.T) {
	f := newKeysFixture(t)
	info, _ := f.make("--name", "a2f2270470eb106a", "--operator", f.operator)
	shown, _ := f.run("show")
	require.Equal(t, info, shown)
	out, _, err := f.try("pop")
	require.NoError(t, err)
	require.Contains(t, out, info.PubKey)
	f.refused(fs.ErrNotExist, "voter.json", "show", "--name", home.DefaultKey)
	f.make("--name", "second")
	f.refused(fs.ErrNotExist, "voter.json", "show")
}

func TestAHomeThatIsNotThere(t *testing.T) {
	f := newKeysFixture(t)
	for _, args := range [][]string{
		{"keys", "list"},
		{"keys", "show"},
		{"keys", "pop"},
		{"keys", "export", "--output-file", filepath.Join(t.TempDir(), "file")},
		{"start"},
	} {
		_, err := onHome(f.dir, args...)
		require.ErrorIs(t, err, home.ErrConfig, args)
		require.ErrorContains(t, err, "no voter in "+f.dir+": expected voter.toml, found none", args)
	}
	require.NoDirExists(t, f.dir)
	_, err := onHome(f.dir, "start", "--chain-id", "test-1") // flags may say all of it
	require.ErrorContains(t, err, "expected at least one in "+f.keys())
}

func TestAStartWithAPromiseNamesItsKeys(t *testing.T) {
	f := newKeysFixture(t)
	first, _ := f.make()
	promise := "--" + home.NeverVotedFlag
	says, err := started(t, f.dir, promise)
	require.NoError(t, err)
	require.NotContains(t, says, "A record of votes begins", "the key has one")

	require.NoError(t, os.Remove(filepath.Join(f.dir, guard.FileName)))
	says, err = started(t, f.dir, promise)
	require.NoError(t, err)
	require.Contains(t, says, "A record of votes begins for key "+first.PubKey)

	second, _ := f.make("--name", "second")
	require.NoError(t, os.Remove(filepath.Join(f.dir, guard.FileName)))
	for _, args := range [][]string{{promise}, {promise + "=second"}, {promise + "=true"}} {
		_, err = started(t, f.dir, args...)
		require.ErrorIs(t, err, home.ErrConfig, args)
		require.NoFileExists(t, filepath.Join(f.dir, guard.FileName))
	}
	says, err = started(t, f.dir, promise+"="+second.PubKey)
	require.ErrorIs(t, err, guard.ErrMissing)
	require.ErrorContains(t, err, "no record of key "+first.PubKey)
	require.Contains(t, says, "A record of votes begins for key "+second.PubKey)
	require.NotContains(t, says, first.PubKey)
	_, err = started(t, f.dir, promise+"="+first.PubKey+","+second.PubKey)
	require.NoError(t, err)
	_, err = started(t, f.dir)
	require.NoError(t, err)
}

func TestASignerTakesThePromise(t *testing.T) {
	f := newKeysFixture(t)
	made, _ := f.make()
	_, _, err := runSigner(t, f.dir, "certs")
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(f.dir, guard.FileName)))
	start := []string{"start", "--listen", "127.0.0.1:0"}
	_, _, err = runSigner(t, f.dir, start...)
	require.ErrorIs(t, err, guard.ErrMissing)
	_, says, err := runSigner(t, f.dir, append(start, "--"+home.NeverVotedFlag)...)
	require.NoError(t, err)
	require.Contains(t, says, made.PubKey+", which has never voted")
}

func TestKeysBesideASignerAreIgnoredAloud(t *testing.T) {
	f := newKeysFixture(t)
	f.make()
	_, _, err := runSigner(t, f.dir, "certs")
	require.NoError(t, err)
	file := filepath.Join(f.dir, home.ConfigFile)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	says, err := started(t, f.dir)
	require.NoError(t, err)
	require.NotContains(t, says, event.KeysIgnored.String())
	require.NotContains(t, says, event.KeysUnlisted.String())

	require.Contains(t, string(content), "address = ''")
	require.NoError(t, os.WriteFile(file, bytes.Replace(content, []byte("address = ''"), []byte("address = '127.0.0.1:1'"), 1), 0o600))
	says, err = started(t, f.dir)
	require.NoError(t, err)
	require.Contains(t, says, event.KeysIgnored.String())
	keystores, err := filepath.Glob(filepath.Join(f.dir, "keys", "*.json"))
	require.NoError(t, err)
	require.Len(t, keystores, 1)
	require.NoError(t, os.Chmod(keystores[0], 0o644))
	says, err = started(t, f.dir)
	require.NoError(t, err, "whether the keys could be used doesn't matter")
	require.Contains(t, says, event.KeysUnlisted.String())
	require.Contains(t, says, filepath.Base(keystores[0]))
	_, err = started(t, f.dir, "--"+home.NeverVotedFlag)
	require.ErrorIs(t, err, home.ErrConfig)
	require.ErrorContains(t, err, "'signer start'")
}

func TestAnExportOfAMovedKeyIsAWarning(t *testing.T) {
	f := newKeysFixture(t)
	f.make()
	password := f.file("another password\n", 0o600)
	export := func() string {
		_, says := f.run("export", "--kdf", "pbkdf2", "--keystore-password-file", password, "--output-file", filepath.Join(t.TempDir(), "file"))
		return says
	}
	require.Empty(t, export())
	_, err := onHome(f.dir, "move", "--to", filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	require.Contains(t, export(), "was moved to another machine")
}

func TestAMnemonicsFileIsCalledSo(t *testing.T) {
	f := newKeysFixture(t)
	f.refused(fs.ErrNotExist, "read the mnemonic: open /nope", "recover", "--mnemonic-file", "/nope")
	f.refused(fs.ErrNotExist, "passphrase of the mnemonic: ", "recover", "--mnemonic-file", f.file(knownMnemonic, 0o600), "--passphrase-file", "/nope")
}
