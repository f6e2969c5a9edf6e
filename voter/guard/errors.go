package guard

import (
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/ffg"
)

// Reasons to refuse a guard file. Each is wrapped in an error that names the file and says what to do.
var (
	// ErrMissing: there is no file, or it doesn't know the key.
	ErrMissing = errors.New("no slashing protection for this key")
	// ErrInUse: another process has the file open.
	ErrInUse = errors.New("slashing protection in use by another process")
	// ErrDamaged: the file is there and isn't a guard's.
	ErrDamaged = errors.New("slashing protection damaged")
)

// BelowFloor refuses a vote that could conflict with a vote of which only the floor is remembered.
type BelowFloor struct {
	Vote  ffg.Vote
	Floor Floor
}

// Error says what was expected and found.
func (e *BelowFloor) Error() string {
	return fmt.Sprintf("below the floor of forgotten votes: expected source epoch %d or more and target epoch above %d, found %d → %d",
		e.Floor.Source, e.Floor.Target, e.Vote.Source.Epoch, e.Vote.Target.Epoch)
}
