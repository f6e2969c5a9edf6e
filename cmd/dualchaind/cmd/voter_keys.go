package cmd

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/types/bech32"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/bls"
	"github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/keys"
)

// errOperator: no address to prove possession for.
var errOperator = errors.New("invalid operator")

func voterKeysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		RunE:  client.ValidateCmd, // an unknown subcommand is an error
		Short: "Make and show the voter's keys; nothing here prints a secret",
	}
	cmd.PersistentFlags().String("name", voter.DefaultKey, "name of the key")
	cmd.AddCommand(newVoterKeyCommand(), showVoterKeyCommand(), proveVoterKeyCommand(), listVoterKeysCommand())
	return cmd
}

// onVoterKey makes the body of a command that works on one key of a home.
func onVoterKey(do func(cmd *cobra.Command, home voter.Home, name string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		home, err := voterHome(cmd)
		if err != nil {
			return err
		}
		name, err := cmd.Flags().GetString("name")
		if err != nil {
			return fmt.Errorf("read --name: %w", err)
		}
		return do(cmd, home, name)
	}
}

func newVoterKeyCommand() *cobra.Command {
	var chainID, operator string
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Make a key, its slashing protection and, in a new home, voter.toml",
		Args:  cobra.NoArgs,
		RunE: onVoterKey(func(cmd *cobra.Command, home voter.Home, name string) error {
			secret, err := bls.GenerateKey(rand.Reader)
			if err != nil {
				return err
			}
			defer secret.Zero()
			password, err := keys.FindPassword("", keys.Twice(keys.Terminal))()
			if err != nil {
				return err
			}
			defer clear(password)
			info, err := home.AddKey(name, secret, password, keys.SaveOptions{})
			if err != nil {
				return err
			}
			config := voter.DefaultConfig()
			config.ChainID, config.Operator = chainID, operator
			if err := home.WriteConfig(config); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			return printJSON(cmd, info)
		}),
	}
	cmd.Flags().StringVar(&chainID, flags.FlagChainID, "", "chain id for a new voter.toml")
	cmd.Flags().StringVar(&operator, "operator", "", "operator address for a new voter.toml")
	return cmd
}

func showVoterKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show the name and public key of a key",
		Args:  cobra.NoArgs,
		RunE: onVoterKey(func(cmd *cobra.Command, home voter.Home, name string) error {
			info, err := keys.Show(home.Keys(), name)
			if err != nil {
				return err
			}
			return printJSON(cmd, info)
		}),
	}
}

func listVoterKeysCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all keys of the home",
		Args:  cobra.NoArgs,
		RunE: onVoterKey(func(cmd *cobra.Command, home voter.Home, _ string) error {
			infos, err := keys.List(home.Keys())
			if err != nil {
				return err
			}
			return printJSON(cmd, infos)
		}),
	}
}

func proveVoterKeyCommand() *cobra.Command {
	var chainID, operator string
	cmd := &cobra.Command{
		Use:   "pop",
		Short: "Print the public key and its proof of possession, as registering a voter takes them",
		Long: `Print the public key and its proof of possession, as registering a voter takes them. The proof is good for one operator on one
chain: those of --operator and --chain-id, else of voter.toml. Then, with the operator's account:

  dualchaind tx finality register-voter PUB_KEY POSSESSION AMOUNT --from OPERATOR`,
		Args: cobra.NoArgs,
		RunE: onVoterKey(func(cmd *cobra.Command, home voter.Home, name string) error {
			config, err := home.LoadConfig()
			if err != nil {
				return err
			}
			if cmd.Flags().Changed(flags.FlagChainID) {
				config.ChainID = chainID
			}
			if cmd.Flags().Changed("operator") {
				config.Operator = operator
			}
			if config.ChainID == "" {
				return fmt.Errorf("%w: chain_id: expected it in voter.toml or by --%s, found none", voter.ErrConfig, flags.FlagChainID)
			}
			address, err := operatorAddress(config.Operator)
			if err != nil {
				return err
			}
			password, err := home.Password(config.PasswordFile)()
			if err != nil {
				return err
			}
			defer clear(password)
			secret, err := keys.Load(home.Keys(), name, password)
			if err != nil {
				return err
			}
			defer secret.Zero()
			proof, err := keys.Prove(secret, config.ChainID, config.Operator, address)
			if err != nil {
				return err
			}
			return printJSON(cmd, proof)
		}),
	}
	cmd.Flags().StringVar(&chainID, flags.FlagChainID, "", "the chain to register on")
	cmd.Flags().StringVar(&operator, "operator", "", "address of the account that will register the voter")
	return cmd
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
