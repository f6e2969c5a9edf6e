package cmd

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRootLeavesNoFileOfItsOwnInAServicesHome(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	const service = 4711
	parent := t.TempDir()
	require.NoError(t, os.Chown(parent, service, service))
	home := filepath.Join(parent, "home")
	for _, args := range [][]string{
		{"init", "one", "--chain-id", "test-1"},
		{"keys", "add", "alice", "--keyring-backend", "test"},
		{"comet", "show-node-id"},
	} {
		_, stderr, err := newSession(t).run("", append(args, "--home", home)...)
		require.NoError(t, err, stderr)
	}
	require.NoError(t, filepath.WalkDir(home, func(path string, _ fs.DirEntry, err error) error {
		require.NoError(t, err)
		stat, err := os.Lstat(path)
		require.NoError(t, err)
		require.EqualValues(t, service, stat.Sys().(*syscall.Stat_t).Uid, path)
		return nil
	}))
	_, _, err := newSession(t).run("", "start", "--home", home)
	require.ErrorIs(t, err, errOwner)
}
