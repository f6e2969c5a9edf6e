package types

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// refundKey is the context key of a refundable fee.
type refundKey struct{}

type refundable struct {
	payer sdk.AccAddress
	fee   sdk.Coins
}

// WithRefundableFee notes who paid which fee for the transaction under way, so that the fee can be given back if its
// evidence is valid and new (protocol §8). payer is the account that was charged: the fee granter, if there is one.
func WithRefundableFee(ctx sdk.Context, payer sdk.AccAddress, fee sdk.Coins) sdk.Context {
	return ctx.WithValue(refundKey{}, refundable{payer: payer, fee: fee})
}

// RefundableFee returns what [WithRefundableFee] noted, and whether it did: only for a signed transaction whose
// sole message is MsgSubmitEvidence.
func RefundableFee(ctx context.Context) (payer sdk.AccAddress, fee sdk.Coins, ok bool) {
	paid, ok := ctx.Value(refundKey{}).(refundable)
	return paid.payer, paid.fee, ok
}
