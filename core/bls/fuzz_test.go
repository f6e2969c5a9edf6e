package bls_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	blst "github.com/supranational/blst/bindings/go"

	"github.com/dualchain/dualchain/core/bls"
)

var malformed = []error{bls.ErrLength, bls.ErrEncoding, bls.ErrIdentity, bls.ErrSubgroup}

func isMalformed(err error) bool {
	return slices.ContainsFunc(malformed, func(want error) bool { return errors.Is(err, want) })
}

// Accepted bytes are canonical and a point that blst itself validates; everything else gets an error.
func FuzzParsePublicKey(f *testing.F) {
	for _, c := range badPublicKeys {
		f.Add(unhex(f, c.hex))
	}
	good := secret(f, 2).PublicKey().Bytes()
	f.Add(good[:])
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := bls.ParsePublicKey(b)
		if err != nil {
			if key != nil || !isMalformed(err) {
				t.Errorf("expected no key and a reason, found %s and %v", key, err)
			}
			return
		}
		if again := key.Bytes(); !bytes.Equal(again[:], b) {
			t.Errorf("expected the same bytes back, found %x for %x", again, b)
		}
		if !new(blst.P1Affine).Uncompress(b).KeyValidate() {
			t.Errorf("expected a refusal of %x", b)
		}
	})
}

func FuzzPublicKeyFromUncompressed(f *testing.F) {
	good := secret(f, 2).PublicKey().Uncompressed()
	f.Add(good[:])
	f.Add(make([]byte, bls.UncompressedSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != bls.UncompressedSize {
			return
		}
		key, err := bls.PublicKeyFromUncompressed([bls.UncompressedSize]byte(b))
		if err != nil {
			wantError(t, bls.ErrEncoding, err)
			return
		}
		if again := key.Uncompressed(); !bytes.Equal(again[:], b) {
			t.Errorf("expected the same bytes back, found %x for %x", again, b)
		}
	})
}

func FuzzCheckSignature(f *testing.F) {
	for _, c := range badSignatures {
		f.Add(unhex(f, c.hex))
	}
	good := secret(f, 2).Sign(root(1))
	f.Add(good[:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := bls.CheckSignature(b); err != nil {
			if !isMalformed(err) {
				t.Errorf("expected a reason, found %v", err)
			}
			return
		}
		point := new(blst.P2Affine).Uncompress(b)
		if !bytes.Equal(point.Compress(), b) {
			t.Errorf("expected a refusal of %x, which is not canonical", b)
		}
		if !point.SigValidate(true) {
			t.Errorf("expected a refusal of %x", b)
		}
	})
}

// Only the signature that signing makes verifies.
func FuzzVerify(f *testing.F) {
	key := secret(f, 2)
	good := key.Sign(root(1))
	public := key.PublicKey()
	f.Add(good[:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != bls.SignatureSize {
			return
		}
		err := bls.Verify(public, root(1), [bls.SignatureSize]byte(b))
		if (err == nil) != bytes.Equal(b, good[:]) {
			t.Errorf("expected %x only to verify, found %x with %v", good, b, err)
		}
	})
}
