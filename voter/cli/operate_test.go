package cli

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/move"
	"github.com/dualchain/dualchain/voter/overview"
)

// onHome runs one of the voter's commands on a home.
func onHome(dir string, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := newVoter()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetOut(&out)
	cmd.SetErr(new(bytes.Buffer))
	cmd.SetArgs(append(args, "--home", dir))
	err := cmd.Execute()
	return out.String(), err
}

func TestAVoterIsMovedByTwoCommands(t *testing.T) {
	f := newKeysFixture(t)
	made, _ := f.make("--chain-id", "test-1", "--operator", f.operator)
	file, there := filepath.Join(t.TempDir(), "file"), filepath.Join(t.TempDir(), "voter")

	_, err := onHome(f.dir, "move")
	require.ErrorContains(t, err, "at least one of the flags")
	_, err = onHome(f.dir, "move", "--to", file, "--from", file)
	require.ErrorContains(t, err, "none of the others can be")

	out, err := onHome(f.dir, "move", "--to", file)
	require.NoError(t, err)
	var moved []keys.Info
	require.NoError(t, json.Unmarshal([]byte(out), &moved))
	require.Equal(t, made.PubKey, moved[0].PubKey)
	_, err = onHome(f.dir, "start")
	require.ErrorIs(t, err, guard.ErrRetired)
	_, err = onHome(f.dir, "move", "--to", file+"2")
	require.ErrorIs(t, err, move.ErrMoved)

	_, err = onHome(there, "move", "--from", file, "--password-file", f.file("wrong password\n", 0o600))
	require.ErrorIs(t, err, keys.ErrPassword)
	_, err = onHome(there, "move", "--from", file)
	require.NoError(t, err)
	infos, err := keys.List(home.Dir(there).Keys())
	require.NoError(t, err)
	require.Equal(t, made.PubKey, infos[0].PubKey)
	config, err := home.Dir(there).LoadConfig()
	require.NoError(t, err)
	require.Equal(t, "test-1", config.ChainID)
	require.Equal(t, f.operator, config.Operator)

	out, err = onHome(f.dir, "status", "--output", "json")
	require.NoError(t, err)
	var found overview.Overview
	require.NoError(t, json.Unmarshal([]byte(out), &found))
	require.Equal(t, made.PubKey, found.Voters[0].PublicKey)
	require.True(t, found.Voters[0].Protection.Retired)
	require.Len(t, found.Gaps, 1, "no node runs")
	out, err = onHome(f.dir, "status")
	require.NoError(t, err)
	require.Contains(t, out, made.PubKey)
	_, err = onHome(f.dir, "status", "--output", "yaml")
	require.ErrorContains(t, err, `expected text or json, found "yaml"`)
}
