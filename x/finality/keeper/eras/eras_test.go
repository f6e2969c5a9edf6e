package eras

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/fakes"
	"github.com/dualchain/dualchain/x/finality/keeper/sets"
	"github.com/dualchain/dualchain/x/finality/keeper/stake"
	"github.com/dualchain/dualchain/x/finality/keeper/votes"
	"github.com/dualchain/dualchain/x/finality/types"
)

type world struct {
	*fakes.World
	*Keeper
}

func newWorld(t testing.TB) *world {
	w := &world{World: fakes.New()}
	s := stake.New(w.Schema, w.Codec, w.ReadParams, fakes.Accounts{}, w.Bank, w.KeyCache)
	ss := sets.New(w.Schema, w.Codec, w.ReadParams, s, w.KeyCache)
	v := votes.New(w.Schema, w.Transient, w.Codec, w.ReadParams, s, ss, w.Bank, w.Checkpoints, w.KeyCache)
	w.Keeper = New(w.Schema, w.Codec, w.ReadParams, s, ss, v, w.Checkpoints)
	_, err := w.Schema.Build()
	require.NoError(t, err)
	return w
}

func TestAnEraClosesBeforeTheEpochThatWouldExceedItsLength(t *testing.T) {
	for epoch, expected := range map[uint64]types.Era{1: {FirstEpoch: 1}, 3: {FirstEpoch: 1}, 4: {Index: 1, FirstEpoch: 4}} {
		w := newWorld(t)
		w.Params.EraLength = 3
		require.NoError(t, w.Begin(w.Ctx))
		require.NoError(t, w.Close(w.Ctx, epoch))
		open, err := w.Open(w.Ctx)
		require.NoError(t, err)
		require.Equal(t, expected, open, "epoch %d", epoch)
		oldest, err := w.OldestUnsettled(w.Ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(1), oldest.FirstEpoch)
	}
}

// Eras of one epoch are settled slower than they end if there are many voters.
func TestAnEraGoesOnWhileSettlementsAreBehind(t *testing.T) {
	const open, limit = 3, 3 + types.MaxEraLength
	for _, tc := range []struct {
		name        string
		head, epoch uint64
		closed      []types.Era
		closes      bool
	}{
		{"one era is due", 3, open + 1, []types.Era{{FirstEpoch: 1, LastEpoch: 1}, {Index: 1, FirstEpoch: 2, LastEpoch: 2}}, true},
		{"two eras are due", 4, open + 1, []types.Era{{FirstEpoch: 1, LastEpoch: 1}, {Index: 1, FirstEpoch: 2, LastEpoch: 2}}, false},
		{"one era is left", 4, open + 1, []types.Era{{Index: 1, FirstEpoch: 2, LastEpoch: 2}}, true},
		{"the longest era has room", 4, limit - 1, []types.Era{{FirstEpoch: 1, LastEpoch: 1}, {Index: 1, FirstEpoch: 2, LastEpoch: 2}}, false},
		{"the longest era is full", 4, limit, []types.Era{{FirstEpoch: 1, LastEpoch: 1}, {Index: 1, FirstEpoch: 2, LastEpoch: 2}}, true},
	} {
		w := newWorld(t)
		w.Params.EraLength, w.Params.VoteWindow = 1, 2
		w.Checkpoints.Records = make([]checkpointtypes.Record, tc.head+1)
		require.NoError(t, w.votes.Begin(w.Ctx))
		require.NoError(t, w.InitGenesis(w.Ctx, types.RunningState{Era: types.Era{Index: 2, FirstEpoch: open}, Closed: tc.closed}))
		require.NoError(t, w.Close(w.Ctx, tc.epoch))
		era, err := w.Open(w.Ctx)
		require.NoError(t, err)
		require.Equal(t, tc.closes, era == types.Era{Index: 3, FirstEpoch: tc.epoch}, "%s: found %s", tc.name, era)
	}
}

// settling returns a chain with a settlement of n voters under way, who earned nothing.
func settling(t *testing.T, n int) *world {
	w := newWorld(t)
	r := types.RunningState{
		Era:        types.Era{Index: 1, FirstEpoch: 10},
		Closed:     []types.Era{{FirstEpoch: 1, LastEpoch: 9}},
		Settlement: &types.Settlement{Era: types.Era{FirstEpoch: 1, LastEpoch: 9}, Reward: math.ZeroInt(), Total: math.OneInt()},
	}
	for i := range n {
		r.Scores = append(r.Scores, types.Score{Registration: uint64(1_000 + i)})
	}
	require.NoError(t, w.InitGenesis(w.Ctx, r))
	w.Store.Read, w.Store.Written = 0, 0
	return w
}

