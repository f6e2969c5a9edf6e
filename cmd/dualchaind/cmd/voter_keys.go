package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"

	"github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/keys"
)

// Flags of more than one of the commands on keys.
const (
	flagName             = "name"
	flagPasswordFile     = "password-file"
	flagKeystorePassword = "keystore-password-file"
	flagKDF              = "kdf"
	flagOperator         = "operator"
)

func voterKeysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		RunE:  client.ValidateCmd, // an unknown subcommand is an error
		Short: "Make, move and show the voter's keys",
		Long: `Make, move and show the voter's keys. Each is an EIP-2335 keystore, keys/NAME.json in the voter's home, and one password opens all
of them: that of --password-file, else of voter.toml's password_file, else of $` + keys.PasswordEnv + `, else it is asked for.
No command takes a password, a mnemonic or a key as an argument, since arguments can be read by everybody on the machine. Files
with passwords and mnemonics must be readable by their owner only (chmod 600).`,
	}
	cmd.AddCommand(newVoterKeyCommand(), recoverVoterKeyCommand(), importVoterKeyCommand(), exportVoterKeyCommand(),
		listVoterKeysCommand(), showVoterKeyCommand(), proveVoterKeyCommand())
	return cmd
}

// voterKey is a key of a home and the command that works on it.
type voterKey struct {
	cmd    *cobra.Command
	home   voter.Home
	config voter.Config
	name   string
}

// onVoterKey makes the body of a command that works on one key of a home; the key needn't be there.
func onVoterKey(do func(k voterKey, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		home, err := voterHome(cmd)
		if err != nil {
			return err
		}
		config, err := home.LoadConfig()
		if err != nil {
			return err
		}
		return do(voterKey{cmd: cmd, home: home, config: config, name: flagText(cmd, flagName)}, args)
	}
}

// onOldVoterKey is onVoterKey for a home that must be there. Without --name, its only key is meant.
func onOldVoterKey(do func(k voterKey, args []string) error) func(*cobra.Command, []string) error {
	return onVoterKey(func(k voterKey, args []string) error {
		if !isThere(k.home, configFile) && !isThere(k.home, "keys") {
			return noVoter(k.home)
		}
		if infos, err := keys.List(k.home.Keys()); err == nil && len(infos) == 1 && !k.cmd.Flags().Changed(flagName) {
			k.name = infos[0].Name
		}
		return do(k, args)
	})
}

// flagText is the value of a string flag; "" for a flag that the command doesn't have.
func flagText(cmd *cobra.Command, name string) string {
	if flag := cmd.Flags().Lookup(name); flag != nil {
		return flag.Value.String()
	}
	return ""
}

func addNameFlag(cmd *cobra.Command) {
	cmd.Flags().String(flagName, voter.DefaultKey, "name of the key")
}

func addKDFFlag(cmd *cobra.Command) {
	cmd.Flags().String(flagKDF, string(keys.Scrypt), "what makes the keystore's key of its password: scrypt or pbkdf2")
}

// kdf reads --kdf.
func (k voterKey) kdf() (keys.KDF, error) {
	kdf := keys.KDF(flagText(k.cmd, flagKDF))
	if kdf != keys.Scrypt && kdf != keys.PBKDF2 {
		return "", fmt.Errorf("read --%s: expected %s or %s, found %q", flagKDF, keys.Scrypt, keys.PBKDF2, kdf)
	}
	return kdf, nil
}

func addPasswordFlag(cmd *cobra.Command) {
	cmd.Flags().String(flagPasswordFile, "", "file with the password of the home's keys")
}

// givenPasswordFile puts --password-file, which is relative to where the command runs, in the place of the configuration's.
func givenPasswordFile(cmd *cobra.Command, configured *string) error {
	file := flagText(cmd, flagPasswordFile)
	if file == "" {
		return nil
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("read --%s: %w", flagPasswordFile, err)
	}
	*configured = absolute
	return nil
}

// password returns the password of the home's keys.
func (k voterKey) password() ([]byte, error) {
	return k.findPassword(k.home.Password)()
}

// findPassword resolves --password-file here and leaves voter.toml's to find, which resolves it in the home.
func (k voterKey) findPassword(find func(file string) keys.Password) keys.Password {
	file := k.config.PasswordFile
	if err := givenPasswordFile(k.cmd, &file); err != nil {
		return func() ([]byte, error) { return nil, err }
	}
	return find(file)
}

// passwordToAdd returns the password for one more key of the home, whose name must be free. It opens the others as well: a
// voter is given one, and would not start otherwise.
func (k voterKey) passwordToAdd() ([]byte, error) {
	if info, err := keys.Show(k.home.Keys(), k.name); err == nil {
		return nil, fmt.Errorf("%w: expected no key %s in %s, found %s: give another --%s", fs.ErrExist, k.name, k.home.Keys(), info.PubKey, flagName)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	infos, err := keys.List(k.home.Keys())
	if err != nil {
		return nil, err
	}
	find := k.home.Password
	if len(infos) == 0 {
		find = k.home.NewPassword
	}
	password, err := k.findPassword(find)()
	if err != nil {
		return nil, err
	}
	if len(infos) == 0 {
		err = keys.CheckNew(password)
	} else if other, loadErr := keys.Load(k.home.Keys(), infos[0].Name, password); loadErr == nil {
		other.Zero()
	} else {
		err = fmt.Errorf("expected the password of the keys that are there: %w", loadErr)
	}
	if err != nil {
		clear(password)
		return nil, err
	}
	return password, nil
}

func listVoterKeysCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all keys of the home, as their files say without a password",
		Args:  cobra.NoArgs,
		RunE: onOldVoterKey(func(k voterKey, _ []string) error {
			infos, err := keys.List(k.home.Keys())
			if err != nil {
				return err
			}
			return printJSON(k.cmd, infos)
		}),
	}
}

func showVoterKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show name, public key and path of a key, as its file says without a password",
		Args:  cobra.NoArgs,
		RunE: onOldVoterKey(func(k voterKey, _ []string) error {
			info, err := keys.Show(k.home.Keys(), k.name)
			if err != nil {
				return err
			}
			return printJSON(k.cmd, info)
		}),
	}
	addNameFlag(cmd)
	return cmd
}
