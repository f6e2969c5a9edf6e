package keymanager

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/keys"
)

// Delete stops each key for good, and then returns what those that were here have signed, for wherever they go: an
// EIP-3076 file. It may be repeated: a key that is gone is NotActive, and its history is in the file again.
func (s *Store) Delete(public []ffg.PublicKey) ([]Result, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	results := make([]Result, len(public))
	var gone []ffg.PublicKey
	for i, key := range public {
		status, err := s.stop(key)
		if err == nil && status != NotFound && !slices.Contains(gone, key) {
			gone = append(gone, key)
		}
		results[i] = failed(status, err)
	}
	files, odd := s.files()
	for i, key := range public {
		if results[i].Status == Failed {
			continue
		}
		removed, err := s.remove(files[key.String()])
		delete(files, key.String())
		if removed {
			results[i].Status = Deleted
		}
		if results[i].Status == Deleted {
			s.log.Info("key deleted", "public_key", key.String())
		}
		if odd != nil && slices.Contains(gone, key) {
			err = errors.Join(err, fmt.Errorf("%w: the key signs nothing here any more, but the file could be one of its keystores: remove it, and delete again", odd))
		}
		results[i] = failed(results[i].Status, err)
	}
	history, err := s.export(gone)
	return results, history, err
}

// failed is a status, or an error in its place.
func failed(status string, err error) Result {
	if err != nil {
		return Result{Status: Failed, Message: err.Error()}
	}
	return Result{Status: status}
}

// stop takes the key out of memory and has slashing protection refuse it. It comes before everything that depends on other
// files than the guard's: whoever deletes a key may be in a hurry.
func (s *Store) stop(key ffg.PublicKey) (string, error) {
	status := NotActive
	if s.keyring.Remove(key) {
		status = Deleted
	}
	known, err := s.guard.Knows(s.config.Domain, key)
	if err != nil || !known {
		return NotFound, err
	}
	return status, s.guard.Retire(key)
}

// remove removes all keystores of a key.
func (s *Store) remove(infos []keys.Info) (removed bool, err error) {
	for _, info := range infos {
		failure := keys.Delete(s.config.Folder, info.Name)
		removed, err = removed || failure == nil, errors.Join(err, failure)
	}
	return removed, err
}

// export names no key by naming none of many: the guard takes that for all.
func (s *Store) export(gone []ffg.PublicKey) ([]byte, error) {
	if len(gone) > 0 {
		return s.guard.Export(s.config.Domain, gone, false)
	}
	return s.nothing(), nil
}

// nothing is an EIP-3076 file of no keys.
func (s *Store) nothing() []byte {
	return fmt.Appendf(nil, `{"metadata":{"interchange_format_version":"5","genesis_validators_root":"0x%s"},"data":[]}`, s.config.Domain)
}
