package cmd

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/light"
)

// runLightCommand runs a light client command that must fail before it asks the node, at an address where nobody is.
func runLightCommand(t *testing.T, args ...string) error {
	t.Helper()
	cmd := lightCommand()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetOut(new(bytes.Buffer))
	cmd.SetErr(new(bytes.Buffer))
	cmd.SetArgs(append(args, "--node", "http://127.0.0.1:1"))
	return cmd.ExecuteContext(t.Context())
}

func TestOneLightClientUsesAFolder(t *testing.T) {
	home := t.TempDir()
	lock, err := light.Lock(home)
	require.NoError(t, err)
	for _, args := range [][]string{{"--home", home}, {"state-sync", "--home", home}} {
		err := runLightCommand(t, args...)
		require.ErrorIs(t, err, light.ErrInUse)
		require.ErrorContains(t, err, home)
	}
	require.NoError(t, lock.Close())
	require.ErrorIs(t, runLightCommand(t, "--home", home), light.ErrNoTrust)
}

func TestALightClientWithoutTrustMakesNoFolder(t *testing.T) {
	home := filepath.Join(t.TempDir(), "light")
	require.ErrorIs(t, runLightCommand(t, "--home", home), light.ErrNoTrust)
	require.NoDirExists(t, home)
}
