package voter

import (
	"errors"

	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/signerd"
	"github.com/dualchain/dualchain/voter/watch"
)

// What the log says of reasons, where several have the same.
const (
	saysWaiting   = "waiting"
	saysNotVoting = "not voting"
	saysRefused   = "ALARM: slashing protection refused a vote"
	saysNode      = "ALARM: not voting on what the node says"
	saysSettle    = "ALARM: not voting until this is settled"
)

// unexplained is the reason of every other error.
var unexplained = monitor.Reason{Code: "other", Severity: monitor.Trouble, Message: saysNotVoting, Advice: "Read the error."}

// reasons are all the reasons why a key doesn't vote, by the errors that they come with; the first that fits counts.
// docs/operations.md has the same table.
var reasons = []struct {
	fits func(error) bool
	monitor.Reason
}{
	{is(watch.ErrNoDuty), monitor.Reason{
		Code: "no_duty", Severity: monitor.Waiting, Message: saysWaiting,
		Advice: "The key isn't registered, or there are no checkpoints yet. Register it: 'voter keys pop', then 'tx finality register-voter'.",
	}},
	{is(errNotMember), monitor.Reason{
		Code: "not_member", Severity: monitor.Waiting, Message: saysWaiting,
		Advice: "The key has no bit in the voter set of the head. New stake votes two installations later; a voter that is jailed or has too little stake is left out.",
	}},
	{is(errLooking), monitor.Reason{
		Code: "doppelganger_check", Severity: monitor.Waiting, Message: saysWaiting,
		Advice: "After a start the voter looks for votes of the same key from elsewhere for `doppelganger_epochs`. It votes afterwards.",
	}},
	{is(ErrDoppelganger), monitor.Reason{
		Code: "doppelganger", Severity: monitor.Alarm, Message: saysSettle,
		Advice: "The chain has a vote of this key that this guard has not approved. Stop the other machine, import its slashing protection here, start again.",
	}},
	{as[*guard.Conflict], monitor.Reason{
		Code: monitor.GuardPrefix + "conflict", Severity: monitor.Alarm, Message: saysRefused,
		Advice: "The chain asks for a vote that would be slashable with one that this key signed: another process has the key, or the chain was rolled back. Later epochs are voted for again.",
	}},
	{as[*guard.BelowFloor], monitor.Reason{
		Code: monitor.GuardPrefix + "floor", Severity: monitor.Alarm, Message: saysRefused,
		Advice: "The vote could conflict with one that is remembered no longer or was imported as signed elsewhere. Normal after an import until the chain is past it; else as `guard_conflict`.",
	}},
	{is(guard.ErrRetired), monitor.Reason{
		Code: monitor.GuardPrefix + "retired", Severity: monitor.Alarm, Message: saysSettle,
		Advice: "The key was moved to another machine. Remove it here, or bring it back with 'voter move --from'.",
	}},
	{is(guard.ErrMissing), monitor.Reason{
		Code: monitor.GuardPrefix + "missing", Severity: monitor.Alarm, Message: saysSettle,
		Advice: "Slashing protection has no record of the key. Import the one that has.",
	}},
	{is(guard.ErrLost), monitor.Reason{
		Code: monitor.GuardPrefix + "lost", Severity: monitor.Alarm, Message: saysNotVoting,
		Advice: "guard.journal or guard.lock was deleted, moved or replaced while this process used it, so another one may have voted. Find that one; start this one again when it is the only one.",
	}},
	{is(guard.ErrStorage), monitor.Reason{
		Code: monitor.GuardPrefix + "storage", Severity: monitor.Alarm, Message: saysNotVoting,
		Advice: "The disk of the guard is full, read-only or failing. The voter continues as soon as the disk takes writes.",
	}},
	{is(watch.ErrWrongChain), monitor.Reason{
		Code: "wrong_chain", Severity: monitor.Alarm, Message: saysNode,
		Advice: "All nodes are on another chain than `chain_id`. Look at the addresses in voter.toml.",
	}},
	{is(watch.ErrFuture), monitor.Reason{
		Code: "future", Severity: monitor.Alarm, Message: saysNode,
		Advice: "The checkpoint's time is more than 10 s ahead of this machine's clock. Set the clock (NTP); if it is right, the chain's is wrong.",
	}},
	{is(watch.ErrDisputed), monitor.Reason{
		Code: "disputed", Severity: monitor.Alarm, Message: saysNotVoting,
		Advice: "A witness reports another checkpoint than the node. One of the two is on a fork or lies: find out which before anything else.",
	}},
	{is(watch.ErrUnconfirmed), monitor.Reason{
		Code: "unconfirmed", Severity: monitor.Alarm, Message: saysNotVoting,
		Advice: "No witness reports the checkpoint. Look at the witnesses.",
	}},
	{is(watch.ErrNoNode), monitor.NoNode},
	{is(watch.ErrInconsistent), monitor.Reason{
		Code: "inconsistent", Severity: monitor.Alarm, Message: saysNode,
		Advice: "The node's answer contradicts itself or the node's own blocks. Use another node, and find out what is wrong with this one.",
	}},
	{is(watch.ErrNotSynced, watch.ErrNotExecuted, watch.ErrStuck), monitor.Reason{
		Code: "node_behind", Severity: monitor.Trouble, Message: saysNotVoting,
		Advice: "The node has not executed the newest block yet. Wait, or use another node.",
	}},
	{is(signerd.ErrDenied, signerd.ErrOtherChain, signerd.ErrCertificate), monitor.Reason{
		Code: "signer_refuses", Severity: monitor.Alarm, Message: saysNotVoting,
		Advice: "The signer does not answer this voter: certificates, `clients` or chain id differ. The error says which.",
	}},
	{is(signerd.ErrUnavailable, signerd.ErrAnswer), monitor.Reason{
		Code: "signer_lost", Severity: monitor.Alarm, Message: saysNotVoting,
		Advice: "No answer from the signer. Check its process and the network. The voter votes again as soon as the signer answers.",
	}},
	{is(watch.ErrNoAnswer), monitor.Reason{
		Code: "no_answer", Severity: monitor.Trouble, Message: saysNotVoting,
		Advice: "The node can't be reached or answers with an error. Look at the node.",
	}},
}

// reasonOf returns the reason of an error, none for nil.
func reasonOf(err error) monitor.Reason {
	if err == nil {
		return monitor.Reason{}
	}
	for _, r := range reasons {
		if r.fits(err) {
			return r.Reason
		}
	}
	return unexplained
}

func is(sentinels ...error) func(error) bool {
	return func(err error) bool {
		for _, sentinel := range sentinels {
			if errors.Is(err, sentinel) {
				return true
			}
		}
		return false
	}
}

func as[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}
