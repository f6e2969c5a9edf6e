package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/testutil/fixture"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// requireAlike makes n blocks on a chain and on its import, and requires the same finality state after each.
func requireAlike(f *fixture.Fixture, n int) {
	f.T.Helper()
	g := f.Import()
	require.Equal(f.T, f.Heads(), g.Heads())
	for range n {
		f.Blocks(1)
		g.Repeat(f)
		requireSameState(f, g)
	}
}

func requireSameState(f, g *fixture.Fixture) {
	f.T.Helper()
	modules := []string{types.ModuleName, checkpointtypes.ModuleName, "bank"}
	expected, found := f.Export(modules...), g.Export(modules...)
	for _, module := range modules {
		require.JSONEq(f.T, string(expected[module]), string(found[module]), "%s at height %d", module, f.Height())
	}
}

func TestAnImportedChainGoesOnAlike(t *testing.T) {
	for _, tc := range []struct {
		name  string
		chain func(t *testing.T) *fixture.Fixture
	}{
		{"before the anchor", func(t *testing.T) *fixture.Fixture {
			f := fixture.New(t).Blocks(3)
			f.Do(fixture.Operator(0), f.Registers(0, fixture.Udual(10))).OK()
			return f
		}},
		{"at the anchor", func(t *testing.T) *fixture.Fixture {
			f := fixture.New(t).Blocks(3)
			f.Register(0, 1).OK()
			return f.Honest(0)
		}},
		{"between checkpoints", func(t *testing.T) *fixture.Fixture {
			return fixture.New(t, fixture.Voters(1, 1, 1), fixture.Interval(5)).Honest(0, 1, 2).Blocks(13)
		}},
		{"with everything that can happen", func(t *testing.T) *fixture.Fixture { return story(node(t)) }},
		{"in a stall, short of quorum", func(t *testing.T) *fixture.Fixture {
			return node(t).Honest(0, 1, 2).Blocks(10).Honest(0, 2).Blocks(20)
		}},
		{"in a stall that ends after the import", func(t *testing.T) *fixture.Fixture {
			return node(t).Honest(0, 1, 2).Blocks(10).Honest(0, 2).Blocks(20).Honest(0, 1, 2)
		}},
		{"after losing all voters", func(t *testing.T) *fixture.Fixture {
			f := node(t).Honest(0, 1, 2, 3).Blocks(10)
			f.Report(fixture.Alice, f.DoubleVote(3, 0, 1, 2, 3)).OK()
			return f.Blocks(10)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) { requireAlike(tc.chain(t), 25) })
	}
}

func TestAnImportInTheMiddleOfASettlementEndsItAlike(t *testing.T) {
	f := manyVoters(t)
	for len(fixture.EventsOf[types.EventRewardPaid](f)) == 0 {
		f.Blocks(1)
	}
	require.Empty(t, fixture.EventsOf[types.EventEraSettled](f), "500 of 520")
	g := f.Import()
	f.Blocks(1)
	g.Repeat(f)
	require.Len(t, fixture.EventsOf[types.EventEraSettled](g), 1)
	require.Len(t, fixture.EventsOf[types.EventRewardPaid](g), 20)
	requireSameState(f, g)
}

func TestAnImportThatCannotPayItsSettlementIsRefused(t *testing.T) {
	f := manyVoters(t)
	for len(fixture.EventsOf[types.EventRewardPaid](f)) == 0 {
		f.Blocks(1)
	}
	rewards := authtypes.NewModuleAddress(types.RewardsName).String()
	emptied := fixture.Genesis(func(e app.Encoding, state app.GenesisState) {
		fixture.Change(e.Codec, state, banktypes.ModuleName, func(bank *banktypes.GenesisState) {
			for i, b := range bank.Balances {
				if b.Address == rewards {
					bank.Balances[i].Address = fixture.Alice.Address().String()
				}
			}
		})
	})
	defer func() {
		err, _ := recover().(error)
		require.ErrorContains(t, err, "settlement of era 0: expected module account finality_rewards to hold at least")
	}()
	f.Import(emptied)
	require.Fail(t, "it was imported")
}

