// Package keymanager adds, removes and lists the keys of a running voter or signer over a local HTTP API. The API has the form and the
// meaning of Ethereum's keymanager API (ethereum/keymanager-APIs, keystores): a key arrives and leaves with the record of what it has
// signed, and a key that was removed signs nothing more.
package keymanager

import (
	"context"
	"log/slog"
	"sync"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/custody"
	"github.com/dualchain/dualchain/voter/keys"
)

// Statuses of a Result.
const (
	Imported  = "imported"
	Duplicate = "duplicate"
	Deleted   = "deleted"
	NotActive = "not_active" // not in use, but slashing protection has a record of it
	NotFound  = "not_found"
	Failed    = "error"
)

// Result says what happened to one key.
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

// Config says where the keys are.
type Config struct {
	Folder   string        // of the keystores
	Domain   ffg.Root      // of the chain
	Password keys.Password // seals new keystores; it must not prompt
	Cost     keys.Cost     // of new keystores
}

// Store adds and removes keys. One import runs at a time. List never waits, and Delete waits for no keystore that an import opens.
type Store struct {
	config  Config
	keyring Keyring
	custody custody.Custody
	log     *slog.Logger

	imports sync.Mutex // held by an import
	files   sync.Mutex // held while keystores and the guard change together; taken after imports
	stopped stopped
}

// stopped are the keys that were deleted while an import ran: it must not take them in.
type stopped struct {
	mu   sync.Mutex
	keys map[ffg.PublicKey]bool
}

func (s *stopped) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = map[ffg.PublicKey]bool{}
}

func (s *stopped) add(keys []ffg.PublicKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		if s.keys != nil {
			s.keys[key] = true
		}
	}
}

func (s *stopped) has(key ffg.PublicKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[key]
}

// NewStore changes the keys of a keyring and its guard.
func NewStore(config Config, keyring Keyring, guard custody.Guard, log *slog.Logger) *Store {
	return &Store{
		config: config, keyring: keyring, log: log,
		custody: custody.Custody{Folder: config.Folder, Domain: config.Domain, Guard: guard},
	}
}

// List returns the keys in use, ascending.
func (s *Store) List(ctx context.Context) ([]Key, error) {
	active, err := s.keyring.Keys(ctx)
	if err != nil {
		return nil, err
	}
	files, _ := s.custody.Keystores() // a keystore that can't be read has no known path
	out := make([]Key, len(active))
	for i, key := range active {
		out[i] = Key{Public: key}
		if infos := files[key]; len(infos) > 0 {
			out[i].Path = infos[0].Path
		}
	}
	return out, nil
}
