package archive

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/fakes"
	"github.com/dualchain/dualchain/x/finality/types"
)

type world struct {
	*fakes.World
	*Keeper
}

func newWorld(t testing.TB) world {
	w := world{World: fakes.New()}
	w.Keeper = New(w.Schema)
	_, err := w.Schema.Build()
	require.NoError(t, err)
	return w
}

// archived returns a chain of n installations, each of which changes one power, with its archive. first has the first
// checkpoint of each pair.
func archived(t testing.TB, n uint64) (w world, chain *certtest.Chain, first []uint64) {
	w = newWorld(t)
	voters := certtest.NewVoters(3)
	chain = certtest.New(fakes.ChainID, voters, voters.Side(10, 10, 10))
	require.NoError(t, w.KeepAnchor(w.Ctx, chain.Trust(0)))
	first = []uint64{0}
	for i := range n {
		chain.Install(voters.Side(11+i, 10, 10))
		latest := chain.Extend(2)
		require.NoError(t, w.KeepHandOver(w.Ctx, chain.Certificate(latest-1, latest), chain.Trust(latest-1)))
		first = append(first, latest-1)
	}
	return w, chain, first
}

func TestTheTrustInEveryPairIsRebuiltFromChanges(t *testing.T) {
	w, chain, first := archived(t, fullSetEvery+4)
	for pair := uint64(1); pair < uint64(len(first)); pair++ {
		trust, err := w.Trust(w.Ctx, pair)
		require.NoError(t, err)
		require.Equal(t, chain.Trust(first[pair]), trust, "pair %d", pair)
		h, err := w.HandOver(w.Ctx, pair)
		require.NoError(t, err)
		require.Equal(t, pair == fullSetEvery, h.Next.Full, "pair %d", pair)
	}
	_, err := newWorld(t).Trust(w.Ctx, 1)
	require.ErrorContains(t, err, "read the archived anchor")
}

func TestFewHandOversAreReadToRebuildATrust(t *testing.T) {
	w, _, first := archived(t, fullSetEvery+4)
	read := func(pair uint64) int {
		w.Store.Read = 0
		_, err := w.Trust(w.Ctx, pair)
		require.NoError(t, err)
		return w.Store.Read
	}
	require.Less(t, read(uint64(len(first)-1))*10, read(fullSetEvery-1), "the full set bounds what is read")
}

func TestOnlyEpochsWithAHandOverAreArchived(t *testing.T) {
	w, chain, first := archived(t, 3)
	for epoch := range chain.Head() + 1 {
		found, has, err := w.Checkpoint(w.Ctx, epoch)
		require.NoError(t, err)
		pair, _, err := w.Pair(w.Ctx, epoch)
		require.NoError(t, err)
		if first[pair] != epoch {
			require.False(t, has, "epoch %d", epoch)
			continue
		}
		require.True(t, has, "epoch %d", epoch)
		require.Equal(t, chain.Checkpoints[epoch], found)
	}
	for _, tc := range []struct{ epoch, archived, pair uint64 }{{0, first[1], 1}, {first[1], first[1], 1}, {first[1] + 1, first[2], 2}, {first[3], first[3], 3}} {
		epoch, pair, found, err := w.Above(w.Ctx, tc.epoch)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, [2]uint64{tc.archived, tc.pair}, [2]uint64{epoch, pair}, "above %d", tc.epoch)
	}
	_, _, found, err := w.Above(w.Ctx, first[3]+1)
	require.NoError(t, err)
	require.False(t, found)
}

func TestAnArchiveSurvivesExportAndImport(t *testing.T) {
	w, chain, first := archived(t, 3)
	exported, err := w.ExportGenesis(w.Ctx)
	require.NoError(t, err)
	imported := newWorld(t)
	require.NoError(t, imported.InitGenesis(imported.Ctx, exported))
	again, err := imported.ExportGenesis(imported.Ctx)
	require.NoError(t, err)
	require.Equal(t, exported, again)
	require.NoError(t, imported.CheckLeadsTo(imported.Ctx, chain.Checkpoints[first[3]]))
	require.ErrorContains(t, imported.CheckLeadsTo(imported.Ctx, chain.Checkpoints[first[2]]), "expected a hand-over to sets")

	none, err := newWorld(t).ExportGenesis(w.Ctx)
	require.NoError(t, err)
	require.Nil(t, none, "before the anchor")
	err = newWorld(t).InitGenesis(w.Ctx, &types.Archive{Anchor: exported.Anchor, HandOvers: [][]byte{{1}}})
	require.ErrorIs(t, err, types.ErrInvalidGenesis)
	require.NoError(t, newWorld(t).InitGenesis(w.Ctx, nil))
}

func TestTheAnchorLeadsToItsOwnPair(t *testing.T) {
	w, chain, _ := archived(t, 0)
	require.NoError(t, w.CheckLeadsTo(w.Ctx, chain.Checkpoints[0]))
	require.Error(t, w.CheckLeadsTo(w.Ctx, ffg.Checkpoint{}))
}
