package cmd

import (
	"github.com/spf13/cobra"

	"github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/keys"
)

func voterMoveCommand() *cobra.Command {
	var to, from string
	var alone bool
	cmd := &cobra.Command{
		Use:   "move",
		Short: "Move the voter to another machine: all keys and what they have signed, in one file",
		Long: `Move the voter to another machine: all keys and what they have signed, in one file. Stop the voter first.

  dualchaind voter move --to FILE       on the old machine, whose keys are disabled before the file is filled
  dualchaind voter move --from FILE     on the new machine, where the voter can start then

The file holds the keys as keystores, under the password that they have: the same password opens them there. Moving back works in
the same way. The file must be used once: delete it afterwards.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, config, err := movingHome(cmd)
			if err != nil {
				return err
			}
			var moved []keys.Info
			if to != "" {
				moved, err = home.MoveOut(to, config, alone)
			} else {
				file := config.PasswordFile
				if err := givenPasswordFile(cmd, &file); err != nil {
					return err
				}
				moved, err = home.MoveIn(from, config, home.Password(file), alone)
			}
			if err != nil {
				return err
			}
			if from != "" {
				cmd.PrintErrf("The voter can start here. Delete %s now, wherever there is a copy, and never start the old home again.\n", from)
			}
			return printJSON(cmd, moved)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "write this file, and disable the keys here")
	cmd.Flags().StringVar(&from, "from", "", "take the voter over from this file")
	addPasswordFlag(cmd)
	cmd.Flags().BoolVar(&alone, voter.NoOtherMachineFlag, false, "move again although the keys were moved away before; if another machine has them, their stake is at risk")
	cmd.MarkFlagsOneRequired("to", "from")
	cmd.MarkFlagsMutuallyExclusive("to", "from")
	return cmd
}

// movingHome also finds chain and password file of a signer's home.
func movingHome(cmd *cobra.Command) (voter.Home, voter.Config, error) {
	home, err := voterHome(cmd)
	if err != nil {
		return "", voter.Config{}, err
	}
	config, err := home.LoadConfig()
	if err != nil {
		return "", voter.Config{}, err
	}
	ofSigner, err := home.LoadSignerConfig() // where it says nothing, it says what voter.toml does
	config.ChainID, config.PasswordFile = ofSigner.ChainID, ofSigner.PasswordFile
	return home, config, err
}
