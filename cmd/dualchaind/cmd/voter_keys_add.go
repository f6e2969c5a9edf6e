package cmd

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/keys"
)

const (
	flagIndex          = "index"
	flagMnemonicFile   = "mnemonic-file"
	flagPassphraseFile = "passphrase-file"
)

// maxMnemonic bounds what is read of a file or standard input, in bytes: 24 words have less than 300.
const maxMnemonic = 4 << 10

func newVoterKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Make a key, its slashing protection and, in a new home, voter.toml",
		Long: `Make a key, its slashing protection and, in a new home, voter.toml.

The key comes from a new mnemonic, which is shown once, on standard error, and kept nowhere: write it down. 'recover' makes the same
key of it, at the path m/1685414252/118/INDEX/0 with index 0.`,
		Args: cobra.NoArgs,
		RunE: onVoterKey(func(k voterKey, _ []string) error {
			return k.add(true, func() (*bls.SecretKey, keys.SaveOptions, error) {
				mnemonic, err := keys.NewMnemonic()
				if err != nil {
					return nil, keys.SaveOptions{}, err
				}
				secret, path, err := keys.Derive(mnemonic, "", 0)
				if err != nil {
					return nil, keys.SaveOptions{}, err
				}
				// Before the key is saved: there must be no key whose words nobody has seen.
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
Whoever has them has the key; without them a lost key is lost.

%s
`

// inLines puts six words on a line.
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

func recoverVoterKeyCommand() *cobra.Command {
	var index uint32
	var neverVoted bool
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Make a key again from its mnemonic",
		Long: `Make a key again from its mnemonic, at the path m/1685414252/118/INDEX/0. The words come from --mnemonic-file, else from standard
input; a terminal is asked for them without an echo.` + mayHaveVotedHelp,
		Args: cobra.NoArgs,
		RunE: onVoterKey(func(k voterKey, _ []string) error {
			return k.add(neverVoted, func() (*bls.SecretKey, keys.SaveOptions, error) {
				mnemonic, err := k.mnemonic()
				if err != nil {
					return nil, keys.SaveOptions{}, err
				}
				defer clear(mnemonic)
				var passphrase []byte
				if file := flagText(k.cmd, flagPassphraseFile); file != "" {
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
	cmd.Flags().Uint32Var(&index, flagIndex, 0, "which of the mnemonic's keys")
	cmd.Flags().String(flagMnemonicFile, "", "file with the mnemonic")
	cmd.Flags().String(flagPassphraseFile, "", "file with the passphrase of BIP-39 that the mnemonic was used with, if any")
	addNeverVotedFlag(cmd, &neverVoted)
	return cmd
}

// mnemonic reads the words of an old key.
func (k voterKey) mnemonic() ([]byte, error) {
	const question = "Mnemonic: "
	if file := flagText(k.cmd, flagMnemonicFile); file != "" {
		words, err := keys.ReadPrivate(file, maxMnemonic)
		if err != nil {
			return nil, fmt.Errorf("read the mnemonic: %w", err)
		}
		return words, nil
	}
	in := k.cmd.InOrStdin()
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) { //nolint:gosec // a file descriptor is small
		return keys.Terminal(question)
	}
	words, err := io.ReadAll(io.LimitReader(in, maxMnemonic))
	if err != nil {
		return nil, fmt.Errorf("read the mnemonic: %w", err)
	}
	return words, nil
}

func importVoterKeyCommand() *cobra.Command {
	var neverVoted bool
	cmd := &cobra.Command{
		Use:   "import KEYSTORE_FILE",
		Short: "Add a key from an EIP-2335 keystore of this or another tool",
		Long: `Add a key from an EIP-2335 keystore of this or another tool. Its password is that of --keystore-password-file, else it is asked for;
in the home the key is under the home's password.` + mayHaveVotedHelp,
		Args: cobra.ExactArgs(1),
		RunE: onVoterKey(func(k voterKey, args []string) error {
			return k.add(neverVoted, func() (*bls.SecretKey, keys.SaveOptions, error) {
				content, err := os.ReadFile(args[0])
				if err != nil {
					return nil, keys.SaveOptions{}, fmt.Errorf("read the keystore: %w", err)
				}
				info, err := keys.Inspect(content)
				if err != nil {
					return nil, keys.SaveOptions{}, fmt.Errorf("read %s: %w", args[0], err)
				}
				password, err := keys.FilePassword(flagText(k.cmd, flagKeystorePassword), "Password of "+args[0]+": ", keys.Terminal)()
				if err != nil {
					return nil, keys.SaveOptions{}, err
				}
				defer clear(password)
				secret, err := keys.Decode(content, password)
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
	cmd.Flags().BoolVar(neverVoted, voter.NeverVotedFlag, false, "begin a record of the key's votes; if it has ever signed a vote, its stake is at risk")
}

const mayHaveVotedHelp = `

Such a key may have voted, and a voter that doesn't know its votes can sign a conflicting one. So the key gets no slashing
protection here, and does not vote, until the record of its votes is imported: 'dualchaind voter guard import'. Only for a key
that has never voted, anywhere, give --` + voter.NeverVotedFlag + `.`

// add saves the key that get returns, with what all such commands share: flags are checked first, a password is known and
// slashing protection is ours before a mnemonic is shown or asked for.
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
	save := func(name string, secret *bls.SecretKey, password []byte, options keys.SaveOptions) (keys.Info, error) {
		return keys.Save(k.home.Keys(), name, secret, password, options)
	}
	if neverVoted {
		adder, err := k.home.Adder()
		if err != nil {
			return err
		}
		defer adder.Close() //nolint:errcheck // every record is on disk since it was made
		save = adder.Add
	}
	secret, options, err := get()
	if err != nil {
		return err
	}
	defer secret.Zero()
	options.KDF = kdf
	info, err := save(k.name, secret, password, options)
	if err != nil {
		return err
	}
	if err := k.writeConfig(config); err != nil {
		return err
	}
	if !neverVoted {
		fmt.Fprintf(k.cmd.ErrOrStderr(), mayHaveVotedText, info.PubKey)
	}
	return printJSON(k.cmd, info)
}

const mayHaveVotedText = `Key %s may have voted elsewhere.
It votes here once the record of its votes is imported: see 'dualchaind voter guard import --help'.
`
