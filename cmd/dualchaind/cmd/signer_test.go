package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/signerd"
)

// runSigner runs one of the signer's commands, which has to end by itself as if Ctrl-C came at once.
func runSigner(t *testing.T, home string, args ...string) (out, log string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := NewSignerCmd()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	cmd.SetArgs(append(args, "--home", home))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	err = cmd.ExecuteContext(ended)
	return stdout.String(), stderr.String(), err
}

func TestANewSignerInThreeCommands(t *testing.T) {
	f := newKeysFixture(t)
	f.run("new", "--chain-id", "test-1")
	out, _, err := runSigner(t, f.home, "certs", "--hosts", "signer.example", "--clients", "a,b")
	require.NoError(t, err)
	var issued []signerd.Issued
	require.NoError(t, json.Unmarshal([]byte(out), &issued))
	require.Len(t, issued, 4)
	require.Equal(t, filepath.Join(f.home, "tls", "b.crt"), issued[3].Certificate)

	_, _, err = runSigner(t, f.home, "init", "--listen", "127.0.0.1:0", "--clients", "a")
	require.NoError(t, err)
	config, err := voter.Home(f.home).LoadSignerConfig()
	require.NoError(t, err)
	require.Equal(t, "test-1", config.ChainID)
	require.Equal(t, "127.0.0.1:0", config.Listen)
	require.Equal(t, []string{"a"}, config.Clients)
	_, _, err = runSigner(t, f.home, "init")
	require.ErrorIs(t, err, fs.ErrExist)

	_, log, err := runSigner(t, f.home, "start")
	require.NoError(t, err)
	require.Contains(t, log, "signer started")
	require.Contains(t, log, "signer stopped")
}

func TestSignersThatDoNotStart(t *testing.T) {
	f := newKeysFixture(t)
	_, _, err := runSigner(t, f.home, "start")
	require.ErrorIs(t, err, voter.ErrConfig)
	require.ErrorContains(t, err, "no signer in "+f.home+": expected signer.toml, or voter.toml of a voter, found neither")
	_, _, err = runSigner(t, f.home, "init")
	require.ErrorIs(t, err, voter.ErrConfig)

	f.run("new", "--chain-id", "test-1")
	_, _, err = runSigner(t, f.home, "start", "--listen", "127.0.0.1:0")
	require.ErrorIs(t, err, signerd.ErrCertificate)
	require.ErrorContains(t, err, filepath.Join("tls", "ca.crt"))
	for _, flag := range []string{"--days", "--ca-days"} {
		_, _, err = runSigner(t, f.home, "certs", "--dir", filepath.Join(f.home, "other"), flag, "0")
		require.ErrorIs(t, err, signerd.ErrCertificate)
		require.ErrorContains(t, err, flag+": expected 1 or more, found 0")
	}
	_, _, err = runSigner(t, f.home, "certs", "--dir", filepath.Join(f.home, "other"), "--days", "2", "--ca-days", "1")
	require.ErrorIs(t, err, signerd.ErrCertificate)
	_, err = os.Stat(filepath.Join(f.home, "other"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestTheProgramHasASigner(t *testing.T) {
	root, err := NewRoot()
	require.NoError(t, err)
	cmd, rest, err := root.Find([]string{"signer", "certs"})
	require.NoError(t, err)
	require.Empty(t, rest)
	require.True(t, strings.HasPrefix(cmd.Short, "Make a private authority"))
}
