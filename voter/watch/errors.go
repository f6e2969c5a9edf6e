package watch

import "errors"

// Errors that explain why there is no duty, or what is wrong with a node. Each is wrapped with what was expected and found.
var (
	// ErrNoDuty means that there is nothing to vote on: the key isn't registered, or no checkpoint is above the anchor yet.
	ErrNoDuty = errors.New("no duty")
	// ErrNoAnswer means that the node can't be reached or answers with an error. Any error that wraps no other means this.
	ErrNoAnswer = errors.New("no answer")
	// ErrNotSynced means that the node doesn't have the chain's newest blocks yet.
	ErrNotSynced = errors.New("not synced")
	// ErrNotExecuted means that the node has not yet executed the block that it announced.
	ErrNotExecuted = errors.New("block not executed yet")
	// ErrStuck means that the node's newest block is old compared with another node's.
	ErrStuck = errors.New("stuck at an old block")
	// ErrWrongChain means that the node is on another chain.
	ErrWrongChain = errors.New("wrong chain")
	// ErrInconsistent means that the node's answer contradicts itself or the node's own blocks.
	ErrInconsistent = errors.New("inconsistent answer")
	// ErrNotKept means that the node doesn't have the epoch: it is too old or in the future.
	ErrNotKept = errors.New("epoch not kept")
	// ErrFuture means that the checkpoint's time is too far ahead of this machine's clock. One of the two clocks is wrong.
	ErrFuture = errors.New("checkpoint from the future")

	// ErrNoNode means that no node is healthy.
	ErrNoNode = errors.New("no healthy node")
	// ErrDisputed means that a witness reports another checkpoint or source than the node.
	ErrDisputed = errors.New("a witness contradicts the node")
	// ErrUnconfirmed means that no witness reports the checkpoint.
	ErrUnconfirmed = errors.New("no witness confirms the checkpoint")

	// ErrSkipped means that a node or witness can't be used before somebody has looked at it.
	ErrSkipped = errors.New("skipped")
	// ErrDiffer means that two nodes report different blocks at one height.
	ErrDiffer = errors.New("nodes report different blocks")
	// ErrOld means that new blocks are old on arrival, by this machine's clock.
	ErrOld = errors.New("new blocks are old on arrival")
)

// unusable reports whether a problem needs somebody to look at the node: it doesn't pass by itself.
func unusable(problem error) bool {
	return errors.Is(problem, ErrWrongChain) || errors.Is(problem, ErrInconsistent)
}

// errUnchecked is the problem of a node before its first check.
var errUnchecked = errors.New("not checked yet")

// kind returns the text of the error above that err wraps, "" for nil. Two errors of one kind are the same problem in
// different words.
func kind(err error) string {
	if err == nil {
		return ""
	}
	for _, k := range []error{errUnchecked, ErrNotSynced, ErrNotExecuted, ErrStuck, ErrWrongChain, ErrInconsistent, ErrDisputed, ErrUnconfirmed} {
		if errors.Is(err, k) {
			return k.Error()
		}
	}
	return ErrNoAnswer.Error()
}
