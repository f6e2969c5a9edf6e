package cmd

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheProgramHasASigner(t *testing.T) {
	root, err := NewRoot()
	require.NoError(t, err)
	cmd, rest, err := root.Find([]string{"signer", "certs"})
	require.NoError(t, err)
	require.Empty(t, rest)
	require.True(t, strings.HasPrefix(cmd.Short, "Make a private certificate authority"))
}
