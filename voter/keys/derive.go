package keys

import (
	"fmt"
	"strings"

	"github.com/cosmos/go-bip39"
	"golang.org/x/text/unicode/norm"

	"github.com/dualchain/dualchain/core/bls"
)

// The first two steps of the path of every voter's key.
const (
	Purpose  = 0x6475616c // "dual" in ASCII, in the place of Ethereum's 12381 (EIP-2334)
	CoinType = 118        // that of Cosmos chains (SLIP-44)
)

// entropyBits makes mnemonics of 24 words.
const entropyBits = 256

// NewMnemonic returns 24 random words of BIP-39. Whoever has them has all keys that Derive gives.
func NewMnemonic() (string, error) {
	entropy, err := bip39.NewEntropy(entropyBits)
	if err != nil {
		return "", fmt.Errorf("draw a mnemonic: %w", err)
	}
	defer clear(entropy)
	return bip39.NewMnemonic(entropy)
}

// Derive returns the voter's key with an index, and its path. The passphrase is BIP-39's: "" for none, and each one gives
// other keys. Words are BIP-39's English ones between any spaces; they and the passphrase are strings, which can't be
// zeroed, since the library for them takes nothing else. The caller zeroes the key after use. It wraps ErrMnemonic.
func Derive(mnemonic, passphrase string, index uint32) (*bls.SecretKey, string, error) {
	seed, err := seedOf(mnemonic, passphrase)
	if err != nil {
		return nil, "", err
	}
	defer clear(seed)
	secret, err := bls.KeyFromSeed(seed)
	if err != nil {
		return nil, "", fmt.Errorf("derive key: %w", err)
	}
	for _, step := range []uint32{Purpose, CoinType, index, 0} {
		child := secret.Child(step)
		secret.Zero()
		secret = child
	}
	return secret, fmt.Sprintf("m/%d/%d/%d/0", Purpose, CoinType, index), nil
}

// seedOf is BIP-39's. No error shows a word.
func seedOf(mnemonic, passphrase string) ([]byte, error) {
	words := strings.Fields(mnemonic)
	if n := len(words); n < 12 || n > 24 || n%3 != 0 {
		return nil, fmt.Errorf("%w: expected 12, 15, 18, 21 or 24 words, found %d", ErrMnemonic, n)
	}
	for i, word := range words {
		if _, ok := bip39.ReverseWordMap[word]; !ok {
			return nil, fmt.Errorf("%w: expected words of BIP-39's English list, found another as word %d", ErrMnemonic, i+1)
		}
	}
	seed, err := bip39.NewSeedWithErrorChecking(strings.Join(words, " "), norm.NFKD.String(passphrase))
	if err != nil {
		return nil, fmt.Errorf("%w: expected the words' checksum, found another: a word is wrong or out of place", ErrMnemonic)
	}
	return seed, nil
}
