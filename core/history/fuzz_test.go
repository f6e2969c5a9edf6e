package history_test

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/dualchain/dualchain/core/history"
)

// toHashes cuts b into hashes and drops the rest.
func toHashes(b []byte) [][32]byte {
	var hashes [][32]byte
	for ; len(b) >= 32; b = b[32:] {
		hashes = append(hashes, [32]byte(b))
	}
	return hashes
}

func hexOf(b [32]byte) string { return hex.EncodeToString(b[:]) }

func flatten(hashes [][32]byte) (b []byte) {
	for _, hash := range hashes {
		b = append(b, hash[:]...)
	}
	return b
}

func hasReason(err error) bool {
	return errors.Is(err, history.ErrRange) || errors.Is(err, history.ErrProof)
}

// Under a true root only the true block passes, with any path.
func FuzzVerifyInclusion(f *testing.F) {
	const size = 37
	c := newChain(f, size)
	for _, index := range []uint64{0, 1, 13, 31, 32, 36} {
		b := block(index)
		f.Add(b[:], index, uint64(size), flatten(c.inclusion(f, index, size)))
	}
	f.Add([]byte{}, uint64(1)<<63, ^uint64(0), []byte{})
	f.Fuzz(func(t *testing.T, b []byte, index, claimed uint64, path []byte) {
		var found [32]byte
		copy(found[:], b)
		err := history.VerifyInclusion(found, index, size, toHashes(path), c.root(size))
		if err == nil && found != block(index) {
			t.Errorf("expected block %d to be %x, found a proof of %x", index, block(index), found)
		}
		if err != nil && !hasReason(err) {
			t.Errorf("expected a reason, found %v", err)
		}
		if err := history.VerifyInclusion(found, index, claimed, toHashes(path), found); err != nil && !hasReason(err) {
			t.Errorf("expected a reason, found %v", err)
		}
	})
}

// Under a true root only the true earlier roots pass.
func FuzzVerifyConsistency(f *testing.F) {
	const size = 37
	c := newChain(f, size)
	for _, from := range []uint64{0, 1, 13, 32, 36, 37} {
		root := c.root(from)
		f.Add(from, uint64(size), flatten(c.consistency(f, from, size)), root[:])
	}
	f.Add(uint64(1)<<63, ^uint64(0), []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, from, claimed uint64, path, root []byte) {
		var found [32]byte
		copy(found[:], root)
		err := history.VerifyConsistency(from, size, toHashes(path), found, c.root(size))
		if err == nil && found != c.root(from) {
			t.Errorf("expected root %x at size %d, found a proof of %x", c.root(from), from, found)
		}
		if err != nil && !hasReason(err) {
			t.Errorf("expected a reason, found %v", err)
		}
		if err := history.VerifyConsistency(from, claimed, toHashes(path), found, found); err != nil && !hasReason(err) {
			t.Errorf("expected a reason, found %v", err)
		}
	})
}
