package keys

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/pbkdf2"
	"golang.org/x/crypto/scrypt"
)

// KDF names a function that derives a key from a password, slowly.
type KDF string

// The functions of EIP-2335. The empty name means Scrypt, which also costs an attacker memory.
const (
	Scrypt KDF = "scrypt" // RFC 7914
	PBKDF2 KDF = "pbkdf2" // RFC 8018 with HMAC-SHA-256
)

// Cost is how slow a new keystore is to open, for its owner and for an attacker who tries passwords.
type Cost int

const (
	// Standard is the cost of EIP-2335's examples: about a second, and with scrypt 256 MiB of memory.
	Standard Cost = iota
	// Light is for worthless keys in local networks and tests: some milliseconds and 4 MiB. It protects only random
	// passwords.
	Light
)

// iterations is n of scrypt and c of PBKDF2 at each cost.
var iterations = map[Cost]uint64{Standard: 1 << 18, Light: 1 << 12}

// Bounds of a keystore's parameters, so that opening a hostile one ends.
const (
	minDerived = 32      // dklen, in bytes: half for the cipher, half for the checksum
	maxDerived = 64      // more has no use
	maxScrypt  = 1 << 23 // n·r·p, the work: four times Standard. Memory is 128·n·r bytes, so 1 GiB at most,
	maxBlock   = 32      // and 128·r·(p+2), which is nothing while r
	maxLanes   = 16      // and p are small
	maxPBKDF2  = 1 << 24 // c: 64 times Standard
	maxSalt    = 1 << 10 // bytes
	saltSize   = 32      // of new keystores
	prf        = "hmac-sha256"
)

// kdf derives the key of a keystore from a processed password. Its JSON is the params of EIP-2335's module.
type kdf interface {
	name() KDF
	derive(password []byte) ([]byte, error)
	// memory is what derive takes, in bytes.
	memory() uint64
	// check returns an error if the parameters are invalid or out of bounds.
	check() error
}

type scryptParams struct {
	DKLen uint64   `json:"dklen"`
	N     uint64   `json:"n"`
	P     uint64   `json:"p"`
	R     uint64   `json:"r"`
	Salt  hexBytes `json:"salt"`
}

type pbkdf2Params struct {
	DKLen uint64   `json:"dklen"`
	C     uint64   `json:"c"`
	PRF   string   `json:"prf"`
	Salt  hexBytes `json:"salt"`
}

// newKDF draws a salt. It wraps ErrFormat.
func newKDF(name KDF, cost Cost) (kdf, error) {
	n, ok := iterations[cost]
	if !ok {
		return nil, fmt.Errorf("%w: expected the cost %d or %d, found %d", ErrFormat, Standard, Light, cost)
	}
	salt := make(hexBytes, saltSize)
	_, _ = rand.Read(salt) // never fails
	switch name {
	case Scrypt, "":
		return &scryptParams{DKLen: minDerived, N: n, R: 8, P: 1, Salt: salt}, nil
	case PBKDF2:
		return &pbkdf2Params{DKLen: minDerived, C: n, PRF: prf, Salt: salt}, nil
	}
	return nil, fmt.Errorf("%w: expected the KDF %s or %s, found %q", ErrFormat, Scrypt, PBKDF2, name)
}

func parseKDF(m module) (kdf, error) {
	var params kdf
	switch KDF(m.Function) {
	case Scrypt:
		params = new(scryptParams)
	case PBKDF2:
		params = new(pbkdf2Params)
	default:
		return nil, fmt.Errorf("function: expected %q or %q, found %.64q", Scrypt, PBKDF2, m.Function)
	}
	if err := parseParams(m.Params, params); err != nil {
		return nil, err
	}
	if err := params.check(); err != nil {
		return nil, fmt.Errorf("params: %w", err)
	}
	return params, nil
}

func (*scryptParams) name() KDF { return Scrypt }
func (*pbkdf2Params) name() KDF { return PBKDF2 }

func (p *scryptParams) derive(password []byte) ([]byte, error) {
	return scrypt.Key(password, p.Salt, int(p.N), int(p.R), int(p.P), int(p.DKLen)) //nolint:gosec // check bounds them
}

func (p *pbkdf2Params) derive(password []byte) ([]byte, error) {
	return pbkdf2.Key(password, p.Salt, int(p.C), int(p.DKLen), sha256.New), nil //nolint:gosec // check bounds them
}

func (p *scryptParams) memory() uint64 { return 128 * p.N * p.R }

func (*pbkdf2Params) memory() uint64 { return 0 }

func (p *scryptParams) check() error {
	if p.N < 2 || p.N&(p.N-1) != 0 {
		return fmt.Errorf("n: expected a power of two, at least 2, found %d", p.N)
	}
	if p.R < 1 || p.R > maxBlock {
		return fmt.Errorf("r: expected 1 to %d, found %d", maxBlock, p.R)
	}
	if p.P < 1 || p.P > maxLanes {
		return fmt.Errorf("p: expected 1 to %d, found %d", maxLanes, p.P)
	}
	// Divide, because the product with a hostile n may exceed 64 bits.
	if p.P > maxScrypt/p.N/p.R {
		return fmt.Errorf("expected n·r·p of at most %d, found %d·%d·%d", maxScrypt, p.N, p.R, p.P)
	}
	return checkSizes(p.DKLen, p.Salt)
}

func (p *pbkdf2Params) check() error {
	if p.PRF != prf {
		return fmt.Errorf("prf: expected %q, found %.64q", prf, p.PRF)
	}
	if p.C < 1 || p.C > maxPBKDF2 {
		return fmt.Errorf("c: expected 1 to %d, found %d", maxPBKDF2, p.C)
	}
	return checkSizes(p.DKLen, p.Salt)
}

func checkSizes(derived uint64, salt []byte) error {
	if derived < minDerived || derived > maxDerived {
		return fmt.Errorf("dklen: expected %d to %d, found %d", minDerived, maxDerived, derived)
	}
	if len(salt) < 1 || len(salt) > maxSalt {
		return fmt.Errorf("salt: expected 1 to %d bytes, found %d", maxSalt, len(salt))
	}
	return nil
}

// hexBytes are bytes that JSON shows as hexadecimal digits.
type hexBytes []byte

// MarshalText writes hexadecimal digits.
func (b hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

// UnmarshalText reads hexadecimal digits.
func (b *hexBytes) UnmarshalText(digits []byte) (err error) {
	if *b, err = hex.AppendDecode(nil, digits); err != nil {
		return errors.New("salt: expected hexadecimal digits, found others or half a byte")
	}
	return nil
}
