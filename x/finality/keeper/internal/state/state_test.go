package state

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

func TestNanosSortLikeTimes(t *testing.T) {
	last := time.Unix(0, math.MaxInt64)
	times := []time.Time{{}, time.Unix(0, math.MinInt64), time.Unix(-1, 0), time.Unix(0, 0), time.Unix(0, 1), last.Add(-1), last, last.Add(1), last.AddDate(7000, 0, 0)}
	for i := 1; i < len(times); i++ {
		require.LessOrEqual(t, Nanos(times[i-1]), Nanos(times[i]), "%s and %s", times[i-1], times[i])
	}
	require.Equal(t, int64(1), Nanos(times[4]))
	require.Equal(t, int64(math.MaxInt64-1), Nanos(times[5]))
	require.Equal(t, int64(math.MaxInt64), Nanos(times[8]))
	require.Equal(t, int64(math.MinInt64), Nanos(times[0]))
}

func TestWhatFailsLeavesNothing(t *testing.T) {
	key := storetypes.NewKVStoreKey("tried")
	ctx := testutil.DefaultContext(key, storetypes.NewTransientStoreKey("transient"))
	value := func() string { return string(ctx.KVStore(key).Get([]byte("a"))) }
	write := func(ctx context.Context) {
		sdk.UnwrapSDKContext(ctx).KVStore(key).Set([]byte("a"), []byte("b"))
		sdk.UnwrapSDKContext(ctx).EventManager().EmitEvent(sdk.NewEvent("written"))
	}
	failure := errors.New("halfway")
	require.ErrorIs(t, Try(ctx, func(ctx context.Context) error { write(ctx); return failure }), failure)
	require.Empty(t, value())
	require.Empty(t, ctx.EventManager().Events())
	require.NoError(t, Try(ctx, func(ctx context.Context) error { write(ctx); return nil }))
	require.Equal(t, "b", value())
	require.Len(t, ctx.EventManager().Events(), 1)
}
