package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/types/bech32"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/voter"
)

// errOperator: no address to prove possession for.
var errOperator = errors.New("invalid operator")

func addIdentityFlags(cmd *cobra.Command, what string) {
	cmd.Flags().String(flags.FlagChainID, "", "the chain "+what)
	cmd.Flags().String(flagOperator, "", "address of the voter's operator account "+what)
}

// newConfig is the voter.toml of a home that has none. Where there is one, it is that, and flags must not say otherwise.
func (k voterKey) newConfig() (voter.Config, error) {
	config := k.config
	exists := isThere(k.home, configFile)
	for _, given := range []struct {
		flag  string
		field *string
		check func(string) error
	}{
		{flags.FlagChainID, &config.ChainID, checkChainID},
		{flagOperator, &config.Operator, func(s string) error { _, err := operatorAddress(s); return err }},
	} {
		if !k.cmd.Flags().Changed(given.flag) {
			continue
		}
		value := flagText(k.cmd, given.flag)
		if err := given.check(value); err != nil {
			return config, err
		}
		if exists && *given.field != value {
			return config, fmt.Errorf("%w: expected --%s as voter.toml has it, %q, found %q", voter.ErrConfig, given.flag, *given.field, value)
		}
		*given.field = value
	}
	if exists {
		return config, nil
	}
	if config.ChainID == "" {
		return config, fmt.Errorf("%w: expected --%s, for the %s that %s has not yet, found none", voter.ErrConfig, flags.FlagChainID, configFile, k.home)
	}
	return config, givenPasswordFile(k.cmd, &config.PasswordFile)
}

// writeConfig writes a new voter.toml, and leaves one that is there.
func (k voterKey) writeConfig(config voter.Config) error {
	if err := k.home.WriteConfig(config); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func checkChainID(id string) error {
	odd := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }
	if id == "" || len(id) > cmttypes.MaxChainIDLen || strings.ContainsFunc(id, odd) {
		return fmt.Errorf("%w: chain_id: expected 1 to %d characters without spaces, found %q", voter.ErrConfig, cmttypes.MaxChainIDLen, id)
	}
	return nil
}

// operatorAddress reads an account address of this chain.
func operatorAddress(operator string) ([]byte, error) {
	prefix, address, err := bech32.DecodeAndConvert(operator)
	if err != nil {
		return nil, fmt.Errorf("%w: expected an address like %s1…, found %q: %w", errOperator, app.Bech32Prefix, operator, err)
	}
	if prefix != app.Bech32Prefix {
		return nil, fmt.Errorf("%w: expected an address like %s1…, found %q", errOperator, app.Bech32Prefix, operator)
	}
	return address, nil
}
