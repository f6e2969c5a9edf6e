package watch

import "errors"

// Why there is no duty, or what is wrong with a node. Each is wrapped with what was expected and found.
var (
	// ErrNoDuty: nothing to vote on: the key isn't registered, or there is no checkpoint above the anchor yet.
	ErrNoDuty = errors.New("no duty")
	// ErrNoAnswer: the node can't be reached, or answers with an error. Any error that wraps none of the others means this.
	ErrNoAnswer = errors.New("no answer")
	// ErrNotSynced: the node doesn't have the chain's newest blocks yet.
	ErrNotSynced = errors.New("not synced")
	// ErrNotExecuted: the node has not executed the block yet that it announced.
	ErrNotExecuted = errors.New("block not executed yet")
	// ErrStuck: the node's newest block is old compared with another node's.
	ErrStuck = errors.New("stuck at an old block")
	// ErrWrongChain: the node is on another chain.
	ErrWrongChain = errors.New("wrong chain")
	// ErrInconsistent: the node's answer contradicts itself or the node's own blocks.
	ErrInconsistent = errors.New("inconsistent answer")
	// ErrNotKept: the node doesn't have that epoch: it is too old, or yet to come.
	ErrNotKept = errors.New("epoch not kept")
	// ErrFuture: the checkpoint's time is too far ahead of this machine's clock; one of the two clocks is wrong.
	ErrFuture = errors.New("checkpoint from the future")

	// ErrNoNode: no node is healthy.
	ErrNoNode = errors.New("no healthy node")
	// ErrDisputed: a witness reports another checkpoint or source than the node.
	ErrDisputed = errors.New("a witness contradicts the node")
	// ErrUnconfirmed: no witness reports the checkpoint.
	ErrUnconfirmed = errors.New("no witness confirms the checkpoint")
)

// errUnchecked: a node at first.
var errUnchecked = errors.New("not checked yet")

// kind returns the text of the error above that err wraps, by which a change is told from the same problem in other words;
// nothing for no error.
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
