package bls

import (
	"errors"
	"fmt"
	"io"

	blst "github.com/supranational/blst/bindings/go"
)

// SecretKey is a scalar between 1 and the group order − 1. It never prints itself. If the key is in an
// unexported field, fmt does not call its methods and follows pointers, so the scalar is in a closure.
type SecretKey struct {
	scalar func() *blst.SecretKey
}

func newSecretKey(scalar *blst.SecretKey) *SecretKey {
	return &SecretKey{scalar: func() *blst.SecretKey { return scalar }}
}

// GenerateKey reads 32 bytes of entropy from r, which should be crypto/rand.Reader, and derives a key.
func GenerateKey(r io.Reader) (*SecretKey, error) {
	if r == nil {
		return nil, errors.New("generate key: the source of entropy is nil")
	}
	var seed [MinSeedSize]byte
	defer clear(seed[:])
	if _, err := io.ReadFull(r, seed[:]); err != nil {
		return nil, fmt.Errorf("generate key: read %d bytes of entropy: %w", len(seed), err)
	}
	return KeyFromSeed(seed[:])
}

// KeyFromSeed derives a key from at least 32 bytes of secret, uniform seed: KeyGen of
// draft-irtf-cfrg-bls-signature-05 §2.3 without key info. The same seed gives the same key.
func KeyFromSeed(seed []byte) (*SecretKey, error) {
	if len(seed) < MinSeedSize {
		return nil, fmt.Errorf("seed: %w: expected at least %d bytes, found %d", ErrLength, MinSeedSize, len(seed))
	}
	return newSecretKey(blst.KeyGen(seed)), nil
}

// ParseSecretKey reads 32 big-endian bytes, not zero and below the group order.
// Errors: [ErrLength], [ErrEncoding]. Neither contains the bytes.
func ParseSecretKey(b []byte) (*SecretKey, error) {
	if len(b) != SecretKeySize {
		return nil, fmt.Errorf("secret key: %w: expected %d bytes, found %d", ErrLength, SecretKeySize, len(b))
	}
	scalar := new(blst.SecretKey).Deserialize(b)
	if scalar == nil {
		return nil, fmt.Errorf("secret key: %w: expected a number between 1 and the group order − 1", ErrEncoding)
	}
	return newSecretKey(scalar), nil
}

// Bytes returns the key in the form that [ParseSecretKey] reads.
func (k *SecretKey) Bytes() [SecretKeySize]byte {
	return [SecretKeySize]byte(k.raw().Serialize())
}

// PublicKey returns the key that verifies k's signatures, or nil if k is nil or was zeroed.
func (k *SecretKey) PublicKey() *PublicKey {
	scalar := k.raw()
	if !scalar.Valid() {
		return nil
	}
	key := new(PublicKey)
	key.point.From(scalar)
	return key
}

// Sign signs a signing root (protocol §2). If k is nil or was zeroed, the result is the identity, which every
// verification refuses.
func (k *SecretKey) Sign(root [32]byte) [SignatureSize]byte {
	return k.sign(root, signatureTag)
}

// ProvePossession signs a possession root (protocol §2) under the tag for proofs of possession.
func (k *SecretKey) ProvePossession(root [32]byte) [SignatureSize]byte {
	return k.sign(root, possessionTag)
}

func (k *SecretKey) sign(root [32]byte, tag []byte) [SignatureSize]byte {
	return [SignatureSize]byte(new(blst.P2Affine).Sign(k.raw(), root[:], tag).Compress())
}

// Zero overwrites the key. Call it after the last use of k, never during one. The runtime may have made
// copies, so Zero shortens the life of a secret but can't guarantee its end.
func (k *SecretKey) Zero() {
	if k != nil && k.scalar != nil {
		k.scalar().Zeroize()
	}
}

// raw returns the scalar, or zero for nil.
func (k *SecretKey) raw() *blst.SecretKey {
	if k == nil || k.scalar == nil {
		return new(blst.SecretKey)
	}
	return k.scalar()
}

const redacted = "bls.SecretKey(redacted)"

// String hides the key.
func (SecretKey) String() string { return redacted }

// GoString hides the key.
func (SecretKey) GoString() string { return redacted }

// Format hides the key under every verb.
func (SecretKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }
