package light

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/durable"
)

// The files of a store. The log holds the hand-overs from the base to the trusted checkpoint, each with its length before
// it: what a conflict is shown with. Trust is written last, so a log that goes on after it was cut off by a crash.
const (
	settingsFile = "settings.json"
	baseFile     = "base"
	trustFile    = "trust"
	logFile      = "hand-overs"
	conflictFile = "conflict.json"
	lockFile     = "lock"
)

// Errors of a Store.
var (
	// ErrNoTrust: the folder has no trusted checkpoint yet.
	ErrNoTrust = errors.New("no trusted checkpoint")
	// ErrStore: the folder's files don't fit together.
	ErrStore = errors.New("damaged light client store")
	// ErrInUse: another process has the store.
	ErrInUse = errors.New("light client store in use by another process")
)

// Settings are what a store was made with.
type Settings struct {
	ChainID string `json:"chain_id"`
	// Following is the mode: every link is kept, so that a conflict proves guilt.
	Following bool `json:"following"`
	// UnbondingTime is the chain's: older trust is refused.
	UnbondingTime Duration `json:"unbonding_time"`
	// Origin is the checkpoint that the user vouched for.
	Origin ffg.Ref `json:"origin"`
}

// Duration is a time.Duration that reads and writes like "504h0m0s".
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// MarshalText writes what UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Mode returns how the client keeps up.
func (s Settings) Mode() cert.Mode {
	if s.Following {
		return cert.Following
	}
	return cert.Skipping
}

// Lock takes a folder that has a store, or gets one, for this process until the lock is closed: one process uses a store at a
// time. Errors: ErrInUse; ErrNoTrust if there is no such folder.
func Lock(folder string) (io.Closer, error) {
	file, err := durable.Lock(filepath.Join(folder, lockFile))
	switch {
	case errors.Is(err, durable.ErrLocked):
		return nil, fmt.Errorf("%w: expected %s to be unlocked, found another process in it: stop that, or use another folder", ErrInUse, folder)
	case errors.Is(err, fs.ErrNotExist):
		return nil, noTrust(folder)
	}
	return file, err
}

func noTrust(folder string) error {
	return fmt.Errorf("%w in %s: give one as EPOCH:ROOT", ErrNoTrust, folder)
}

// Store is the memory of a light client: a folder for its owner only. Whoever opens it to write has its Lock.
type Store struct {
	folder   string
	settings Settings
	base     cert.Trust
	trust    cert.Trust
	logged   int64  // length in bytes of the log up to the trusted checkpoint
	pending  int64  // the same once the trust that it leads to is written
	final    finals // what the log shows
	conflict *Conflict
}

// CreateStore makes a store that trusts a checkpoint, which the caller vouches for. It wraps fs.ErrExist if the folder has one.
func CreateStore(folder string, settings Settings, trust cert.Trust) (*Store, error) {
	if err := trust.Validate(); err != nil {
		return nil, fmt.Errorf("create light client store: %w", err)
	}
	if _, err := os.Stat(filepath.Join(folder, settingsFile)); err == nil {
		return nil, fmt.Errorf("create light client store: expected none in %s: %w", folder, fs.ErrExist)
	}
	settings.Origin = trust.Checkpoint.Ref()
	s := &Store{folder: folder, settings: settings, base: trust, trust: trust, final: finals{}}
	text, err := json.MarshalIndent(settings, "", "  ")
	if err == nil {
		err = s.write(logFile, nil)
	}
	for _, name := range []string{baseFile, trustFile} {
		if err == nil {
			err = s.writeTrust(name, trust)
		}
	}
	if err == nil { // last: with the settings the store is there
		err = s.write(settingsFile, append(text, '\n'))
	}
	if err != nil {
		return nil, fmt.Errorf("create light client store: %w", err)
	}
	return s, nil
}

// OpenStore opens a store. Errors: ErrNoTrust, ErrStore.
func OpenStore(folder string) (*Store, error) {
	s := &Store{folder: folder}
	text, err := os.ReadFile(s.path(settingsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noTrust(folder)
	}
	if err == nil {
		err = json.Unmarshal(text, &s.settings)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrStore, s.path(settingsFile), err)
	}
	if s.base, err = s.readTrust(baseFile); err != nil {
		return nil, err
	}
	if s.trust, err = s.readTrust(trustFile); err != nil {
		return nil, err
	}
	if err := s.checkLog(); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(s.path(conflictFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		s.conflict, err = ReadConflict(content)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrStore, s.path(conflictFile), err)
	}
	return s, nil
}

// checkLog finds the end of the log. After a crash in Rebase it has more before the base than it should.
func (s *Store) checkLog() error {
	handOvers, end, err := s.readLog()
	if err != nil {
		return err
	}
	s.logged, s.final = end, finals{}
	s.final.add(handOvers)
	for i, h := range handOvers {
		if final, ok := h.Certificate.Finalized(); ok && final == s.base.Checkpoint {
			return s.Rebase(s.base, handOvers[i+1:])
		}
	}
	return nil
}

// Settings returns what the store was made with.
func (s *Store) Settings() Settings { return s.settings }

// Base returns the checkpoint that the log of hand-overs starts from.
func (s *Store) Base() cert.Trust { return s.base }

// Trust returns the newest trusted checkpoint.
func (s *Store) Trust() cert.Trust { return s.trust }

