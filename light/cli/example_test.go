package cli_test

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/dualchain/dualchain/light/cli"
)

// A chain with another name and another home adds the commands to its own program.
func ExampleCommands() {
	root := &cobra.Command{Use: "toyd"}
	root.AddCommand(cli.Commands(cli.Options{Program: "toyd", NodeHome: filepath.Join("home", ".toy")})...)
	for _, cmd := range root.Commands() {
		fmt.Println(cmd.CommandPath())
	}
	home, err := root.Commands()[0].PersistentFlags().GetString("home")
	fmt.Println(filepath.ToSlash(home), err)
	// Output:
	// toyd light
	// toyd prove
	// toyd verify
	// home/.toy-light <nil>
}
