package eras

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/testutil/long"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/fakes"
	"github.com/dualchain/dualchain/x/finality/keeper/stake"
	"github.com/dualchain/dualchain/x/finality/types"
)

const (
	economyVoters = 3
	economyOwners = 6 // the operators of the voters, and others
	economyEpochs = 30
)

// economy is a chain on which accounts come and go at random, beside books in exact arithmetic.
type economy struct {
	*world
	t    *testing.T
	rand *rand.Rand

	commissions [economyVoters]uint32            // last announced
	announced   map[uint64][economyVoters]uint32 // by era: what was announced before it began
	sets        map[uint64]holdings              // stake when a set was computed, by the index of its pair
	pairs       map[uint64]types.Pair            // by epoch
	signers     map[uint64]ffg.Bitfield          // by epoch
	paidOut     holdings                         // what eras have paid to each owner with each voter
	paidAt      map[uint64]holdings              // the same when a set was computed
}

// holdings are what each owner has bonded with each voter, exactly.
type holdings [economyVoters][economyOwners]*big.Rat

func owner(i int) sdk.AccAddress { return fakes.NewVoter(i).Operator }

func newEconomy(t *testing.T, seed uint64) *economy {
	e := &economy{
		world: newWorld(t), t: t, rand: rand.New(rand.NewPCG(seed, 0)),
		announced: map[uint64][economyVoters]uint32{}, sets: map[uint64]holdings{}, pairs: map[uint64]types.Pair{}, signers: map[uint64]ffg.Bitfield{},
		paidAt: map[uint64]holdings{},
	}
	for v := range e.paidOut {
		for i := range e.paidOut[v] {
			e.paidOut[v][i] = new(big.Rat)
		}
	}
	p := &e.Params
	p.SetPeriod, p.EraLength, p.VoteWindow = 1+e.rand.Uint64N(3), 1+e.rand.Uint64N(6), 2+e.rand.Uint64N(4)
	p.UnbondingTime, p.JailDuration, p.MinParticipationPpm = time.Duration(1+e.rand.IntN(5))*time.Second, 0, 0
	p.SlashFractionDowntimePpm = []uint32{0, 10_000, 333_333, types.Million}[e.rand.IntN(4)]
	p.MinSelfStakePpm = []uint32{0, 10_000, 300_000}[e.rand.IntN(3)]
	p.PowerReduction = []uint64{1, 1_000, 1_000_000}[e.rand.IntN(3)]
	p.MinStake = math.NewIntFromUint64(p.PowerReduction)
	for i := range economyOwners {
		e.Bank.Fund(owner(i), math.NewInt(1<<50))
	}
	for i := range economyVoters {
		v := fakes.NewVoter(i)
		msg := v.Registers(t, v.Operator, fakes.Coin(e.amount()+1_000_000))
		msg.MaxCommissionChangePpm = 100_000
		_, err := e.stake.RegisterVoter(e.Ctx, msg, 0)
		require.NoError(t, err)
	}
	commitment, anchored, err := e.world.sets.Anchor(e.Ctx)
	require.NoError(t, err)
	require.True(t, anchored)
	require.NoError(t, e.votes.Begin(e.Ctx))
	require.NoError(t, e.Begin(e.Ctx))
	e.Checkpoints.Propose(commitment, 0)
	e.sets[0], e.paidAt[0] = e.holdings(), e.paidOut
	e.announced[0] = e.commissions
	return e
}

func (e *economy) amount() int64 {
	return []int64{1 + e.rand.Int64N(3), 1 + e.rand.Int64N(1000), 1 + e.rand.Int64N(50_000_000)}[e.rand.IntN(3)]
}

func rat(i math.Int) *big.Rat { return new(big.Rat).SetInt(i.BigInt()) }

// worth returns what shares of a pool are worth.
func worth(p types.Pool, shares math.Int) *big.Rat {
	if !p.Shares.IsPositive() {
		return new(big.Rat)
	}
	return new(big.Rat).SetFrac(new(big.Int).Mul(shares.BigInt(), p.Tokens.BigInt()), p.Shares.BigInt())
}

func (e *economy) voter(i uint64) types.Voter {
	v, err := e.stake.Voter(e.Ctx, i)
	require.NoError(e.t, err)
	return v
}

