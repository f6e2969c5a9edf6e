package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/dualchain/dualchain/voter/cli"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

// A chain with the address prefix "toy" gives its program the voter's commands.
func ExampleNewCommand() {
	folder, err := os.MkdirTemp("", "toyd")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	options := cli.Options{Program: "toyd", AddressPrefix: "toy", NodeHome: filepath.Join(folder, "node")}
	root := &cobra.Command{Use: "toyd", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(cli.NewCommand(options), cli.NewSignerCommand(options))
	root.SetOut(new(bytes.Buffer))
	root.SetErr(new(bytes.Buffer)) // it would show the mnemonic

	os.Setenv(keys.PasswordEnv, "correct horse battery")
	defer os.Unsetenv(keys.PasswordEnv)
	root.SetArgs([]string{"voter", "keys", "new", "--chain-id", "toy-1", "--operator", "toy1qyqszqgpqyqszqgpqyqszqgpqyqszqgpesczuz"})
	if err := root.Execute(); err != nil {
		fmt.Println(err)
		return
	}
	config, err := home.Dir(filepath.Join(folder, "node-voter")).LoadConfig()
	fmt.Println(config.ChainID, config.Operator, err)
	// Output: toy-1 toy1qyqszqgpqyqszqgpqyqszqgpqyqszqgpesczuz <nil>
}
