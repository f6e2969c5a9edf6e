package sets

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/fakes"
	"github.com/dualchain/dualchain/x/finality/keeper/stake"
	"github.com/dualchain/dualchain/x/finality/types"
)

type world struct {
	*fakes.World
	*Keeper
	t testing.TB
}

func newWorld(t testing.TB, units ...int64) *world {
	w := &world{World: fakes.New(), t: t}
	w.Params.SetPeriod, w.Params.UnbondingTime = 1, time.Minute
	s := stake.New(w.Schema, w.Codec, w.ReadParams, fakes.Accounts{}, w.Bank, w.KeyCache)
	w.Keeper = New(w.Schema, w.Codec, w.ReadParams, s, w.KeyCache)
	_, err := w.Schema.Build()
	require.NoError(t, err)
	for i, n := range units {
		v, amount := fakes.NewVoter(i), math.NewInt(n*types.DefaultPowerReduction)
		w.Bank.Fund(v.Operator, amount)
		_, err := s.RegisterVoter(w.Ctx, v.Registers(t, v.Operator, sdk.NewCoin(fakes.Denom, amount)), 0)
		require.NoError(t, err)
	}
	return w
}

// powers returns a set's sides by voter.
func powers(s *Set, i int) [2]uint64 {
	position, member := s.Voters.Position(fakes.NewVoter(i).Key)
	if !member {
		return [2]uint64{}
	}
	return [2]uint64{s.Voters[position].Rear, s.Voters[position].Current}
}

func (w *world) set(hash ffg.Root) *Set {
	w.t.Helper()
	s, err := w.Set(w.Ctx, hash)
	require.NoError(w.t, err)
	return s
}

func TestTheAnchorsVotersAreRearCurrentAndNext(t *testing.T) {
	w := newWorld(t)
	_, anchored, err := w.Anchor(w.Ctx)
	require.NoError(t, err)
	require.False(t, anchored, "nobody is eligible")

	w = newWorld(t, 3, 2)
	clock, err := w.Clock(w.Ctx)
	require.NoError(t, err)
	require.Zero(t, clock)
	pair, anchored, err := w.Anchor(w.Ctx)
	require.NoError(t, err)
	require.True(t, anchored)
	s := w.set(pair.VoterSet)
	require.Equal(t, [2]uint64{3, 3}, powers(s, 0))
	require.Equal(t, [2]uint64{2, 2}, powers(s, 1))
	next, err := w.Next(w.Ctx)
	require.NoError(t, err)
	side, err := next.Side()
	require.NoError(t, err)
	require.Equal(t, s.Voters.CurrentSide(), side)
	require.Equal(t, side.Hash(), pair.NextVoterSet)
	clock, err = w.Clock(w.Ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(1), clock)

	_, _, err = w.Anchor(w.Ctx)
	require.ErrorIs(t, err, types.ErrInvalidGenesis, "a chain has one anchor")
}

func TestAPairIsFollowedByTheOneThatItFixed(t *testing.T) {
	w := newWorld(t, 3, 2)
	_, _, err := w.Anchor(w.Ctx)
	require.NoError(t, err)
	require.NoError(t, w.stake.Jail(w.Ctx, 1, w.Params)) // leaves with the next set that is computed
	var second [][2]uint64
	for epoch := uint64(1); epoch <= 4; epoch++ {
		upcoming, err := w.UpcomingSets(w.Ctx)
		require.NoError(t, err)
		after, err := w.Propose(w.Ctx, epoch, epoch-1)
		require.NoError(t, err)
		require.Equal(t, epoch, after.Pair)
		require.Equal(t, upcoming[1], after.VoterSet, "the successor was fixed already")
		second = append(second, powers(w.set(after.VoterSet), 1))
	}
	require.Equal(t, [][2]uint64{{2, 2}, {2, 0}, {0, 0}, {0, 0}}, second, "current, then rear, then gone")
}

func TestNoPairIsInstalledBeforeACheckpointOfThePairInForceIsFinal(t *testing.T) {
	w := newWorld(t, 1)
	_, _, err := w.Anchor(w.Ctx)
	require.NoError(t, err)
	first, err := w.Propose(w.Ctx, 1, 0)
	require.NoError(t, err)
	require.Equal(t, uint64(1), first.Pair)
	for epoch := uint64(2); epoch < 9; epoch++ {
		same, err := w.Propose(w.Ctx, epoch, 0)
		require.NoError(t, err)
		require.Equal(t, first, same)
	}
	next, err := w.Propose(w.Ctx, 9, 1)
	require.NoError(t, err)
	require.Equal(t, uint64(2), next.Pair)
}

