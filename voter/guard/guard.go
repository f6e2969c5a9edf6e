// Package guard is slashing protection: it remembers every vote that a key may have signed, and approves a vote only
// if no pair of them is slashable (protocol §8). The check and the record are one transaction, which is on disk before
// Approve returns: whoever signs only what was approved can crash at any moment and start again.
//
// Votes are kept by public key and domain, never by height: a chain that starts again under another chain id is
// another domain, and a chain that rolls back is the same one.
package guard

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/voter/internal/durable"
)

// keep is how many votes of a key in a domain are remembered one by one, the latest targets; of older ones the Floor
// remains. It is many times any vote window, so that a vote that can still be of use can be signed again.
const keep = 1024

// The file: guard/format = 1; keys/PUBLIC KEY/DOMAIN/{floor = source u64 target u64, votes/TARGET u64 = vote}.
var (
	metaBucket  = []byte("guard")
	formatKey   = []byte("format")
	format      = []byte{1}
	keysBucket  = []byte("keys")
	votesBucket = []byte("votes")
	floorKey    = []byte("floor")
)

// Guard approves votes. It may be called from many goroutines.
type Guard struct {
	db   *bbolt.DB
	keep int
}

// Create makes a file that knows no keys. It never replaces a file: the error then wraps fs.ErrExist.
func Create(path string) error {
	err := durable.Make(path, func(file *os.File) error {
		db, err := open(file.Name())
		if err != nil {
			return err
		}
		err = db.Update(func(tx *bbolt.Tx) error {
			meta, err := tx.CreateBucket(metaBucket)
			if err != nil {
				return err
			}
			if _, err := tx.CreateBucket(keysBucket); err != nil {
				return err
			}
			return meta.Put(formatKey, format)
		})
		return errors.Join(err, db.Close())
	})
	if err != nil {
		return fmt.Errorf("create slashing protection: %w", err)
	}
	return nil
}

// Open opens an existing file and locks it until Close. Errors wrap ErrMissing, ErrInUse or ErrDamaged.
func Open(path string) (*Guard, error) {
	db, err := open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: expected the file %s, found none: restore it, or stop using keys that may have voted", ErrMissing, path)
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%w: expected %s to be unlocked, found it locked: stop the other process first", ErrInUse, path)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, damaged(path, err)
	case err != nil:
		return nil, fmt.Errorf("open slashing protection %s: %w", path, err)
	}
	if err := db.View(checkFormat); err != nil {
		return nil, errors.Join(damaged(path, err), db.Close())
	}
	return &Guard{db: db, keep: keep}, nil
}

// open never makes a file and waits for no lock.
func open(path string) (*bbolt.DB, error) {
	return bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: time.Nanosecond,
		OpenFile: func(name string, flag int, perm os.FileMode) (*os.File, error) {
			return os.OpenFile(name, flag&^os.O_CREATE, perm)
		},
	})
}

func damaged(path string, err error) error {
	return fmt.Errorf("%w: %s: %w: restore the file; a copy is good only if nothing was signed after it was made", ErrDamaged, path, err)
}

// checkFormat also catches an empty file, in which bbolt has just made an empty database.
func checkFormat(tx *bbolt.Tx) error {
	var found []byte
	if meta := tx.Bucket(metaBucket); meta != nil {
		found = meta.Get(formatKey)
	}
	if string(found) != string(format) || tx.Bucket(keysBucket) == nil {
		return fmt.Errorf("expected format %x, found %x", format, found)
	}
	return nil
}

// Close unlocks the file. Approve refuses everything afterwards.
func (g *Guard) Close() error {
	if err := g.db.Close(); err != nil {
		return fmt.Errorf("close slashing protection: %w", err)
	}
	return nil
}

