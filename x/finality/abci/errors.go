package abci

import (
	errorsmod "cosmossdk.io/errors"
)

// Codespace is the codespace of this package's errors.
const Codespace = "dualchain/abci"

// What CheckTx answers and ProcessProposal logs. What x/finality finds wrong comes with its own codes.
var (
	ErrPanic           = errorsmod.Register(Codespace, 2, "panic")
	ErrNotCanonical    = errorsmod.Register(Codespace, 3, "unsigned transaction is not canonical")
	ErrProposersOnly   = errorsmod.Register(Codespace, 4, "unsigned votes and evidence are for proposers only; voters send packs")
	ErrNotSingle       = errorsmod.Register(Codespace, 5, "a pack in CometBFT's mempool has exactly one vote")
	ErrMisplaced       = errorsmod.Register(Codespace, 10, "unsigned transaction out of place")
	ErrTargetOrder     = errorsmod.Register(Codespace, 11, "unsigned votes not in strictly ascending order of their targets")
	ErrTooManyVotes    = errorsmod.Register(Codespace, 12, "too many unsigned vote transactions")
	ErrTooMuchEvidence = errorsmod.Register(Codespace, 13, "more than one unsigned evidence transaction")
	ErrInvalidVotes    = errorsmod.Register(Codespace, 14, "unsigned votes are invalid")
	ErrInvalidEvidence = errorsmod.Register(Codespace, 15, "unsigned evidence is invalid")
	ErrUndecodable     = errorsmod.Register(Codespace, 16, "transaction can't be decoded")
	ErrNested          = errorsmod.Register(Codespace, 17, "votes or evidence inside another message")
	ErrOversized       = errorsmod.Register(Codespace, 18, "block is too large")
)
