package ffg

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Text, in JSON above all, has hashes, keys, signatures and bitfields in lower-case hexadecimal. Each has one spelling: like
// every decoder, a parser refuses with ErrEncoding what the printer does not write.

// ParseRoot reads what Root.String prints: exactly 64 lower-case hexadecimal digits.
func ParseRoot(text string) (r Root, err error) {
	err = r.UnmarshalText([]byte(text))
	return r, err
}

// ParsePublicKey reads what PublicKey.String prints: exactly 96 lower-case hexadecimal digits. Whether they are a key is for
// package bls to say.
func ParsePublicKey(text string) (k PublicKey, err error) {
	err = k.UnmarshalText([]byte(text))
	return k, err
}

// ParseSignature reads what Signature.MarshalText prints: exactly 192 lower-case hexadecimal digits. Whether they are a signature
// is for package bls to say.
func ParseSignature(text string) (s Signature, err error) {
	err = s.UnmarshalText([]byte(text))
	return s, err
}

// ParseRef reads EPOCH:ROOT, as people copy it: what Ref.String prints, the root's digits in either case. The error wraps
// ErrEncoding.
func ParseRef(text string) (ref Ref, err error) {
	epoch, root, _ := strings.Cut(text, ":")
	ref.Epoch, err = strconv.ParseUint(epoch, 10, 64)
	if err == nil {
		ref.Root, err = ParseRoot(strings.ToLower(root))
	}
	if err != nil {
		return Ref{}, fmt.Errorf("expected EPOCH:ROOT, a number and 64 hexadecimal digits, found %.100q: %w", text, ErrEncoding)
	}
	return ref, nil
}

// MarshalText returns the root in lower-case hexadecimal.
func (r Root) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, r[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Root) UnmarshalText(text []byte) error { return unmarshalHex("root", r[:], text) }

// MarshalText returns the key in lower-case hexadecimal.
func (k PublicKey) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, k[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *PublicKey) UnmarshalText(text []byte) error { return unmarshalHex("public key", k[:], text) }

// MarshalText returns the signature in lower-case hexadecimal.
func (s Signature) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Signature) UnmarshalText(text []byte) error { return unmarshalHex("signature", s[:], text) }

// MarshalText returns the bitfield's bytes in lower-case hexadecimal.
func (b Bitfield) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

// UnmarshalText reads what MarshalText wrote.
func (b *Bitfield) UnmarshalText(text []byte) error {
	out := make(Bitfield, len(text)/2)
	if err := unmarshalHex("bitfield", out, text); err != nil {
		return err
	}
	*b = out
	return nil
}

// unmarshalHex fills out from twice as many digits. It leaves out as it was if it returns an error.
func unmarshalHex(what string, out, text []byte) error {
	if len(text) != 2*len(out) {
		return fmt.Errorf("%s: expected %d lower-case hexadecimal digits, found %d characters: %w", what, 2*len(out), len(text), ErrEncoding)
	}
	for _, digit := range text {
		if (digit < '0' || digit > '9') && (digit < 'a' || digit > 'f') {
			return fmt.Errorf("%s: expected lower-case hexadecimal digits, found %q: %w", what, digit, ErrEncoding)
		}
	}
	_, err := hex.Decode(out, text)
	return err
}
