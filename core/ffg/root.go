package ffg

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Tags separate the domains of everything that is hashed (protocol §2).
const (
	tagCheckpoint = "dualchain/checkpoint/v1"
	tagDomain     = "dualchain/domain/v1"
	tagVote       = "dualchain/vote/v1"
	tagPossession = "dualchain/pop/v1"
)

// Root is a SHA-256 hash: of a checkpoint, a block, a voter set or a chain's domain.
type Root [32]byte

// String returns the root in lower-case hexadecimal.
func (r Root) String() string { return hex.EncodeToString(r[:]) }

// IsZero reports whether every byte is zero, as in the anchor's parent root.
func (r Root) IsZero() bool { return r == Root{} }

// PublicKey is a compressed BLS12-381 G1 point. Nothing here checks that it is one: package bls does.
type PublicKey [48]byte

// String returns the key in lower-case hexadecimal.
func (k PublicKey) String() string { return hex.EncodeToString(k[:]) }

// Signature is a compressed BLS12-381 G2 point, opaque to this package.
type Signature [96]byte

// Ref names a checkpoint by its epoch and root.
type Ref struct {
	Epoch uint64 `json:"epoch,string"`
	Root  Root   `json:"root"`
}

// String prints the reference as EPOCH:ROOT.
func (r Ref) String() string { return strconv.FormatUint(r.Epoch, 10) + ":" + r.Root.String() }

// Domain returns the hash that binds votes and proofs of possession to one chain (protocol §2).
func Domain(chainID string) Root { return sha256.Sum256([]byte(tagDomain + chainID)) }
