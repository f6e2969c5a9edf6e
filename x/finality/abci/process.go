package abci

import (
	"errors"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A block's unsigned transactions are free, so what a proposer may inject is narrow: valid votes that a tally lacks,
// one transaction a target, ascending, then at most one evidence, all before anything else.

// ProcessProposal is the ProcessProposal handler. It rejects what no honest proposer proposes, what the chain's own handler
// rejects or fails on, and what makes either panic; an empty block is fine.
func (h *Handlers) ProcessProposal(ctx sdk.Context, req *abci.RequestProcessProposal) (resp *abci.ResponseProcessProposal, _ error) {
	reject := &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}
	defer func() {
		if r := recover(); r != nil {
			ctx.Logger().Error("reject proposal", "height", req.Height, "panic", r)
			resp = reject
		}
	}()
	if err := h.CheckBlock(ctx, req.Txs); err != nil {
		ctx.Logger().Error("reject proposal", "height", req.Height, "err", err)
		return reject, nil
	}
	if h.own.ProcessProposal == nil {
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
	}
	rest := *req
	rest.Txs = behindOurs(req.Txs)
	resp, err := h.own.ProcessProposal(ctx, &rest)
	if err != nil || resp == nil {
		ctx.Logger().Error("reject proposal", "height", req.Height, "err", err)
		return reject, nil
	}
	return resp, nil
}

// CheckBlock returns the first reason for which txs can't be the transactions of the next block, the cheap ones
// first: an error of this package.
func (h *Handlers) CheckBlock(ctx sdk.Context, txs [][]byte) error {
	if block := ctx.ConsensusParams().Block; block != nil && block.MaxBytes >= 0 && sizeOf(txs...) > block.MaxBytes {
		return ErrOversized.Wrapf("expected at most %d bytes, found %d", block.MaxBytes, sizeOf(txs...))
	}
	maxVotes, err := h.maxVotes(ctx)
	if err != nil {
		return fmt.Errorf("read params: %w", err)
	}
	l := layout{maxVotes: maxVotes, gasLeft: blockGas(ctx)}
	for i, txBytes := range txs {
		if err := h.addTo(&l, txBytes); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	for _, agg := range l.votes {
		if err := h.keeper.CheckVotes(ctx, agg); err != nil {
			return ErrInvalidVotes.Wrapf("epoch %d: %s", agg.Vote.Target.Epoch, err)
		}
	}
	if l.evidence != nil {
		if err := h.keeper.CheckUnsignedEvidence(ctx, *l.evidence); err != nil {
			return ErrInvalidEvidence.Wrap(err.Error())
		}
	}
	return nil
}

// maxVotes returns how many transactions with votes a block may have: none in the block of the upgrade that adds x/finality, which is
// proposed and judged before the upgrade runs.
func (h *Handlers) maxVotes(ctx sdk.Context) (int, error) {
	params, err := h.keeper.Params(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return int(params.MaxVoteTxs), err
}

// layout is a block's transactions so far.
type layout struct {
	maxVotes int
	gasLeft  uint64 // that the transactions may want
	votes    []ffg.AggregateVote
	evidence *types.Evidence
	ordinary bool // there has been an ordinary transaction
}

func (h *Handlers) addTo(l *layout, txBytes []byte) error {
	if gossip.Is(txBytes) {
		return ErrMisplaced.Wrap("a gossip message is no transaction")
	}
	msg, unsigned, err := types.DecodeUnsigned(txBytes)
	if err != nil {
		return ErrNotCanonical.Wrap(err.Error())
	}
	if !unsigned {
		l.ordinary = true
		gas, err := h.ordinary(txBytes)
		if err != nil {
			return err
		}
		if gas > l.gasLeft {
			return ErrOversized.Wrapf("expected at most %d gas, found %d", l.gasLeft, gas)
		}
		l.gasLeft -= gas
		return nil
	}
	if l.ordinary {
		return ErrMisplaced.Wrapf("expected %T before ordinary transactions", msg)
	}
	switch msg := msg.(type) {
	case *types.MsgSubmitVotes:
		return l.addVotes(msg)
	case *types.MsgSubmitEvidence:
		return l.addEvidence(msg)
	default:
		return ErrMisplaced.Wrapf("%T is no unsigned message", msg)
	}
}

func (l *layout) addVotes(msg *types.MsgSubmitVotes) error {
	agg, err := msg.Votes.ToFFG()
	if err != nil {
		return ErrInvalidVotes.Wrap(err.Error())
	}
	if l.evidence != nil {
		return ErrMisplaced.Wrap("expected votes before evidence")
	}
	if len(l.votes) >= l.maxVotes {
		return ErrTooManyVotes.Wrapf("expected at most %d", l.maxVotes)
	}
	if n := len(l.votes); n > 0 {
		if last, target := l.votes[n-1].Vote.Target.Epoch, agg.Vote.Target.Epoch; target <= last {
			return ErrTargetOrder.Wrapf("expected above epoch %d, found %d", last, target)
		}
	}
	l.votes = append(l.votes, agg)
	return nil
}

func (l *layout) addEvidence(msg *types.MsgSubmitEvidence) error {
	if l.evidence != nil {
		return ErrTooMuchEvidence
	}
	l.evidence = &msg.Evidence
	return nil
}

// ordinary checks that a transaction which is not unsigned may be in a block, and returns the gas that it wants. A
// transaction that can't be decoded wants none: FinalizeBlock refuses it alike on every node, and the chain's own
// ProcessProposal decides whether it belongs into the block.
func (h *Handlers) ordinary(txBytes []byte) (gas uint64, err error) {
	defer func() {
		if r := recover(); r != nil { // the SDK's transactions panic without a fee
			err = ErrUndecodable.Wrapf("panic: %v", r)
		}
	}()
	tx, err := h.decode(txBytes)
	if err != nil && h.own.ProcessProposal != nil {
		return 0, nil
	}
	if err != nil {
		return 0, ErrUndecodable.Wrap(err.Error())
	}
	if err := types.RejectNested(tx.GetMsgs()); err != nil {
		return 0, ErrNested.Wrap(err.Error())
	}
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok || feeTx.GetGas() == 0 {
		// With a full block gas meter it would fail in another way, and with other gas, under Block-STM.
		return 0, ErrUndecodable.Wrap("expected a gas limit above 0")
	}
	return feeTx.GetGas(), nil
}
