package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// maxRatio is the most CPU that a unit of gas may cost, as a multiple of a bank send's.
const maxRatio = 2

// gasRounds is the number of comparisons with bank sends, of which the median counts.
const gasRounds = 5

// cpuOf returns the CPU time that work takes in this process, with all threads and the collection of its own garbage, not of that
// which was there before.
func cpuOf(work func()) time.Duration {
	used := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			panic(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	runtime.GC()
	before := used()
	work()
	return used() - before
}

// load is transactions of one kind, and a chain on which each block of them can be made anew.
type load struct {
	name string
	// chain returns a chain; it is called once.
	chain func(b *testing.B) *fixture.Fixture
	// txs returns the transactions of a round's block. What they need first, it does in blocks of its own.
	txs func(f *fixture.Fixture, round int) [][]byte
	// fails says that the transactions fail, after the work is done.
	fails bool
}

const many = 1000 // voters of the large chain, as many as max_voters by default

func large(b *testing.B) *fixture.Fixture {
	powers := make([]uint64, many)
	for i := range powers {
		powers[i] = 10
	}
	return fixture.New(b, fixture.MaxBlockGas(240_000_000), fixture.Voters(powers...)).Blocks(4)
}

func small(b *testing.B) *fixture.Fixture {
	return fixture.New(b, fixture.MaxBlockGas(240_000_000), fixture.Voters(40, 30, 30)).Blocks(4)
}

// sign returns a transaction with a gas limit of which a block holds four.
func sign(f *fixture.Fixture, msg sdk.Msg) []byte {
	return f.Sign(fixture.Tx{From: fixture.Alice, Gas: 60_000_000, Msgs: []sdk.Msg{msg}})
}

// repeat returns n transactions with the same message.
func repeat(f *fixture.Fixture, n int, from fixture.Account, msg sdk.Msg) (txs [][]byte) {
	for range n {
		txs = append(txs, f.Sign(fixture.Tx{From: from, Gas: 5_000_000, Msgs: []sdk.Msg{msg}}))
	}
	return txs
}

func send(amount int64) sdk.Msg {
	return &banktypes.MsgSend{FromAddress: fixture.Alice.String(), ToAddress: fixture.Bob.String(), Amount: sdk.NewCoins(fixture.Udual(amount))}
}

func sends(f *fixture.Fixture, _ int) [][]byte { return repeat(f, 20, fixture.Alice, send(1)) }

// numbers returns the voters from first on.
func numbers(first, n int) (out []int) {
	for i := range n {
		out = append(out, first+i)
	}
	return out
}

// loads are the messages of both modules, each at the input that makes a node work most for its gas.
var loads = []load{
	{name: "register voter", chain: small, txs: func(f *fixture.Fixture, round int) (txs [][]byte) {
		for i := range 8 {
			operator := fixture.Operator(1_000_000 + 8*round + i)
			f.Do(fixture.Alice, &banktypes.MsgSend{FromAddress: fixture.Alice.String(), ToAddress: operator.String(), Amount: sdk.NewCoins(fixture.Dual(20))})
			txs = append(txs, f.Sign(fixture.Tx{From: operator, Gas: 5_000_000, Msgs: []sdk.Msg{f.Registers(1_000_000+8*round+i, fixture.Dual(10))}}))
		}
		return txs
	}},
	{name: "edit voter", chain: small, txs: func(f *fixture.Fixture, round int) [][]byte {
		return repeat(f, 20, fixture.Operator(1), &types.MsgEditVoter{
			Operator: fixture.Operator(1).String(), Moniker: strings.Repeat("m", 60) + fmt.Sprint(round), Website: "https://" + strings.Repeat("w", 100),
		})
	}},
	{name: "delegate", chain: small, txs: func(f *fixture.Fixture, _ int) [][]byte {
		return repeat(f, 20, fixture.Alice, &types.MsgDelegate{Delegator: fixture.Alice.String(), Voter: fixture.Operator(1).String(), Amount: fixture.Udual(1)})
	}},
	{name: "undelegate", chain: small, txs: func(f *fixture.Fixture, _ int) [][]byte {
		f.Delegate(fixture.Alice, 1, fixture.Dual(1)).OK()
		return repeat(f, 1, fixture.Alice, &types.MsgUndelegate{Delegator: fixture.Alice.String(), Voter: fixture.Operator(1).String(), Amount: fixture.Udual(1)})
	}},
	{name: "cancel unbonding", chain: small, txs: func(f *fixture.Fixture, round int) [][]byte {
		f.Delegate(fixture.Alice, 1, fixture.Dual(1)).OK()
		f.Undelegate(fixture.Alice, 1, fixture.Udual(1)).OK()
		return repeat(f, 1, fixture.Alice, &types.MsgCancelUnbonding{Delegator: fixture.Alice.String(), UnbondingId: uint64(round)})
	}},
	{name: "unjail, refused", chain: small, fails: true, txs: func(f *fixture.Fixture, _ int) [][]byte {
		return repeat(f, 20, fixture.Operator(1), &types.MsgUnjail{Operator: fixture.Operator(1).String()})
	}},
	{name: "proposal to change parameters", chain: small, txs: func(f *fixture.Fixture, _ int) [][]byte {
		msg, err := govv1.NewMsgSubmitProposal([]sdk.Msg{&types.MsgUpdateParams{Authority: app.Authority(), Params: f.Params()}},
			sdk.NewCoins(fixture.Udual(1)), fixture.Validator.String(), "", "title", "summary", false)
		require.NoError(f.T, err)
		return repeat(f, 10, fixture.Validator, msg)
	}},
	{name: "votes of half of 1,000, forged", chain: large, fails: true, txs: func(f *fixture.Fixture, round int) (txs [][]byte) {
		for i := range 4 {
			txs = append(txs, sign(f, &types.MsgSubmitVotes{
				Submitter: fixture.Alice.String(), Votes: types.AggregateVoteFromFFG(forged(f, 4*round+i, many/2)),
			}))
		}
		return txs
	}},
	{name: "votes of one, joining a tally", chain: large, txs: func(f *fixture.Fixture, _ int) (txs [][]byte) {
		head := f.Heads().Head
		f.Submit(fixture.Alice, f.Aggregate(head, 0)).OK()
		for i := range 4 {
			txs = append(txs, sign(f, &types.MsgSubmitVotes{
				Submitter: fixture.Alice.String(), Votes: types.AggregateVoteFromFFG(f.Aggregate(head, 1+i)),
			}))
		}
		return txs
	}},
	{name: "evidence against one", chain: large, txs: func(f *fixture.Fixture, round int) (txs [][]byte) {
		for i := range 4 {
			txs = append(txs, report(f, f.DoubleVote(3, 4*round+i)))
		}
		return txs
	}},
	{name: "evidence against one, forged", chain: large, fails: true, txs: func(f *fixture.Fixture, round int) (txs [][]byte) {
		for i := range 4 {
			e := f.DoubleVote(3, 4*round+i)
			e.Second = f.DoubleVote(4, 4*round+i).Second // of another epoch: only the signature tells
			e.Second.Vote = types.VoteFromFFG(fixture.Fork("b", 2, 3))
			txs = append(txs, report(f, e))
		}
		return txs
	}},
	{name: "evidence against 100", chain: large, txs: func(f *fixture.Fixture, round int) [][]byte {
		return [][]byte{report(f, f.DoubleVote(3, numbers(100*round, 100)...))}
	}},
	{name: "evidence by 1,000 against one", chain: large, fails: true, txs: func(f *fixture.Fixture, round int) [][]byte {
		e := f.DoubleVote(3, round)
		for i := range many {
			if i != round {
				e.First.Registrations = append(e.First.Registrations, f.Registration(i))
			}
		}
		slices.Sort(e.First.Registrations)
		return [][]byte{report(f, e)}
	}},
	{name: "evidence against 50 whose keys are cold", chain: outsiders, txs: func(f *fixture.Fixture, round int) [][]byte {
		return [][]byte{report(f, f.DoubleVote(3, numbers(3+50*round, 50)...))}
	}},
	{name: "evidence with 2 × 128 signers of a fork", chain: small, fails: true, txs: func(f *fixture.Fixture, round int) [][]byte {
		return [][]byte{report(f, fork(f, 1000*round, types.MaxForkSigners))}
	}},
}

// outsiders is a chain with 250 voters of too little stake to be in a set, after a restart.
func outsiders(b *testing.B) *fixture.Fixture {
	powers := append([]uint64{40, 30, 30}, slices.Repeat([]uint64{5}, 50*gasRounds)...)
	f := fixture.New(b, fixture.MaxBlockGas(240_000_000), fixture.Voters(powers...), fixture.Params(func(p *types.Params) { p.MinStake = fixture.Dual(10).Amount }))
	return f.Blocks(4).Import().Blocks(2)
}

func report(f *fixture.Fixture, e types.Evidence) []byte {
	return sign(f, &types.MsgSubmitEvidence{Submitter: fixture.Alice.String(), Evidence: e})
}

// forged returns an aggregate by n of the large chain's voters whose signature is well formed and wrong, another one each round.
func forged(f *fixture.Fixture, round, n int) ffg.AggregateVote {
	head := f.Heads().Head
	agg := f.Aggregate(head, 0)
	agg.Signature = f.Signature(fixture.Fork(fmt.Sprint(round), 1, 2), 0)
	agg.Signers = ffg.NewBitfield(many)
	for i := range n {
		agg.Signers.Set(2 * i)
	}
	return agg
}

// fork returns evidence against nobody: two votes by voter 1 and n signers of a fork on either side, other ones each, with valid
// proofs of possession but for the last.
func fork(f *fixture.Fixture, first, n int) types.Evidence {
	side := func(name string, first int) types.EvidenceVote {
		vote := fixture.Fork(name, 2, 3)
		signed := f.Signed(vote, 1)
		signatures := [][bls.SignatureSize]byte{[bls.SignatureSize]byte(signed.Signature)}
		for i := range n {
			voter := fixture.NewVoter(2_000_000 + first + i)
			proof := voter.Possession(fixture.ChainID)
			signed.ForkSigners = append(signed.ForkSigners, types.ForkSigner{PubKey: voter.Key.String(), Operator: voter.Operator.String(), Possession: proof[:]})
			signatures = append(signatures, voter.Secret.Sign(vote.SigningRoot(ffg.Domain(fixture.ChainID))))
		}
		slices.SortFunc(signed.ForkSigners, func(a, b types.ForkSigner) int { return strings.Compare(a.PubKey, b.PubKey) })
		sum, err := bls.Aggregate(signatures...)
		require.NoError(f.T, err)
		signed.Signature = sum[:]
		return signed
	}
	e := types.Evidence{First: side("a", first), Second: side("b", first+500)}
	last := e.Second.ForkSigners
	last[n-1].Possession = last[n-2].Possession
	return e
}

// perGas returns the CPU time in ns that a node spends on a block's transactions for each unit of gas: CheckTx, ProcessProposal,
// FinalizeBlock and Commit, less those of an empty block.
func perGas(f *fixture.Fixture, txs [][]byte, fails bool) (ns float64, gas int64) {
	var empty, full time.Duration
	around := func(sum *time.Duration) { f.Around = func(block func()) { *sum += cpuOf(block) } }
	around(&full)
	full += cpuOf(func() {
		for _, tx := range txs {
			f.Check(tx).OK()
		}
	})
	full += cpuOf(func() { require.True(f.T, f.Accepts(txs...)) })
	for _, result := range f.Force(txs...).TxResults {
		require.Equal(f.T, fails, result.Code != 0, result.Log)
		gas += result.GasUsed
	}
	around(&empty)
	empty += cpuOf(func() { f.Accepts() })
	f.Force()
	f.Around = func(block func()) { block() }
	return float64(full-empty) / float64(gas), gas
}

// BenchmarkCPUPerGas fails if a message costs a node more than twice as much CPU for a unit of gas as a bank send in the same round.
func BenchmarkCPUPerGas(b *testing.B) {
	for _, l := range loads {
		b.Run(strings.ReplaceAll(l.name, " ", "_"), func(b *testing.B) {
			reference, f := small(b), l.chain(b)
			var ratios, absolute []float64
			var gas int64
			for round := range gasRounds {
				bank, _ := perGas(reference, sends(reference, round), false)
				txs := l.txs(f, round)
				message, used := perGas(f, txs, l.fails)
				ratios, absolute, gas = append(ratios, message/bank), append(absolute, message), used/int64(len(txs))
			}
			slices.Sort(ratios)
			slices.Sort(absolute)
			ratio := ratios[gasRounds/2]
			b.ReportMetric(ratio, "sends")
			b.ReportMetric(absolute[gasRounds/2], "cpu-ns/gas")
			b.ReportMetric(float64(gas), "gas")
			b.ReportMetric(0, "ns/op")
			if ratio <= 0 {
				b.Errorf("expected work, found none: the noise of this machine is larger (rounds: %.2f)", ratios)
			}
			if ratio > maxRatio {
				b.Errorf("expected at most %d × a bank send's CPU for a unit of gas, found %.2f (rounds: %.2f)", maxRatio, ratio, ratios)
			}
		})
	}
}