func TestABlockOfASettlementCostsTheSameForAnyNumberOfVoters(t *testing.T) {
	few, many := settling(t, 2*settleBatch+1), settling(t, 20*settleBatch+1)
	for _, w := range []*world{few, many} {
		require.NoError(t, w.Settle(w.Ctx))
		require.Positive(t, w.Store.Read)
	}
	require.Equal(t, few.Store.Read, many.Store.Read)
	require.Equal(t, few.Store.Written, many.Store.Written)
}

func TestASettlementEndsWithItsLastScores(t *testing.T) {
	for n, blocks := range map[int]int{1: 1, settleBatch: 1, settleBatch + 1: 2, 2 * settleBatch: 2} {
		w := settling(t, n)
		for block := range blocks {
			var r types.RunningState
			require.NoError(t, w.ExportGenesis(w.Ctx, &r))
			require.NotNil(t, r.Settlement, "%d voters, block %d", n, block)
			require.Len(t, r.Scores, n-block*settleBatch)
			require.NoError(t, w.Settle(w.Ctx))
		}
		var r types.RunningState
		require.NoError(t, w.ExportGenesis(w.Ctx, &r))
		require.Nil(t, r.Settlement, "%d voters", n)
		require.Empty(t, r.Scores)
		require.Empty(t, r.Closed)
	}
}

func TestAPoolThatDoesNotCoverTheSettlementIsFound(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		v, amount := fakes.NewVoter(i), sdk.NewInt64Coin(fakes.Denom, 10*types.DefaultPowerReduction)
		w.Bank.Fund(v.Operator, amount.Amount)
		_, err := w.stake.RegisterVoter(w.Ctx, v.Registers(t, v.Operator, amount), 0)
		require.NoError(t, err)
	}
	require.NoError(t, w.CheckInvariants(w.Ctx), "nothing is due before a settlement")
	r := types.RunningState{
		Settlement: &types.Settlement{Era: types.Era{Index: 7}, Reward: math.NewInt(100), Total: math.NewInt(30)},
		Scores: []types.Score{ // 33 and 16: of the 100, others got theirs already
			{Registration: 5, Signed: []types.SignedWeight{{Weight: 10, Epochs: 1}}},
			{Registration: 6, Signed: []types.SignedWeight{{Weight: 1, Epochs: 2}, {Weight: 3, Epochs: 1}}},
		},
	}
	require.NoError(t, w.InitGenesis(w.Ctx, r))
	rewards := authtypes.NewModuleAddress(types.RewardsName)
	w.Bank.Fund(rewards, math.NewInt(48))
	err := w.CheckInvariants(w.Ctx)
	require.ErrorIs(t, err, types.ErrInvalidGenesis)
	require.ErrorContains(t, err, "settlement of era 7: expected module account finality_rewards to hold at least 49stake, found 48")
	w.Bank.Fund(rewards, math.OneInt())
	require.NoError(t, w.CheckInvariants(w.Ctx))
}

// The penalty is more than all stake was before the era paid: the chain halted when it burned rewards that had yet to be moved.
func TestAPenaltyForAbsenceBurnsItsPartOfWhatTheEraPaid(t *testing.T) {
	const unit = types.DefaultPowerReduction
	w := newWorld(t)
	w.Params.SlashFractionDowntimePpm = 750_000
	v := fakes.NewVoter(0)
	w.Bank.Fund(v.Operator, math.NewInt(10*unit))
	_, err := w.stake.RegisterVoter(w.Ctx, v.Registers(t, v.Operator, fakes.Coin(10*unit)), 0)
	require.NoError(t, err)
	w.Bank.Fund(authtypes.NewModuleAddress(types.RewardsName), math.NewInt(30*unit))
	era := types.Era{FirstEpoch: 1, LastEpoch: 9}
	require.NoError(t, w.InitGenesis(w.Ctx, types.RunningState{
		Era: types.Era{Index: 1, FirstEpoch: 10}, Closed: []types.Era{era},
		Settlement: &types.Settlement{Era: era, Reward: math.NewInt(30 * unit), Total: math.NewInt(10)},
		Scores:     []types.Score{{Signed: []types.SignedWeight{{Weight: 10, Epochs: 1}}, Absent: true}},
	}))
	require.NoError(t, w.Settle(w.Ctx))
	voter, err := w.stake.Voter(w.Ctx, 0)
	require.NoError(t, err)
	require.True(t, voter.Jailed)
	require.Equal(t, int64(10*unit), voter.BondedTokens().Int64(), "a quarter of 10 and 30")
	require.NoError(t, w.stake.CheckInvariants(w.Ctx))
}
