package localnet

import (
	"crypto/sha256"
	"fmt"

	"github.com/cosmos/go-bip39"

	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Every local network has these accounts beside those of its validators and voters.
const (
	Alice  = "alice"
	Bob    = "bob"
	Faucet = "faucet"
)

// keyringService names the keyring; the test backend keeps its files in keyring-test under the home.
const keyringService = "dualchain"

// Mnemonic returns the 24 words of an account of a local network. They are derived from its name alone, so addresses are
// the same in every localnet and in the documentation. EVERYBODY KNOWS THEM: for development only.
func Mnemonic(name string) string {
	entropy := sha256.Sum256([]byte("dualchain localnet account " + name))
	mnemonic, err := bip39.NewMnemonic(entropy[:])
	if err != nil {
		panic(fmt.Sprintf("bip39 refuses 256 bits of entropy: %v", err)) // impossible: 256 bits is one of its sizes
	}
	return mnemonic
}

// newMnemonic returns 24 random words.
func newMnemonic(string) (string, error) {
	entropy, err := bip39.NewEntropy(256)
	if err != nil {
		return "", fmt.Errorf("draw entropy: %w", err)
	}
	return bip39.NewMnemonic(entropy)
}

// openKeyring opens the unencrypted keyring in a home.
func openKeyring(cdc codec.Codec, home string) (keyring.Keyring, error) {
	kr, err := keyring.New(keyringService, keyring.BackendTest, home, nil, cdc)
	if err != nil {
		return nil, fmt.Errorf("open the keyring in %s: %w", home, err)
	}
	return kr, nil
}

// addAccount derives an account from its words and stores it.
func addAccount(kr keyring.Keyring, name, mnemonic string) (sdk.AccAddress, error) {
	path := hd.CreateHDPath(sdk.CoinType, 0, 0).String()
	record, err := kr.NewAccount(name, mnemonic, keyring.DefaultBIP39Passphrase, path, hd.Secp256k1)
	if err != nil {
		return nil, fmt.Errorf("add account %s to the keyring: %w", name, err)
	}
	return record.GetAddress()
}
