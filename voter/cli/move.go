package cli

import (
	"github.com/spf13/cobra"

	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/move"
)

func (o Options) moveCommand() *cobra.Command {
	var to, from string
	var alone bool
	cmd := &cobra.Command{
		Use:   "move",
		Short: "Move the voter to another machine: all keys and what they have signed, in one file",
		Long: `Move the voter to another machine: all keys and what they have signed, in one file. Stop the voter first.

  ` + o.Program + ` voter move --to FILE       on the old machine, which disables its keys before it completes the file
  ` + o.Program + ` voter move --from FILE     on the new machine, where the voter can then start

The file holds the keys as keystores with the same password as in the old home. Moving back works in the same way. Use the file only once,
and delete it afterwards.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, config, err := movingHome(cmd)
			if err != nil {
				return err
			}
			var moved []keys.Info
			if to != "" {
				moved, err = move.Out(dir, to, config, alone)
			} else {
				file := config.PasswordFile
				if err := givenPasswordFile(cmd, &file); err != nil {
					return err
				}
				moved, err = move.In(command.Context(cmd), dir, from, config, dir.Password(command.Context(cmd), file), alone)
			}
			if err != nil {
				return err
			}
			if from != "" {
				cmd.PrintErrf("The voter can start here. Delete %s and all its copies now, and never start the old home again.\n", from)
			}
			return command.PrintJSON(cmd, moved)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "write this file and disable the keys here")
	cmd.Flags().StringVar(&from, "from", "", "take the voter over from this file")
	addPasswordFlag(cmd)
	cmd.Flags().BoolVar(&alone, move.NoOtherMachineFlag, false, "move again, although the keys were moved away before; if another machine has them, their stake is at risk")
	cmd.MarkFlagsOneRequired("to", "from")
	cmd.MarkFlagsMutuallyExclusive("to", "from")
	return cmd
}

// movingHome returns the home and its configuration, with the chain and the password file of signer.toml if the home is a signer's.
func movingHome(cmd *cobra.Command) (home.Dir, home.Config, error) {
	dir, err := homeOf(cmd)
	if err != nil {
		return "", home.Config{}, err
	}
	config, err := dir.LoadConfig()
	if err != nil {
		return "", home.Config{}, err
	}
	ofSigner, err := dir.LoadSignerConfig() // its defaults are voter.toml's
	config.ChainID, config.PasswordFile = ofSigner.ChainID, ofSigner.PasswordFile
	return dir, config, err
}
