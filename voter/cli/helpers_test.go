package cli

import (
	"bytes"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/voter/event"
)

// prefix is that of the addresses in these tests.
const prefix = "dual"

// options are those of the tests' program.
func options() Options {
	return Options{Program: "dualchaind", AddressPrefix: prefix, NodeHome: "/nonexistent/node"}
}

// untilStarted is the log of a voter or a signer, which it ends once that has started.
type untilStarted struct {
	bytes.Buffer
	end func()
}

func (l *untilStarted) Write(text []byte) (int, error) {
	if bytes.Contains(text, []byte(event.Started.String())) || bytes.Contains(text, []byte(event.SignerStarted.String())) {
		defer l.end()
	}
	return l.Buffer.Write(text)
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
