package app

import (
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// admitFinality puts the rules for votes and evidence in front of the ordinary checks (protocol §12). Injected ones,
// unsigned and free, pass in a block alone: CheckTx and simulation have no use for them, and the transport has
// checked their place in the block. Everything else pays and is signed, and holds neither an unsigned message nor, at
// any depth, votes or evidence inside another one.
func admitFinality(ordinary sdk.AnteHandler) sdk.AnteHandler {
	return func(ctx sdk.Context, tx sdk.Tx, simulate bool) (sdk.Context, error) {
		_, unsigned, err := finalitytypes.DecodeUnsigned(ctx.TxBytes())
		if err != nil {
			return unmetered(ctx), sdkerrors.ErrInvalidRequest.Wrap(err.Error())
		}
		if unsigned {
			if simulate || ctx.ExecMode() != sdk.ExecModeFinalize {
				return unmetered(ctx), sdkerrors.ErrUnauthorized.Wrap("unsigned votes and evidence pass in a block only")
			}
			return unmetered(ctx), nil
		}
		msgs := tx.GetMsgs()
		for _, msg := range msgs { // the bytes said so already, if the context has them
			if finalitytypes.IsUnsigned(msg) {
				return unmetered(ctx), sdkerrors.ErrInvalidRequest.Wrapf("%T: expected a submitter, found none", msg)
			}
		}
		if err := finalitytypes.RejectNested(msgs); err != nil {
			return unmetered(ctx), sdkerrors.ErrInvalidRequest.Wrap(err.Error())
		}
		if ctx, err = ordinary(ctx, tx, simulate); err != nil {
			return ctx, err
		}
		return noteRefundable(ctx, tx), nil
	}
}

// noteRefundable notes who was charged for evidence, so that x/finality can give the fee back if the evidence is valid
// and new (protocol §8). Only evidence that stands alone is refunded: other messages would ride along for free.
func noteRefundable(ctx sdk.Context, tx sdk.Tx) sdk.Context {
	msgs := tx.GetMsgs()
	if len(msgs) != 1 {
		return ctx
	}
	if _, ok := msgs[0].(*finalitytypes.MsgSubmitEvidence); !ok {
		return ctx
	}
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok {
		return ctx
	}
	payer := sdk.AccAddress(feeTx.FeePayer())
	if granter := feeTx.FeeGranter(); granter != nil {
		payer = granter
	}
	return finalitytypes.WithRefundableFee(ctx, payer, feeTx.GetFee())
}

// unmetered is ctx with a meter that shows 0 gas wanted and used. What an injection reads depends on what the node has
// in memory, and the gas in a transaction's result is under the next header's LastResultsHash, so it must not show;
// nor may it use up the gas of the block. Votes are bounded by their voter set instead.
func unmetered(ctx sdk.Context) sdk.Context {
	return ctx.WithGasMeter(noMeter{storetypes.NewInfiniteGasMeter()})
}

// noMeter is an infinite meter that keeps its reading to itself. An infinite one alone would show -1 gas wanted.
type noMeter struct{ storetypes.GasMeter }

func (noMeter) Limit() storetypes.Gas              { return 0 }
func (noMeter) GasConsumed() storetypes.Gas        { return 0 }
func (noMeter) GasConsumedToLimit() storetypes.Gas { return 0 }
