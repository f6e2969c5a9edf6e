package app

import (
	"os"
	"path/filepath"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

const (
	// Name is the application's name, as CometBFT's Info call and genesis files carry it.
	Name = "dualchain"
	// Bech32Prefix is the prefix of account addresses; validator and consensus addresses add "valoper" and "valcons".
	Bech32Prefix = "dual"
	// BaseDenom is the smallest unit of the token that fees, validators and voters use; one dual is 10^6 udual.
	BaseDenom = "udual"
)

// DefaultNodeHome is where a node keeps its files unless --home says otherwise: ~/.dualchain, or .dualchain in the
// working directory where the system knows no home.
var DefaultNodeHome = defaultNodeHome()

// The SDK keeps address prefixes and the default denom in globals, read by its modules' genesis defaults and by every
// String() of an address, so they are set once, when this package is linked, and never changed.
func init() {
	config := sdk.GetConfig()
	config.SetBech32PrefixForAccount(Bech32Prefix, Bech32Prefix+"pub")
	config.SetBech32PrefixForValidator(Bech32Prefix+"valoper", Bech32Prefix+"valoperpub")
	config.SetBech32PrefixForConsensusNode(Bech32Prefix+"valcons", Bech32Prefix+"valconspub")
	sdk.DefaultBondDenom = BaseDenom
}

func defaultNodeHome() string {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "."
	}
	return filepath.Join(home, ".dualchain")
}
