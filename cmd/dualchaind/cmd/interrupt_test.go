package cmd

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/keys"
)

// typed is a command line on a terminal.
type typed struct {
	t        *testing.T
	terminal *os.File
	seen     strings.Builder
}

// await reads what the terminal shows until it has shown the text.
func (p *typed) await(text string) {
	p.t.Helper()
	buffer := make([]byte, 1024)
	for !strings.Contains(p.seen.String(), text) {
		n, err := p.terminal.Read(buffer)
		p.seen.Write(buffer[:n])
		require.NoError(p.t, err, "before %q: %s", text, p.seen.String())
	}
}

func (p *typed) isEchoing() bool {
	p.t.Helper()
	state, err := unix.IoctlGetTermios(int(p.terminal.Fd()), unix.TCGETS)
	require.NoError(p.t, err)
	return state.Lflag&unix.ECHO != 0
}

// makeVoter makes a voter's home with one key, and returns it with the file of its password.
func makeVoter(t *testing.T) (home, password string) {
	t.Helper()
	folder := t.TempDir()
	home, password = filepath.Join(folder, "voter"), filepath.Join(folder, "password")
	require.NoError(t, os.WriteFile(password, []byte("correct horse"), 0o600))
	cmd := process(t, "voter", "keys", "new", "--home", home, "--chain-id", "test-1", "--operator", wordsOwner, "--kdf", "pbkdf2")
	cmd.Env = append(cmd.Env, keys.PasswordEnv+"=correct horse") // voter.toml would name a file
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return home, password
}

// content returns the files of a folder with their content. The SDK's keyring may leave an empty folder.
func content(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		require.NoError(t, err)
		if entry.Type().IsRegular() {
			found[path] = read(t, path)
		}
		return nil
	})
	require.NoError(t, err)
	return found
}

func TestEveryPromptEndsAtOnceAndLeavesNothing(t *testing.T) {
	voter, password := makeVoter(t)
	moved := filepath.Join(t.TempDir(), "moved")
	other, otherPassword := makeVoter(t)
	out, err := process(t, "voter", "move", "--to", moved, "--home", other).CombinedOutput()
	require.NoError(t, err, string(out))
	keystore := filepath.Join(other, "keys", "voter.json")
	const ask, mnemonic, ring = "Password of the voter's keys: ", "Mnemonic: ", "Enter keyring passphrase"

	for name, c := range map[string]struct {
		home   string // empty for a new one
		prompt string
		args   []string
	}{
		"voter start":          {voter, ask, []string{"voter", "start"}},
		"signer start":         {voter, ask, []string{"signer", "start", "--chain-id", "test-1"}},
		"voter keys new":       {"", ask, []string{"voter", "keys", "new", "--chain-id", "test-1"}},
		"voter keys recover":   {"", mnemonic, []string{"voter", "keys", "recover", "--chain-id", "test-1", "--password-file", password}},
		"recover, never voted": {"", mnemonic, []string{"voter", "keys", "recover", "--chain-id", "test-1", "--password-file", password, "--i-know-this-key-has-never-voted"}},
		"voter keys import":    {"", "Password of " + keystore, []string{"voter", "keys", "import", keystore, "--chain-id", "test-1", "--password-file", otherPassword}},
		"voter keys export":    {voter, "Password of the new keystore: ", []string{"voter", "keys", "export", "--output-file", filepath.Join(voter, "exported"), "--password-file", password}},
		"voter keys pop":       {voter, ask, []string{"voter", "keys", "pop"}},
		"voter move --from":    {"", ask, []string{"voter", "move", "--from", moved}},
		"keys add":             {"", ring, []string{"keys", "add", "alice", "--keyring-backend", "file"}},
		"keys add --recover":   {"", "Enter your bip39 mnemonic", []string{"keys", "add", "alice", "--recover", "--keyring-backend", "test"}},
		"init --recover":       {"", "Enter your bip39 mnemonic", []string{"init", "one", "--recover"}},
	} {
		for signal, interrupt := range map[string]func(*typed, *os.Process){
			"Ctrl-C":  func(p *typed, _ *os.Process) { _, err := p.terminal.WriteString("\x03"); require.NoError(p.t, err) },
			"SIGTERM": func(p *typed, process *os.Process) { require.NoError(p.t, process.Signal(syscall.SIGTERM)) },
		} {
			if signal == "SIGTERM" && !isLong && !strings.HasSuffix(name, "start") {
				continue // both end the same context
			}
			t.Run(name+", "+signal, func(t *testing.T) {
				home := c.home
				if home == "" {
					home = filepath.Join(t.TempDir(), "home")
				}
				before := content(t, home)
				cmd := process(t, append(c.args, "--home", home)...)
				terminal, err := pty.Start(cmd)
				require.NoError(t, err)
				defer terminal.Close()
				p := &typed{t: t, terminal: terminal}
				p.await(c.prompt)
				for !strings.Contains(c.prompt, "mnemonic") && p.isEchoing() { // the prompt comes before the echo ends
					runtime.Gosched()
				}
				interrupt(p, cmd.Process)
				// The process ends, and with it what the terminal shows; a hang is ended by the test's timeout.
				rest, _ := io.ReadAll(terminal) // on Linux the end is an error
				err = cmd.Wait()
				if strings.HasSuffix(c.args[1], "start") {
					require.NoError(t, err, "to be ended is no error of what runs until it is ended: %s", rest)
				} else {
					require.Error(t, err, string(rest))
				}
				require.Equal(t, before, content(t, home))
				require.NotRegexp(t, `goroutine|\.go:\d`, string(rest))
				require.True(t, p.isEchoing(), "the terminal shows what is typed")
			})
		}
	}
}

func TestAVoterEndsWhileItOpensKeys(t *testing.T) {
	home, password := makeVoter(t)
	keystores, err := filepath.Glob(filepath.Join(home, "keys", "*.json"))
	require.NoError(t, err)
	require.Len(t, keystores, 1)
	costly := strings.Replace(read(t, keystores[0]), "262144", "16777216", 1) // the longest that is allowed: some seconds
	require.NoError(t, os.WriteFile(keystores[0], []byte(costly), 0o600))
	before := content(t, home)
	require.Contains(t, before[keystores[0]], "16777216")
	for _, args := range [][]string{{"voter", "start"}, {"signer", "start"}} {
		cmd := process(t, append(args, "--home", home, "--password-file", password, "--chain-id", "test-1")...)
		terminal, err := pty.Start(cmd)
		require.NoError(t, err)
		p := &typed{t: t, terminal: terminal}
		p.await(event.KeyOpening.String())
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		rest, _ := io.ReadAll(terminal) // on Linux the end is an error
		require.NoError(t, cmd.Wait(), string(rest))
		require.Equal(t, before, content(t, home))
		require.NoError(t, terminal.Close())
	}
}