// Admit begins to protect a key that has never voted. A key that is protected already stays as it is.
func (g *Guard) Admit(key ffg.PublicKey) error {
	err := g.db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.Bucket(keysBucket).CreateBucketIfNotExists(key[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("admit key %s to slashing protection: %w", key, err)
	}
	return nil
}

// Knows reports whether the key was admitted.
func (g *Guard) Knows(key ffg.PublicKey) (known bool, err error) {
	err = g.db.View(func(tx *bbolt.Tx) error {
		known = tx.Bucket(keysBucket).Bucket(key[:]) != nil
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("look key %s up in slashing protection: %w", key, err)
	}
	return known, nil
}

// Approve records the vote and returns nil once that is durable, if it conflicts with no vote that was approved for
// the key in the domain. The same vote again is approved. Any error means: don't sign. A refusal is an *ffg.Offence with
// both votes, or a *BelowFloor; errors also wrap ErrMissing for a key that was never admitted and ffg.ErrVoteOrder.
func (g *Guard) Approve(domain ffg.Root, key ffg.PublicKey, vote ffg.Vote) error {
	err := vote.Validate()
	if err == nil {
		err = g.db.Update(func(tx *bbolt.Tx) error {
			known := tx.Bucket(keysBucket).Bucket(key[:])
			if known == nil {
				return fmt.Errorf("%w: %s was never admitted", ErrMissing, key)
			}
			ledger, err := known.CreateBucketIfNotExists(domain[:])
			if err != nil {
				return err
			}
			return g.record(ledger, vote)
		})
	}
	if err != nil {
		return fmt.Errorf("approve vote: %w", err)
	}
	return nil
}

// record is the body of the transaction: check, write, forget the oldest.
func (g *Guard) record(ledger *bbolt.Bucket, vote ffg.Vote) error {
	floor, err := readFloor(ledger)
	if err != nil {
		return err
	}
	if err := floor.check(vote); err != nil {
		return err
	}
	votes, err := ledger.CreateBucketIfNotExists(votesBucket)
	if err != nil {
		return err
	}
	kept, err := readVotes(votes)
	if err != nil {
		return err
	}
	for _, old := range kept {
		if err := ffg.Slashable(old, vote); err != nil {
			return err
		}
	}
	// An identical vote is written again: when it was first written, the disk may have failed after the page cache had it.
	if err := votes.Put(epochKey(vote), vote.Encode()); err != nil {
		return err
	}
	if at, known := slices.BinarySearchFunc(kept, vote, byTarget); !known {
		kept = slices.Insert(kept, at, vote)
	}
	if len(kept) <= g.keep {
		return nil
	}
	for _, old := range kept[:len(kept)-g.keep] {
		floor = floor.raise(old)
		if err := votes.Delete(epochKey(old)); err != nil {
			return err
		}
	}
	return ledger.Put(floorKey, floor.encode())
}

func byTarget(a, b ffg.Vote) int { return cmp.Compare(a.Target.Epoch, b.Target.Epoch) }

func readFloor(ledger *bbolt.Bucket) (Floor, error) {
	b := ledger.Get(floorKey)
	if b == nil {
		return Floor{}, nil
	}
	if len(b) != 16 {
		return Floor{}, fmt.Errorf("%w: floor: expected 16 bytes, found %d", ErrDamaged, len(b))
	}
	return Floor{Source: binary.BigEndian.Uint64(b), Target: binary.BigEndian.Uint64(b[8:])}, nil
}

func (f Floor) encode() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, f.Source), f.Target)
}

// readVotes returns the remembered votes, ascending by target.
func readVotes(votes *bbolt.Bucket) ([]ffg.Vote, error) {
	var kept []ffg.Vote
	err := votes.ForEach(func(epoch, b []byte) error {
		vote, err := ffg.DecodeVote(b)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if string(epochKey(vote)) != string(epoch) {
			return fmt.Errorf("%w: expected a vote with target epoch %x, found %d", ErrDamaged, epoch, vote.Target.Epoch)
		}
		kept = append(kept, vote)
		return nil
	})
	return kept, err
}

func epochKey(vote ffg.Vote) []byte { return binary.BigEndian.AppendUint64(nil, vote.Target.Epoch) }
