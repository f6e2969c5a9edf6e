package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// supplied starts a chain on which one coin makes one unit of power. The supply makes this power, and voter 0 has nearly
// all of it.
func supplied(t *testing.T, power math.Int, options ...fixture.Option) *fixture.Fixture {
	return fixture.New(t, append([]fixture.Option{
		fixture.Voters(1, 1, 1),
		fixture.Params(func(p *types.Params) { p.PowerReduction, p.MinStake = 1, math.OneInt() }),
		fixture.Genesis(func(e app.Encoding, state app.GenesisState) {
			var more math.Int
			fixture.Change(e.Codec, state, banktypes.ModuleName, func(g *banktypes.GenesisState) {
				more = power.Sub(g.Supply.AmountOf(app.BaseDenom))
				coin := sdk.NewCoin(app.BaseDenom, more)
				g.Supply = g.Supply.Add(coin)
				for i, b := range g.Balances {
					if b.Address == authtypes.NewModuleAddress(types.ModuleName).String() {
						g.Balances[i].Coins = b.Coins.Add(coin)
					}
				}
			})
			fixture.Change(e.Codec, state, types.ModuleName, func(g *types.GenesisState) {
				shares, err := g.Voters[0].Bonded.Join(more, true)
				require.NoError(t, err)
				own := &g.Delegations[0].Positions[0].Shares
				*own = own.Add(shares)
			})
		}),
	}, options...)...)
}

func TestTheSupplysPowerFits63BitsAtGenesis(t *testing.T) {
	largest := math.NewIntFromUint64(1<<63 - 1)
	supplied(t, largest).Honest(0, 1, 2).Blocks(3).Expect(heads{Head: 3, Justified: 2, Finalized: 1})
	defer func() {
		err, _ := recover().(error)
		require.ErrorContains(t, err, "supply: expected less than 9223372036854775808udual, found 9223372036854775808")
	}()
	supplied(t, largest.AddRaw(1))
	require.Fail(t, "it started")
}

func TestASupplyThatMintingMakesTooLargeIsReportedAndHaltsNothing(t *testing.T) {
	f := supplied(t, math.NewIntFromUint64(1<<63-1), fixture.Inflation("0.1")).Honest(0, 1, 2)
	for range 5 {
		f.Blocks(1)
		events := fixture.EventsOf[types.EventSupplyTooLarge](f)
		require.Len(t, events, 1)
		require.Equal(t, "9223372036854775808", events[0].Limit)
		require.Equal(t, 1, len(events[0].Supply)-len("922337203685477580"), events[0].Supply)
	}
	f.Expect(heads{Head: 5, Justified: 4, Finalized: 3})
}
