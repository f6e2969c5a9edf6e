package types

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cosmos/gogoproto/proto"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/dualchain/dualchain/core/ffg"
)

// Votes and evidence exist in two forms. Signed, submitter set: an ordinary transaction. Unsigned, submitter
// empty: a transaction of exactly one byte string for each message, which only a node's vote pool and proposers make
// (protocol §12). Nothing else may carry an unsigned one.

// Errors of the unsigned form.
var (
	// ErrNotUnsigned: the message to encode is not an unsigned vote or evidence message.
	ErrNotUnsigned = errors.New("not an unsigned finality message")
	// ErrNotCanonical: a transaction carries an unsigned message and is not its one canonical encoding.
	ErrNotCanonical = errors.New("unsigned finality message outside its canonical transaction")
	// ErrNested: votes or evidence, signed or not, inside another message.
	ErrNested = errors.New("votes or evidence inside another message")
	// ErrNesting: messages nested so deeply that they are not looked through.
	ErrNesting = errors.New("messages nested too deeply")
)

// maxNesting bounds how deep messages in messages are looked through; the SDK unpacks no more than 10 levels.
const maxNesting = 8

// submission is what the two messages share.
type submission interface {
	sdk.Msg
	proto.Marshaler
	proto.Unmarshaler
	GetSubmitter() string
	spelled() error
}

var (
	_ submission = (*MsgSubmitVotes)(nil)
	_ submission = (*MsgSubmitEvidence)(nil)
)

// newSubmission returns an empty message for the type URLs of the two messages, nil for all others. A type URL that
// names them in another way is refused by the SDK's decoder, so it needs no case here.
func newSubmission(typeURL string) submission {
	switch typeURL {
	case "/" + string(submitVotesName):
		return new(MsgSubmitVotes)
	case "/" + string(submitEvidenceName):
		return new(MsgSubmitEvidence)
	default:
		return nil
	}
}

// IsUnsigned reports whether msg is a MsgSubmitVotes or MsgSubmitEvidence without a submitter.
func IsUnsigned(msg sdk.Msg) bool {
	s, ok := msg.(submission)
	return ok && s.GetSubmitter() == ""
}

// EncodeUnsigned returns the canonical transaction of an unsigned message: a TxRaw whose body holds the message
// alone, whose AuthInfo holds an empty fee alone (the SDK's transactions panic without one), and no signatures.
// Errors: [ErrNotUnsigned].
func EncodeUnsigned(msg sdk.Msg) ([]byte, error) {
	if !IsUnsigned(msg) {
		return nil, fmt.Errorf("encode %T: %w", msg, ErrNotUnsigned)
	}
	packed, err := codectypes.NewAnyWithValue(msg)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", msg, err)
	}
	body, err := (&tx.TxBody{Messages: []*codectypes.Any{packed}}).Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode body of %T: %w", msg, err)
	}
	authInfo, err := (&tx.AuthInfo{Fee: &tx.Fee{}}).Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode auth info of %T: %w", msg, err)
	}
	return (&tx.TxRaw{BodyBytes: body, AuthInfoBytes: authInfo}).Marshal()
}

// DecodeUnsigned tells three kinds of transactions apart: it returns the message and true for the canonical
// transaction of an unsigned message, an error wrapping [ErrNotCanonical] for anything else that carries an unsigned
// message at its top level, another spelling of a root, hash or key included, and false for all other bytes, be they an
// ordinary transaction or none at all. It parses only what carries an unsigned message in at most [MaxUnsignedBytes].
func DecodeUnsigned(txBytes []byte) (msg sdk.Msg, unsigned bool, err error) {
	if !mayBeUnsigned(txBytes) {
		return nil, false, nil
	}
	if len(txBytes) > MaxUnsignedBytes {
		return nil, false, fmt.Errorf("%w: expected at most %d bytes, found %d", ErrNotCanonical, MaxUnsignedBytes, len(txBytes))
	}
	var raw tx.TxRaw
	if raw.Unmarshal(txBytes) != nil {
		return nil, false, nil
	}
	var body tx.TxBody
	if body.Unmarshal(raw.BodyBytes) != nil {
		return nil, false, nil
	}
	for i, packed := range body.Messages {
		found := newSubmission(packed.TypeUrl)
		if found == nil {
			continue
		}
		if err := found.Unmarshal(packed.Value); err != nil {
			return nil, false, fmt.Errorf("decode message %d, %T: %w: %w", i, found, ErrNotCanonical, err)
		}
		if IsUnsigned(found) {
			msg = found
		}
	}
	if msg == nil {
		return nil, false, nil
	}
	if err := msg.(submission).spelled(); err != nil {
		return nil, false, fmt.Errorf("decode %T: %w: %w", msg, ErrNotCanonical, err)
	}
	canonical, err := EncodeUnsigned(msg)
	if err != nil {
		return nil, false, err
	}
	if !bytes.Equal(canonical, txBytes) {
		return nil, false, fmt.Errorf("decode %T: %w: expected exactly its encoding of %d bytes, found %d bytes",
			msg, ErrNotCanonical, len(canonical), len(txBytes))
	}
	return msg, true, nil
}

// spelled returns an error unless roots and hashes are spelled as they are printed. Nothing else is checked.
func (m *MsgSubmitVotes) spelled() error {
	return errors.Join(spelledVote(m.Votes.Vote), spelledRoot(m.Votes.VoterSetHash))
}

// spelled returns an error unless roots and keys are spelled as they are printed. Nothing else is checked.
func (m *MsgSubmitEvidence) spelled() error {
	for _, vote := range []EvidenceVote{m.Evidence.First, m.Evidence.Second} {
		if err := spelledVote(vote.Vote); err != nil {
			return err
		}
		for _, signer := range vote.ForkSigners {
			if _, err := ffg.ParsePublicKey(signer.PubKey); err != nil {
				return err
			}
		}
	}
	return nil
}

func spelledVote(v Vote) error {
	return errors.Join(spelledRoot(v.Source.Root), spelledRoot(v.Target.Root))
}

func spelledRoot(text string) error {
	_, err := ffg.ParseRoot(text)
	return err
}

// RejectNested returns an error wrapping [ErrNested] if votes or evidence, signed or not, are inside another of msgs:
// an authz execution, a gov proposal, or any other message that hands out the messages it holds, at any depth. It ignores
// them at the top level. It wraps [ErrNesting] beyond a depth of 8.
func RejectNested(msgs []sdk.Msg) error { return rejectNested(msgs, 0) }

func rejectNested(msgs []sdk.Msg, depth int) error {
	if len(msgs) > 0 && depth > maxNesting {
		return fmt.Errorf("%w: expected at most %d levels", ErrNesting, maxNesting)
	}
	for i, msg := range msgs {
		if _, ok := msg.(submission); ok && depth > 0 {
			return fmt.Errorf("%w: message %d at depth %d is %T", ErrNested, i, depth, msg)
		}
		inner, err := innerMessages(msg)
		if err != nil {
			return fmt.Errorf("unpack messages of %T: %w", msg, err)
		}
		if err := rejectNested(inner, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// innerMessages returns the messages that msg would have executed. Both ways in which the SDK's modules hand them
// out are asked for by shape, so that a module added later is covered.
func innerMessages(msg sdk.Msg) ([]sdk.Msg, error) {
	switch outer := msg.(type) {
	case interface{ GetMessages() ([]sdk.Msg, error) }: // authz
		return outer.GetMessages()
	case interface{ GetMsgs() ([]sdk.Msg, error) }: // gov, group
		return outer.GetMsgs()
	default:
		return nil, nil
	}
}
