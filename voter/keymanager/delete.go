package keymanager

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
)

// Delete stops each key for good and then returns what the keys that were here have signed, as an EIP-3076 file for the place that they
// move to. It may be repeated: a key that is gone is NotActive, and the file has its history again. It comes before a running import,
// which then doesn't take the keys in.
func (s *Store) Delete(public []ffg.PublicKey) ([]Result, []byte, error) {
	s.stopped.add(public)
	hasty := make([]string, len(public)) // the status of each key that stopped at once
	for i, key := range public {
		hasty[i], _ = s.stop(key) // an error comes again below
	}
	s.files.Lock()
	defer s.files.Unlock()
	results := make([]Result, len(public))
	var gone []ffg.PublicKey
	for i, key := range public {
		status, err := s.stop(key) // again, for an import may have taken it in meanwhile
		if hasty[i] == Deleted && status == NotActive {
			status = Deleted
		}
		if err == nil && status != NotFound && !slices.Contains(gone, key) {
			gone = append(gone, key)
		}
		results[i] = failed(status, err)
	}
	files, odd := s.custody.Keystores()
	for i, key := range public {
		if results[i].Status == Failed {
			continue
		}
		removed, err := s.custody.Remove(key, files[key])
		delete(files, key)
		if removed {
			results[i].Status = Deleted
		}
		if results[i].Status == Deleted {
			s.log.Info("key deleted", event.KeyDeleted, "public_key", key.String())
		}
		if odd != nil && slices.Contains(gone, key) {
			err = errors.Join(err, fmt.Errorf("%w: the key signs nothing here any more, but the file could be one of its keystores: remove it, and delete again", odd))
		}
		results[i] = failed(results[i].Status, err)
	}
	history, err := s.custody.History(gone)
	return results, history, err
}

// failed returns a result with the status, or with the error if there is one.
func failed(status string, err error) Result {
	if err != nil {
		return Result{Status: Failed, Message: err.Error()}
	}
	return Result{Status: status}
}

// stop takes the key out of memory and lets slashing protection refuse it. It runs before everything that depends on files other than
// the guard's, because deleting a key may be urgent.
func (s *Store) stop(key ffg.PublicKey) (string, error) {
	status := NotActive
	if s.keyring.Remove(key) {
		status = Deleted
	}
	known, err := s.custody.Guard.Knows(s.custody.Domain, key)
	if err != nil || !known {
		return NotFound, err
	}
	return status, s.custody.LetGo([]ffg.PublicKey{key}, true, nil)
}
