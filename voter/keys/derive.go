package keys

import (
	"fmt"
	"strings"

	"github.com/cosmos/go-bip39"
	"golang.org/x/text/unicode/norm"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/internal/textfile"
)

// Every voter's key has these first two steps in its path.
const (
	Purpose  = 0x6475616c // "dual" in ASCII, in the place of Ethereum's 12381 (EIP-2334)
	CoinType = 118        // Cosmos chains (SLIP-44)
)

// entropyBits makes mnemonics of 24 words.
const entropyBits = 256

// NewMnemonic returns 24 random words of BIP-39. The words give all keys that Derive returns.
func NewMnemonic() (string, error) {
	entropy, err := bip39.NewEntropy(entropyBits)
	if err != nil {
		return "", fmt.Errorf("draw a mnemonic: %w", err)
	}
	defer clear(entropy)
	return bip39.NewMnemonic(entropy)
}

// Derive returns the voter's key with an index, and its path. The passphrase is BIP-39's: "" means no passphrase, and each
// passphrase gives other keys. The words are BIP-39's English words, separated by any spaces. They and the passphrase are
// strings, which can't be zeroed, because the library takes only strings. The caller zeroes the key after use. Derive wraps
// ErrMnemonic.
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

// seedOf returns the seed of BIP-39. No error contains a word.
func seedOf(mnemonic, passphrase string) ([]byte, error) {
	text, err := textfile.Text([]byte(mnemonic))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMnemonic, err)
	}
	defer clear(text)
	words := strings.Fields(string(text))
	if n := len(words); n < 12 || n > 24 || n%3 != 0 {
		return nil, fmt.Errorf("%w: expected 12, 15, 18, 21 or 24 words, found %d", ErrMnemonic, n)
	}
	for i, word := range words {
		if _, ok := bip39.ReverseWordMap[word]; !ok {
			return nil, fmt.Errorf("%w: expected words of BIP-39's English list, found another word at position %d", ErrMnemonic, i+1)
		}
	}
	seed, err := bip39.NewSeedWithErrorChecking(strings.Join(words, " "), norm.NFKD.String(passphrase))
	if err != nil {
		return nil, fmt.Errorf("%w: the checksum of the words does not match: a word is wrong or in the wrong place", ErrMnemonic)
	}
	return seed, nil
}
