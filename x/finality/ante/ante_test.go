package ante_test

import (
	"context"
	"testing"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/ante"
	"github.com/dualchain/dualchain/x/finality/types"
)

var (
	payer   = sdk.AccAddress("payer_______________")
	granter = sdk.AccAddress("granter_____________")
	vote    = ffg.Vote{Target: ffg.Ref{Epoch: 1}}
	fee     = sdk.NewCoins(sdk.NewInt64Coin("utoy", 7))
)

func votesBy(submitter string) *types.MsgSubmitVotes {
	votes := types.AggregateVoteFromFFG(ffg.AggregateVote{Vote: vote})
	return &types.MsgSubmitVotes{Submitter: submitter, Votes: votes}
}

func evidenceBy(submitter string) *types.MsgSubmitEvidence {
	one := types.EvidenceVote{Vote: types.VoteFromFFG(vote)}
	return &types.MsgSubmitEvidence{Submitter: submitter, Evidence: types.Evidence{First: one, Second: one}}
}

func sendCoins() sdk.Msg {
	return &banktypes.MsgSend{FromAddress: payer.String(), ToAddress: payer.String(), Amount: fee}
}

func nested(msgs ...sdk.Msg) sdk.Msg {
	exec := authz.NewMsgExec(payer, msgs)
	return &exec
}

// anteResult is what the checks did with a transaction.
type anteResult struct {
	ctx      sdk.Context
	err      error
	ordinary bool // the ordinary checks ran
}

// runAnte passes a transaction through the checks, with ordinary ones that answer err.
func runAnte(t *testing.T, tx sdk.Tx, txBytes []byte, mode sdk.ExecMode, err error) anteResult {
	t.Helper()
	var result anteResult
	handler := ante.Wrap(func(ctx sdk.Context, _ sdk.Tx, simulate bool) (sdk.Context, error) {
		require.Equal(t, mode == sdk.ExecModeSimulate, simulate)
		result.ordinary = true
		return ctx, err
	})
	ctx := sdk.Context{}.WithContext(context.Background()).WithTxBytes(txBytes).WithExecMode(mode).
		WithGasMeter(storetypes.NewInfiniteGasMeter())
	result.ctx, result.err = handler(ctx, tx, mode == sdk.ExecModeSimulate)
	return result
}

var txConfig = func() client.TxConfig {
	options := signing.Options{
		AddressCodec: address.NewBech32Codec("cosmos"), ValidatorAddressCodec: address.NewBech32Codec("cosmosvaloper"),
	}
	types.DefineCustomGetSigners(&options)
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver, SigningOptions: options,
	})
	if err != nil {
		panic(err)
	}
	types.RegisterInterfaces(registry)
	banktypes.RegisterInterfaces(registry)
	authz.RegisterInterfaces(registry)
	return authtx.NewTxConfig(codec.NewProtoCodec(registry), authtx.DefaultSignModes)
}()

// build returns a transaction as a node decodes it, and its bytes.
func build(t *testing.T, feeGranter sdk.AccAddress, msgs ...sdk.Msg) (sdk.Tx, []byte) {
	t.Helper()
	builder := txConfig.NewTxBuilder()
	require.NoError(t, builder.SetMsgs(msgs...))
	builder.SetFeeAmount(fee)
	builder.SetGasLimit(1)
	builder.SetFeeGranter(feeGranter)
	encoded, err := txConfig.TxEncoder()(builder.GetTx())
	require.NoError(t, err)
	tx, err := txConfig.TxDecoder()(encoded)
	require.NoError(t, err)
	return tx, encoded
}

func TestInjectedMessagesPassInABlockOnly(t *testing.T) {
	for _, msg := range []sdk.Msg{votesBy(""), evidenceBy("")} {
		canonical, err := types.EncodeUnsigned(msg)
		require.NoError(t, err)
		for mode, expected := range map[sdk.ExecMode]error{
			sdk.ExecModeFinalize:        nil,
			sdk.ExecModeCheck:           sdkerrors.ErrUnauthorized,
			sdk.ExecModeReCheck:         sdkerrors.ErrUnauthorized,
			sdk.ExecModeSimulate:        sdkerrors.ErrUnauthorized,
			sdk.ExecModePrepareProposal: sdkerrors.ErrUnauthorized,
			sdk.ExecModeProcessProposal: sdkerrors.ErrUnauthorized,
		} {
			result := runAnte(t, nil, canonical, mode, nil)
			require.ErrorIs(t, result.err, expected, "mode %d", mode)
			require.False(t, result.ordinary, "nobody signed it")
		}
	}
}

func TestInjectedMessagesShowNoGas(t *testing.T) {
	canonical, err := types.EncodeUnsigned(votesBy(""))
	require.NoError(t, err)
	meter := runAnte(t, nil, canonical, sdk.ExecModeFinalize, nil).ctx.GasMeter()
	meter.ConsumeGas(1<<40, "a large voter set")
	require.Zero(t, meter.Limit())
	require.Zero(t, meter.GasConsumed(), "what is in memory differs from node to node")
	require.Zero(t, meter.GasConsumedToLimit(), "the block's gas is for others")
	require.False(t, meter.IsOutOfGas())
}