// A tombstoned voter's entry stays for ever, but the clock of its pair does not. The entry must not block the others.
func TestFrozenEntriesDoNotHoldUpPaymentsAfterAnImport(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 40, 10), setPeriod(3), unbondingTime(3*time.Second), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow = 4, 4
	})).Honest(0, 1).Blocks(2)
	f.Undelegate(fixture.Operator(2), 2, fixture.Dual(5)).OK()
	f.Report(fixture.Alice, f.DoubleVote(3, 2)).OK()
	f.Blocks(40)
	_, started := completion(f, fixture.Operator(2))
	require.False(t, started, "its clock is forgotten")
	f.Undelegate(fixture.Operator(0), 0, fixture.Dual(1)).OK()
	g := f.Import()
	for range 20 {
		f.Blocks(1)
		g.Repeat(f)
		requireSameState(f, g)
	}
	require.Empty(t, unbondings(f, fixture.Operator(0)))
	require.Empty(t, unbondings(g, fixture.Operator(0)))
	require.Len(t, unbondings(g, fixture.Operator(2)), 1)
}

func TestARunningChainIsImportedAsItIsOrNotAtAll(t *testing.T) {
	change := func(module string, change func(app.GenesisState, app.Encoding)) fixture.Option {
		return fixture.Genesis(func(e app.Encoding, state app.GenesisState) { change(state, e) })
	}
	finality := func(edit func(*types.GenesisState)) fixture.Option {
		return change(types.ModuleName, func(state app.GenesisState, e app.Encoding) {
			fixture.Change(e.Codec, state, types.ModuleName, edit)
		})
	}
	checkpoints := func(edit func(*checkpointtypes.GenesisState)) fixture.Option {
		return change(checkpointtypes.ModuleName, func(state app.GenesisState, e app.Encoding) {
			fixture.Change(e.Codec, state, checkpointtypes.ModuleName, edit)
		})
	}
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Honest(0, 1, 2).Blocks(10)
	for _, tc := range []struct {
		name   string
		option fixture.Option
		says   string
	}{
		{"another chain id", fixture.Chain("another"), "chain_id"},
		{"another height", fixture.InitialHeight(100), "initial height"},
		{"stake that nobody paid", finality(func(g *types.GenesisState) {
			g.Voters[0].Bonded.Tokens = g.Voters[0].Bonded.Tokens.AddRaw(1)
		}), "expected the module account to hold"},
		{"shares that nobody has", finality(func(g *types.GenesisState) {
			g.Voters[0].Bonded.Shares = g.Voters[0].Bonded.Shares.AddRaw(1)
		}), "the sum of its owners' and nobody's"},
		{"a key twice", finality(func(g *types.GenesisState) { g.Voters[1].PubKey = g.Voters[0].PubKey }), "registered twice"},
		{"a set that is missing", finality(func(g *types.GenesisState) { g.Running.Sets = nil }), "not among the sets"},
		{"another next set", finality(func(g *types.GenesisState) { g.Running.Next.Members[0].Current++ }), "next set"},
		{"an era above the head", finality(func(g *types.GenesisState) { g.Running.Era.FirstEpoch = 1000 }), "within the kept epochs"},
		{"heads in the wrong order", checkpoints(func(g *checkpointtypes.GenesisState) {
			g.Chain.FinalizedEpoch = g.Chain.JustifiedEpoch + 1
		}), "heads"},
		{"a head that is said to be final", checkpoints(func(g *checkpointtypes.GenesisState) {
			g.Chain.Records[len(g.Chain.Records)-1].Finalized = true
		}), "said to be finalized"},
		{"a checkpoint that was changed", checkpoints(func(g *checkpointtypes.GenesisState) { g.Chain.Records[3].Checkpoint.Height++ }), "root of epoch"},
		{"a gap in the history", checkpoints(func(g *checkpointtypes.GenesisState) { g.Chain.History.Size_-- }), "history"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			defer func() {
				err, _ := recover().(error)
				require.ErrorContains(t, err, tc.says)
			}()
			f.In(t).Import(tc.option)
			require.Fail(t, "it was imported")
		})
	}
}

// A genesis with the state of only one of the two modules would lead to a second anchor under the same chain id.
func TestAGenesisWithHalfARunningChainIsRefused(t *testing.T) {
	f := fixture.New(t, fixture.Voters(10, 10, 10), fixture.Interval(1)).Honest(0, 1, 2).Blocks(6)
	ctx := f.Ctx()
	_, anchored, err := f.App.FinalityKeeper.Anchor(ctx)
	require.False(t, anchored)
	require.ErrorIs(t, err, types.ErrInvalidGenesis)

	other := fixture.New(t, fixture.Voters(20, 10, 10), fixture.Interval(1))
	running, err := f.App.CheckpointKeeper.ExportGenesis(ctx)
	require.NoError(t, err)
	err = other.App.CheckpointKeeper.InitGenesis(other.Ctx().WithBlockHeight(f.Height()+1), *running)
	require.ErrorIs(t, err, checkpointtypes.ErrInvalidGenesis)
	require.ErrorContains(t, err, "are not the voter sets in force")
}
