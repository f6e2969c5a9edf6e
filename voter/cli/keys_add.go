package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/internal/abort"
	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/voter/custody"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

const (
	flagIndex          = "index"
	flagMnemonicFile   = "mnemonic-file"
	flagPassphraseFile = "passphrase-file"
)

// maxMnemonic bounds how many bytes of a file or of standard input are read: 24 words have less than 300.
const maxMnemonic = 4 << 10

func (o Options) newKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Create a key, its slashing protection and, in a new home, voter.toml",
		Long: `Create a key, its slashing protection and, in a new home, voter.toml.

The command derives the key from a new mnemonic at the path m/1685414252/118/INDEX/0, with index 0. It shows the mnemonic once, on standard
error, and stores it nowhere: write it down. 'keys recover' derives the same key from it again.`,
		Args: cobra.NoArgs,
		RunE: o.onKey(func(k voterKey, _ []string) error {
			return k.add(true, func() (*bls.SecretKey, keys.SaveOptions, error) {
				mnemonic, err := keys.NewMnemonic()
				if err != nil {
					return nil, keys.SaveOptions{}, err
				}
				secret, path, err := keys.Derive(mnemonic, "", 0)
				if err != nil {
					return nil, keys.SaveOptions{}, err
				}
				// The words are shown before the key is saved, so that no key exists whose words nobody has seen.
				if _, err := fmt.Fprintf(k.cmd.ErrOrStderr(), newMnemonicText, inLines(mnemonic)); err != nil {
					secret.Zero()
					return nil, keys.SaveOptions{}, fmt.Errorf("show the mnemonic: %w", err)
				}
				return secret, keys.SaveOptions{Path: path}, nil
			})
		}),
	}
	addNewKeyFlags(cmd)
	return cmd
}

const newMnemonicText = `Write these words down, in this order, and keep them where nobody else finds them. They are not shown again.
Anybody who has them has the key. Without them, a lost key can't be recovered.

%s
`

// inLines puts six words on each line.
func inLines(mnemonic string) string {
	var text strings.Builder
	for i, word := range strings.Fields(mnemonic) {
		separator := " "
		if i%6 == 5 {
			separator = "\n"
		}
		text.WriteString(word + separator)
	}
	return text.String()
}

func (o Options) recoverKeyCommand() *cobra.Command {
	var index uint32
	var neverVoted bool
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Recover a key from its mnemonic",
		Long: `Recover a key from its mnemonic, at the path m/1685414252/118/INDEX/0. The words come from --mnemonic-file, else from standard input. A
terminal prompts for them without an echo.` + mayHaveVotedHelp,
		Args: cobra.NoArgs,
		RunE: o.onKey(func(k voterKey, _ []string) error {
			return k.add(neverVoted, func() (*bls.SecretKey, keys.SaveOptions, error) {
				mnemonic, err := k.mnemonic()
				if err != nil {
					return nil, keys.SaveOptions{}, err
				}
				defer clear(mnemonic)
				var passphrase []byte
				if file := command.FlagText(k.cmd, flagPassphraseFile); file != "" {
					if passphrase, err = keys.FilePassword(file, "", nil)(); err != nil {
						return nil, keys.SaveOptions{}, fmt.Errorf("passphrase of the mnemonic: %w", err)
					}
					defer clear(passphrase)
				}
				secret, path, err := keys.Derive(string(mnemonic), string(passphrase), index)
				return secret, keys.SaveOptions{Path: path}, err
			})
		}),
	}
	addNewKeyFlags(cmd)
	cmd.Flags().Uint32Var(&index, flagIndex, 0, "index of the key in the derivation path")
	cmd.Flags().String(flagMnemonicFile, "", "file with the mnemonic")
	cmd.Flags().String(flagPassphraseFile, "", "file with the BIP-39 passphrase of the mnemonic, if it has one")
	addNeverVotedFlag(cmd, &neverVoted)
	return cmd
}

// mnemonic reads the words of a key that is recovered.
func (k voterKey) mnemonic() ([]byte, error) {
	const question = "Mnemonic: "
	if file := command.FlagText(k.cmd, flagMnemonicFile); file != "" {
		words, err := keys.ReadPrivate(file, maxMnemonic)
		if err != nil {
			return nil, fmt.Errorf("read the mnemonic: %w", err)
		}
		return words, nil
	}
	in := k.cmd.InOrStdin()
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) { //nolint:gosec // a file descriptor is small
		return keys.Terminal(k.ctx())(question)
	}
	words, err := abort.Do(k.ctx(), func() ([]byte, error) { return io.ReadAll(io.LimitReader(in, maxMnemonic)) })
	if err != nil {
		return nil, fmt.Errorf("read the mnemonic: %w", err)
	}
	return words, nil
}

