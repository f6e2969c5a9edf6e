package cli

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

	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/voter/home"
)

// errOperator: the operator isn't an account address of the chain.
var errOperator = errors.New("invalid operator")

func addIdentityFlags(cmd *cobra.Command, what string) {
	cmd.Flags().String(flags.FlagChainID, "", "the chain "+what)
	cmd.Flags().String(flagOperator, "", "address of the voter's operator account "+what)
}

// newConfig returns the configuration for a new voter.toml. If the home has one, it returns that, and flags must agree with it.
func (k voterKey) newConfig() (home.Config, error) {
	config := k.config
	exists := isThere(k.dir, home.ConfigFile)
	for _, given := range []struct {
		flag  string
		field *string
		check func(string) error
	}{
		{flags.FlagChainID, &config.ChainID, checkChainID},
		{flagOperator, &config.Operator, func(s string) error { _, err := operatorAddress(k.prefix, s); return err }},
	} {
		if !k.cmd.Flags().Changed(given.flag) {
			continue
		}
		value := command.FlagText(k.cmd, given.flag)
		if err := given.check(value); err != nil {
			return config, err
		}
		if exists && *given.field != value {
			return config, fmt.Errorf("%w: expected --%s as voter.toml has it, %q, found %q", home.ErrConfig, given.flag, *given.field, value)
		}
		*given.field = value
	}
	if exists {
		return config, nil
	}
	if config.ChainID == "" {
		return config, fmt.Errorf("%w: expected --%s for the new %s in %s, found none", home.ErrConfig, flags.FlagChainID, home.ConfigFile, k.dir)
	}
	return config, givenPasswordFile(k.cmd, &config.PasswordFile)
}

// writeConfig writes a new voter.toml. It leaves an existing one as it is.
func (k voterKey) writeConfig(config home.Config) error {
	if err := k.dir.WriteConfig(config); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func checkChainID(id string) error {
	odd := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }
	if id == "" || len(id) > cmttypes.MaxChainIDLen || strings.ContainsFunc(id, odd) {
		return fmt.Errorf("%w: chain_id: expected 1 to %d characters without spaces, found %q", home.ErrConfig, cmttypes.MaxChainIDLen, id)
	}
	return nil
}

// operatorAddress reads an account address with the chain's bech32 prefix.
func operatorAddress(prefix, operator string) ([]byte, error) {
	found, address, err := bech32.DecodeAndConvert(operator)
	if err != nil {
		return nil, fmt.Errorf("%w: expected an address like %s1…, found %q: %w", errOperator, prefix, operator, err)
	}
	if found != prefix {
		return nil, fmt.Errorf("%w: expected an address like %s1…, found %q", errOperator, prefix, operator)
	}
	return address, nil
}
