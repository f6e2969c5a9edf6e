package app

import (
	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/auth/ante"

	ibcante "github.com/cosmos/ibc-go/v11/modules/core/ante"

	finalityante "github.com/dualchain/dualchain/x/finality/ante"
)

// newAnteHandler returns the checks that every transaction passes before its messages run: those of votes and
// evidence first, then, in this order, shape and size, fees, and signatures, which cost most.
func newAnteHandler(k Keepers, txConfig client.TxConfig) sdk.AnteHandler {
	return finalityante.Wrap(sdk.ChainAnteDecorators(
		ante.NewSetUpContextDecorator(),
		ante.NewExtensionOptionsDecorator(nil),
		ante.NewValidateBasicDecorator(),
		ante.NewTxTimeoutHeightDecorator(),
		ante.NewValidateMemoDecorator(k.AccountKeeper),
		ante.NewConsumeGasForTxSizeDecorator(k.AccountKeeper),
		ante.NewDeductFeeDecorator(k.AccountKeeper, k.BankKeeper, k.FeeGrantKeeper, nil),
		ante.NewSetPubKeyDecorator(k.AccountKeeper),
		ante.NewValidateSigCountDecorator(k.AccountKeeper),
		ante.NewSigGasConsumeDecorator(k.AccountKeeper, ante.DefaultSigVerificationGasConsumer),
		ante.NewSigVerificationDecorator(k.AccountKeeper, txConfig.SignModeHandler()),
		ante.NewIncrementSequenceDecorator(k.AccountKeeper),
		ibcante.NewRedundantRelayDecorator(k.IBCKeeper),
	))
}
