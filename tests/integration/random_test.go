package integration

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/server"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// FuzzAnyStory lets random events happen to a chain, chosen by a seed. The fixture checks the balances and the heads after
// every block. Every refusal must have its own code. In the end a light client catches up from the anchor, a node with
// Block-STM agrees on every block, and a chain imported from the state continues alike.
func FuzzAnyStory(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		start := func(more ...fixture.Option) *fixture.Fixture {
			return fixture.New(t, append([]fixture.Option{
				fixture.Voters(12, 9, 7, 5), fixture.Inflation("0.3"), setPeriod(2), unbondingTime(7 * time.Second),
				fixture.Params(func(p *types.Params) {
					p.EraLength, p.VoteWindow, p.MaxVoters, p.MaxUnbondings = 5, 4, 5, 3
					p.MinStake = fixture.Dual(2).Amount
					p.SlashFractionEquivocationPpm, p.SlashFractionDowntimePpm, p.JailDuration = 333_333, 77_777, 3*time.Second
				}),
			}, more...)...)
		}
		chain := start()
		anchor := trustPoint(chain, "0")
		r := rand.New(rand.NewPCG(seed, 0))
		for range 100 {
			randomBlock(chain, r)
		}
		if chain.Heads().Finalized > 0 {
			reached, _ := catchUp(chain, anchor)
			require.Equal(t, chain.Heads().Finalized, reached.Checkpoint.Epoch)
		}
		stm := map[string]any{server.FlagBlockExecutor: serverconfig.BlockExecutorBlockSTM, server.FlagBlockSTMWorkers: 4}
		start(configured(t, 5000, stm)...).Replay(chain)
		requireAlike(chain.Honest(0, 1, 2, 3, 4, 5), 12)
	})
}

func randomBlock(f *fixture.Fixture, r *rand.Rand) {
	f.T.Helper()
	var voters []int
	for i := range 7 {
		if r.IntN(5) > 0 {
			voters = append(voters, i)
		}
	}
	f.Honest(voters...)
	var txs [][]byte
	for range r.IntN(4) {
		txs = append(txs, randomTx(f, r))
	}
	if r.IntN(20) == 0 {
		f.Wait(time.Duration(r.IntN(10)) * time.Second)
		return // the transactions were signed for another block
	}
	for _, outcome := range f.Deliver(txs...) {
		require.NotEqual(f.T, "undefined", outcome.Codespace, "a refusal without a code: %s", outcome.Log)
		if outcome.Codespace == sdkerrors.RootCodespace {
			require.NotEqual(f.T, sdkerrors.ErrPanic.ABCICode(), outcome.Code, outcome.Log)
		}
	}
}

// randomTx returns a random transaction, valid or not.
func randomTx(f *fixture.Fixture, r *rand.Rand) []byte {
	accounts := []fixture.Account{fixture.Alice, fixture.Bob}
	for i := range 7 {
		accounts = append(accounts, fixture.Operator(i))
	}
	from, voter := accounts[r.IntN(len(accounts))], r.IntN(7)
	operator, amount := fixture.Operator(voter).String(), fixture.Udual(1+r.Int64N(5_000_000))
	var msg sdk.Msg
	switch r.IntN(10) {
	case 0:
		from = fixture.Operator(voter)
		msg = f.Registers(voter, amount)
	case 1, 2, 3:
		msg = &types.MsgDelegate{Delegator: from.String(), Voter: operator, Amount: amount}
	case 4, 5:
		if r.IntN(3) == 0 {
			from = fixture.Operator(voter) // its stake is large
		}
		msg = &types.MsgUndelegate{Delegator: from.String(), Voter: operator, Amount: amount}
	case 6:
		msg = &types.MsgCancelUnbonding{Delegator: from.String(), UnbondingId: r.Uint64N(30)}
	case 7:
		from = fixture.Operator(voter)
		msg = &types.MsgUnjail{Operator: operator}
	case 8:
		from = fixture.Operator(voter)
		msg = &types.MsgEditVoter{Operator: operator, CommissionPpm: r.Uint32N(types.Million + 2)}
	default:
		guilty := r.IntN(4)
		if r.IntN(4) > 0 { // evidence is rare
			msg = gift()
			from = fixture.Alice
			break
		}
		msg = &types.MsgSubmitEvidence{Submitter: from.String(), Evidence: f.DoubleVote(2+r.Uint64N(50), guilty)}
	}
	return f.Sign(fixture.Tx{From: from, Msgs: []sdk.Msg{msg}, Fee: sdk.NewCoins(fixture.Udual(r.Int64N(100_000) + 1))})
}
