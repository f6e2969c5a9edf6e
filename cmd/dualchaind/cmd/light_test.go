package cmd

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
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

func TestALightClientWhoseNodesDifferIsToldTheChain(t *testing.T) {
	says := func(id string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"chain_id":%q}`, id)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	home, first, second := filepath.Join(t.TempDir(), "light"), says("evil-9"), says("test-1")
	args := []string{"--home", home, "--trust", "1:" + strings.Repeat("00", 32), "--node", first, "--node", second}
	err := runLightCommand(t, args...)
	require.ErrorIs(t, err, light.ErrChainID)
	require.ErrorContains(t, err, "give --chain-id: ")
	require.ErrorContains(t, err, fmt.Sprintf(`"evil-9" from %s, "test-1" from %s`, first, second))
	_, err = light.OpenStore(home)
	require.ErrorIs(t, err, light.ErrNoTrust)
	// Told, it doesn't ask for the id: it goes on to the trusted checkpoint, which these nodes don't have.
	err = runLightCommand(t, append(args, "--chain-id", "test-1")...)
	require.NotErrorIs(t, err, light.ErrChainID)
	require.ErrorContains(t, err, "trust epoch 1")
}
