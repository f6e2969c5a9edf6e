package ordinary

import (
	abci "github.com/cometbft/cometbft/abci/types"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

// outcome is what the ante handler says of a transaction.
type outcome struct {
	err       error
	gasWanted uint64
	gasUsed   uint64
	events    []abci.Event
}

// branch is a branch of the committed state on which transactions are tried one after the other.
type branch struct {
	chain Chain
	ctx   sdk.Context
}

// branch returns a branch of the latest committed state.
func (l *Lane) branch() (b branch, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = sdkerrors.ErrLogic.Wrapf("read the committed state: panic: %v", r)
		}
	}()
	ctx, err := l.chain.State()
	if err != nil {
		return branch{}, err
	}
	return branch{l.chain, ctx}.fork(), nil
}

// fork returns a branch of the branch.
func (b branch) fork() branch {
	b.ctx = b.ctx.WithMultiStore(b.ctx.MultiStore().CacheMultiStore())
	return b
}

// try runs the ante handler, and keeps what it writes if it accepts. A recheck leaves out signatures, which were verified once.
func (b branch) try(e *entry, recheck bool) (out outcome) {
	ctx := b.ctx.
		WithTxBytes(e.bytes).
		WithIsCheckTx(true).
		WithGasMeter(storetypes.NewInfiniteGasMeter()).
		WithEventManager(sdk.NewEventManager())
	if recheck {
		ctx = ctx.WithIsReCheckTx(true)
	}
	defer func() {
		if r := recover(); r != nil {
			out.err = sdkerrors.ErrLogic.Wrapf("check the transaction: panic: %v", r)
		}
	}()
	tx := e.tx
	if tx == nil {
		if tx, out.err = b.chain.Decode(e.bytes); out.err != nil {
			return out
		}
	}
	store := ctx.MultiStore().CacheMultiStore()
	after, err := b.chain.Ante(ctx.WithMultiStore(store), tx, false)
	out.err = err
	if !after.IsZero() {
		out.gasWanted, out.gasUsed = after.GasMeter().Limit(), after.GasMeter().GasConsumed()
		out.events = after.EventManager().ABCIEvents()
	}
	if err == nil {
		store.Write()
	}
	return out
}