func (o Options) importKeyCommand() *cobra.Command {
	var neverVoted bool
	cmd := &cobra.Command{
		Use:   "import KEYSTORE_FILE",
		Short: "Add a key from an EIP-2335 keystore of this or another tool",
		Long: `Add a key from an EIP-2335 keystore of this or another tool. The keystore's password comes from --keystore-password-file or a prompt;
in the home, the home's password seals the key.` + mayHaveVotedHelp,
		Args: cobra.ExactArgs(1),
		RunE: o.onKey(func(k voterKey, args []string) error {
			return k.add(neverVoted, func() (*bls.SecretKey, keys.SaveOptions, error) {
				content, err := os.ReadFile(args[0])
				if err != nil {
					return nil, keys.SaveOptions{}, fmt.Errorf("read the keystore: %w", err)
				}
				info, err := keys.Inspect(content)
				if err != nil {
					return nil, keys.SaveOptions{}, fmt.Errorf("read %s: %w", args[0], err)
				}
				password, err := keys.FilePassword(command.FlagText(k.cmd, flagKeystorePassword), "Password of "+args[0]+": ", keys.Terminal(k.ctx()))()
				if err != nil {
					return nil, keys.SaveOptions{}, err
				}
				defer clear(password)
				secret, err := keys.Decode(k.ctx(), content, password)
				if err != nil {
					return nil, keys.SaveOptions{}, fmt.Errorf("open %s: %w", args[0], err)
				}
				return secret, keys.SaveOptions{Path: info.Path, Description: info.Description}, nil
			})
		}),
	}
	addNewKeyFlags(cmd)
	cmd.Flags().String(flagKeystorePassword, "", "file with the password of KEYSTORE_FILE")
	addNeverVotedFlag(cmd, &neverVoted)
	return cmd
}

func addNewKeyFlags(cmd *cobra.Command) {
	addNameFlag(cmd)
	addPasswordFlag(cmd)
	addKDFFlag(cmd)
	addIdentityFlags(cmd, "for a new voter.toml")
}

func addNeverVotedFlag(cmd *cobra.Command, neverVoted *bool) {
	cmd.Flags().BoolVar(neverVoted, home.NeverVotedFlag, false, "begin a record of the key's votes; if it has ever signed a vote, its stake is at risk")
}

const mayHaveVotedHelp = `

Such a key may have voted, and a voter that doesn't know its votes can sign a conflicting one. So the key gets no slashing protection here,
and does not vote, until you import the record of its votes: 'voter guard import'. Only if the key has never voted, anywhere, give --` + home.NeverVotedFlag + `.`

// add saves the key that get returns. It checks the flags, finds the password and locks slashing protection, if there is one, before get
// shows a mnemonic or asks for one. Nothing is written before the key is encrypted, which is the last step that can be interrupted.
func (k voterKey) add(neverVoted bool, get func() (*bls.SecretKey, keys.SaveOptions, error)) error {
	config, err := k.newConfig()
	if err != nil {
		return err
	}
	kdf, err := k.kdf()
	if err != nil {
		return err
	}
	password, err := k.passwordToAdd()
	if err != nil {
		return err
	}
	defer clear(password)
	var protection *guard.Guard
	if neverVoted && isThere(k.dir, guard.FileName) {
		if protection, err = k.dir.OpenGuard(); err != nil {
			return err
		}
		defer protection.Close() //nolint:errcheck // every record is on disk
	}
	secret, options, err := get()
	if err != nil {
		return err
	}
	defer secret.Zero()
	options.KDF = kdf
	var info keys.Info
	switch {
	case !neverVoted:
		info, err = keys.Save(k.ctx(), k.dir.Keys(), k.name, secret, password, options)
	case protection == nil:
		info, err = k.dir.AddKey(k.ctx(), k.name, secret, password, options)
	default:
		var keystore []byte
		if keystore, err = keys.Encode(k.ctx(), secret, password, options); err == nil {
			info, err = custody.AddNew(k.dir.Keys(), protection, k.name, keystore)
		}
	}
	if err != nil {
		return err
	}
	if err := k.writeConfig(config); err != nil {
		return err
	}
	if !neverVoted {
		fmt.Fprintf(k.cmd.ErrOrStderr(), mayHaveVotedText, info.PubKey)
	}
	return command.PrintJSON(k.cmd, info)
}

const mayHaveVotedText = `Key %s may have voted elsewhere.
It votes here once the record of its votes is imported: see 'voter guard import --help'.
`
