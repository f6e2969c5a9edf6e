package cli

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// prefix is that of the addresses in these tests.
const prefix = "dual"

// options are those of the tests' program.
func options() Options {
	return Options{Program: "dualchaind", AddressPrefix: prefix, NodeHome: "/nonexistent/node"}
}

func newVoter() *cobra.Command { return NewCommand(options()) }

func TestHomesAreBesideTheNodesHome(t *testing.T) {
	options := options()
	for want, cmd := range map[string]*cobra.Command{"/nonexistent/node-voter": NewCommand(options), "/nonexistent/node-signer": NewSignerCommand(options)} {
		found, err := cmd.PersistentFlags().GetString("home")
		require.NoError(t, err)
		require.Equal(t, want, found)
	}
}
