// Package store keeps what a light client has verified in a folder: its trusted checkpoint, the hand-overs that led to it, and the
// conflict that stopped it.
package store

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

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/internal/durable"
	"github.com/dualchain/dualchain/internal/duration"
)

// The files of a store. The log holds the hand-overs from the base to the trusted checkpoint, each with its length before
// it: they prove a conflict. Trust is written last, so that after a crash the log may hold more than what leads to it.
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
	// ErrDamaged: the folder's files don't fit together.
	ErrDamaged = errors.New("damaged light client store")
	// ErrInUse: another process uses the store.
	ErrInUse = errors.New("light client store in use by another process")
)

// Settings are fixed when a store is created.
type Settings struct {
	ChainID string `json:"chain_id"`
	// Following keeps every link, so that a conflict proves guilt. Otherwise the client skips.
	Following bool `json:"following"`
	// UnbondingTime is the chain's unbonding time. Older trust is refused.
	UnbondingTime Duration `json:"unbonding_time"`
	// Origin is the checkpoint that the user vouched for.
	Origin ffg.Ref `json:"origin"`
}

// Duration is a time.Duration that reads and writes as text, such as "504h0m0s".
type Duration = duration.Text

// Mode returns how the client keeps up.
func (s Settings) Mode() cert.Mode {
	if s.Following {
		return cert.Following
	}
	return cert.Skipping
}

// Lock reserves a folder for this process until the lock is closed, whether it has a store already or gets one. One process uses a
// store at a time. Errors: ErrInUse; ErrNoTrust if there is no such folder.
func Lock(folder string) (io.Closer, error) {
	file, err := durable.Lock(filepath.Join(folder, lockFile))
	switch {
	case errors.Is(err, durable.ErrLocked):
		return nil, fmt.Errorf("%w: %s: stop that process, or use another folder", ErrInUse, folder)
	case errors.Is(err, fs.ErrNotExist):
		return nil, noTrust(folder)
	}
	return file, err
}

func noTrust(folder string) error {
	return fmt.Errorf("%w in %s: give one as EPOCH:ROOT", ErrNoTrust, folder)
}

// Store is what a light client remembers, in a folder that only its owner can read. A caller that writes to it holds its Lock.
type Store struct {
	folder    string
	settings  Settings
	base      cert.Trust
	trust     cert.Trust
	logged    int64           // length in bytes of the log up to the trusted checkpoint
	finalized light.Finalized // by the log
	conflict  *light.Conflict
}

// Create makes a store that trusts a checkpoint, which the caller vouches for. The error wraps fs.ErrExist if the folder has one.
func Create(folder string, settings Settings, trust cert.Trust) (*Store, error) {
	if err := trust.Validate(); err != nil {
		return nil, fmt.Errorf("create light client store: %w", err)
	}
	if _, err := os.Stat(filepath.Join(folder, settingsFile)); err == nil {
		return nil, fmt.Errorf("create light client store: expected none in %s: %w", folder, fs.ErrExist)
	}
	settings.Origin = trust.Checkpoint.Ref()
	s := &Store{folder: folder, settings: settings, base: trust, trust: trust, finalized: light.Finalized{}}
	text, err := json.MarshalIndent(settings, "", "  ")
	if err == nil {
		err = s.write(logFile, nil)
	}
	for _, name := range []string{baseFile, trustFile} {
		if err == nil {
			err = s.writeTrust(name, trust)
		}
	}
	if err == nil { // last, since a store exists once it has settings
		err = s.write(settingsFile, append(text, '\n'))
	}
	if err != nil {
		return nil, fmt.Errorf("create light client store: %w", err)
	}
	return s, nil
}

// Open opens a store. Errors: ErrNoTrust, ErrDamaged.
func Open(folder string) (*Store, error) {
	s := &Store{folder: folder}
	text, err := os.ReadFile(s.path(settingsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noTrust(folder)
	}
	if err == nil {
		err = json.Unmarshal(text, &s.settings)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, s.path(settingsFile), err)
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
		s.conflict, err = light.ReadConflict(content)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, s.path(conflictFile), err)
	}
	return s, nil
}

// checkLog finds the end of the log. After a crash in Rebase the log still begins before the base.
func (s *Store) checkLog() error {
	handOvers, end, err := s.readLog()
	if err != nil {
		return err
	}
	s.logged, s.finalized = end, light.Finalized{}
	s.finalized.Add(handOvers)
	for i, h := range handOvers {
		if final, ok := h.Certificate.Finalized(); ok && final == s.base.Checkpoint {
			return s.Rebase(s.base, handOvers[i+1:])
		}
	}
	return nil
}

