package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// onGuardOf runs one of the commands on the guard of a home and returns what it prints and says.
func onGuardOf(dir string, args ...string) (out, says string, err error) {
	var stdout, stderr bytes.Buffer
	cmd := newVoter()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	cmd.SetArgs(append([]string{"guard", "--home", dir}, args...))
	err = cmd.Execute()
	return stdout.String(), stderr.String(), err
}

// voted makes a home whose guard has approved two votes on chain a-1.
func voted(t *testing.T) (dir string, key ffg.PublicKey) {
	t.Helper()
	dir, key = t.TempDir(), ffg.PublicKey{1}
	path := filepath.Join(dir, guard.FileName)
	require.NoError(t, guard.Create(path))
	g, err := guard.Open(path)
	require.NoError(t, err)
	require.NoError(t, g.Admit(key))
	for epoch := range uint64(2) {
		vote := ffg.Vote{Source: ffg.Ref{Epoch: epoch}, Target: ffg.Ref{Epoch: epoch + 1}}
		require.NoError(t, g.Approve(ffg.Domain("a-1"), key, vote))
	}
	require.NoError(t, g.Close())
	return dir, key
}

func TestAGuardIsExportedAndImported(t *testing.T) {
	dir, key := voted(t)
	for _, minimal := range []bool{false, true} {
		args, votes := []string{"export", "--chain-id", "a-1"}, 2
		if minimal {
			args, votes = append(args, "--minimal"), 1
		}
		exported, _, err := onGuardOf(dir, args...)
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "votes.json")
		require.NoError(t, os.WriteFile(file, []byte(exported), 0o600))

		there := t.TempDir()
		_, _, err = onGuardOf(there, "import", file, "--chain-id", "a-1")
		require.ErrorIs(t, err, guard.ErrMissing)
		out, says, err := onGuardOf(there, "import", file, "--chain-id", "a-1", "--new")
		require.NoError(t, err)
		require.Empty(t, says)
		var report []guardImport
		require.NoError(t, json.Unmarshal([]byte(out), &report))
		require.Len(t, report, 1)
		require.Equal(t, key.String(), report[0].PubKey)
		require.True(t, report[0].Admitted)
		require.Equal(t, votes, report[0].Votes)

		again, _, err := onGuardOf(there, args...)
		require.NoError(t, err)
		require.Equal(t, exported, again)

		_, _, err = onGuardOf(there, "import", file, "--chain-id", "b-1")
		require.ErrorIs(t, err, guard.ErrDomain)
	}
}

func TestAnImportThatClashesIsAWarning(t *testing.T) {
	dir, _ := voted(t)
	exported, _, err := onGuardOf(dir, "export", "--chain-id", "a-1")
	require.NoError(t, err)
	other := bytes.ReplaceAll([]byte(exported), []byte(`"source_epoch": "1"`), []byte(`"source_epoch": "0"`))
	file := filepath.Join(t.TempDir(), "votes.json")
	require.NoError(t, os.WriteFile(file, other, 0o600))
	out, says, err := onGuardOf(dir, "import", file, "--chain-id", "a-1")
	require.NoError(t, err)
	require.Contains(t, says, "WARNING: 1 of 1 keys have slashable votes")
	var report []guardImport
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, []guardClash{{First: guardRecord{Source: 1, Target: 2}, Second: guardRecord{Source: 0, Target: 2}}}, report[0].Clashes)
	require.Equal(t, guardRecord{Source: 1, Target: 2}, report[0].Floor)
}

func TestAnImportThatFailsBeginsNoRecord(t *testing.T) {
	dir, _ := voted(t)
	exported, _, err := onGuardOf(dir, "export", "--chain-id", "a-1")
	require.NoError(t, err)
	there, file := t.TempDir(), filepath.Join(t.TempDir(), "votes.json")
	require.NoError(t, os.WriteFile(file, []byte("{}"), 0o600))
	_, _, err = onGuardOf(there, "import", file, "--chain-id", "a-1", "--new")
	require.ErrorIs(t, err, guard.ErrInterchange)
	require.NoError(t, os.WriteFile(file, []byte(exported), 0o600))
	_, _, err = onGuardOf(there, "import", file, "--chain-id", "b-1", "--new")
	require.ErrorIs(t, err, guard.ErrDomain)
	_, _, err = onGuardOf(there, "import", file+"none", "--chain-id", "a-1", "--new")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoFileExists(t, filepath.Join(there, guard.FileName))
}

