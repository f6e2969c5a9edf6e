package ffg

import (
	"encoding/hex"
	"fmt"
)

// Hashes, keys, signatures and bitfields are lower-case hexadecimal wherever text is wanted, JSON above all. Like every
// decoder, UnmarshalText refuses with ErrEncoding what MarshalText would not have written.

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

// unmarshalHex fills out with exactly as many bytes as it has room for.
func unmarshalHex(what string, out, text []byte) error {
	if len(text) != 2*len(out) {
		return fmt.Errorf("%s: expected %d hexadecimal digits, found %d: %w", what, 2*len(out), len(text), ErrEncoding)
	}
	for _, digit := range text {
		if digit >= 'A' && digit <= 'F' {
			return fmt.Errorf("%s: expected lower-case digits, found %q: %w", what, digit, ErrEncoding)
		}
	}
	if _, err := hex.Decode(out, text); err != nil {
		return fmt.Errorf("%s: %w: %w", what, ErrEncoding, err)
	}
	return nil
}