func TestOrdinaryTransactionsTakeTheOrdinaryChecks(t *testing.T) {
	for name, msgs := range map[string][]sdk.Msg{
		"a transfer":                 {sendCoins()},
		"transfers inside authz":     {nested(sendCoins())},
		"signed votes":               {votesBy(payer.String())},
		"signed evidence and others": {evidenceBy(payer.String()), sendCoins(), votesBy(payer.String())},
	} {
		t.Run(name, func(t *testing.T) {
			tx, encoded := build(t, nil, msgs...)
			result := runAnte(t, tx, encoded, sdk.ExecModeCheck, nil)
			require.NoError(t, result.err)
			require.True(t, result.ordinary)

			result = runAnte(t, tx, encoded, sdk.ExecModeFinalize, sdkerrors.ErrInsufficientFee)
			require.ErrorIs(t, result.err, sdkerrors.ErrInsufficientFee)
		})
	}
}

func TestUnsignedAndNestedMessagesInOrdinaryTransactionsAreRefused(t *testing.T) {
	for name, msgs := range map[string][]sdk.Msg{
		"unsigned votes with a fee":       {votesBy("")},
		"unsigned votes before another":   {votesBy(""), sendCoins()},
		"unsigned evidence after another": {sendCoins(), evidenceBy("")},
		"unsigned votes inside authz":     {nested(votesBy(""))},
		"signed votes inside authz":       {nested(votesBy(payer.String()))},
		"signed evidence twice inside":    {sendCoins(), nested(nested(evidenceBy(payer.String())))},
	} {
		t.Run(name, func(t *testing.T) {
			tx, encoded := build(t, nil, msgs...)
			for _, txBytes := range [][]byte{encoded, nil} { // with the bytes, and when a caller gave none
				for _, mode := range []sdk.ExecMode{sdk.ExecModeCheck, sdk.ExecModeFinalize, sdk.ExecModeSimulate} {
					result := runAnte(t, tx, txBytes, mode, nil)
					require.ErrorIs(t, result.err, sdkerrors.ErrInvalidRequest)
					require.False(t, result.ordinary)
				}
			}
		})
	}
}

func TestTheFeeOfEvidenceAloneIsRefundable(t *testing.T) {
	for _, tc := range []struct {
		name    string
		granter sdk.AccAddress
		msgs    []sdk.Msg
		refund  sdk.AccAddress // nil: none
	}{
		{name: "to the payer", msgs: []sdk.Msg{evidenceBy(payer.String())}, refund: payer},
		{name: "to the granter that paid", granter: granter, msgs: []sdk.Msg{evidenceBy(payer.String())}, refund: granter},
		{name: "not beside another message", msgs: []sdk.Msg{evidenceBy(payer.String()), sendCoins()}},
		{name: "not twice", msgs: []sdk.Msg{evidenceBy(payer.String()), evidenceBy(payer.String())}},
		{name: "not for votes", msgs: []sdk.Msg{votesBy(payer.String())}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tx, encoded := build(t, tc.granter, tc.msgs...)
			result := runAnte(t, tx, encoded, sdk.ExecModeFinalize, nil)
			require.NoError(t, result.err)
			to, amount, ok := types.RefundableFee(result.ctx)
			require.Equal(t, tc.refund != nil, ok)
			if ok {
				require.Equal(t, tc.refund, to)
				require.Equal(t, fee, amount)
			}
		})
	}
}

func TestNothingIsRefundableOfATransactionThatFailed(t *testing.T) {
	tx, encoded := build(t, nil, evidenceBy(payer.String()))
	result := runAnte(t, tx, encoded, sdk.ExecModeFinalize, sdkerrors.ErrUnauthorized)
	require.ErrorIs(t, result.err, sdkerrors.ErrUnauthorized)
	_, _, ok := types.RefundableFee(result.ctx)
	require.False(t, ok)
}

// The SDK gives simulations a meter without a limit, and anybody may ask a node for one.
func TestASimulationHasTheGasOfABlock(t *testing.T) {
	const maxGas = 1000
	tx, encoded := build(t, nil, sendCoins())
	simulate := func(maxGas int64, used uint64, mode sdk.ExecMode) (sdk.Context, error) {
		handler := ante.Wrap(func(ctx sdk.Context, _ sdk.Tx, _ bool) (sdk.Context, error) {
			ctx = ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
			ctx.GasMeter().ConsumeGas(used, "fees and signatures")
			return ctx, nil
		})
		ctx := sdk.Context{}.WithContext(context.Background()).WithTxBytes(encoded).WithExecMode(mode).
			WithConsensusParams(cmtproto.ConsensusParams{Block: &cmtproto.BlockParams{MaxGas: maxGas}})
		return handler(ctx, tx, mode == sdk.ExecModeSimulate)
	}
	ctx, err := simulate(maxGas, 900, sdk.ExecModeSimulate)
	require.NoError(t, err)
	require.EqualValues(t, 900, ctx.GasMeter().GasConsumed())
	ctx.GasMeter().ConsumeGas(100, "a message")
	require.Panics(t, func() { ctx.GasMeter().ConsumeGas(1, "one more") })

	_, err = simulate(maxGas, maxGas+1, sdk.ExecModeSimulate)
	require.ErrorIs(t, err, sdkerrors.ErrOutOfGas)

	ctx, err = simulate(-1, 0, sdk.ExecModeSimulate)
	require.NoError(t, err)
	require.EqualValues(t, 100_000_000, ctx.GasMeter().Limit(), "blocks have no limit")

	ctx, err = simulate(maxGas, maxGas+1, sdk.ExecModeFinalize)
	require.NoError(t, err, "the chain's own meter")
	require.Positive(t, ctx.GasMeter().GasRemaining())
}
