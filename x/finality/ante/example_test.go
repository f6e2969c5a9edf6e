package ante_test

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/dualchain/dualchain/x/finality/ante"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A chain installs the wrapped handler with app.SetAnteHandler.
func ExampleWrap() {
	own := func(ctx sdk.Context, _ sdk.Tx, _ bool) (sdk.Context, error) { return ctx, errors.New("no fee") }
	handler := ante.Wrap(own)

	votes, err := types.EncodeUnsigned(votesBy(""))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := sdk.Context{}.WithContext(context.Background()).WithTxBytes(votes)
	_, err = handler(ctx.WithExecMode(sdk.ExecModeFinalize), nil, false)
	fmt.Println("votes in a block:", err)
	_, err = handler(ctx.WithExecMode(sdk.ExecModeCheck), nil, false)
	fmt.Println("votes in the mempool are refused:", errors.Is(err, sdkerrors.ErrUnauthorized))
	_, err = handler(sdk.Context{}.WithContext(context.Background()), sends{}, false)
	fmt.Println("a transfer:", err)
	// Output:
	// votes in a block: <nil>
	// votes in the mempool are refused: true
	// a transfer: no fee
}

// sends is a transaction with one transfer.
type sends struct{ sdk.Tx }

func (sends) GetMsgs() []sdk.Msg { return []sdk.Msg{sendCoins()} }