// Settings returns what was fixed when the store was created.
func (s *Store) Settings() Settings { return s.settings }

// Record returns what the client has verified, from the checkpoint that the log starts from to the trusted one.
func (s *Store) Record() light.Record {
	return light.Record{Name: "this client's own record", Base: s.base, Trust: s.trust, Finalized: s.finalized, HandOvers: s.Log}
}

// Trust returns the newest trusted checkpoint.
func (s *Store) Trust() cert.Trust { return s.trust }

// Conflict returns the conflict that stopped the client, nil if none did.
func (s *Store) Conflict() *light.Conflict { return s.conflict }

// ConflictPath returns where a conflict is kept.
func (s *Store) ConflictPath() string { return s.path(conflictFile) }

// Advance keeps verified hand-overs and the trust that they lead to.
func (s *Store) Advance(handOvers []cert.HandOver, reached cert.Trust) error {
	end, err := s.appendLog(handOvers)
	if err != nil {
		return fmt.Errorf("keep hand-overs: %w", err)
	}
	if err := s.writeTrust(trustFile, reached); err != nil {
		return fmt.Errorf("keep trust: %w", err)
	}
	s.trust, s.logged = reached, end
	s.finalized.Add(handOvers)
	return nil
}

// Stop keeps a conflict, for good.
func (s *Store) Stop(c *light.Conflict) error {
	s.conflict = c // first, so that nothing more is served even if it can't be written
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

// readLog returns the hand-overs up to the trusted checkpoint, and their length in bytes.
func (s *Store) readLog() (handOvers []cert.HandOver, size int64, err error) {
	if s.base.Checkpoint == s.trust.Checkpoint {
		return nil, 0, nil
	}
	content, err := os.ReadFile(s.path(logFile))
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for rest := content; ; {
		if len(rest) < 4 || uint64(len(rest)-4) < uint64(binary.BigEndian.Uint32(rest)) {
			return nil, 0, fmt.Errorf("%w: %s: expected hand-overs up to epoch %d, found fewer", ErrDamaged, s.path(logFile), s.trust.Checkpoint.Epoch)
		}
		length := binary.BigEndian.Uint32(rest)
		h, err := cert.DecodeHandOver(rest[4 : 4+length])
		if err != nil {
			return nil, 0, fmt.Errorf("%w: %s: %w", ErrDamaged, s.path(logFile), err)
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

// appendLog writes after the hand-over that led to the trusted checkpoint, over what a crash may have left there. It returns the new
// length of the log in bytes.
func (s *Store) appendLog(handOvers []cert.HandOver) (end int64, err error) {
	content, err := encodeLog(handOvers)
	if err != nil {
		return 0, err
	}
	file, err := os.OpenFile(s.path(logFile), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	end = s.logged + int64(len(content))
	err = durable.Inherit(file)
	if err == nil {
		_, err = file.WriteAt(content, s.logged)
	}
	if err == nil {
		err = file.Truncate(end)
	}
	if err == nil {
		err = file.Sync()
	}
	return end, errors.Join(err, file.Close())
}

// Rebase makes a later checkpoint of the log its base, so that the log holds only votes that can still be punished. The trust does not
// change at any moment: after a crash between the two writes the log begins before the base, and Open rebases it again.
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
	s.base, s.logged, s.finalized = base, int64(len(content)), light.Finalized{}
	s.finalized.Add(rest)
	return nil
}

// writeTrust writes the SHA-256 of the encoding before it: the checkpoint binds its members by hashes, and nothing binds the
// checkpoint.
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
		return cert.Trust{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	encoded := content[min(sha256.Size, len(content)):]
	if sum := sha256.Sum256(encoded); !bytes.HasPrefix(content, sum[:]) {
		return cert.Trust{}, fmt.Errorf("%w: %s: expected SHA-256 %x before the content, found another", ErrDamaged, s.path(name), sum)
	}
	trust, err := cert.DecodeTrust(encoded)
	if err == nil {
		err = trust.Validate()
	}
	if err != nil {
		return cert.Trust{}, fmt.Errorf("%w: %s: %w", ErrDamaged, s.path(name), err)
	}
	return trust, nil
}

func (s *Store) path(name string) string { return filepath.Join(s.folder, name) }

func (s *Store) write(name string, content []byte) error {
	return durable.Replace(s.path(name), content)
}
