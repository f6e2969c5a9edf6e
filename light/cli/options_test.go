package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

var testOptions = Options{Program: "toyd", NodeHome: "toy", OpenNode: func(*cobra.Command) (Node, error) { return Node{}, nil }}

// Help that names another chain's program sends its readers to a command that they don't have.
func TestHelpNamesTheChainsOwnProgram(t *testing.T) {
	var look func(cmd *cobra.Command)
	look = func(cmd *cobra.Command) {
		for _, text := range []string{cmd.Short, cmd.Long, cmd.Example, cmd.Flags().FlagUsages(), cmd.PersistentFlags().FlagUsages()} {
			require.NotContains(t, text, "dualchaind", cmd.Name())
			require.NotContains(t, text, "%!", cmd.Name())
		}
		for _, sub := range cmd.Commands() {
			look(sub)
		}
	}
	named := 0
	for _, cmd := range Commands(testOptions) {
		look(cmd)
		named += strings.Count(cmd.Long+cmd.Example, "toyd ")
	}
	require.Greater(t, named, 8)
}
