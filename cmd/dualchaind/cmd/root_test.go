package cmd

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client/flags"
)

func TestTheProgramHasASigner(t *testing.T) {
	root, err := NewRoot()
	require.NoError(t, err)
	cmd, rest, err := root.Find([]string{"signer", "certs"})
	require.NoError(t, err)
	require.Empty(t, rest)
	require.True(t, strings.HasPrefix(cmd.Short, "Make a private certificate authority"))
}

// The SDK's default is 1.0, with which a limit from --gas auto is too low wherever a simulation does less than the transaction.
func TestEveryTransactionAdjustsSimulatedGas(t *testing.T) {
	root, err := NewRoot()
	require.NoError(t, err)
	adjusted := 0
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, below := range cmd.Commands() {
			walk(below)
		}
		flag := cmd.Flags().Lookup(flags.FlagGasAdjustment)
		if flag == nil {
			return
		}
		adjusted++
		require.Equal(t, "1.3", flag.DefValue, cmd.CommandPath())
		require.Equal(t, "1.3", flag.Value.String(), cmd.CommandPath())
		require.False(t, flag.Changed, cmd.CommandPath())
	}
	walk(root)
	require.Greater(t, adjusted, 50)

	register, _, err := root.Find([]string{"tx", "finality", "register-voter"})
	require.NoError(t, err)
	require.Equal(t, flags.GasFlagAuto, register.Flags().Lookup(flags.FlagGas).Value.String(), "200,000 would not do")
}
