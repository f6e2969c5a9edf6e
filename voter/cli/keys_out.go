package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/voter/keys"
)

// secret opens the key. The caller zeroes it.
func (k voterKey) secret() (*bls.SecretKey, error) {
	password, err := k.password()
	if err != nil {
		return nil, err
	}
	defer clear(password)
	return keys.Load(k.ctx(), k.dir.Keys(), k.name, password)
}

// isRetired reports whether the key has left this home. While a voter runs it can't tell, but a voter doesn't run with such a key.
func (k voterKey) isRetired(info keys.Info) bool {
	var key ffg.PublicKey
	protection, err := k.dir.OpenGuard()
	if err != nil || key.UnmarshalText([]byte(info.PubKey)) != nil {
		return false
	}
	defer protection.Close() //nolint:errcheck // it was only read
	return protection.Retired(key)
}

func (o Options) exportKeyCommand() *cobra.Command {
	const flagOutput = "output-file"
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Export a key as an EIP-2335 keystore with its own password",
		Long: `Export a key as an EIP-2335 keystore with its own password, which comes from --keystore-password-file or a prompt.

The keystore does not contain the record of the key's votes. Two voters with one key sooner or later sign two conflicting votes, which
costs the stake. To move a voter, use 'voter move'.`,
		Args: cobra.NoArgs,
		RunE: o.onOldKey(func(k voterKey, _ []string) error {
			kdf, err := k.kdf()
			if err != nil {
				return err
			}
			info, err := keys.Show(k.dir.Keys(), k.name)
			if err != nil {
				return err
			}
			secret, err := k.secret()
			if err != nil {
				return err
			}
			defer secret.Zero()
			password, err := keys.FilePassword(command.FlagText(k.cmd, flagKeystorePassword), "Password of the new keystore: ", keys.Twice(keys.Terminal(k.ctx())))()
			if err != nil {
				return err
			}
			defer clear(password)
			options := keys.SaveOptions{KDF: kdf, Path: info.Path, Description: info.Description}
			content, err := keys.Encode(k.ctx(), secret, password, options)
			if err != nil {
				return err
			}
			if err := keys.WriteFile(command.FlagText(k.cmd, flagOutput), content); err != nil {
				return fmt.Errorf("export key: %w", err)
			}
			if k.isRetired(info) {
				k.cmd.PrintErrf("WARNING: key %s was moved to another machine, which may vote with it. Do not vote with the exported key elsewhere.\n", info.PubKey)
			}
			return command.PrintJSON(k.cmd, info)
		}),
	}
	addNameFlag(cmd)
	addPasswordFlag(cmd)
	addKDFFlag(cmd)
	cmd.Flags().String(flagKeystorePassword, "", "file with the password of the new keystore")
	cmd.Flags().String(flagOutput, "", "the new file")
	_ = cmd.MarkFlagRequired(flagOutput) // it was defined in the line above
	return cmd
}

func (o Options) proveKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pop",
		Short: "Print the public key and its proof of possession, to register a voter with",
		Long: `Print the public key and its proof of possession, to register a voter with. The proof is valid for one operator on one chain: those of
--operator and --chain-id, else of voter.toml. Register with the operator's account:

  ` + o.Program + ` voter keys pop > pop.json
  ` + o.Program + ` tx finality register-voter pop.json AMOUNT --from OPERATOR`,
		Args: cobra.NoArgs,
		RunE: o.onOldKey(func(k voterKey, _ []string) error {
			chainID, operator := k.config.ChainID, k.config.Operator
			if k.cmd.Flags().Changed(flags.FlagChainID) {
				chainID = command.FlagText(k.cmd, flags.FlagChainID)
			}
			if k.cmd.Flags().Changed(flagOperator) {
				operator = command.FlagText(k.cmd, flagOperator)
			}
			if err := checkChainID(chainID); err != nil {
				return err
			}
			address, err := operatorAddress(k.prefix, operator)
			if err != nil {
				return err
			}
			secret, err := k.secret()
			if err != nil {
				return err
			}
			defer secret.Zero()
			proof, err := keys.Prove(secret, chainID, operator, address)
			if err != nil {
				return err
			}
			return command.PrintJSON(k.cmd, proof)
		}),
	}
	addNameFlag(cmd)
	addPasswordFlag(cmd)
	addIdentityFlags(cmd, "that the proof is for (default as in voter.toml)")
	return cmd
}