// holdings returns what each owner has bonded with each voter now.
func (e *economy) holdings() (h holdings) {
	for i := range economyOwners {
		for v := range economyVoters {
			h[v][i] = new(big.Rat)
		}
		delegations, _, err := e.stake.DelegatorDelegations(e.Ctx, owner(i), nil)
		require.NoError(e.t, err)
		for _, d := range delegations {
			voter := e.voter(d.Delegation.VoterIndex)
			sum := h[voter.Index][i]
			for _, p := range d.Delegation.Positions {
				sum.Add(sum, worth(*voter.Owned(p.Pool), p.Shares))
			}
		}
	}
	return h
}

// wealth returns all that each owner has.
func (e *economy) wealth() (out [economyOwners]*big.Rat) {
	h := e.holdings()
	for i := range economyOwners {
		sum := rat(e.Bank.Of(owner(i)))
		for v := range economyVoters {
			sum.Add(sum, h[v][i])
		}
		entries, _, err := e.stake.Unbondings(e.Ctx, owner(i), nil, e.world.sets)
		require.NoError(e.t, err)
		for _, u := range entries {
			if v := e.voter(u.Unbonding.VoterIndex); v.Unbonding.Number == u.Unbonding.Pool {
				sum.Add(sum, worth(v.Unbonding, u.Unbonding.Shares))
			}
		}
		out[i] = sum
	}
	return out
}

// transaction runs an owner's message, with no effect if it fails. It moves at most a base unit from the owner to the pools, and
// nothing from anybody else.
func (e *economy) transaction(actor int, run func() error) {
	before := e.wealth()
	undo := e.Save()
	if err := run(); err != nil {
		undo()
		return
	}
	e.requireRounding(before, func(i int) int {
		if i == actor {
			return 1
		}
		return 0
	})
}

// requireRounding requires that nobody gained out of the pools, and that each owner lost less than this many base units to them. A share
// is worth next to nothing.
func (e *economy) requireRounding(before [economyOwners]*big.Rat, most func(int) int) {
	share, gained := big.NewRat(1, 1<<40), new(big.Rat)
	for i, after := range e.wealth() {
		change := after.Sub(after, before[i])
		gained.Add(gained, change)
		limit := new(big.Rat).Add(big.NewRat(int64(-most(i)), 1), new(big.Rat).Neg(share))
		if most(i) == 0 {
			limit = new(big.Rat)
		}
		require.GreaterOrEqual(e.t, change.Cmp(limit), 0, "owner %d: %s", i, change.FloatString(3))
	}
	require.LessOrEqual(e.t, gained.Cmp(share), 0, "out of nothing: %s", gained.FloatString(3))
}

func (e *economy) act() {
	i, v := e.rand.IntN(economyOwners), e.rand.IntN(economyVoters)
	from, operator := owner(i).String(), owner(v).String()
	clock, err := e.world.sets.Clock(e.Ctx)
	require.NoError(e.t, err)
	switch e.rand.IntN(12) {
	case 0, 1, 2, 3:
		e.transaction(i, func() error {
			_, err := e.stake.Delegate(e.Ctx, &types.MsgDelegate{Delegator: from, Voter: operator, Amount: fakes.Coin(e.amount())}, clock)
			return err
		})
	case 4, 5, 6:
		amount := e.amount()
		if all := e.holdings()[v][i]; e.rand.IntN(2) == 0 && all.Cmp(big.NewRat(1, 1)) >= 0 {
			amount = new(big.Int).Quo(all.Num(), all.Denom()).Int64() - e.rand.Int64N(2)
		}
		e.transaction(i, func() error {
			_, err := e.stake.Undelegate(e.Ctx, &types.MsgUndelegate{Delegator: from, Voter: operator, Amount: fakes.Coin(amount)}, clock)
			return err
		})
	case 7, 8:
		entries, _, err := e.stake.Unbondings(e.Ctx, owner(i), nil, e.world.sets)
		require.NoError(e.t, err)
		if len(entries) == 0 {
			return
		}
		id := entries[e.rand.IntN(len(entries))].Unbonding.Id
		e.transaction(i, func() error {
			_, err := e.stake.CancelUnbonding(e.Ctx, &types.MsgCancelUnbonding{Delegator: from, UnbondingId: id}, clock)
			return err
		})
	case 9:
		e.edit(v)
	case 10:
		if e.rand.IntN(4) == 0 && !e.voter(uint64(v)).Jailed {
			require.NoError(e.t, e.stake.Jail(e.Ctx, uint64(v), e.Params))
			return
		}
		_, _ = e.stake.Unjail(e.Ctx, &types.MsgUnjail{Operator: operator}, 0)
	default:
		if e.rand.IntN(30) == 0 && !e.voter(uint64(v)).Tombstoned {
			penalty, _, err := e.stake.Tombstone(e.Ctx, uint64(v), e.Params.SlashFractionEquivocationPpm, clock)
			require.NoError(e.t, err)
			require.NoError(e.t, e.stake.Burn(e.Ctx, fakes.Denom, penalty))
		}
	}
}

