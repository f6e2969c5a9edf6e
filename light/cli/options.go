// Package cli is the commands of somebody who runs no node, or doesn't believe one, for the program of any chain that has x/finality:
//
//	options := cli.Options{Program: "toyd", NodeHome: home, OpenNode: openNode}
//	root.AddCommand(cli.Commands(options)...)
//
// The commands neither read nor print addresses, so that a chain's bech32 prefix doesn't matter to them.
package cli

import (
	"context"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/dualchain/dualchain/x/finality/trusted"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Options are what differs between chains.
type Options struct {
	Program  string // the name of the program, for help texts: "dualchaind"
	NodeHome string // the default home of nodes; that of the light client is beside it
	// OpenNode opens the state of the stopped node in the command's home. Without it there is no import-certificate.
	OpenNode func(cmd *cobra.Command) (Node, error)
}

// Node is the state of a node that is stopped. Closing it closes the node's database.
type Node struct {
	Home    string // where trusted checkpoints are kept
	ChainID string
	State   context.Context // the latest state, for Queries
	Queries Queries
	Own     trusted.Own
	io.Closer
}

// Queries are the queries of x/finality that importing a certificate needs. A keeper's query server has them.
type Queries interface {
	Params(context.Context, *types.QueryParamsRequest) (*types.QueryParamsResponse, error)
	TrustPoint(context.Context, *types.QueryTrustPointRequest) (*types.QueryTrustPointResponse, error)
	HandOvers(context.Context, *types.QueryHandOversRequest) (*types.QueryHandOversResponse, error)
}

// lightHome is beside the node's home, never in it: a light client needs no node.
func (o Options) lightHome() string { return filepath.Clean(o.NodeHome) + "-light" }

// Commands returns light, prove, verify and, if nodes can be opened, import-certificate.
func Commands(options Options) []*cobra.Command {
	commands := []*cobra.Command{options.lightCommand(), options.proveCommand(), options.verifyCommand()}
	if options.OpenNode != nil {
		commands = append(commands, options.importCommand())
	}
	return commands
}
