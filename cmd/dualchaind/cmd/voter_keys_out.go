package cmd

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// secret opens the key. The caller zeroes it.
func (k voterKey) secret() (*bls.SecretKey, error) {
	password, err := k.password()
	if err != nil {
		return nil, err
	}
	defer clear(password)
	return keys.Load(k.home.Keys(), k.name, password)
}

// isRetired is whether slashing protection says so. A running voter has it locked, but runs with no such key.
func (k voterKey) isRetired(info keys.Info) bool {
	var key ffg.PublicKey
	protection, err := guard.Open(filepath.Join(string(k.home), guard.FileName))
	if err != nil || key.UnmarshalText([]byte(info.PubKey)) != nil {
		return false
	}
	defer protection.Close() //nolint:errcheck // it was only read
	return protection.Retired(key)
}

func exportVoterKeyCommand() *cobra.Command {
	const flagOutput = "output-file"
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write a key into an EIP-2335 keystore under a password of its own",
		Long: `Write a key into an EIP-2335 keystore under a password of its own, that of --keystore-password-file or the one that is typed twice.

The record of the key's votes is not in it. Two voters with one key sign two conflicting votes sooner or later, which costs the stake.`,
		Args: cobra.NoArgs,
		RunE: onOldVoterKey(func(k voterKey, _ []string) error {
			kdf, err := k.kdf()
			if err != nil {
				return err
			}
			info, err := keys.Show(k.home.Keys(), k.name)
			if err != nil {
				return err
			}
			secret, err := k.secret()
			if err != nil {
				return err
			}
			defer secret.Zero()
			password, err := keys.FilePassword(flagText(k.cmd, flagKeystorePassword), "Password of the new keystore: ", keys.Twice(keys.Terminal))()
			if err != nil {
				return err
			}
			defer clear(password)
			options := keys.SaveOptions{KDF: kdf, Path: info.Path, Description: info.Description}
			content, err := keys.Encode(secret, password, options)
			if err != nil {
				return err
			}
			if err := keys.WriteFile(flagText(k.cmd, flagOutput), content); err != nil {
				return fmt.Errorf("export key: %w", err)
			}
			if k.isRetired(info) {
				k.cmd.PrintErrf("WARNING: key %s was moved to another machine, which may vote with it. Do not vote with the exported key elsewhere.\n", info.PubKey)
			}
			return printJSON(k.cmd, info)
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

func proveVoterKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pop",
		Short: "Print the public key and its proof of possession, as registering a voter takes them",
		Long: `Print the public key and its proof of possession, as registering a voter takes them. The proof is good for one operator on one
chain: those of --operator and --chain-id, else of voter.toml. With the operator's account:

  dualchaind voter keys pop > pop.json
  dualchaind tx finality register-voter pop.json AMOUNT --from OPERATOR`,
		Args: cobra.NoArgs,
		RunE: onOldVoterKey(func(k voterKey, _ []string) error {
			chainID, operator := k.config.ChainID, k.config.Operator
			if k.cmd.Flags().Changed(flags.FlagChainID) {
				chainID = flagText(k.cmd, flags.FlagChainID)
			}
			if k.cmd.Flags().Changed(flagOperator) {
				operator = flagText(k.cmd, flagOperator)
			}
			if err := checkChainID(chainID); err != nil {
				return err
			}
			address, err := operatorAddress(operator)
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
			return printJSON(k.cmd, proof)
		}),
	}
	addNameFlag(cmd)
	addPasswordFlag(cmd)
	addIdentityFlags(cmd, "that the proof is for (default voter.toml's)")
	return cmd
}
