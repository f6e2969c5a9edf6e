// Package ante admits votes and evidence to blocks: it wraps a chain's own ante handler.
//
// Votes and evidence that a proposer injects have no signer and pay no fee, which the SDK's decorators refuse. A chain
// that installs its ante handler without [Wrap] makes blocks, and none of them ever becomes final.
package ante

import (
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/dualchain/dualchain/x/finality/types"
)

// Wrap puts the rules for votes and evidence in front of the chain's own checks (protocol §12). Votes and evidence that a
// proposer injected pass in FinalizeBlock alone: the ABCI handlers have checked their place in the block, and CheckTx and
// simulation have no use for them. Every other transaction goes to next, which charges fees and verifies signatures, unless
// it holds an unsigned message, or votes or evidence inside another message at any depth.
//
// Errors: sdkerrors.ErrInvalidRequest for what no block may hold, ErrUnauthorized for an injection outside FinalizeBlock,
// and those of next.
func Wrap(next sdk.AnteHandler) sdk.AnteHandler {
	return func(ctx sdk.Context, tx sdk.Tx, simulate bool) (sdk.Context, error) {
		_, unsigned, err := types.DecodeUnsigned(ctx.TxBytes())
		if err != nil {
			return unmetered(ctx), sdkerrors.ErrInvalidRequest.Wrap(err.Error())
		}
		if unsigned {
			if simulate || ctx.ExecMode() != sdk.ExecModeFinalize {
				return unmetered(ctx), sdkerrors.ErrUnauthorized.Wrap("unsigned votes and evidence are admitted in blocks only")
			}
			return unmetered(ctx), nil
		}
		msgs := tx.GetMsgs()
		for _, msg := range msgs { // DecodeUnsigned has found these, unless the context has no bytes
			if types.IsUnsigned(msg) {
				return unmetered(ctx), sdkerrors.ErrInvalidRequest.Wrapf("%T: expected a submitter, found none", msg)
			}
		}
		if err := types.RejectNested(msgs); err != nil {
			return unmetered(ctx), sdkerrors.ErrInvalidRequest.Wrap(err.Error())
		}
		if ctx, err = next(ctx, tx, simulate); err != nil {
			return ctx, err
		}
		if simulate {
			if ctx, err = capped(ctx); err != nil {
				return ctx, err
			}
		}
		return noteRefundable(ctx, tx), nil
	}
}

// defaultSimulationGas bounds a simulation on a chain whose blocks have no limit.
const defaultSimulationGas = 100_000_000

// capped bounds a simulation, which anybody may ask a node for and nobody pays: the SDK's own meter has no limit then. What doesn't
// fit into a block needs no estimate.
func capped(ctx sdk.Context) (sdk.Context, error) {
	limit := uint64(defaultSimulationGas)
	if block := ctx.ConsensusParams().Block; block != nil && block.MaxGas > 0 {
		limit = uint64(block.MaxGas)
	}
	used := ctx.GasMeter().GasConsumed()
	if used > limit {
		return ctx, sdkerrors.ErrOutOfGas.Wrapf("simulation: expected at most the gas of a block, %d, found %d", limit, used)
	}
	meter := storetypes.NewGasMeter(limit)
	meter.ConsumeGas(used, "checks before the messages")
	return ctx.WithGasMeter(meter), nil
}

// noteRefundable notes who was charged for evidence, so that x/finality can give the fee back if the evidence is valid
// and new (protocol §8). Only evidence that stands alone is refunded: other messages would ride along for free.
func noteRefundable(ctx sdk.Context, tx sdk.Tx) sdk.Context {
	msgs := tx.GetMsgs()
	if len(msgs) != 1 {
		return ctx
	}
	if _, ok := msgs[0].(*types.MsgSubmitEvidence); !ok {
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
	return types.WithRefundableFee(ctx, payer, feeTx.GetFee())
}

// unmetered returns ctx with a meter that shows 0 gas wanted and used. The reads of an injection depend on what the node
// has in memory, and the next header's LastResultsHash covers the gas of every transaction, so that gas must not show.
// Nor may it use up the gas of the block. The voter set bounds the work instead.
func unmetered(ctx sdk.Context) sdk.Context {
	return ctx.WithGasMeter(noMeter{storetypes.NewInfiniteGasMeter()})
}

// noMeter is an infinite meter that hides its reading: the SDK's own would show -1 gas wanted.
type noMeter struct{ storetypes.GasMeter }

func (noMeter) Limit() storetypes.Gas              { return 0 }
func (noMeter) GasConsumed() storetypes.Gas        { return 0 }
func (noMeter) GasConsumedToLimit() storetypes.Gas { return 0 }