func TestARetiredKeyIsRestoredOnlyWithItsKeystoreByWhoeverIsSure(t *testing.T) {
	f := newKeysFixture(t)
	made, mnemonic := f.make()
	exported, _, err := onGuardOf(f.dir, "export")
	require.NoError(t, err)
	file, path := f.file(exported, 0o600), filepath.Join(f.dir, guard.FileName)
	var key ffg.PublicKey
	require.NoError(t, key.UnmarshalText([]byte(made.PubKey)))
	g, err := guard.Open(path)
	require.NoError(t, err)
	require.NoError(t, g.Retire(key))
	require.NoError(t, g.Close())
	expect := func(advice string, flags ...string) {
		t.Helper()
		_, says, err := onGuardOf(f.dir, append([]string{"import", file}, flags...)...)
		require.NoError(t, err)
		if advice == "" {
			require.Empty(t, says)
		} else {
			require.Contains(t, says, "stays retired")
			require.Contains(t, says, advice)
		}
		g, err := guard.Open(path)
		require.NoError(t, err)
		require.Equal(t, advice != "", g.Retired(key))
		require.NoError(t, g.Close())
	}
	expect("repeat with --" + guard.NoOtherMachineFlag)
	require.NoError(t, keys.Delete(f.keys(), made.Name))
	expect("No keystore of it that can be read is in "+f.keys(), "--"+guard.NoOtherMachineFlag)
	f.input = mnemonic
	f.run("recover", "--kdf", "pbkdf2", "--name", "back")
	expect("repeat with --" + guard.NoOtherMachineFlag)
	expect("", "--"+guard.NoOtherMachineFlag)
}

func TestAnExportOfAChainThatIsNotRecordedIsRefused(t *testing.T) {
	dir, _ := voted(t)
	out, _, err := onGuardOf(dir, "export", "--chain-id", "a-2")
	require.ErrorIs(t, err, guard.ErrMissing)
	require.ErrorContains(t, err, ffg.Domain("a-1").String())
	require.Empty(t, out)
}

func TestAGuardIsShownAndPruned(t *testing.T) {
	dir, key := voted(t)
	show := func() (all []guardSummary) {
		t.Helper()
		out, _, err := onGuardOf(dir, "show")
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal([]byte(out), &all))
		return all
	}
	want := guardSummary{
		PubKey: key.String(), Domain: ffg.Domain("a-1").String(), Votes: 2,
		Latest: &guardRecord{Source: 1, Target: 2}, Floor: &guardRecord{},
	}
	require.Equal(t, []guardSummary{want}, show())
	_, _, err := onGuardOf(dir, "prune", "--keep", "0")
	require.ErrorContains(t, err, "expected 1 or more, found 0")
	_, _, err = onGuardOf(dir, "prune")
	require.NoError(t, err)
	want.Votes, want.Floor = 1, want.Latest
	require.Equal(t, []guardSummary{want}, show())
}

func TestAGuardWithoutAChainOrAVoterRunning(t *testing.T) {
	dir, _ := voted(t)
	_, _, err := onGuardOf(dir, "export")
	require.ErrorContains(t, err, "chain_id: expected")
	g, err := guard.Open(filepath.Join(dir, guard.FileName))
	require.NoError(t, err)
	for _, args := range [][]string{{"export", "--chain-id", "a-1"}, {"import", "votes.json"}, {"prune"}, {"show"}} {
		_, _, err := onGuardOf(dir, args...)
		require.ErrorIs(t, err, guard.ErrInUse, args)
	}
	require.NoError(t, g.Close())
}