// Conflict returns the conflict that stopped the client, nil if none did.
func (s *Store) Conflict() *Conflict { return s.conflict }

// ConflictPath returns where a conflict is kept.
func (s *Store) ConflictPath() string { return s.path(conflictFile) }

// Advance keeps verified hand-overs and the trust that they led to.
func (s *Store) Advance(handOvers []cert.HandOver, reached cert.Trust) error {
	if err := s.appendLog(handOvers); err != nil {
		return fmt.Errorf("keep hand-overs: %w", err)
	}
	if err := s.writeTrust(trustFile, reached); err != nil {
		return fmt.Errorf("keep trust: %w", err)
	}
	s.trust, s.logged = reached, s.pending
	s.final.add(handOvers)
	return nil
}

// Stop keeps a conflict, for good.
func (s *Store) Stop(c *Conflict) error {
	s.conflict = c // whatever the disk says, nothing is served any more
	text, err := json.MarshalIndent(c, "", "  ")
	if err == nil {
		err = s.write(conflictFile, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep conflict: %w", err)
	}
	return nil
}

// Log returns the hand-overs from the base to the trusted checkpoint.
func (s *Store) Log() ([]cert.HandOver, error) {
	handOvers, _, err := s.readLog()
	return handOvers, err
}

// readLog also returns the length in bytes of what it read: up to the trusted checkpoint.
func (s *Store) readLog() (handOvers []cert.HandOver, size int64, err error) {
	if s.base.Checkpoint == s.trust.Checkpoint {
		return nil, 0, nil
	}
	content, err := os.ReadFile(s.path(logFile))
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrStore, err)
	}
	for rest := content; ; {
		if len(rest) < 4 || uint64(len(rest)-4) < uint64(binary.BigEndian.Uint32(rest)) {
			return nil, 0, fmt.Errorf("%w: %s: expected hand-overs up to epoch %d, found fewer", ErrStore, s.path(logFile), s.trust.Checkpoint.Epoch)
		}
		length := binary.BigEndian.Uint32(rest)
		h, err := cert.DecodeHandOver(rest[4 : 4+length])
		if err != nil {
			return nil, 0, fmt.Errorf("%w: %s: %w", ErrStore, s.path(logFile), err)
		}
		handOvers, rest = append(handOvers, h), rest[4+length:]
		if final, ok := h.Certificate.Finalized(); ok && final == s.trust.Checkpoint {
			return handOvers, int64(len(content) - len(rest)), nil
		}
	}
}

func encodeLog(handOvers []cert.HandOver) (content []byte, err error) {
	for _, h := range handOvers {
		encoded, err := h.Encode()
		if err != nil {
			return nil, err
		}
		content = append(binary.BigEndian.AppendUint32(content, uint32(len(encoded))), encoded...)
	}
	return content, nil
}

// appendLog writes after the hand-over that led to the trusted checkpoint, over what a crash may have left there.
func (s *Store) appendLog(handOvers []cert.HandOver) error {
	content, err := encodeLog(handOvers)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(s.path(logFile), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	end := s.logged + int64(len(content))
	_, err = file.WriteAt(content, s.logged)
	if err == nil {
		err = file.Truncate(end)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	s.pending = end
	return nil
}

// Rebase makes a later checkpoint of the log the base, so that the log holds what can still be held against anybody. The trust
// stays as it is at every moment: after a crash between the two writes the log does not begin at the base, and is begun anew.
func (s *Store) Rebase(base cert.Trust, rest []cert.HandOver) error {
	content, err := encodeLog(rest)
	if err != nil {
		return fmt.Errorf("move the base: %w", err)
	}
	if err := s.writeTrust(baseFile, base); err != nil {
		return fmt.Errorf("move the base: %w", err)
	}
	if err := s.write(logFile, content); err != nil {
		return fmt.Errorf("move the base: %w", err)
	}
	s.base, s.logged, s.final = base, int64(len(content)), finals{}
	s.final.add(rest)
	return nil
}

// writeTrust writes the SHA-256 of the encoding before it: the members are bound by hashes in the checkpoint, and the
// checkpoint itself by nothing.
func (s *Store) writeTrust(name string, trust cert.Trust) error {
	encoded, err := trust.Encode()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(encoded)
	return s.write(name, append(sum[:], encoded...))
}

func (s *Store) readTrust(name string) (cert.Trust, error) {
	content, err := os.ReadFile(s.path(name))
	if err != nil {
		return cert.Trust{}, fmt.Errorf("%w: %w", ErrStore, err)
	}
	encoded := content[min(sha256.Size, len(content)):]
	if sum := sha256.Sum256(encoded); !bytes.HasPrefix(content, sum[:]) {
		return cert.Trust{}, fmt.Errorf("%w: %s: expected SHA-256 %x before the content, found another", ErrStore, s.path(name), sum)
	}
	trust, err := cert.DecodeTrust(encoded)
	if err == nil {
		err = trust.Validate()
	}
	if err != nil {
		return cert.Trust{}, fmt.Errorf("%w: %s: %w", ErrStore, s.path(name), err)
	}
	return trust, nil
}

func (s *Store) path(name string) string { return filepath.Join(s.folder, name) }

func (s *Store) write(name string, content []byte) error {
	return durable.Replace(s.path(name), content)
}
