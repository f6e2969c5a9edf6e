package integration

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/testutil/long"
	"github.com/dualchain/dualchain/x/finality/types"
)

// people are the accounts that act in these tests. The last ones may run validators.
var people = []fixture.Account{
	fixture.Alice, fixture.Bob, fixture.Operator(0), fixture.Operator(1), fixture.Operator(4), fixture.Operator(5), fixture.Operator(6),
}

// An action is a kind of message that any account may send.
type action struct {
	name string
	make func(f *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error)
}

func validatorAddress(a fixture.Account) string { return sdk.ValAddress(a.Address()).String() }

func coins(r *rand.Rand) sdk.Coins { return sdk.NewCoins(fixture.Udual(1 + r.Int64N(5_000_000))) }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// anyValidator is the first validator, or an account that may have become one.
func anyValidator(r *rand.Rand) string {
	if r.IntN(2) == 0 {
		return validatorAddress(fixture.Validator)
	}
	return validatorAddress(pick(r, people[4:]))
}

// receiver is a person, or a module's account.
func receiver(r *rand.Rand) sdk.AccAddress {
	if r.IntN(2) == 0 {
		return pick(r, people).Address()
	}
	return authtypes.NewModuleAddress(pick(r, []string{
		govtypes.ModuleName, distrtypes.ModuleName, authtypes.FeeCollectorName, stakingtypes.BondedPoolName, stakingtypes.NotBondedPoolName,
		"mint", "transfer", types.ModuleName, types.RewardsName, stakingtypes.KeyRotationFeePoolName,
	}))
}

var actions = []action{
	{"send", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return banktypes.NewMsgSend(from.Address(), receiver(r), coins(r)), nil
	}},
	{"multi-send", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		amount := coins(r)
		return banktypes.NewMsgMultiSend(banktypes.NewInput(from.Address(), amount), []banktypes.Output{banktypes.NewOutput(receiver(r), amount)}), nil
	}},
	{"create a validator", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		rates := stakingtypes.NewCommissionRates(math.LegacyNewDecWithPrec(1, 1), math.LegacyOneDec(), math.LegacyOneDec())
		return stakingtypes.NewMsgCreateValidator(
			validatorAddress(from), ed25519.GenPrivKeyFromSecret([]byte(from.String())).PubKey(), coins(r)[0],
			stakingtypes.Description{Moniker: "validator"}, rates, math.OneInt())
	}},
	{"edit a validator", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return stakingtypes.NewMsgEditValidator(validatorAddress(from), stakingtypes.Description{Moniker: fmt.Sprint(r.IntN(9))}, nil, nil), nil
	}},
	{"rotate a key", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return stakingtypes.NewMsgRotateConsPubKey(validatorAddress(from), ed25519.GenPrivKeyFromSecret([]byte(fmt.Sprint(r.Uint64()))).PubKey())
	}},
	{"delegate", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return stakingtypes.NewMsgDelegate(from.String(), anyValidator(r), coins(r)[0]), nil
	}},
	{"redelegate", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return stakingtypes.NewMsgBeginRedelegate(from.String(), validatorAddress(fixture.Validator), validatorAddress(pick(r, people[4:])), fixture.Udual(1+r.Int64N(1000))), nil
	}},
	{"undelegate", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return stakingtypes.NewMsgUndelegate(from.String(), anyValidator(r), fixture.Udual(1+r.Int64N(1000))), nil
	}},
	{"cancel an undelegation", func(f *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		unbondings, err := f.App.StakingKeeper.GetUnbondingDelegations(f.Ctx(), from.Address(), 10)
		if err != nil || len(unbondings) == 0 {
			return nil, err
		}
		u := pick(r, unbondings)
		return stakingtypes.NewMsgCancelUnbondingDelegation(from.String(), u.ValidatorAddress, u.Entries[0].CreationHeight, fixture.Udual(1)), nil
	}},
	{"set a withdraw address", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return distrtypes.NewMsgSetWithdrawAddress(from.Address(), receiver(r)), nil
	}},
	{"withdraw a reward", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return distrtypes.NewMsgWithdrawDelegatorReward(from.String(), anyValidator(r)), nil
	}},
	{"withdraw a commission", func(_ *fixture.Fixture, _ *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return distrtypes.NewMsgWithdrawValidatorCommission(validatorAddress(from)), nil
	}},
	{"fund the community pool", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return distrtypes.NewMsgFundCommunityPool(coins(r), from.String()), nil
	}},
	{"deposit rewards", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return distrtypes.NewMsgDepositValidatorRewardsPool(from.String(), anyValidator(r), coins(r)), nil
	}},
	{"propose", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return govv1.NewMsgSubmitProposal(nil, sdk.NewCoins(fixture.Udual(1+r.Int64N(2))), from.String(), "text", "title", "summary", r.IntN(2) == 0)
	}},
	{"deposit", func(f *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return govv1.NewMsgDeposit(from.Address(), proposal(f, r), coins(r)), nil
	}},
	{"vote on a proposal", func(f *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return govv1.NewMsgVote(from.Address(), proposal(f, r), govv1.OptionYes, ""), nil
	}},
	{"cancel a proposal", func(f *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return govv1.NewMsgCancelProposal(proposal(f, r), from.String()), nil
	}},
	{"authorize", func(f *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		expiration := f.Ctx().BlockTime().Add(time.Duration(r.IntN(20)) * time.Second)
		return authz.NewMsgGrant(from.Address(), pick(r, people).Address(), banktypes.NewSendAuthorization(coins(r), nil), &expiration)
	}},
	{"execute", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		msg := authz.NewMsgExec(from.Address(), []sdk.Msg{banktypes.NewMsgSend(pick(r, people).Address(), receiver(r), sdk.NewCoins(fixture.Udual(1)))})
		return &msg, nil
	}},
	{"grant fees", func(f *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		expiration := f.Ctx().BlockTime().Add(time.Duration(1+r.IntN(20)) * time.Second)
		return feegrant.NewMsgGrantAllowance(&feegrant.BasicAllowance{SpendLimit: coins(r), Expiration: &expiration}, from.Address(), pick(r, people).Address())
	}},
	{"register a voter", func(f *fixture.Fixture, _ *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		for i := range 7 {
			if fixture.Operator(i) == from {
				return f.Registers(i, fixture.Dual(5)), nil
			}
		}
		return nil, nil
	}},
	{"delegate to a voter", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return &types.MsgDelegate{Delegator: from.String(), Voter: fixture.Operator(r.IntN(2)).String(), Amount: coins(r)[0]}, nil
	}},
	{"undelegate from a voter", func(_ *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		return &types.MsgUndelegate{Delegator: from.String(), Voter: fixture.Operator(r.IntN(2)).String(), Amount: fixture.Udual(1 + r.Int64N(1000))}, nil
	}},
	{"stay with a voter", func(f *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		entries := unbondings(f, from)
		if len(entries) == 0 {
			return nil, nil
		}
		return &types.MsgCancelUnbonding{Delegator: from.String(), UnbondingId: pick(r, entries).Unbonding.Id}, nil
	}},
	{"accuse a voter", func(f *fixture.Fixture, r *rand.Rand, from fixture.Account) (sdk.Msg, error) {
		if r.IntN(5) > 0 {
			return nil, nil
		}
		return &types.MsgSubmitEvidence{Submitter: from.String(), Evidence: f.DoubleVote(2+r.Uint64N(50), r.IntN(4))}, nil
	}},
}

