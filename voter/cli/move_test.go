package cli

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoeverTookAVoterOverIsToldToDeleteTheFile(t *testing.T) {
	f := newKeysFixture(t)
	f.make("--chain-id", "test-1", "--operator", f.operator)
	file := filepath.Join(t.TempDir(), "file")
	_, err := onHome(f.dir, "move", "--to", file)
	require.NoError(t, err)

	var out, says bytes.Buffer
	cmd := newVoter()
	cmd.SetOut(&out)
	cmd.SetErr(&says)
	cmd.SetArgs([]string{"move", "--from", file, "--home", filepath.Join(t.TempDir(), "voter")})
	require.NoError(t, cmd.Execute())
	require.Contains(t, says.String(), "Delete "+file)
	require.Contains(t, says.String(), "never start the old home")
	require.NotContains(t, out.String(), "Delete")
}
