package monitor

import (
	"errors"
	"slices"
)

// Severity is how serious it is that a key does not vote.
type Severity int

// The severities, ascending.
const (
	Waiting Severity = iota // normal: there is nothing to vote on yet
	Trouble                 // likely to pass by itself
	Alarm                   // does not pass by itself, or the stake may be at risk
)

// GuardPrefix begins the code of every refusal of slashing protection.
const GuardPrefix = "guard_"

// Reason is why a key does not vote: one row of a table that logs, metrics, /status and the documentation share.
type Reason struct {
	Code     string // short and stable: a label of metrics
	Severity Severity
	Message  string // what the log says, after event.AlarmPrefix for an alarm; "" if the line has its own words
	Advice   string // the meaning, and what to do
}

// Reasons that the monitor finds by itself. Behind also names the key's own reason.
var (
	NoKey = Reason{
		Code: "no_key", Severity: Alarm, Message: "no key can vote",
		Advice: "There is no key, or each was left out at the start. Add one, or see the reasons that stand beside this one.",
	}
	Stalled = Reason{
		Code: "chain_stalled", Severity: Alarm,
		Advice: "No node reports a new block. Check the nodes; if they are healthy, the chain has halted.",
	}
	Behind = Reason{
		Code: "behind", Severity: Alarm, Message: "a key owes a vote",
		Advice: "The key owes a vote for longer than `stall_after`. The error names what keeps it from voting.",
	}
	NotRecorded = Reason{
		Code: "not_recorded", Severity: Alarm, Message: "votes are not recorded",
		Advice: "Votes are signed, but the chain records none of them. The log says whether nodes accept them; if they do, proposers leave them out.",
	}
	NoNode = Reason{
		Code: "no_node", Severity: Alarm, Message: "not voting",
		Advice: "No node is healthy; the log says what is wrong with each. Start one, or add one to voter.toml.",
	}
	InJail = Reason{
		Code: "jailed", Severity: Alarm, Message: "jailed for absence",
		Advice: "The voter was absent too often. It keeps voting while it is in a set. Its operator sends 'tx finality unjail' when its time is over.",
	}
	Tombstoned = Reason{
		Code: "tombstoned", Severity: Alarm, Message: "slashed for equivocation",
		Advice: "The chain has proof that this key signed two conflicting votes. It never votes again. Find out how, before you register another key.",
	}
)

// Reasons are the reasons above.
func Reasons() []Reason {
	return []Reason{NoKey, Stalled, Behind, NotRecorded, NoNode, InJail, Tombstoned}
}

// Standing is a reason that holds now.
type Standing struct {
	Code      string `json:"code"`
	Alarm     bool   `json:"alarm"`
	PublicKey string `json:"public_key,omitempty"` // the key that it concerns; empty if it concerns the whole client
	Error     string `json:"error"`
	Advice    string `json:"advice,omitempty"`
}

// Rule gives the errors that fit a reason.
type Rule struct {
	Fits func(error) bool
	Reason
}

// Is fits errors that wrap one of these.
func Is(sentinels ...error) func(error) bool {
	return func(err error) bool {
		return slices.ContainsFunc(sentinels, func(sentinel error) bool { return errors.Is(err, sentinel) })
	}
}

// As fits errors that wrap one of this type.
func As[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// ReasonOf returns the reason of the first rule that fits, Unexplained if no rule fits, and no reason for nil.
func ReasonOf(rules []Rule, err error) Reason {
	if err == nil {
		return Reason{}
	}
	for _, r := range rules {
		if r.Fits(err) {
			return r.Reason
		}
	}
	return Unexplained
}

// Unexplained is the reason of every other error.
var Unexplained = Reason{Code: "other", Severity: Trouble, Message: "not voting", Advice: "Read the error."}
