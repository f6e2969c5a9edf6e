package ordinary

import (
	"crypto/sha256"
	"fmt"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
)

// slot is the place that a transaction takes at one of its signers: the next sequence number, or, unordered, a
// timestamp. No two transactions can be executed in one slot.
type slot struct {
	account   string // the address in bytes
	unordered bool
	number    uint64 // the sequence number, or the timestamp in nanoseconds
}

// entry is one transaction. What stands above the line never changes while it is held.
type entry struct {
	key       [sha256.Size]byte
	bytes     []byte
	tx        sdk.Tx // during admission; what is held is decoded again, since decoded it takes up to 70 times its bytes
	slots     []slot // by signer; the first is the sender's
	unordered bool
	price     price
	fee       math.Int
	gas       uint64
	timeout   uint64 // the last height of a block that may hold it, 0 for none
	arrival   uint64
	height    int64 // of the state on which it was admitted
	own       bool  // it came by RPC
	// ————— under the lane's lock
	reaped bool
	at     int   // in pool.all
	tail   int   // in pool.tails, -1 if others follow it
	worth  price // the lowest price on the way to it
}

func (e *entry) size() int64 { return int64(len(e.bytes)) }

// lastBlock reports whether no block after this height may hold the transaction.
func (e *entry) lastBlock(height int64) bool {
	return e.timeout != 0 && height >= 0 && e.timeout <= uint64(height)
}

// signed is what a transaction must have to be ordinary.
type signed interface {
	GetSigners() ([][]byte, error)
	GetSignaturesV2() ([]signing.SignatureV2, error)
}

// parse decodes a transaction and does all checks that need no state.
func (l *Lane) parse(bytes []byte) (e *entry, reason string, err error) {
	reason = ReasonDecode
	defer func() {
		if r := recover(); r != nil {
			e, reason, err = nil, ReasonPanic, sdkerrors.ErrLogic.Wrapf("read the transaction: panic: %v", r)
		}
	}()
	tx, err := l.chain.Decode(bytes)
	if err != nil {
		return nil, reason, sdkerrors.ErrTxDecode.Wrap(err.Error())
	}
	if tx == nil {
		return nil, reason, sdkerrors.ErrTxDecode.Wrap("the decoder returned no transaction")
	}
	e = &entry{key: sha256.Sum256(bytes), bytes: bytes, tx: tx, tail: -1}
	if err := e.readSlots(); err != nil {
		return nil, ReasonBasic, err
	}
	if len(e.slots) > MaxSigners {
		return nil, ReasonBasic, sdkerrors.ErrTooManySignatures.Wrapf("expected at most %d signers, found %d", MaxSigners, len(e.slots))
	}
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok {
		return nil, reason, sdkerrors.ErrTxDecode.Wrapf("expected a transaction with a fee, found %T", tx)
	}
	e.gas, e.fee = feeTx.GetGas(), feeTx.GetFee().AmountOf(l.chain.FeeDenom)
	e.price = newPrice(e.fee, e.gas)
	if timed, ok := tx.(sdk.TxWithTimeoutHeight); ok {
		e.timeout = timed.GetTimeoutHeight()
	}
	return e, ReasonBasic, l.checkMessages(tx.GetMsgs())
}

func (e *entry) readSlots() error {
	tx, ok := e.tx.(signed)
	if !ok {
		return sdkerrors.ErrTxDecode.Wrapf("expected a signed transaction, found %T", e.tx)
	}
	signers, err := tx.GetSigners()
	if err != nil {
		return sdkerrors.ErrTxDecode.Wrap(err.Error())
	}
	signatures, err := tx.GetSignaturesV2()
	if err != nil {
		return sdkerrors.ErrTxDecode.Wrap(err.Error())
	}
	if len(signers) == 0 || len(signatures) != len(signers) {
		return sdkerrors.ErrNoSignatures.Wrapf("expected one signature of each of %d signers, at least one, found %d", len(signers), len(signatures))
	}
	timed, ok := e.tx.(sdk.TxWithUnordered)
	e.unordered = ok && timed.GetUnordered()
	seen := make(map[string]bool, len(signers))
	for i, signer := range signers {
		s := slot{account: string(signer), unordered: e.unordered, number: signatures[i].Sequence}
		if e.unordered {
			if s.number != 0 {
				return sdkerrors.ErrInvalidRequest.Wrapf("expected no sequence number in an unordered transaction, found %d", s.number)
			}
			s.number = uint64(timed.GetTimeoutTimeStamp().UnixNano())
		}
		if seen[s.account] {
			return sdkerrors.ErrInvalidRequest.Wrapf("expected each signer once, found %X twice", signer)
		}
		seen[s.account] = true
		e.slots = append(e.slots, s)
	}
	return nil
}

// checkMessages does what BaseApp does with messages before the ante handler.
func (l *Lane) checkMessages(msgs []sdk.Msg) error {
	if len(msgs) == 0 {
		return sdkerrors.ErrInvalidRequest.Wrap("must contain at least one message")
	}
	for _, msg := range msgs {
		if m, ok := msg.(sdk.HasValidateBasic); ok {
			if err := m.ValidateBasic(); err != nil {
				return err
			}
		}
		if l.chain.Route != nil && !l.chain.Route(msg) {
			return errorsmod.Wrapf(sdkerrors.ErrUnknownRequest, "no message handler found for %T", msg)
		}
	}
	return nil
}

func (s slot) String() string {
	if s.unordered {
		return fmt.Sprintf("account %X, unordered %d", s.account, s.number)
	}
	return fmt.Sprintf("account %X, sequence %d", s.account, s.number)
}
