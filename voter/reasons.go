package voter

import (
	"slices"

	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/signerd"
	"github.com/dualchain/dualchain/voter/watch"
)

// What the log says of reasons, where several have the same.
const (
	saysWaiting   = "waiting"
	saysNotVoting = "not voting"
	saysNode      = "not voting on what the node says"
	saysSettle    = "not voting until this is settled"
)

// reasons are all the reasons why a key doesn't vote, by the errors that they come with; the first that fits counts.
// docs/operations.md has the same table.
var reasons = slices.Concat([]monitor.Rule{
	{Fits: monitor.Is(watch.ErrNoDuty), Reason: monitor.Reason{
		Code: "no_duty", Severity: monitor.Waiting, Message: saysWaiting,
		Advice: "The key isn't registered, or there are no checkpoints yet. Register it: 'voter keys pop', then 'tx finality register-voter'.",
	}},
	{Fits: monitor.Is(errNotMember), Reason: monitor.Reason{
		Code: "not_member", Severity: monitor.Waiting, Message: saysWaiting,
		Advice: "The key has no bit in the voter set of the head. New stake votes two installations later; a voter that is jailed or has too little stake is left out.",
	}},
	{Fits: monitor.Is(errLooking), Reason: monitor.Reason{
		Code: "doppelganger_check", Severity: monitor.Waiting, Message: saysWaiting,
		Advice: "After a start the voter looks for votes of the same key from elsewhere for `doppelganger_epochs`. It votes afterwards.",
	}},
	{Fits: monitor.Is(ErrDoppelganger), Reason: monitor.Reason{
		Code: "doppelganger", Severity: monitor.Alarm, Message: saysSettle,
		Advice: "The chain has a vote of this key that this guard has not approved. Stop the other machine, import its slashing protection here, start again.",
	}},
}, signerd.Reasons, []monitor.Rule{
	{Fits: monitor.Is(watch.ErrWrongChain), Reason: monitor.Reason{
		Code: "wrong_chain", Severity: monitor.Alarm, Message: saysNode,
		Advice: "All nodes are on another chain than `chain_id`. Look at the addresses in voter.toml.",
	}},
	{Fits: monitor.Is(watch.ErrFuture), Reason: monitor.Reason{
		Code: "future", Severity: monitor.Alarm, Message: saysNode,
		Advice: "The checkpoint's time is more than 10 s ahead of this machine's clock. Set the clock (NTP); if it is right, the chain's is wrong.",
	}},
	{Fits: monitor.Is(watch.ErrDisputed), Reason: monitor.Reason{
		Code: "disputed", Severity: monitor.Alarm, Message: saysNotVoting,
		Advice: "A witness reports another checkpoint than the node. One of the two is on a fork or lies: find out which before anything else.",
	}},
	{Fits: monitor.Is(watch.ErrUnconfirmed), Reason: monitor.Reason{
		Code: "unconfirmed", Severity: monitor.Alarm, Message: saysNotVoting,
		Advice: "No witness reports the checkpoint. Look at the witnesses.",
	}},
	{Fits: monitor.Is(watch.ErrNoNode), Reason: monitor.NoNode},
	{Fits: monitor.Is(watch.ErrInconsistent), Reason: monitor.Reason{
		Code: "inconsistent", Severity: monitor.Alarm, Message: saysNode,
		Advice: "The node's answer contradicts itself or the node's own blocks. Use another node, and find out what is wrong with this one.",
	}},
	{Fits: monitor.Is(watch.ErrNotSynced, watch.ErrNotExecuted, watch.ErrStuck), Reason: monitor.Reason{
		Code: "node_behind", Severity: monitor.Trouble, Message: saysNotVoting,
		Advice: "The node has not executed the newest block yet. Wait, or use another node.",
	}},
	{Fits: monitor.Is(signerd.ErrDenied, signerd.ErrOtherChain, signerd.ErrCertificate), Reason: monitor.Reason{
		Code: "signer_refuses", Severity: monitor.Alarm, Message: saysNotVoting,
		Advice: "The signer does not answer this voter: certificates, `clients` or chain id differ. The error says which.",
	}},
	{Fits: monitor.Is(signerd.ErrUnavailable, signerd.ErrAnswer), Reason: monitor.Reason{
		Code: "signer_lost", Severity: monitor.Alarm, Message: saysNotVoting,
		Advice: "No answer from the signer. Check its process and the network. The voter votes again as soon as the signer answers.",
	}},
	{Fits: monitor.Is(watch.ErrSkipped), Reason: monitor.Reason{
		Code: "node_skipped", Severity: monitor.Alarm,
		Advice: "A node or a witness is on another chain, or its answers contradict each other. The voter uses the others. Look at its address in voter.toml, or replace it.",
	}},
	{Fits: monitor.Is(watch.ErrDiffer), Reason: monitor.Reason{
		Code: "nodes_differ", Severity: monitor.Alarm,
		Advice: "Two nodes report different blocks at one height. The voter believes the preferred one. One of the two is on a fork or lies: find out which.",
	}},
	{Fits: monitor.Is(watch.ErrOld), Reason: monitor.Reason{
		Code: "blocks_old", Severity: monitor.Alarm,
		Advice: "New blocks are old on arrival: this machine's clock is ahead, or the node is far behind. Voting continues.",
	}},
	{Fits: monitor.Is(watch.ErrNoAnswer), Reason: monitor.Reason{
		Code: "no_answer", Severity: monitor.Trouble, Message: saysNotVoting,
		Advice: "The node can't be reached or answers with an error. Look at the node.",
	}},
})

// reasonOf returns the reason of an error, none for nil.
func reasonOf(err error) monitor.Reason { return monitor.ReasonOf(reasons, err) }
