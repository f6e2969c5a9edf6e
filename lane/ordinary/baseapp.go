package ordinary

import (
	"cosmossdk.io/core/header"

	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// CommittedState returns a [Chain.State] of an application. It reads no check state, which a Commit replaces.
func CommittedState(app *baseapp.BaseApp) func() (sdk.Context, error) {
	return func() (sdk.Context, error) {
		ctx, err := app.CreateQueryContext(0, false)
		if err != nil { // a Commit was between the store and the header
			ctx, err = app.CreateQueryContext(0, false)
		}
		if err != nil {
			return sdk.Context{}, err
		}
		block := ctx.BlockHeader()
		ctx = ctx.WithHeaderInfo(header.Info{Height: block.Height, Time: block.Time, ChainID: block.ChainID, AppHash: block.AppHash})
		return ctx.WithConsensusParams(app.GetConsensusParams(ctx)), nil
	}
}
