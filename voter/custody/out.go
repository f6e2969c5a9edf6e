package custody

import (
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// ErrSomeGone comes with an error of LetGo after which some of the keys may have left already.
var ErrSomeGone = errors.New("some keys may be disabled already")

// LetGo gives keys away with what they have signed. It passes the history, an EIP-3076 interchange file, to hand, which makes it durable,
// and then lets slashing protection refuse every further vote of the keys. hand may be nil: History returns the same afterwards. If an
// error doesn't wrap ErrSomeGone, nothing has changed. again lets keys go that have left before. Errors: guard.ErrMissing, ErrGone,
// those of hand, guard.ErrStorage.
func (c Custody) LetGo(leaving []ffg.PublicKey, again bool, hand func(history []byte) error) error {
	for _, key := range leaving {
		known, err := c.Guard.Knows(c.Domain, key)
		if err != nil {
			return err
		}
		if !known {
			return &Unrecorded{Key: key}
		}
		if c.Guard.Retired(key) && !again {
			return fmt.Errorf("%w: expected key %s to vote here, found it disabled", ErrGone, key)
		}
	}
	if hand != nil {
		history, err := c.History(leaving)
		if err == nil {
			err = hand(history)
		}
		if err != nil {
			return err
		}
	}
	for _, key := range leaving {
		if err := c.Guard.Retire(key); err != nil {
			return fmt.Errorf("%w: %w", ErrSomeGone, err)
		}
	}
	return nil
}

// Unrecorded is guard.ErrMissing for a key.
type Unrecorded struct{ Key ffg.PublicKey }

// Error implements error.
func (e *Unrecorded) Error() string {
	return fmt.Sprintf("%s: expected a record of key %s, found none", guard.ErrMissing, e.Key)
}

// Unwrap returns guard.ErrMissing.
func (*Unrecorded) Unwrap() error { return guard.ErrMissing }

// Remove deletes all keystores of a key that slashing protection lets vote no more, or never did. It reports whether there was one. It
// wraps ErrMayVote for other keys; other errors are those of keys.Delete.
func (c Custody) Remove(key ffg.PublicKey, files []keys.Info) (removed bool, err error) {
	known, err := c.Guard.Knows(c.Domain, key)
	if err != nil {
		return false, err
	}
	if known && !c.Guard.Retired(key) {
		return false, fmt.Errorf("delete key %s: %w", key, ErrMayVote)
	}
	for _, info := range files {
		failure := keys.Delete(c.Folder, info.Name)
		removed, err = removed || failure == nil, errors.Join(err, failure)
	}
	return removed, err
}
