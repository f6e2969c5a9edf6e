package types

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

func TestRefundableFeeIsWhatWasNoted(t *testing.T) {
	payer, fee := sdk.AccAddress("payer"), sdk.NewCoins(sdk.NewInt64Coin("udual", 5))
	ctx := WithRefundableFee(sdk.Context{}.WithContext(context.Background()), payer, fee)

	gotPayer, gotFee, ok := RefundableFee(ctx)
	require.True(t, ok)
	require.Equal(t, payer, gotPayer)
	require.Equal(t, fee, gotFee)
}

func TestNoFeeIsRefundableUnlessNoted(t *testing.T) {
	payer, fee, ok := RefundableFee(sdk.Context{}.WithContext(context.Background()))
	require.False(t, ok)
	require.Empty(t, payer)
	require.Empty(t, fee)
}
