package app_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client/flags"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/testutil/fixture"
)

// upgradeHeight leaves enough blocks to vote on the upgrade.
const upgradeHeight = 20

// scheduled returns a chain whose next block is the upgrade's.
func scheduled(t *testing.T) *fixture.Fixture {
	t.Helper()
	f := fixture.New(t, fixture.Voters(1, 1, 1), fixture.AppOption(flags.FlagHome, t.TempDir())).Honest(0, 1, 2)
	f.Govern(&upgradetypes.MsgSoftwareUpgrade{
		Authority: app.Authority(), Plan: upgradetypes.Plan{Name: "next", Height: upgradeHeight},
	})
	for f.Height() < upgradeHeight-1 {
		f.Blocks(1)
	}
	return f
}

func TestAScheduledUpgradeRunsMigrationsAndItsOwnStep(t *testing.T) {
	f := scheduled(t)
	require.NoError(t, f.App.Learn("next", func(ctx context.Context, k app.Keepers) error {
		params, err := k.MintKeeper.Params.Get(ctx)
		if err != nil {
			return err
		}
		params.BlocksPerYear = 7
		return k.MintKeeper.Params.Set(ctx, params)
	}))
	f.Blocks(1)
	params, err := f.App.MintKeeper.Params.Get(f.Ctx())
	require.NoError(t, err)
	require.Equal(t, uint64(7), params.BlocksPerYear)
	height, err := f.App.UpgradeKeeper.GetDoneHeight(f.Ctx(), "next")
	require.NoError(t, err)
	require.Equal(t, f.Height(), height)

	finalized := f.Heads().Finalized
	require.Greater(t, f.Blocks(3).Heads().Finalized, finalized, "finality goes on")
}

// halted executes the next block and returns why it ends the node.
func halted(t *testing.T, f *fixture.Fixture) (reason error) {
	t.Helper()
	f.App.Halt = func(err error) { reason = err }
	_, err := f.App.FinalizeBlock(&abci.RequestFinalizeBlock{Height: f.Height() + 1, Time: f.Now()})
	require.Equal(t, reason, err)
	require.Error(t, err)
	return reason
}

func TestAStepThatFailsStopsTheNodeAtTheUpgrade(t *testing.T) {
	f := scheduled(t)
	broken := errors.New("broken")
	require.NoError(t, f.App.Learn("next", func(context.Context, app.Keepers) error { return broken }))
	err := halted(t, f)
	require.ErrorIs(t, err, broken)
	require.NotErrorIs(t, err, app.ErrUpgrade)
}

func TestABinaryThatDoesNotKnowTheUpgradeStopsBeforeIt(t *testing.T) {
	f := scheduled(t)
	err := halted(t, f)
	require.ErrorIs(t, err, app.ErrUpgrade)
	require.ErrorContains(t, err, `"next" at height 20: install the release that knows it`)
}

func TestANoteOfAPendingUpgradeThatCannotBeReadStopsTheNode(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, "data"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, "data", upgradetypes.UpgradeInfoFilename), []byte("{"), 0o600))
	_, err := app.New(log.NewNopLogger(), dbm.NewMemDB(), true, options{flags.FlagHome: home})
	require.ErrorContains(t, err, "read the pending upgrade")
}
