package integration

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/trusted"
)

// errHalted ends a block at the point at which a node would end its process.
var errHalted = errors.New("halted")

func TestANodeStopsBeforeItCommitsWhatConflictsWithATrustedCheckpoint(t *testing.T) {
	build := func(options ...fixture.Option) *fixture.Fixture {
		return fixture.New(t, append(options, fixture.Voters(10, 10, 10), fixture.Interval(2))...).Honest(0, 1, 2)
	}
	plain := build().Blocks(10)
	record, err := plain.App.CheckpointKeeper.Record(plain.Ctx(), 3)
	require.NoError(t, err)
	name := func(root ffg.Root) fixture.Option {
		return fixture.AppOption(trusted.Option, []string{"3:" + root.String()})
	}

	same := build(name(record.Root())).Blocks(10)
	require.Equal(t, plain.AppHashes(), same.AppHashes(), "what a node trusts changes no block")

	other := build(name(ffg.Root{1}))
	var reason error
	other.App.Halt = func(err error) { reason = err; panic(errHalted) }
	other.Blocks(int(record.Height) - 1)
	require.NoError(t, reason)
	require.PanicsWithValue(t, errHalted, func() { other.Blocks(1) })
	var conflict *trusted.Conflict
	require.ErrorAs(t, reason, &conflict)
	require.Equal(t, ffg.Root{1}, conflict.Trusted.Root)
	require.Equal(t, record.Checkpoint, conflict.Own)
	require.Less(t, other.App.LastBlockHeight(), int64(record.Height), "the block is not committed")
}
