package wire

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	cmtabci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"cosmossdk.io/log/v2"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/mempool"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/abci"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// check is how far an application has got: Seal passed, and the first block after it.
type check struct {
	sealed, begun atomic.Bool
	preBlock      atomic.Int64 // the height at which our pre-blocker ran last
}

// Seal installs the ABCI handlers and checks every step that the compiler can't. Call it last, just before the state is
// loaded, after which BaseApp refuses other handlers. The first BeginBlock checks again, and that Seal was called.
//
// A pre-blocker or a CheckTx handler that replaces ours between Seal and the load is found by the first BeginBlock. BaseApp gives no way to
// find another PrepareProposal, ProcessProposal or PrepareCheckState there: set none.
//
// It wraps [ErrUnwired] and names the step: handlers, signers, services, permissions, orders, mempool or ante.
func Seal(h *Handlers) error {
	if h == nil {
		return fmt.Errorf("%w: handlers: expected those that Modules.Handlers returns, found none", ErrUnwired)
	}
	m := h.modules
	if err := m.checkSteps(); err != nil {
		return err
	}
	base := m.keepers.base
	own := h.own
	if own.PreBlocker == nil {
		own.PreBlocker = base.App.PreBlocker()
	}
	own.PreBlocker = m.markPreBlock(own.PreBlocker)
	installed, err := abci.Install(base.App, m.keepers.Finality, base.App.TxDecode, own, base.lanes())
	if err != nil {
		return fmt.Errorf("%w: mempool: %w", ErrUnwired, err)
	}
	h.installed = installed
	m.check.sealed.Store(true)
	return nil
}

// markPreBlock returns a pre-blocker that runs the chain's own, if it has one, and remembers the height.
func (m Modules) markPreBlock(own sdk.PreBlocker) sdk.PreBlocker {
	return func(ctx sdk.Context, req *cmtabci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
		m.check.preBlock.Store(ctx.BlockHeight())
		if own == nil {
			return &sdk.ResponsePreBlock{}, nil
		}
		return own(ctx, req)
	}
}

// checkHandlers returns an error if BaseApp has another pre-blocker or CheckTx handler than those that Seal installed. A pre-blocker has run
// in every block before BeginBlock; only our CheckTx handler refuses empty evidence with a code of its own, before it reads any state.
func (m Modules) checkHandlers(height int64) error {
	if ran := m.check.preBlock.Load(); ran != height {
		return fmt.Errorf("the pre-blocker was replaced after wire.Seal: give it to Modules.Handlers (block %d, ours ran last in %d)", height, ran)
	}
	evidence, err := finalitytypes.EncodeUnsigned(new(finalitytypes.MsgSubmitEvidence))
	if err != nil {
		return err
	}
	answer, err := m.keepers.base.App.CheckTx(&cmtabci.RequestCheckTx{Tx: evidence, Type: cmtabci.CheckTxType_New})
	if err != nil {
		return err
	}
	if answer.Codespace != abci.Codespace {
		return fmt.Errorf("the CheckTx handler was replaced after wire.Seal: give it to Modules.Handlers (expected empty evidence to be refused by %s, found code %d of %q)",
			abci.Codespace, answer.Code, answer.Codespace)
	}
	return nil
}

// checkSteps returns the first step that is missing.
func (m Modules) checkSteps() error {
	for _, step := range []struct {
		name  string
		check func() error
	}{
		{"signers", m.checkSigners},
		{"services", m.checkServices},
		{"permissions", m.checkPermissions},
		{"orders", m.checkOrders},
		{"mempool", m.checkMempool},
		{"ante", m.checkAnte},
	} {
		if err := guard(step.check); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrUnwired, step.name, err)
		}
	}
	return nil
}

// guard turns a panic into an error: what is probed here belongs to the chain.
func guard(check func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return check()
}

// probe returns an unsigned vote as a proposer injects it, as a transaction and its bytes. It verifies nowhere.
func (m Modules) probe() (sdk.Tx, []byte, error) {
	txBytes, err := finalitytypes.EncodeUnsigned(&finalitytypes.MsgSubmitVotes{Votes: finalitytypes.AggregateVoteFromFFG(ffg.AggregateVote{
		Vote: ffg.Vote{Target: ffg.Ref{Epoch: 1}},
	})})
	if err != nil {
		return nil, nil, err
	}
	tx, err := m.keepers.base.App.TxDecode(txBytes)
	return tx, txBytes, err
}

