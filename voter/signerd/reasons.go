package signerd

import (
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/monitor"
)

// Reasons are the reasons why a key does not sign, by the errors that they come with; the first that fits counts.
var Reasons = []monitor.Rule{
	{Fits: monitor.As[*guard.Conflict], Reason: monitor.Reason{
		Code: monitor.GuardPrefix + "conflict", Severity: monitor.Alarm, Message: "slashing protection refused a vote",
		Advice: "The chain asks for a vote that would be slashable with one that this key signed: another process has the key, or the chain was rolled back. Later epochs are voted for again.",
	}},
	{Fits: monitor.As[*guard.BelowFloor], Reason: monitor.Reason{
		Code: monitor.GuardPrefix + "floor", Severity: monitor.Alarm, Message: "slashing protection refused a vote",
		Advice: "The vote could conflict with one that is remembered no longer or was imported as signed elsewhere. Normal after an import until the chain is past it; else as `guard_conflict`.",
	}},
	{Fits: monitor.Is(guard.ErrRetired), Reason: monitor.Reason{
		Code: monitor.GuardPrefix + "retired", Severity: monitor.Alarm, Message: "not voting until this is settled",
		Advice: "The key was moved to another machine. Remove it here, or bring it back with 'voter move --from'.",
	}},
	{Fits: monitor.Is(guard.ErrMissing), Reason: monitor.Reason{
		Code: monitor.GuardPrefix + "missing", Severity: monitor.Alarm, Message: "not voting until this is settled",
		Advice: "Slashing protection has no record of the key. Import the one that has.",
	}},
	{Fits: monitor.Is(guard.ErrLost), Reason: monitor.Reason{
		Code: monitor.GuardPrefix + "lost", Severity: monitor.Alarm, Message: "not voting",
		Advice: "guard.journal or guard.lock was deleted, moved or replaced while this process used it, so another one may have voted. Find that one; start this one again when it is the only one.",
	}},
	{Fits: monitor.Is(guard.ErrStorage), Reason: monitor.Reason{
		Code: monitor.GuardPrefix + "storage", Severity: monitor.Alarm, Message: "not voting",
		Advice: "The disk of the guard is full, read-only or failing. The voter continues as soon as the disk takes writes.",
	}},
	{Fits: monitor.Is(keys.ErrFormat, keys.ErrPassword, keys.ErrMode, keys.ErrName, keys.ErrSize), Reason: monitor.Reason{
		Code: "keystore_unusable", Severity: monitor.Alarm,
		Advice: "A file in keys/ can't be opened as a key, and the other keys vote without it. The error says why. Mend it and start again, or take it out of the folder.",
	}},
}