func TestAClockStartsWhenAllThreeSetsWereComputedAfterIt(t *testing.T) {
	w := newWorld(t, 1)
	_, _, err := w.Anchor(w.Ctx)
	require.NoError(t, err)
	clock, err := w.Clock(w.Ctx)
	require.NoError(t, err)
	for epoch := uint64(1); epoch <= 3; epoch++ {
		_, started, err := w.Completion(w.Ctx, clock)
		require.NoError(t, err)
		require.False(t, started, "before pair %d", epoch)
		w.Wait(time.Second)
		_, err = w.Propose(w.Ctx, epoch, epoch-1)
		require.NoError(t, err)
	}
	at, started, err := w.Completion(w.Ctx, clock)
	require.NoError(t, err)
	require.True(t, started)
	require.Equal(t, w.Ctx.BlockTime().Add(time.Minute), at)
	_, started, err = w.Completion(w.Ctx, clock+1)
	require.NoError(t, err)
	require.False(t, started)
}

func TestASetIsKeptWhileAPairHasIt(t *testing.T) {
	w := newWorld(t, 1)
	anchor, _, err := w.Anchor(w.Ctx)
	require.NoError(t, err)
	same, err := w.Propose(w.Ctx, 1, 0)
	require.NoError(t, err)
	require.Equal(t, anchor.VoterSet, same.VoterSet, "the installation changed nothing")
	for _, kept := range []bool{true, false} {
		oldest, err := w.OldestPair(w.Ctx)
		require.NoError(t, err)
		require.NoError(t, w.Drop(w.Ctx, oldest))
		_, err = w.Members(w.Ctx, anchor.VoterSet)
		require.Equal(t, kept, err == nil, "after pair %d was dropped: %v", oldest.Index, err)
	}
}

func TestASetThatNobodyHasIsUnknown(t *testing.T) {
	w := newWorld(t, 1)
	_, _, err := w.Anchor(w.Ctx)
	require.NoError(t, err)
	_, err = w.Set(w.Ctx, ffg.Root{1})
	require.ErrorIs(t, err, types.ErrUnknownSet)
	_, _, err = w.Keys(w.Ctx, ffg.Root{1})
	require.ErrorIs(t, err, types.ErrUnknownSet)
}

// searched reports whether a voter has power in the next set or in a pair that is kept, by looking at all of them.
func (w *world) searched(registration uint64) bool {
	w.t.Helper()
	next, err := w.Next(w.Ctx)
	require.NoError(w.t, err)
	members := next
	require.NoError(w.t, w.pairs.Walk(w.Ctx, nil, func(_ uint64, p types.Pair) (bool, error) {
		hash, _, err := p.Hashes()
		require.NoError(w.t, err)
		set, err := w.Members(w.Ctx, hash)
		members = append(members, set...)
		return false, err
	}))
	return slices.ContainsFunc(members, func(m types.Member) bool { return m.Registration == registration })
}

func TestWhoHasPowerInAKeptSetIsKnownWithoutASearch(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		w := newWorld(t, 1, 1, 1, 1)
		w.Params.JailDuration = 0
		check := func(w *world, epoch uint64) {
			for i := range uint64(5) {
				has, err := w.HasPower(w.Ctx, i)
				require.NoError(t, err)
				require.Equal(t, w.searched(i), has, "seed %d, epoch %d, voter %d", seed, epoch, i)
			}
		}
		_, _, err := w.Anchor(w.Ctx)
		require.NoError(t, err)
		for epoch := uint64(1); epoch < 60; epoch++ {
			check(w, epoch)
			i := r.Uint64N(4)
			if _, err := w.stake.Unjail(w.Ctx, &types.MsgUnjail{Operator: fakes.NewVoter(int(i)).Operator.String()}, 0); err != nil {
				require.NoError(t, w.stake.Jail(w.Ctx, i, w.Params))
			}
			_, err := w.Propose(w.Ctx, epoch, epoch-1)
			require.NoError(t, err)
			if oldest, err := w.OldestPair(w.Ctx); err != nil || r.IntN(2) == 0 && oldest.Index+2 < epoch {
				require.NoError(t, err)
				require.NoError(t, w.Drop(w.Ctx, oldest))
			}
			if epoch%10 == 0 {
				var state types.RunningState
				require.NoError(t, w.ExportGenesis(w.Ctx, &state))
				imported := newWorld(t)
				require.NoError(t, imported.InitGenesis(imported.Ctx, state))
				check(imported, epoch)
			}
		}
	}
}
