package cmd

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	connectiontypes "github.com/cosmos/ibc-go/v11/modules/core/03-connection/types"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/input"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// repair mends the commands of the SDK and of ibc-go that panic, or that print more than data to standard output.
func repair(root *cobra.Command) error {
	return errors.Join(checkArguments(root), replaceParams(root))
}

// noteOnStandardError is for commands that print a note before their data, which goes to standard output by itself.
func noteOnStandardError(cmd *cobra.Command, args []string) ([]string, error) {
	cmd.SetOut(cmd.ErrOrStderr())
	return args, nil
}

// checkArguments runs a function before some commands. Three of them then run only with arguments that they do not panic on.
func checkArguments(root *cobra.Command) error {
	for _, c := range []struct {
		path  string
		check func(cmd *cobra.Command, args []string) ([]string, error)
	}{
		{"query block", noteOnStandardError},
		{"query block-results", noteOnStandardError},
		{"keys import-hex", readPrivateKey},
		{"tx ibc client update-client-config", func(_ *cobra.Command, args []string) ([]string, error) {
			for _, relayer := range args[1:] {
				if _, err := sdk.AccAddressFromBech32(relayer); err != nil {
					return nil, fmt.Errorf("read the relayer %q: expected an address: %w", relayer, err)
				}
			}
			return args, nil
		}},
		{"tx ibc-transfer transfer", func(cmd *cobra.Command, args []string) ([]string, error) {
			return args, cobra.ExactArgs(4)(cmd, args)
		}},
	} {
		cmd, rest, err := root.Find(strings.Fields(c.path))
		if err != nil || len(rest) > 0 || cmd.RunE == nil {
			return fmt.Errorf("find the command %q: found %s, %w", c.path, cmd.CommandPath(), err)
		}
		run := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			args, err := c.check(cmd, args)
			if err != nil {
				return err
			}
			return run(cmd, args)
		}
	}
	return nil
}

// readPrivateKey asks for the key if it is not an argument, and returns the name and the key. The keyring checks its length.
func readPrivateKey(cmd *cobra.Command, args []string) ([]string, error) {
	if len(args) == 1 {
		key, err := input.GetPassword("Enter hex private key:", bufio.NewReader(cmd.InOrStdin()))
		if err != nil {
			return nil, err
		}
		args = append(args, key)
	}
	key := strings.TrimPrefix(args[1], "0x")
	if decoded, err := hex.DecodeString(key); err != nil || len(decoded) == 0 {
		return nil, errors.New("read the private key: expected pairs of hexadecimal digits") // the decoder's error would show a part of the key
	}
	return []string{args[0], key}, nil
}

// replaceParams replaces the bodies of two commands of ibc-go that take no notice of the node's error and then dereference nil.
func replaceParams(root *cobra.Command) error {
	for group, query := range map[string]func(client.Context, *cobra.Command) error{
		"client": func(clientCtx client.Context, cmd *cobra.Command) error {
			res, err := clienttypes.NewQueryClient(clientCtx).ClientParams(cmd.Context(), &clienttypes.QueryClientParamsRequest{})
			if err != nil {
				return err
			}
			return clientCtx.PrintProto(res.Params)
		},
		"connection": func(clientCtx client.Context, cmd *cobra.Command) error {
			res, err := connectiontypes.NewQueryClient(clientCtx).ConnectionParams(cmd.Context(), &connectiontypes.QueryConnectionParamsRequest{})
			if err != nil {
				return err
			}
			return clientCtx.PrintProto(res.Params)
		},
	} {
		params, rest, err := root.Find([]string{"query", "ibc", group, "params"})
		if err != nil || len(rest) > 0 {
			return fmt.Errorf("find the command 'query ibc %s params': found %s, %w", group, params.CommandPath(), err)
		}
		params.RunE = func(cmd *cobra.Command, _ []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			return query(clientCtx, cmd)
		}
	}
	return nil
}
