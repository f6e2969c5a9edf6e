// Package keymanager adds keys to a voter or signer that runs, removes them, and lists them, over a local HTTP API with
// the shape and the meaning of Ethereum's keymanager API (ethereum/keymanager-APIs, keystores): what a key has signed comes
// with it and goes with it, and a key that was removed signs nothing any more, whatever happens next.
package keymanager

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/dualchain/dualchain/bls"
	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// Statuses of a Result.
const (
	Imported  = "imported"
	Duplicate = "duplicate"
	Deleted   = "deleted"
	NotActive = "not_active" // not in use, but there is a record of what it has signed
	NotFound  = "not_found"
	Failed    = "error"
)

// Result is what became of one key.
type Result struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

// Key is a key in use.
type Key struct {
	Public ffg.PublicKey
	Path   string // of its derivation, "" if unknown
}

// Keyring signs: package sign.
type Keyring interface {
	Keys(ctx context.Context) ([]ffg.PublicKey, error)
	Add(secret *bls.SecretKey) error
	Remove(key ffg.PublicKey) bool
}

// Guard protects: package guard.
type Guard interface {
	Knows(domain ffg.Root, key ffg.PublicKey) (bool, error)
	AdmitIn(domain ffg.Root, key ffg.PublicKey) error
	Retired(key ffg.PublicKey) bool
	Retire(key ffg.PublicKey) error
	Restore(key ffg.PublicKey) error
	Import(domain ffg.Root, content []byte) (guard.Report, error)
	Export(domain ffg.Root, keys []ffg.PublicKey, minimal bool) ([]byte, error)
}

// Config says where keys are kept.
type Config struct {
	Folder   string        // of the keystores
	Domain   ffg.Root      // of the chain
	Password keys.Password // seals new keystores; it asks nobody
	Cost     keys.Cost     // of new keystores
}

// Store adds and removes keys, one request after the other.
type Store struct {
	config  Config
	keyring Keyring
	guard   Guard
	log     *slog.Logger
	mu      sync.Mutex
}

// NewStore changes the keys of a keyring and its guard.
func NewStore(config Config, keyring Keyring, guard Guard, log *slog.Logger) *Store {
	return &Store{config: config, keyring: keyring, guard: guard, log: log}
}

// List returns the keys in use, ascending.
func (s *Store) List(ctx context.Context) ([]Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	active, err := s.keyring.Keys(ctx)
	if err != nil {
		return nil, err
	}
	files, err := s.files()
	if err != nil {
		return nil, err
	}
	out := make([]Key, len(active))
	for i, key := range active {
		out[i] = Key{Public: key, Path: files[key.String()].Path}
	}
	return out, nil
}

// files returns what is in the folder, by public key.
func (s *Store) files() (map[string]keys.Info, error) {
	infos, err := keys.List(s.config.Folder)
	if err != nil {
		return nil, err
	}
	out := map[string]keys.Info{}
	for _, info := range infos {
		out[info.PubKey] = info
	}
	return out, nil
}

// Import first takes over what keys have signed, an EIP-3076 file or nothing, and then each keystore with its password. A
// key is sealed anew under the home's password before it signs. A key that slashing protection doesn't know, or that was
// removed before, has to come with its history; one that has never voted comes with an empty one. An error means
// that nothing was done: the guard's, those of finding the password.
func (s *Store) Import(ctx context.Context, keystores, passwords []string, history []byte) ([]Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	password, err := s.config.Password()
	if err != nil {
		return nil, err
	}
	defer clear(password)
	var report guard.Report
	if len(history) > 0 {
		if report, err = s.guard.Import(s.config.Domain, history); err != nil {
			return nil, err
		}
	}
	results := make([]Result, len(keystores))
	for i, keystore := range keystores {
		status, err := s.importOne(ctx, []byte(keystore), []byte(passwords[i]), password, report)
		results[i] = Result{Status: status}
		if err != nil {
			results[i] = Result{Status: Failed, Message: err.Error()}
		}
	}
	return results, nil
}

