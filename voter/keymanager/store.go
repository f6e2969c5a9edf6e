// Package keymanager adds keys to a voter or signer that runs, removes them, and lists them, over a local HTTP API with
// the shape and the meaning of Ethereum's keymanager API (ethereum/keymanager-APIs, keystores): what a key has signed comes
// with it and goes with it, and a key that was removed signs nothing any more, whatever happens next.
package keymanager

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
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
	Retire(key ffg.PublicKey) error
	Compare(domain ffg.Root, content []byte, keys []ffg.PublicKey) ([]guard.Arrival, error)
	Receive(domain ffg.Root, content []byte, keys []ffg.PublicKey) (guard.Report, error)
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
	files, _ := s.files() // of files that can't be read no path is known
	out := make([]Key, len(active))
	for i, key := range active {
		out[i] = Key{Public: key}
		if infos := files[key.String()]; len(infos) > 0 {
			out[i].Path = infos[0].Path
		}
	}
	return out, nil
}

// files returns the keystores in the folder, by public key, and with an error those that it can read.
func (s *Store) files() (map[string][]keys.Info, error) {
	entries, err := os.ReadDir(s.config.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	out := map[string][]keys.Info{}
	for _, entry := range entries {
		name, isKey := strings.CutSuffix(entry.Name(), ".json")
		if !isKey {
			continue
		}
		info, odd := keys.Show(s.config.Folder, name)
		if odd != nil {
			err = errors.Join(err, odd)
			continue
		}
		out[info.PubKey] = append(out[info.PubKey], info)
	}
	return out, err
}
