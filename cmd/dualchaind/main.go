// Command dualchaind runs a node of the chain, its voters, and the tools around them.
package main

import (
	"fmt"
	"os"

	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/cmd/dualchaind/cmd"
	lightcli "github.com/dualchain/dualchain/light/cli"
)

func main() {
	root, err := cmd.NewRoot()
	if err == nil {
		err = svrcmd.Execute(root, "", app.DefaultNodeHome)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(lightcli.ExitCode(err))
	}
}