func (s *Store) importOne(ctx context.Context, keystore, theirs, ours []byte, report guard.Report) (string, error) {
	secret, err := keys.Decode(keystore, theirs)
	if err != nil {
		return "", err
	}
	info, err := keys.Inspect(keystore)
	if err != nil {
		secret.Zero()
		return "", err
	}
	key := ffg.PublicKey(secret.PublicKey().Bytes())
	active, err := s.keyring.Keys(ctx)
	if err != nil || slices.Contains(active, key) {
		secret.Zero()
		return Duplicate, err
	}
	if err := s.admit(key, report); err != nil {
		secret.Zero()
		return "", err
	}
	options := keys.SaveOptions{Cost: s.config.Cost, Path: info.Path, Description: info.Description}
	if err := s.save(key, secret, ours, options); err != nil {
		secret.Zero()
		return "", err
	}
	if err := s.keyring.Add(secret); err != nil {
		return "", err
	}
	s.log.Info("key imported", "public_key", key.String())
	return Imported, nil
}

// save keeps a key that may vote here. Slashing protection lets it first: a keystore here of a key that is retired would
// keep the next start from starting.
func (s *Store) save(key ffg.PublicKey, secret *bls.SecretKey, password []byte, options keys.SaveOptions) error {
	files, err := s.files()
	if err != nil {
		return err
	}
	if file, there := files[key.String()]; there {
		return fmt.Errorf("expected no keystore of key %s, found %s: restart to use it", key, file.Name)
	}
	retired := s.guard.Retired(key)
	if err := s.guard.Restore(key); err != nil {
		return err
	}
	_, err = keys.Save(s.config.Folder, key.String()[:16], secret, password, options)
	if err != nil && retired {
		err = errors.Join(err, s.guard.Retire(key))
	}
	return err
}

// admit is whether there is a record of what a key has signed, up to now.
func (s *Store) admit(key ffg.PublicKey, report guard.Report) error {
	told := slices.ContainsFunc(report.Keys, func(r guard.KeyReport) bool { return r.Key == key })
	known, err := s.guard.Knows(s.config.Domain, key)
	switch {
	case err != nil:
		return err
	case !known && told: // with an empty list: it has never voted on this chain
		return s.guard.AdmitIn(s.config.Domain, key)
	case !known:
		return fmt.Errorf("%w: expected key %s in slashing_protection, with an empty list if it has never voted, found nothing of it", guard.ErrMissing, key)
	case s.guard.Retired(key) && !told:
		return fmt.Errorf("%w: expected what key %s has signed elsewhere in slashing_protection, found nothing of it", guard.ErrRetired, key)
	}
	return nil
}

// Delete stops each key for good, and then returns what those that were here have signed, for wherever they go: an
// EIP-3076 file. It may be repeated: a key that is gone is NotActive, and its history is in the file again.
func (s *Store) Delete(public []ffg.PublicKey) ([]Result, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	files, err := s.files()
	if err != nil {
		return nil, nil, err
	}
	results := make([]Result, len(public))
	var gone []ffg.PublicKey
	for i, key := range public {
		status, err := s.deleteOne(key, files)
		results[i] = Result{Status: status}
		switch {
		case err != nil:
			results[i] = Result{Status: Failed, Message: err.Error()}
		case status != NotFound && !slices.Contains(gone, key):
			gone = append(gone, key)
		}
	}
	history, err := s.export(gone)
	return results, history, err
}

// deleteOne takes the key out of memory, then off the disk, and then has slashing protection refuse it: after a crash in
// between, the key is not used either, and deleting it again does the rest.
func (s *Store) deleteOne(key ffg.PublicKey, files map[string]keys.Info) (string, error) {
	status := NotActive
	if s.keyring.Remove(key) {
		status = Deleted
	}
	if file, there := files[key.String()]; there {
		if err := keys.Delete(s.config.Folder, file.Name); err != nil {
			return "", err
		}
		delete(files, key.String())
		status = Deleted
	}
	known, err := s.guard.Knows(s.config.Domain, key)
	if err != nil {
		return "", err
	}
	if !known {
		return NotFound, nil
	}
	if err := s.guard.Retire(key); err != nil {
		return "", err
	}
	if status == Deleted {
		s.log.Info("key deleted", "public_key", key.String())
	}
	return status, nil
}

// export names no key by naming none of many: the guard takes that for all.
func (s *Store) export(gone []ffg.PublicKey) ([]byte, error) {
	if len(gone) > 0 {
		return s.guard.Export(s.config.Domain, gone, false)
	}
	return fmt.Appendf(nil, `{"metadata":{"interchange_format_version":"5","genesis_validators_root":"0x%s"},"data":[]}`, s.config.Domain), nil
}
