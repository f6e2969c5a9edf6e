package types

import "cosmossdk.io/errors"

// Errors of x/checkpoint.
var (
	ErrInvalidParams  = errors.Register(ModuleName, 2, "invalid params")
	ErrInvalidGenesis = errors.Register(ModuleName, 3, "invalid genesis")
	ErrNotAnchored    = errors.Register(ModuleName, 4, "no checkpoint yet: no voter has been eligible")
	ErrNotFound       = errors.Register(ModuleName, 5, "checkpoint not found")
	ErrUnauthorized   = errors.Register(ModuleName, 6, "unauthorized")
	ErrBlockHash      = errors.Register(ModuleName, 7, "invalid block hash")
	ErrInvalidRoot    = errors.Register(ModuleName, 8, "invalid checkpoint")
	ErrNoVoterSets    = errors.Register(ModuleName, 9, "the keeper has no voter sets: call SetVoterSets with x/finality's keeper before the application starts")
)
