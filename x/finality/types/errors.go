package types

import "cosmossdk.io/errors"

// Errors of x/finality. The texts that wrap them say what was expected and what was found.
var (
	ErrInvalidParams     = errors.Register(ModuleName, 2, "invalid params")
	ErrInvalidGenesis    = errors.Register(ModuleName, 3, "invalid genesis")
	ErrUnauthorized      = errors.Register(ModuleName, 4, "unauthorized")
	ErrInvalidVoter      = errors.Register(ModuleName, 5, "invalid voter")
	ErrVoterNotFound     = errors.Register(ModuleName, 6, "voter not found")
	ErrOperatorTaken     = errors.Register(ModuleName, 7, "operator has registered a voter already")
	ErrKeyUsed           = errors.Register(ModuleName, 8, "public key was used before")
	ErrInvalidKey        = errors.Register(ModuleName, 9, "invalid public key")
	ErrInvalidPossession = errors.Register(ModuleName, 10, "invalid proof of possession")
	ErrInvalidAmount     = errors.Register(ModuleName, 11, "invalid amount")
	ErrAboveCap          = errors.Register(ModuleName, 12, "stake of others exceeds what the operator's own lets count")
	ErrNotDelegated      = errors.Register(ModuleName, 13, "not enough delegated")
	ErrTombstoned        = errors.Register(ModuleName, 14, "voter is tombstoned")
	ErrTooManyUnbondings = errors.Register(ModuleName, 15, "too many unbonding entries")
	ErrUnbondingNotFound = errors.Register(ModuleName, 16, "unbonding entry not found")
	ErrNotJailed         = errors.Register(ModuleName, 17, "voter is not jailed")
	ErrStillJailed       = errors.Register(ModuleName, 18, "voter is still jailed")
	ErrPowerTooLarge     = errors.Register(ModuleName, 19, "stake makes more power than 63 bits hold")
	ErrCommissionChange  = errors.Register(ModuleName, 20, "commission rises too much for one era")

	ErrInvalidVote      = errors.Register(ModuleName, 30, "invalid vote")
	ErrNoEpochs         = errors.Register(ModuleName, 31, "no epoch is open: no voter has been eligible yet")
	ErrVoteWindow       = errors.Register(ModuleName, 32, "target is outside the vote window")
	ErrOtherVote        = errors.Register(ModuleName, 33, "vote is not the one that this chain counts")
	ErrUnknownSet       = errors.Register(ModuleName, 34, "unknown voter set")
	ErrInvalidBitfield  = errors.Register(ModuleName, 35, "invalid bitfield")
	ErrRedundant        = errors.Register(ModuleName, 36, "votes add nothing to the tally")
	ErrInvalidSignature = errors.Register(ModuleName, 37, "invalid signature")

	ErrInvalidEvidence   = errors.Register(ModuleName, 50, "invalid evidence")
	ErrNotSlashable      = errors.Register(ModuleName, 51, "votes do not conflict")
	ErrNobodyGuilty      = errors.Register(ModuleName, 52, "nobody who can still be slashed or has power signed both votes")
	ErrEvidenceNotFound  = errors.Register(ModuleName, 53, "evidence not found")
	ErrForkSignerIsKnown = errors.Register(ModuleName, 54, "fork signer is registered here")
)
