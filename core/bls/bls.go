// Package bls signs and verifies with BLS12-381: public keys of 48 bytes in G1, signatures of 96 bytes
// in G2, and the proof-of-possession suite of draft-irtf-cfrg-bls-signature-05 §4.2.3 (protocol §2).
//
// Adding up public keys is sound only if the owner of each has shown that it knows the secret key.
// Callers of [VerifyAggregate] and [KeySet.VerifyAggregate] must have checked [VerifyPossession] once
// for every key, at its registration. The rogue-key test of this package shows the attack otherwise.
//
// Every [PublicKey] is on the curve, in the subgroup of prime order and not the identity, so no
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

// The two tags ensure that a proof of possession is never a valid signature, and the reverse.
var (
	signatureTag  = []byte("BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_")
	possessionTag = []byte("BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_")
)

// Errors about one key or signature. The returned error says which of the two it is.
var (
	// ErrLength means that the input has the wrong length for its type.
	ErrLength = errors.New("wrong length")
	// ErrEncoding means that the bytes are not the canonical encoding of a point on the curve, or of a
	// secret key between 1 and the group order − 1.
	ErrEncoding = errors.New("invalid encoding")
	// ErrIdentity means that the point, or the sum of points, is the identity.
	ErrIdentity = errors.New("identity point")
	// ErrSubgroup means that the point is on the curve but outside the subgroup of prime order.
	ErrSubgroup = errors.New("point outside the subgroup")
)

// Errors about a verification as a whole.
var (
	// ErrInvalidSignature means that the signature is well formed and does not verify.
	ErrInvalidSignature = errors.New("invalid signature")
	// ErrInvalidPossession means that the proof is well formed and does not prove possession of the key.
	ErrInvalidPossession = errors.New("invalid proof of possession")
	// ErrEmpty means that there is nothing to verify or to add up.
	ErrEmpty = errors.New("no keys or signatures")
	// ErrMismatch means that the numbers or positions of signers, keys and signatures don't match.
	ErrMismatch = errors.New("keys and signatures do not match")
	// ErrNilKey means that a *PublicKey is nil.
	ErrNilKey = errors.New("nil public key")
)