// proposal is the id of a recent proposal, or of none.
func proposal(f *fixture.Fixture, r *rand.Rand) uint64 {
	f.T.Helper()
	next, err := f.App.GovKeeper.ProposalID.Peek(f.Ctx())
	require.NoError(f.T, err)
	return next - 1 - r.Uint64N(min(next, 3))
}

// longVotes keeps proposals open for some blocks.
var longVotes = fixture.Genesis(func(e app.Encoding, state app.GenesisState) {
	fixture.Change(e.Codec, state, govtypes.ModuleName, func(g *govv1.GenesisState) {
		period := 20 * time.Second
		g.Params.VotingPeriod = &period
	})
})

// Any state that ordinary users can bring about is one that a chain can be exported from and imported into: it is valid, the chain
// starts, and it goes on as the first one does, in every module.
func TestWhatUsersDoNeverSpoilsAnExport(t *testing.T) {
	done := map[string]int{}
	for seed := range long.Count(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := fixture.New(t, fixture.Voters(12, 9, 7, 5), fixture.Inflation("0.3"), setPeriod(2), unbondingTime(7*time.Second), longVotes).Honest(0, 1, 2, 3)
			r := rand.New(rand.NewPCG(uint64(seed), 1))
			for range 100 {
				var names []string
				var txs [][]byte
				for range 1 + r.IntN(5) {
					a, from := pick(r, actions), pick(r, people)
					msg, err := a.make(f, r, from)
					require.NoError(t, err)
					if msg != nil {
						names, txs = append(names, a.name), append(txs, f.Sign(fixture.Tx{From: from, Msgs: []sdk.Msg{msg}, Fee: sdk.NewCoins(fixture.Udual(1000))}))
					}
				}
				for i, outcome := range f.Deliver(txs...) {
					if outcome.Code == 0 {
						done[names[i]]++
					}
				}
			}
			requireExportable(f)
		})
	}
	for _, a := range actions {
		require.NotZero(t, done[a.name], "nobody managed to %s", a.name)
	}
}

// requireExportable exports a chain, validates the genesis, imports it, and compares every module's state a block later.
func requireExportable(f *fixture.Fixture) {
	f.T.Helper()
	exported := f.Export()
	require.NoError(f.T, f.App.Basics().ValidateGenesis(f.App.Encoding().Codec, f.App.Encoding().TxConfig, exported))
	f.Import(fixture.Later(time.Minute)).Blocks(1)
	g := f.Import()
	f.Blocks(1)
	g.Repeat(f)
	expected, found := f.Export(), g.Export()
	require.Equal(f.T, slices.Sorted(maps.Keys(expected)), slices.Sorted(maps.Keys(found)))
	for _, module := range slices.Sorted(maps.Keys(expected)) {
		require.JSONEq(f.T, string(expected[module]), string(found[module]), module)
	}
}
