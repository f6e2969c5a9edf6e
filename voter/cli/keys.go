package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"

	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/voter/home"
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

func (o Options) keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		RunE:  client.ValidateCmd, // an unknown subcommand is an error
		Short: "Create, import, export and show the voter's keys",
		Long: `Create, import, export and show the voter's keys. Each key is an EIP-2335 keystore, keys/NAME.json in the voter's home. One password
opens all of them. It comes from --password-file, else from password_file in voter.toml, else from $` + keys.PasswordEnv + `,
else from a prompt. No command takes a password, a mnemonic or a key as an argument, because every user of the machine can read arguments.
Files with passwords and mnemonics must be readable by their owner only (chmod 600).`,
	}
	cmd.AddCommand(o.newKeyCommand(), o.recoverKeyCommand(), o.importKeyCommand(), o.exportKeyCommand(),
		o.listKeysCommand(), o.showKeyCommand(), o.proveKeyCommand())
	return cmd
}

// voterKey is a key of a home, and the command that works on it.
type voterKey struct {
	cmd    *cobra.Command
	prefix string // of addresses
	dir    home.Dir
	config home.Config
	name   string
}

func (k voterKey) ctx() context.Context { return command.Context(k.cmd) }

// onKey returns the body of a command that works on one key of a home. The key need not exist.
func (o Options) onKey(do func(k voterKey, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		dir, err := homeOf(cmd)
		if err != nil {
			return err
		}
		config, err := dir.LoadConfig()
		if err != nil {
			return err
		}
		return do(voterKey{cmd: cmd, prefix: o.AddressPrefix, dir: dir, config: config, name: command.FlagText(cmd, flagName)}, args)
	}
}

// onOldKey is onKey for a home that must exist. Without --name, it takes the only key of the home.
func (o Options) onOldKey(do func(k voterKey, args []string) error) func(*cobra.Command, []string) error {
	return o.onKey(func(k voterKey, args []string) error {
		if !isThere(k.dir, home.ConfigFile) && !isThere(k.dir, "keys") {
			return noVoter(k.dir)
		}
		if infos, _, err := keys.Survey(k.dir.Keys()); err == nil && len(infos) == 1 && !k.cmd.Flags().Changed(flagName) {
			k.name = infos[0].Name
		}
		return do(k, args)
	})
}

func addNameFlag(cmd *cobra.Command) {
	cmd.Flags().String(flagName, home.DefaultKey, "name of the key")
}

func addKDFFlag(cmd *cobra.Command) {
	cmd.Flags().String(flagKDF, string(keys.Scrypt), "the key derivation function of the keystore: scrypt or pbkdf2")
}

// kdf reads --kdf.
func (k voterKey) kdf() (keys.KDF, error) {
	kdf := keys.KDF(command.FlagText(k.cmd, flagKDF))
	if kdf != keys.Scrypt && kdf != keys.PBKDF2 {
		return "", fmt.Errorf("read --%s: expected %s or %s, found %q", flagKDF, keys.Scrypt, keys.PBKDF2, kdf)
	}
	return kdf, nil
}

func addPasswordFlag(cmd *cobra.Command) {
	cmd.Flags().String(flagPasswordFile, "", "file with the password of the home's keys")
}

// givenPasswordFile replaces the configured password file with --password-file, which is relative to the working directory.
func givenPasswordFile(cmd *cobra.Command, configured *string) error {
	file := command.FlagText(cmd, flagPasswordFile)
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
	return k.findPassword(k.dir.Password)()
}

// findPassword finds the password with --password-file, relative to the working directory, or with voter.toml's file, relative to the home.
func (k voterKey) findPassword(find func(ctx context.Context, file string) keys.Password) keys.Password {
	file := k.config.PasswordFile
	if err := givenPasswordFile(k.cmd, &file); err != nil {
		return func() ([]byte, error) { return nil, err }
	}
	return find(k.ctx(), file)
}

// passwordToAdd returns the password for one more key of the home, whose name must be free. The password has to open the other keys as
// well, because a voter has only one password.
func (k voterKey) passwordToAdd() ([]byte, error) {
	if info, err := keys.Show(k.dir.Keys(), k.name); err == nil {
		return nil, fmt.Errorf("%w: expected no key %s in %s, found %s: give another --%s", fs.ErrExist, k.name, k.dir.Keys(), info.PubKey, flagName)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	infos, _, err := keys.Survey(k.dir.Keys())
	if err != nil {
		return nil, err
	}
	find := k.dir.Password
	if len(infos) == 0 {
		find = k.dir.NewPassword
	}
	password, err := k.findPassword(find)()
	if err != nil {
		return nil, err
	}
	if len(infos) == 0 {
		err = keys.CheckNew(password)
	} else if other, loadErr := keys.Load(k.ctx(), k.dir.Keys(), infos[0].Name, password); loadErr == nil {
		other.Zero()
	} else {
		err = fmt.Errorf("expected the password of the home's other keys: %w", loadErr)
	}
	if err != nil {
		clear(password)
		return nil, err
	}
	return password, nil
}

func (o Options) listKeysCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all keys of the home; needs no password",
		Args:  cobra.NoArgs,
		RunE: o.onOldKey(func(k voterKey, _ []string) error {
			infos, odd, err := keys.Survey(k.dir.Keys())
			if err != nil {
				return err
			}
			for _, file := range odd {
				k.cmd.PrintErrf("%s.json is left out: %v\n", file.Name, file.Err)
			}
			return command.PrintJSON(k.cmd, infos)
		}),
	}
}

func (o Options) showKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the name, public key and derivation path of a key; needs no password",
		Args:  cobra.NoArgs,
		RunE: o.onOldKey(func(k voterKey, _ []string) error {
			info, err := keys.Show(k.dir.Keys(), k.name)
			if err != nil {
				return err
			}
			return command.PrintJSON(k.cmd, info)
		}),
	}
	addNameFlag(cmd)
	return cmd
}
