package cli

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
)

func TestACopiedHomeNeitherVotesNorMovesBeforeItIsAdopted(t *testing.T) {
	f := newKeysFixture(t)
	f.make("--chain-id", "test-1")
	g, err := home.Dir(f.dir).OpenGuardToVote(guard.Complete) // as its start does
	require.NoError(t, err)
	require.NoError(t, g.Close())
	copied := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, exec.Command("cp", "-a", f.dir, copied).Run())

	for _, args := range [][]string{{"start"}, {"move", "--to", filepath.Join(t.TempDir(), "file")}, {"guard", "export"}, {"status"}} {
		_, err := onHome(copied, args...)
		require.ErrorIs(t, err, guard.ErrCopied, args)
		require.ErrorContains(t, err, "voter guard adopt --"+guard.NoOtherMachineFlag, args)
	}
	_, err = onHome(f.dir, "guard", "export")
	require.NoError(t, err, "the original")

	_, err = onHome(copied, "guard", "adopt")
	require.ErrorContains(t, err, "expected --"+guard.NoOtherMachineFlag)
	_, err = onHome(copied, "guard", "export")
	require.ErrorIs(t, err, guard.ErrCopied, "without the promise")
	_, err = onHome(copied, "guard", "adopt", "--"+guard.NoOtherMachineFlag)
	require.NoError(t, err)
	_, err = onHome(copied, "guard", "export")
	require.NoError(t, err)
}

func TestAHomeThatHasNotVotedMayBeCopied(t *testing.T) {
	f := newKeysFixture(t)
	f.make("--chain-id", "test-1")
	copied := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, exec.Command("cp", "-a", f.dir, copied).Run())
	_, err := onHome(copied, "guard", "export")
	require.NoError(t, err)
}