// edit changes a commission: what the open era pays stays, and it rises by no more than its bound.
func (e *economy) edit(v int) {
	open, err := e.Open(e.Ctx)
	require.NoError(e.t, err)
	oldest, err := e.OldestUnsettled(e.Ctx)
	require.NoError(e.t, err)
	commission := e.rand.Uint32N(types.Million)
	_, err = e.stake.EditVoter(e.Ctx, &types.MsgEditVoter{Operator: owner(v).String(), CommissionPpm: commission},
		stake.Eras{Open: open, Oldest: oldest, Begun: true})
	if commission > e.announced[open.Index][v]+100_000 {
		require.ErrorIs(e.t, err, types.ErrCommissionChange)
		return
	}
	require.NoError(e.t, err)
	e.commissions[v] = commission
}

// epoch ends a block: it settles, pays what is due, and proposes the next checkpoint, on which some vote.
func (e *economy) epoch(epoch uint64) {
	e.Bank.Fund(authtypes.NewModuleAddress(types.RewardsName), math.NewInt(e.amount()))
	e.settle()
	before := e.wealth()
	require.NoError(e.t, e.stake.PayUnbondings(e.Ctx, e.world.sets))
	e.requireRounding(before, func(int) int { return 100 }) // for each entry
	require.NoError(e.t, e.stake.CheckInvariants(e.Ctx))

	require.NoError(e.t, e.Close(e.Ctx, epoch))
	open, err := e.Open(e.Ctx)
	require.NoError(e.t, err)
	if _, has := e.announced[open.Index]; !has {
		e.announced[open.Index] = e.commissions
	}
	commitment, err := e.world.sets.Propose(e.Ctx, epoch, epoch-1-min(epoch-1, e.rand.Uint64N(3)))
	require.NoError(e.t, err)
	e.Checkpoints.Propose(commitment, epoch-1)
	e.pairs[epoch], err = e.world.sets.Pair(e.Ctx, commitment.Pair)
	require.NoError(e.t, err)
	if _, has := e.sets[commitment.Pair]; !has {
		e.sets[commitment.Pair], e.paidAt[commitment.Pair] = e.holdings(), e.paidOut
	}
	set, err := e.world.sets.Set(e.Ctx, commitment.VoterSet)
	require.NoError(e.t, err)
	e.signers[epoch] = ffg.NewBitfield(len(set.Voters))
	for i := range set.Voters {
		if e.rand.IntN(4) > 0 {
			e.signers[epoch].Set(i)
		}
	}
	require.NoError(e.t, e.votes.InitGenesis(e.Ctx, types.GenesisState{Running: &types.RunningState{
		Tallies: []types.GenesisTally{{Epoch: epoch, Tally: types.Tally{Signers: e.signers[epoch]}}},
	}}))
}