func (m Modules) checkSigners() error {
	signers, _, err := m.keepers.base.Codec.GetMsgV1Signers(new(finalitytypes.MsgSubmitVotes))
	if err != nil {
		return fmt.Errorf("call wire.Signers on the options that the interface registry is made from: %w", err)
	}
	if len(signers) > 0 {
		return fmt.Errorf("expected no signers of an unsigned vote, found %d", len(signers))
	}
	return nil
}

func (m Modules) checkServices() error {
	if _, _, err := m.probe(); err != nil {
		return fmt.Errorf("register the interfaces of all modules before the state is loaded: %w", err)
	}
	if m.keepers.base.App.MsgServiceRouter().HandlerByTypeURL(sdk.MsgTypeURL(new(finalitytypes.MsgSubmitVotes))) == nil {
		return errors.New("call Keepers.Modules before the module manager registers services")
	}
	return nil
}

func (m Modules) checkPermissions() error {
	base := m.keepers.base
	for name, needed := range map[string][]string{
		finalitytypes.ModuleName: {authtypes.Burner, authtypes.Staking}, finalitytypes.RewardsName: {},
	} {
		address, found := base.Account.GetModuleAddressAndPermissions(name)
		if address == nil {
			return fmt.Errorf("expected a module account %s, found none: make the account keeper from the permissions given to Accounts", name)
		}
		for _, permission := range needed {
			if !slices.Contains(found, permission) {
				return fmt.Errorf("module account %s: expected permission %s, found %v", name, permission, found)
			}
		}
		if !base.Bank.BlockedAddr(address) {
			return fmt.Errorf("module account %s: expected x/bank to block it as a recipient", name)
		}
	}
	return nil
}

// checkMempool removes an unsigned vote, as FinalizeBlock does.
func (m Modules) checkMempool() error {
	tx, _, err := m.probe()
	if err != nil {
		return err
	}
	err = mempool.RemoveWithReason(context.Background(), m.keepers.base.App.Mempool(), tx, mempool.RemoveReason{Caller: mempool.CallerRunTxFinalize})
	if err != nil && !errors.Is(err, mempool.ErrTxNotFound) {
		return fmt.Errorf("wrap the chain's mempool with wire.Mempool, after the options from app.toml: %w", err)
	}
	return nil
}

// checkAnte passes an unsigned vote through the ante handler, as FinalizeBlock does.
func (m Modules) checkAnte() error {
	tx, txBytes, err := m.probe()
	if err != nil {
		return err
	}
	handler := m.keepers.base.App.AnteHandler()
	if handler == nil {
		return errors.New("expected an ante handler, found none")
	}
	ctx := sdk.NewContext(nil, cmtproto.Header{}, false, log.NewNopLogger()).WithTxBytes(txBytes).WithExecMode(sdk.ExecModeFinalize)
	err = guard(func() error {
		ctx, err = handler(ctx, tx, false)
		return err
	})
	if err != nil {
		return fmt.Errorf("wrap the ante handler with ante.Wrap: an unsigned vote was refused: %w", err)
	}
	if limit := ctx.GasMeter().Limit(); limit != 0 {
		return fmt.Errorf("wrap the ante handler with ante.Wrap: expected an unsigned vote to want 0 gas, found %d", limit)
	}
	return nil
}

// beforeBlock runs at each BeginBlock and checks at the first one.
func (m Modules) beforeBlock(ctx context.Context) error {
	if m.check.begun.Load() {
		return nil
	}
	if !m.check.sealed.Load() {
		return fmt.Errorf("%w: handlers: wire.Seal was not called before the state was loaded", ErrUnwired)
	}
	if err := m.checkSteps(); err != nil {
		return err
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	if err := guard(func() error { return m.checkHandlers(sdkCtx.BlockHeight()) }); err != nil {
		return fmt.Errorf("%w: handlers: %w", ErrUnwired, err)
	}
	if err := m.checkMaxGas(sdkCtx); err != nil {
		return err
	}
	m.check.begun.Store(true)
	return nil
}

// checkMaxGas refuses blocks without a gas limit, where one transaction can keep every node busy for as long as it likes.
// Once there are checkpoints, governance alone can have removed the limit: a node says so and continues, since a chain must
// not stop for that.
func (m Modules) checkMaxGas(ctx sdk.Context) error {
	block := ctx.ConsensusParams().Block
	if block == nil || block.MaxGas > 0 {
		return nil
	}
	_, anchored, err := m.keepers.Checkpoint.HeadEpoch(ctx)
	if err != nil {
		return err
	}
	err = fmt.Errorf("%w: max_gas: expected a limit in the consensus parameters, found %d", ErrUnwired, block.MaxGas)
	if anchored {
		ctx.Logger().Error("blocks have no gas limit", "err", err)
		return nil
	}
	return err
}
