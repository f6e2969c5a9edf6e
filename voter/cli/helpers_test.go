package cli

import (
	"testing"

	"github.com/cosmos/gogoproto/proto"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/std"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"
)

// prefix is that of the addresses in these tests.
const prefix = "dual"

// options are those of the tests' program.
func options() Options {
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver,
		SigningOptions: signing.Options{
			AddressCodec: addresscodec.NewBech32Codec(prefix), ValidatorAddressCodec: addresscodec.NewBech32Codec(prefix + "valoper"),
		},
	})
	if err != nil {
		panic(err)
	}
	std.RegisterInterfaces(registry)
	encoding := codec.NewProtoCodec(registry)
	return Options{
		Program: "dualchaind", AddressPrefix: prefix, NodeHome: "/nonexistent/node",
		Client: client.Context{}.WithCodec(encoding).WithInterfaceRegistry(registry).WithTxConfig(authtx.NewTxConfig(encoding, authtx.DefaultSignModes)),
	}
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

func TestUnjailingNeedsTheProgramsCodecs(t *testing.T) {
	f := newKeysFixture(t)
	f.make("--chain-id", "test-1", "--operator", f.operator)
	cmd := NewCommand(Options{AddressPrefix: prefix})
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs([]string{"unjail", "--home", f.dir})
	require.ErrorContains(t, cmd.Execute(), "no codecs")
}
