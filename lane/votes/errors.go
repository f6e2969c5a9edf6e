package votes

import errorsmod "cosmossdk.io/errors"

// Codespace is the codespace of this package's errors.
const Codespace = "dualchain/votes"

// Why a vote is refused. What x/finality finds wrong comes with its own codes.
var (
	// ErrPool means that the vote pool has no room, or two other votes of the key for the target.
	ErrPool = errorsmod.Register(Codespace, 2, "vote pool refused the vote")
	// ErrMalformed means that a message begins like a pack and is none.
	ErrMalformed = errorsmod.Register(Codespace, 3, "gossip message can't be read")
	// ErrNoted means that the vote is stray and held already: there is no need to send it again.
	ErrNoted = errorsmod.Register(Codespace, 4, "the vote doesn't count for its target, and the pool has noted it")
	// ErrStrays means that the budget of stray votes is spent until the next block.
	ErrStrays = errorsmod.Register(Codespace, 5, "too many votes that don't count for their targets since the last block")
	// ErrBusy means that too many votes wait for verification.
	ErrBusy = errorsmod.Register(Codespace, 6, "too many votes wait for verification")
	// ErrPanic means that this node has a fault.
	ErrPanic = errorsmod.Register(Codespace, 7, "panic")
)
