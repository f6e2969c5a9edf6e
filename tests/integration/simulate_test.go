package integration

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/testutil/fixture"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/client/cli"
	"github.com/dualchain/dualchain/x/finality/types"
)

// attempt is a message that succeeds on the chain that it comes with.
type attempt struct {
	f    *fixture.Fixture
	from fixture.Account
	msg  sdk.Msg
}

// attempts are all messages of both modules, beside a transfer, each with one that succeeds.
var attempts = map[string]func(t *testing.T) attempt{
	"bank send": func(t *testing.T) attempt {
		return attempt{quiet(t), fixture.Alice, &banktypes.MsgSend{
			FromAddress: fixture.Alice.String(), ToAddress: fixture.Bob.String(), Amount: sdk.NewCoins(fixture.Udual(1)),
		}}
	},
	"register voter": func(t *testing.T) attempt {
		f := quiet(t)
		operator := fixture.Operator(40)
		f.Do(fixture.Alice, &banktypes.MsgSend{
			FromAddress: fixture.Alice.String(), ToAddress: operator.String(), Amount: sdk.NewCoins(fixture.Dual(50)),
		}).OK()
		return attempt{f, operator, f.Registers(40, fixture.Dual(20))}
	},
	"edit voter": func(t *testing.T) attempt {
		return attempt{quiet(t), fixture.Operator(1), &types.MsgEditVoter{Operator: fixture.Operator(1).String(), Moniker: "new", Website: "https://voter.example"}}
	},
	"delegate": func(t *testing.T) attempt {
		return attempt{quiet(t), fixture.Alice, delegation(fixture.Alice, 1)}
	},
	"delegate again": func(t *testing.T) attempt {
		f := quiet(t)
		f.Delegate(fixture.Alice, 1, fixture.Dual(1)).OK()
		return attempt{f, fixture.Alice, delegation(fixture.Alice, 1)}
	},
	"undelegate": func(t *testing.T) attempt {
		f := quiet(t)
		f.Delegate(fixture.Alice, 1, fixture.Dual(3)).OK()
		return attempt{f, fixture.Alice, &types.MsgUndelegate{Delegator: fixture.Alice.String(), Voter: fixture.Operator(1).String(), Amount: fixture.Dual(1)}}
	},
	"cancel unbonding": func(t *testing.T) attempt {
		f := quiet(t)
		f.Delegate(fixture.Alice, 1, fixture.Dual(3)).OK()
		f.Undelegate(fixture.Alice, 1, fixture.Dual(1)).OK()
		return attempt{f, fixture.Alice, &types.MsgCancelUnbonding{Delegator: fixture.Alice.String(), UnbondingId: 0}}
	},
	"unjail": func(t *testing.T) attempt {
		f := fixture.New(t, fixture.MaxBlockGas(100_000_000), fixture.Voters(40, 30, 5),
			fixture.Params(func(p *types.Params) { p.EraLength, p.VoteWindow, p.JailDuration = 2, 2, time.Second }))
		f.Honest(0, 1).Blocks(12)
		require.True(t, f.Voter(2).Jailed)
		return attempt{f, fixture.Operator(2), &types.MsgUnjail{Operator: fixture.Operator(2).String()}}
	},
	"votes": func(t *testing.T) attempt {
		f := quiet(t)
		return attempt{f, fixture.Alice, signedVotes(f, f.Aggregate(f.Heads().Head, 0))}
	},
	"votes that join": func(t *testing.T) attempt {
		f := quiet(t)
		f.Submit(fixture.Bob, f.Aggregate(f.Heads().Head-1, 0)).OK()
		return attempt{f, fixture.Alice, signedVotes(f, f.Aggregate(f.Heads().Head-1, 1, 2))}
	},
	"evidence": func(t *testing.T) attempt {
		return evidenceBy(quiet(t), func(f *fixture.Fixture) types.Evidence { return f.DoubleVote(3, 1) })
	},
	"evidence against many": func(t *testing.T) attempt {
		return evidenceBy(quiet(t), func(f *fixture.Fixture) types.Evidence { return f.DoubleVote(3, 0, 1, 2) })
	},
	"evidence with a fork's signers": func(t *testing.T) attempt {
		return evidenceBy(quiet(t), func(f *fixture.Fixture) types.Evidence {
			fork := []types.ForkSigner{forkSigner(7), forkSigner(8)}
			slices.SortFunc(fork, func(a, b types.ForkSigner) int { return compare(a.PubKey, b.PubKey) })
			return onFork(f, []int{1}, fork, 1, 7, 8)
		})
	},
	"a proposal to change parameters": func(t *testing.T) attempt {
		f := quiet(t)
		finality := &types.MsgUpdateParams{Authority: app.Authority(), Params: f.Params()}
		checkpoint := &checkpointtypes.MsgUpdateParams{Authority: finality.Authority, Params: checkpointtypes.DefaultParams()}
		submit, err := govv1.NewMsgSubmitProposal([]sdk.Msg{finality, checkpoint}, sdk.NewCoins(fixture.Udual(1)), fixture.Validator.String(), "", "title", "summary", false)
		require.NoError(t, err)
		return attempt{f, fixture.Validator, submit}
	},
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// quiet is a chain whose voters have not voted for the latest targets.
func quiet(t *testing.T) *fixture.Fixture {
	t.Helper()
	return fixture.New(t, fixture.MaxBlockGas(100_000_000), fixture.Voters(40, 30, 30)).Honest(0, 1, 2).Blocks(6).Honest().Blocks(3)
}

func delegation(from fixture.Account, voter int) sdk.Msg {
	return &types.MsgDelegate{Delegator: from.String(), Voter: fixture.Operator(voter).String(), Amount: fixture.Dual(1)}
}

func signedVotes(_ *fixture.Fixture, agg ffg.AggregateVote) sdk.Msg {
	return &types.MsgSubmitVotes{Submitter: fixture.Alice.String(), Votes: types.AggregateVoteFromFFG(agg)}
}

func evidenceBy(f *fixture.Fixture, evidence func(*fixture.Fixture) types.Evidence) attempt {
	return attempt{f, fixture.Alice, &types.MsgSubmitEvidence{Submitter: fixture.Alice.String(), Evidence: evidence(f)}}
}

// A limit from --gas auto suffices, and is at most 40 % more than what is used, whether the client knows the fee already or not.
func TestSimulatedGasSufficesForEveryMessage(t *testing.T) {
	for name, prepare := range attempts {
		for _, fee := range []sdk.Coins{nil, sdk.NewCoins(fixture.Udual(1000))} {
			t.Run(fmt.Sprintf("%s, fee %s", name, fee), func(t *testing.T) {
				a := prepare(t)
				simulated, err := a.f.Simulate(a.from, fee, a.msg)
				require.NoError(t, err)
				limit := uint64(cli.GasAdjustment * float64(simulated.GasUsed))
				price := fee
				if price == nil { // of gas
					price = sdk.NewCoins(sdk.NewCoin(app.BaseDenom, math.NewIntFromUint64(limit/1000+1)))
				}
				outcome := a.f.DoTx(fixture.Tx{From: a.from, Msgs: []sdk.Msg{a.msg}, Gas: limit, Fee: price}).OK()
				require.LessOrEqual(t, float64(limit), 1.4*float64(outcome.GasUsed), "simulated %d, used %d", simulated.GasUsed, outcome.GasUsed)
			})
		}
	}
}

// Anybody may have a node simulate, for nothing.
func TestASimulationIsBoundedByTheGasOfABlock(t *testing.T) {
	const maxGas = 1_000_000
	f := fixture.New(t, fixture.MaxBlockGas(maxGas), fixture.Voters(10)).Blocks(1)
	var sends []sdk.Msg
	for range 1000 {
		sends = append(sends, &banktypes.MsgSend{
			FromAddress: fixture.Alice.String(), ToAddress: fixture.Bob.String(), Amount: sdk.NewCoins(fixture.Udual(1)),
		})
	}
	_, err := f.Simulate(fixture.Alice, nil, sends[:10]...)
	require.NoError(t, err)
	info, err := f.Simulate(fixture.Alice, nil, sends...)
	require.ErrorContains(t, err, "out of gas")
	require.Less(t, info.GasUsed, uint64(2*maxGas), "it ended there")
}

// What a simulation would verify is charged instead: forged signatures pass, at the price of real ones.
func TestASimulationVerifiesNothing(t *testing.T) {
	f := quiet(t)
	agg := f.Aggregate(f.Heads().Head, 0)
	genuine, err := f.Simulate(fixture.Alice, nil, signedVotes(f, agg))
	require.NoError(t, err)
	agg.Signature = [96]byte{}
	forged, err := f.Simulate(fixture.Alice, nil, signedVotes(f, agg))
	require.NoError(t, err)
	require.Equal(t, genuine.GasUsed, forged.GasUsed)
	f.Submit(fixture.Alice, agg).Fails(types.ErrInvalidSignature)

	e := f.DoubleVote(3, 1)
	e.First.Signature, e.Second.Signature = make([]byte, 96), make([]byte, 96)
	_, err = f.Simulate(fixture.Alice, nil, &types.MsgSubmitEvidence{Submitter: fixture.Alice.String(), Evidence: e})
	require.NoError(t, err)
	f.Report(fixture.Alice, e).Fails(types.ErrInvalidSignature)
	require.False(t, f.Voter(1).Tombstoned, "a simulation changes nothing")
}
