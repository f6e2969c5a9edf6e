// Command dualchaind runs a node of the chain, its voters, and the tools around them.
package main

import (
	"fmt"
	"os"

	"github.com/dualchain/dualchain/cmd/dualchaind/cmd"
	lightcli "github.com/dualchain/dualchain/light/cli"
)

func main() {
	root, err := cmd.NewRoot()
	if err == nil {
		err = cmd.Execute(root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(lightcli.ExitCode(err))
	}
}
