package cli

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

// The mnemonic of EIP-2333's first test case. Its keys are pinned in voter/keys.
var (
	knownMnemonic = strings.Repeat("abandon ", 11) + "about\n"
	knownKeys     = []string{
		"ab2780c857269f3577003c355aa50f6e56bef44c7226b177f64cfde5b4749ebe793395c38c16e3bbcbace3c575a6d598",
		"aa73a15e473684b5824b7d8b0c48104e17fe94731f6b69357cc1166858e801b386461d379e3328ecba67c4ca61a78599",
	}
	knownKeyOfTrezor = "980303fbf30a4c17c3aee0a443e6b5778b2e28fce766eabd003abf45212e73d6956f36f0832fe568644c5ced1ca289a9"
)

func TestAKeyIsRecoveredFromItsMnemonic(t *testing.T) {
	f := newKeysFixture(t)
	f.input = knownMnemonic
	first, _ := f.run("recover", "--kdf", "pbkdf2")
	require.Equal(t, knownKeys[0], first.PubKey)

	f.input = "" // a file comes before standard input
	words := f.file(knownMnemonic, 0o600)
	second, _ := f.run("recover", "--kdf", "pbkdf2", "--name", "second", "--index", "1", "--mnemonic-file", words)
	require.Equal(t, keys.Info{Name: "second", PubKey: knownKeys[1], Path: "m/1685414252/118/1/0"}, second)
	third, _ := f.run("recover", "--kdf", "pbkdf2", "--name", "third", "--mnemonic-file", words, "--passphrase-file", f.file("TREZOR\n", 0o600))
	require.Equal(t, knownKeyOfTrezor, third.PubKey)
}

func TestAMnemonicThatIsNoneGivesNoKey(t *testing.T) {
	f := newKeysFixture(t)
	for words, part := range map[string]string{
		"":                             "found 0",
		"abandon about":                "found 2",
		strings.Repeat("abandon ", 12): "checksum",
		strings.Repeat("hunter2 ", 12): "at position 1",
	} {
		f.input = words
		f.refused(keys.ErrMnemonic, part, "recover")
		_, _, err := f.try("recover")
		require.NotContains(t, err.Error(), "hunter2")
	}
	f.refused(keys.ErrMode, "expected mode 0600, found 0640", "recover", "--mnemonic-file", f.file(knownMnemonic, 0o640))
	f.refused(nil, "unknown command", "recover", "abandon")
}

// A key that was elsewhere may have voted there: without the record of its votes it must not be able to vote here.
func TestAKeyThatMayHaveVotedIsNotProtectedUnlessItsOwnerSaysSo(t *testing.T) {
	f := newKeysFixture(t)
	f.input = knownMnemonic
	info, says := f.run("recover", "--kdf", "pbkdf2")
	require.Contains(t, says, "may have voted elsewhere")
	require.False(t, f.protected(info))

	imported, says := f.run("import", eipKeystore("pbkdf2"), "--kdf", "pbkdf2", "--name", "b", "--keystore-password-file", f.file(eipPassword, 0o600))
	require.Contains(t, says, imported.PubKey+" may have voted elsewhere")
	require.False(t, f.protected(imported))

	info, says = f.run("recover", "--kdf", "pbkdf2", "--name", "c", "--index", "1", "--"+home.NeverVotedFlag)
	require.Empty(t, says)
	require.True(t, f.protected(info))
	require.False(t, f.protected(imported))
}

// The password of EIP-2335's test cases.
const eipPassword = "𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑\n"

func eipKeystore(kdf string) string {
	return filepath.Join("..", "keys", "testdata", "eip2335-"+kdf+".json")
}

func TestAKeystoreOfAnotherToolIsImported(t *testing.T) {
	f := newKeysFixture(t)
	f.refused(keys.ErrPassword, "open ", "import", eipKeystore("scrypt"), "--keystore-password-file", f.file("wrong\n", 0o600))
	f.refused(keys.ErrFormat, "read ", "import", f.file("{}", 0o600), "--keystore-password-file", f.file("wrong\n", 0o600))
	f.refused(fs.ErrNotExist, "read the keystore", "import", filepath.Join(t.TempDir(), "none"))

	info, _ := f.run("import", eipKeystore("scrypt"), "--kdf", "pbkdf2", "--keystore-password-file", f.file(eipPassword, 0o600))
	require.Equal(t, keys.Info{
		Name:        "voter",
		PubKey:      "9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07",
		Path:        "m/12381/60/3141592653/589793238",
		Description: "This is a test keystore that uses scrypt to secure the secret.",
	}, info)
	secret, err := keys.Load(context.Background(), f.keys(), "voter", []byte(homePassword))
	require.NoError(t, err)
	require.Equal(t, info.PubKey, secret.PublicKey().String())
}

func TestAKeyIsExportedUnderAnotherPassword(t *testing.T) {
	f := newKeysFixture(t)
	made, _ := f.make()
	file := filepath.Join(t.TempDir(), "exported.json")
	export := []string{"export", "--kdf", "pbkdf2", "--output-file", file, "--keystore-password-file"}
	f.refused(keys.ErrNoPassword, "expected at least 8 characters", append(export, f.file("short", 0o600))...)
	require.NoFileExists(t, file)

	info, _ := f.run(append(export, f.file("another password\n", 0o600))...)
	require.Equal(t, made, info)
	stat, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), stat.Mode().Perm())
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	secret, err := keys.Decode(context.Background(), content, []byte("another password"))
	require.NoError(t, err)
	require.Equal(t, made.PubKey, secret.PublicKey().String())
	_, err = keys.Decode(context.Background(), content, []byte(homePassword))
	require.ErrorIs(t, err, keys.ErrPassword)

	f.refused(fs.ErrExist, file, append(export, f.file("another password\n", 0o600))...)
	f.refused(nil, "output-file", "export")
}