// settle settles, and holds what owners get against what their stake had power for.
func (e *economy) settle() {
	var r types.RunningState
	require.NoError(e.t, e.ExportGenesis(e.Ctx, &r))
	before, balances := e.holdings(), [economyVoters]math.Int{}
	for v := range economyVoters {
		balances[v] = e.Bank.Of(owner(v))
	}
	e.Ctx = e.Ctx.WithEventManager(sdk.NewEventManager())
	require.NoError(e.t, e.Settle(e.Ctx))
	if r.Settlement == nil {
		return
	}
	after, s := e.holdings(), r.Settlement
	for v := range economyVoters {
		limit, all := e.entitled(s, v)
		pooled := new(big.Rat)
		for i := range economyOwners {
			gain := new(big.Rat).Sub(after[v][i], before[v][i])
			pooled.Add(pooled, gain)
			e.paidOut[v][i] = new(big.Rat).Add(e.paidOut[v][i], gain)
			require.LessOrEqual(e.t, gain.Cmp(new(big.Rat).Add(limit[i], big.NewRat(1, 1<<30))), 0,
				"era %d, voter %d, owner %d: expected %s at most, found %s", s.Era.Index, v, i, limit[i].FloatString(3), gain.FloatString(3))
		}
		commission := rat(e.Bank.Of(owner(v)).Sub(balances[v]))
		whole := new(big.Rat).Add(pooled, commission)
		require.LessOrEqual(e.t, whole.Cmp(new(big.Rat).Add(all, big.NewRat(1, 1<<30))), 0, "voter %d earned more than its weight", v)
		require.Equal(e.t, commission.String(), rat(e.paid(v, s.Era.Index)).String())
	}
}

// paid returns the commission that a settlement paid, which is the part of a reward that was announced before the era.
func (e *economy) paid(v int, era uint64) math.Int {
	for _, raw := range e.Ctx.EventManager().ABCIEvents() {
		event, err := sdk.ParseTypedEvent(raw)
		require.NoError(e.t, err)
		if reward, ok := event.(*types.EventRewardPaid); ok && reward.Index == uint64(v) {
			whole, _ := math.NewIntFromString(reward.Reward)
			commission, _ := math.NewIntFromString(reward.Commission)
			require.Equal(e.t, types.Fraction(whole, e.announced[era][v]).String(), commission.String(), "era %d, voter %d", era, v)
			return commission
		}
	}
	return math.ZeroInt()
}

// entitled returns the most that each owner may get of an era through a voter: the era's rate on the stake that it had in the sets, for
// each epoch that the voter signed. all is the same for the voter's weights.
func (e *economy) entitled(s *types.Settlement, v int) (limit [economyOwners]*big.Rat, all *big.Rat) {
	all = new(big.Rat)
	for i := range limit {
		limit[i] = new(big.Rat)
	}
	rate := new(big.Rat).Quo(rat(s.Reward), rat(s.Total.Mul(math.NewIntFromUint64(e.Params.PowerReduction))))
	for epoch := s.Era.FirstEpoch; epoch <= s.Era.LastEpoch; epoch++ {
		pair := e.pairs[epoch]
		hash, _, err := pair.Hashes()
		require.NoError(e.t, err)
		set, err := e.world.sets.Set(e.Ctx, hash)
		require.NoError(e.t, err)
		position, member := set.Voters.Position(fakes.NewVoter(v).Key)
		if !member || !e.signers[epoch].Get(position) {
			continue
		}
		voter := set.Voters[position]
		weight := rat(math.NewIntFromUint64(max(voter.Rear, voter.Current)).Mul(math.NewIntFromUint64(e.Params.PowerReduction)))
		all.Add(all, weight.Mul(weight, rate))
		for i := range limit {
			most := new(big.Rat)
			if voter.Rear > 0 {
				most = e.held(pair.RearComputed, v, i)
			}
			if held := e.held(pair.CurrentComputed, v, i); voter.Current > 0 && held.Cmp(most) > 0 {
				most = held
			}
			limit[i].Add(limit[i], new(big.Rat).Mul(most, rate))
		}
	}
	return limit, all
}

// held returns what an owner had bonded when a set was computed, with what eras paid since.
func (e *economy) held(computed uint64, v, i int) *big.Rat {
	since := new(big.Rat).Sub(e.paidOut[v][i], e.paidAt[computed][v][i])
	return since.Add(since, e.sets[computed][v][i])
}

// For any order in which accounts join, leave and cancel and voters are slashed: a settlement gives no owner more than the era's rate on the
// stake that it had in the sets and what eras have paid it since, nor an operator more than the commission announced before the era; and in exact arithmetic, an
// operation moves at most one base unit from its sender to the pools, and nothing out of them.
func TestStakeEarnsForTheEpochsInWhichItHadPower(t *testing.T) {
	for seed := range uint64(long.Count(50)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			e := newEconomy(t, seed)
			for epoch := range uint64(economyEpochs) {
				e.Wait(time.Second)
				for range e.rand.IntN(5) {
					e.act()
				}
				e.epoch(epoch + 1)
			}
		})
	}
}
