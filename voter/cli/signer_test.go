package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/signerd"
)

// runSigner runs one of the signer's commands, as if Ctrl-C came as soon as the signer has started.
func runSigner(t *testing.T, dir string, args ...string) (out, log string, err error) {
	t.Helper()
	var stdout bytes.Buffer
	ended, cancel := context.WithCancel(t.Context())
	defer cancel()
	stderr := untilStarted{end: cancel}
	cmd := NewSignerCommand(options())
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	cmd.SetArgs(append(args, "--home", dir))
	err = cmd.ExecuteContext(ended)
	return stdout.String(), stderr.String(), err
}

func TestANewSignerInThreeCommands(t *testing.T) {
	f := newKeysFixture(t)
	f.run("new", "--chain-id", "test-1")
	out, _, err := runSigner(t, f.dir, "certs", "--hosts", "signer.example", "--clients", "a,b")
	require.NoError(t, err)
	var issued []signerd.Issued
	require.NoError(t, json.Unmarshal([]byte(out), &issued))
	require.Len(t, issued, 4)
	require.Equal(t, filepath.Join(f.dir, "tls", "b.crt"), issued[3].Certificate)

	_, _, err = runSigner(t, f.dir, "init", "--listen", "127.0.0.1:0", "--clients", "a")
	require.NoError(t, err)
	config, err := home.Dir(f.dir).LoadSignerConfig()
	require.NoError(t, err)
	require.Equal(t, "test-1", config.ChainID)
	require.Equal(t, "127.0.0.1:0", config.Listen)
	require.Equal(t, []string{"a"}, config.Clients)
	_, _, err = runSigner(t, f.dir, "init")
	require.ErrorIs(t, err, fs.ErrExist)

	_, log, err := runSigner(t, f.dir, "start")
	require.NoError(t, err)
	require.Contains(t, log, event.SignerStarted.String())
	require.Contains(t, log, event.SignerStopped.String())
}

func TestSignersThatDoNotStart(t *testing.T) {
	f := newKeysFixture(t)
	_, _, err := runSigner(t, f.dir, "start")
	require.ErrorIs(t, err, home.ErrConfig)
	require.ErrorContains(t, err, "no signer in "+f.dir+": expected signer.toml, or voter.toml of a voter, found neither")
	_, _, err = runSigner(t, f.dir, "init")
	require.ErrorIs(t, err, home.ErrConfig)

	f.run("new", "--chain-id", "test-1")
	_, _, err = runSigner(t, f.dir, "start", "--listen", "127.0.0.1:0")
	require.ErrorIs(t, err, signerd.ErrCertificate)
	require.ErrorContains(t, err, filepath.Join("tls", "ca.crt"))
	for _, flag := range []string{"--days", "--ca-days"} {
		_, _, err = runSigner(t, f.dir, "certs", "--dir", filepath.Join(f.dir, "other"), flag, "0")
		require.ErrorIs(t, err, signerd.ErrCertificate)
		require.ErrorContains(t, err, flag+": expected 1 or more, found 0")
	}
	_, _, err = runSigner(t, f.dir, "certs", "--dir", filepath.Join(f.dir, "other"), "--days", "2", "--ca-days", "1")
	require.ErrorIs(t, err, signerd.ErrCertificate)
	_, err = os.Stat(filepath.Join(f.dir, "other"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}
