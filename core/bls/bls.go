// Package bls signs and verifies with BLS12-381: public keys of 48 bytes in G1, signatures of 96 bytes
// in G2, and the proof-of-possession suite of draft-irtf-cfrg-bls-signature-05 §4.2.3 (protocol §2).
//
// Adding public keys up is sound only if the owner of each has shown that it knows the secret key:
// whoever calls [VerifyAggregate] or [KeySet.VerifyAggregate] must have checked [VerifyPossession] once
// for every key, at its registration. The rogue-key test of this package shows what happens otherwise.
//
// A [PublicKey] that exists is on the curve, in the subgroup of prime order and not the identity, so no
// verification checks it again. Everything here is a pure function of its input, except for the random
// coefficients of [VerifyBatch] and [FindInvalid]: use those to filter, never in a state transition.
// All functions may be called concurrently.
package bls

import "errors"

// Sizes in bytes of the wire forms.
const (
	SecretKeySize    = 32
	PublicKeySize    = 48
	SignatureSize    = 96
	UncompressedSize = 96 // of a public key, both coordinates
	MinSeedSize      = 32
)

// The two tags keep a proof of possession from ever being a signature and the other way round.
var (
	signatureTag  = []byte("BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_")
	possessionTag = []byte("BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_")
)

// What can be wrong with a key or a signature by itself. The error that is returned says which of the
// two it is.
var (
	// ErrLength: the input has another length than its type.
	ErrLength = errors.New("wrong length")
	// ErrEncoding: the bytes are not the canonical encoding of a point on the curve, or of a secret key
	// between 1 and the group order − 1.
	ErrEncoding = errors.New("invalid encoding")
	// ErrIdentity: the point, or the sum of points, is the identity.
	ErrIdentity = errors.New("identity point")
	// ErrSubgroup: the point is on the curve but outside the subgroup of prime order.
	ErrSubgroup = errors.New("point outside the subgroup")
)

// What can be wrong with a verification as a whole.
var (
	// ErrInvalidSignature: the signature is well formed and does not verify.
	ErrInvalidSignature = errors.New("invalid signature")
	// ErrInvalidPossession: the proof is well formed and does not prove possession of the key.
	ErrInvalidPossession = errors.New("invalid proof of possession")
	// ErrEmpty: nothing to verify or to add up.
	ErrEmpty = errors.New("no keys or signatures")
	// ErrMismatch: the numbers or positions of signers, keys and signatures don't fit together.
	ErrMismatch = errors.New("keys and signatures do not match")
	// ErrNilKey: a nil *PublicKey.
	ErrNilKey = errors.New("nil public key")
)
