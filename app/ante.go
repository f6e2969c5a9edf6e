package app

import (
	"fmt"

	"github.com/cosmos/cosmos-sdk/client"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/x/auth/ante"

	ibcante "github.com/cosmos/ibc-go/v11/modules/core/ante"

	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// newAnteHandler returns the checks that a transaction passes before its messages run. There are two kinds (protocol
// §12): votes and evidence that a proposer injected, unsigned and free, whose one canonical form is all there is to
// check here; and everything else, which pays and is signed.
func newAnteHandler(k Keepers, txConfig client.TxConfig) sdk.AnteHandler {
	signed := sdk.ChainAnteDecorators(
		ante.NewSetUpContextDecorator(),
		ante.NewExtensionOptionsDecorator(nil),
		nestedVotes{},
		ante.NewValidateBasicDecorator(),
		ante.NewTxTimeoutHeightDecorator(),
		ante.NewValidateMemoDecorator(k.AccountKeeper),
		ante.NewConsumeGasForTxSizeDecorator(k.AccountKeeper),
		ante.NewDeductFeeDecorator(k.AccountKeeper, k.BankKeeper, k.FeeGrantKeeper, nil),
		refundableFee{},
		ante.NewSetPubKeyDecorator(k.AccountKeeper),
		ante.NewValidateSigCountDecorator(k.AccountKeeper),
		ante.NewSigGasConsumeDecorator(k.AccountKeeper, ante.DefaultSigVerificationGasConsumer),
		ante.NewSigVerificationDecorator(k.AccountKeeper, txConfig.SignModeHandler()),
		ante.NewIncrementSequenceDecorator(k.AccountKeeper),
		ibcante.NewRedundantRelayDecorator(k.IBCKeeper),
	)
	return func(ctx sdk.Context, tx sdk.Tx, simulate bool) (sdk.Context, error) {
		_, unsigned, err := finalitytypes.DecodeUnsigned(ctx.TxBytes())
		if err != nil {
			return ctx, sdkerrors.ErrInvalidRequest.Wrap(err.Error())
		}
		if unsigned {
			return ctx.WithGasMeter(free{storetypes.NewInfiniteGasMeter()}), nil
		}
		return signed(ctx, tx, simulate)
	}
}

// free meters what a proposer's injection uses, never runs out, and wants 0 gas: the size of votes is bounded by their
// voter set, and an infinite meter would show a wanted gas of -1.
type free struct{ storetypes.GasMeter }

func (free) Limit() uint64 { return 0 }

// nestedVotes refuses votes and evidence inside authz, gov or any other message that holds messages: there they would
// neither be found by the vote pool nor take their place at the front of a block.
type nestedVotes struct{}

func (nestedVotes) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if err := finalitytypes.RejectNested(tx.GetMsgs()); err != nil {
		return ctx, sdkerrors.ErrInvalidRequest.Wrap(err.Error())
	}
	return next(ctx, tx, simulate)
}

// refundableFee notes who was charged for evidence, so that x/finality can give the fee back if the evidence is valid
// and new (protocol §8). Only evidence that stands alone is refunded: other messages would ride along for free.
type refundableFee struct{}

func (refundableFee) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	msgs := tx.GetMsgs()
	if len(msgs) != 1 {
		return next(ctx, tx, simulate)
	}
	if _, ok := msgs[0].(*finalitytypes.MsgSubmitEvidence); !ok {
		return next(ctx, tx, simulate)
	}
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok {
		return ctx, sdkerrors.ErrTxDecode.Wrap(fmt.Sprintf("expected a transaction with a fee, found %T", tx))
	}
	payer := sdk.AccAddress(feeTx.FeePayer())
	if granter := feeTx.FeeGranter(); granter != nil {
		payer = granter
	}
	return next(finalitytypes.WithRefundableFee(ctx, payer, feeTx.GetFee()), tx, simulate)
}
