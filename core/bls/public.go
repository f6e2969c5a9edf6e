package bls

import (
	"encoding/hex"
	"fmt"

	blst "github.com/supranational/blst/bindings/go"
)

// The first three bits of an encoding are flags: compressed, identity, and the sign of y.
const flagBits = 0xe0

// PublicKey is a validated point of G1: on the curve, in the subgroup, not the identity. It is
// immutable and may be shared. The zero value is not a key and is refused like nil.
type PublicKey struct {
	point blst.P1Affine
}

// ParsePublicKey reads a compressed key and validates it, which costs a square root and a subgroup
// check (about 0.1 ms). [Cache] does so once per key.
// Errors: [ErrLength], [ErrEncoding], [ErrIdentity], [ErrSubgroup].
func ParsePublicKey(b []byte) (*PublicKey, error) {
	if len(b) != PublicKeySize {
		return nil, fmt.Errorf("public key: %w: expected %d bytes, found %d", ErrLength, PublicKeySize, len(b))
	}
	key := new(PublicKey)
	if key.point.Uncompress(b) == nil {
		return nil, fmt.Errorf("public key: %w: expected a compressed point of G1, found %x", ErrEncoding, b)
	}
	if key.isIdentity() {
		return nil, fmt.Errorf("public key: %w", ErrIdentity)
	}
	if !key.point.InG1() {
		return nil, fmt.Errorf("public key: %w: found %x", ErrSubgroup, b)
	}
	return key, nil
}

// PublicKeyFromUncompressed reads the output of [PublicKey.Uncompressed], about a hundred times faster
// than [ParsePublicKey]. It checks that the point is on the curve (the identity in this form is not), but
// *not* that it is in the subgroup. Use it for bytes that this node validated and stored, never for bytes
// from elsewhere. Errors: [ErrEncoding].
func PublicKeyFromUncompressed(b [UncompressedSize]byte) (*PublicKey, error) {
	key := new(PublicKey)
	if b[0]&flagBits != 0 || key.point.Deserialize(b[:]) == nil {
		return nil, fmt.Errorf("public key: %w: expected two coordinates of a point on the curve, found %x", ErrEncoding, b)
	}
	return key, nil
}

// Bytes returns the compressed form, or that of the identity for nil.
func (k *PublicKey) Bytes() [PublicKeySize]byte {
	return [PublicKeySize]byte(k.raw().Compress())
}

// Uncompressed returns both coordinates, for [PublicKeyFromUncompressed].
func (k *PublicKey) Uncompressed() [UncompressedSize]byte {
	return [UncompressedSize]byte(k.raw().Serialize())
}

// Equal reports whether both are the same key.
func (k *PublicKey) Equal(other *PublicKey) bool {
	return k.raw().Equals(other.raw())
}

// String returns the compressed form in hex.
func (k *PublicKey) String() string {
	b := k.Bytes()
	return hex.EncodeToString(b[:])
}

// raw returns the point, or the identity for nil.
func (k *PublicKey) raw() *blst.P1Affine {
	if k == nil {
		return new(blst.P1Affine)
	}
	return &k.point
}

// isIdentity is also true for nil and for the zero value.
func (k *PublicKey) isIdentity() bool {
	return k == nil || isIdentityG1(&k.point)
}

// Two zero affine coordinates represent the identity.
func isIdentityG1(p *blst.P1Affine) bool { return *p == blst.P1Affine{} } // avoids a call into C for each key

func isIdentityG2(p *blst.P2Affine) bool { return p.Equals(new(blst.P2Affine)) }

// pointsOf returns the points of keys without copying them. No nil key may reach blst, for which a null
// pointer in a list means that the points follow each other in memory.
func pointsOf(keys []*PublicKey) ([]*blst.P1Affine, error) {
	points := make([]*blst.P1Affine, len(keys))
	for i, key := range keys {
		if key.isIdentity() {
			return nil, fmt.Errorf("key %d: %w", i, ErrNilKey)
		}
		points[i] = &key.point
	}
	return points, nil
}
