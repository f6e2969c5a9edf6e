package cmd

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/internal/command"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
)

// flagFinalized is a flag of every query.
const flagFinalized = "finalized"

// errNotAtFinalized: the query can't be asked at the finalized height.
var errNotAtFinalized = errors.New("cannot answer from finalized state")

// notOfState names the queries that have a --height and take no notice of it, or ask for something else with it.
var notOfState = map[string]bool{"tx": true, "txs": true, "wait-tx": true, "event-query-tx-for": true, "block": true, "blocks": true, "block-results": true}

// askAtFinalized turns --finalized into --height, which every query of state has. The height that comes with the answer says
// what was asked at.
func askAtFinalized(cmd *cobra.Command) error {
	flag := cmd.Flags().Lookup(flagFinalized)
	if flag == nil || flag.Value.String() != "true" {
		return nil
	}
	height := cmd.Flags().Lookup(flags.FlagHeight)
	switch {
	case height == nil, notOfState[cmd.Name()]:
		return fmt.Errorf("%w: expected a query of state, found %q, which reads blocks or transactions", errNotAtFinalized, cmd.CommandPath())
	case height.Changed:
		return fmt.Errorf("%w: expected --%s or --%s, found both", errNotAtFinalized, flagFinalized, flags.FlagHeight)
	}
	clientCtx, err := client.GetClientQueryContext(cmd)
	if err != nil {
		return err
	}
	heads, err := checkpointtypes.NewQueryClient(clientCtx).Status(command.Context(cmd), &checkpointtypes.QueryStatusRequest{})
	if err != nil {
		return fmt.Errorf("ask for the finalized height: %w", err)
	}
	if heads.Finalized == nil || heads.Finalized.Height == 0 {
		return fmt.Errorf("%w: expected a finalized block, found none yet", errNotAtFinalized)
	}
	if err := cmd.Flags().Set(flags.FlagHeight, strconv.FormatUint(heads.Finalized.Height, 10)); err != nil {
		return fmt.Errorf("ask at the finalized height: %w", err)
	}
	return nil
}
