package guard

import (
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// NoOtherMachineFlag is the flag by which an operator promises that a retired key has signed nothing elsewhere since, or that
// all of its votes are recorded here.
const NoOtherMachineFlag = "i-know-no-other-machine-has-these-keys"

// Reasons to refuse. The errors that wrap them say what was found and what to do.
var (
	// ErrMissing: there is no journal, or it doesn't know the key.
	ErrMissing = errors.New("no slashing protection for this key")
	// ErrInUse: another process has the journal open.
	ErrInUse = errors.New("slashing protection in use by another process")
	// ErrDamaged: the journal's content isn't what was written.
	ErrDamaged = errors.New("slashing protection damaged")
	// ErrRetired: the key moved to another machine.
	ErrRetired = errors.New("key retired from this machine")
	// ErrStorage: the disk doesn't take the record. A retry may succeed.
	ErrStorage = errors.New("slashing protection can't be stored")
	// ErrLost: the journal or its lock was deleted, moved or replaced while this process used it, so another process may have
	// opened it. It comes with ErrStorage, but a retry doesn't help: the guard refuses everything until the next Open.
	ErrLost = errors.New("slashing protection lost to another process")
	// ErrCopied: the home is a copy of the one in which the keys voted last.
	ErrCopied = errors.New("slashing protection was copied")
	// ErrInterchange: a file to import isn't an EIP-3076 interchange file of votes.
	ErrInterchange = errors.New("not an interchange file of votes")
	// ErrDomain: a file to import is for another chain.
	ErrDomain = errors.New("interchange file of another chain")
)

// Conflict refuses a vote that would be slashable together with a recorded one.
type Conflict struct {
	Recorded Record
	Vote     ffg.Vote
	Kind     ffg.OffenceKind
}

// Error says what the votes span.
func (e *Conflict) Error() string {
	return fmt.Sprintf("%s: recorded %d → %d (signing root %s), asked for %s", e.Kind,
		e.Recorded.Source, e.Recorded.Target, rootText(e.Recorded.Root), e.Vote)
}

// BelowFloor refuses a vote that could conflict with a forgotten vote, for which only the floor stands.
type BelowFloor struct {
	Vote  ffg.Vote
	Floor Floor
}

// Error says what was expected and found.
func (e *BelowFloor) Error() string {
	return fmt.Sprintf("below the floor of forgotten votes: expected source epoch %d or more and target epoch above %d, found %d → %d",
		e.Floor.Source, e.Floor.Target, e.Vote.Source.Epoch, e.Vote.Target.Epoch)
}

func rootText(root ffg.Root) string {
	if root == (ffg.Root{}) {
		return "unknown"
	}
	return root.String()
}
