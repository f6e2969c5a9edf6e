package watch

import "errors"

// Why there is no duty. Each is wrapped with what was expected and found; anything else is a failure to reach the node.
var (
	// ErrNoDuty: nothing to vote on: the key isn't registered, or there is no checkpoint above the anchor yet.
	ErrNoDuty = errors.New("no duty")
	// ErrNotExecuted: the node has not executed the block yet that it announced.
	ErrNotExecuted = errors.New("block not executed yet")
	// ErrWrongChain: the node is on another chain.
	ErrWrongChain = errors.New("wrong chain")
	// ErrInconsistent: the node's answer contradicts itself or the node's own blocks.
	ErrInconsistent = errors.New("inconsistent answer")
	// ErrFuture: the checkpoint's time is too far ahead of this machine's clock; one of the two clocks is wrong.
	ErrFuture = errors.New("checkpoint from the future")
)
