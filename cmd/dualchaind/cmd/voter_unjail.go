package cmd

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/unjail"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// includeWait is how long the command waits for its transaction to be in a block.
const includeWait = 30 * time.Second

func voterUnjailCommand() *cobra.Command {
	var settings voter.Unjail
	cmd := &cobra.Command{
		Use:   "unjail",
		Short: "Bring a voter that was absent out of jail, with the operator's account",
		Long: `Bring a voter that was absent out of jail, with the operator's account, and wait until it is out. Epochs that were missed before
don't count any more. Flags replace what [unjail] in voter.toml says; with 'auto = true' there, 'dualchaind voter start' does the
same when the time in jail is over.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := voterHome(cmd)
			if err != nil {
				return err
			}
			if !isThere(home, configFile) {
				return noVoter(home)
			}
			config, err := home.LoadConfig()
			if err != nil {
				return err
			}
			for name, set := range map[string]func(){
				flags.FlagFrom:           func() { config.Unjail.From, config.Operator = settings.From, "" },
				flags.FlagKeyringBackend: func() { config.Unjail.KeyringBackend = settings.KeyringBackend },
				flags.FlagKeyringDir:     func() { config.Unjail.KeyringDir = settings.KeyringDir },
				flags.FlagFees:           func() { config.Unjail.Fees, config.Unjail.GasPrices = settings.Fees, "" },
				flags.FlagGasPrices:      func() { config.Unjail.GasPrices, config.Unjail.Fees = settings.GasPrices, "" },
			} {
				if cmd.Flags().Changed(name) {
					set()
				}
			}
			sender, err := newUnjailer(cmd, home, config)
			if err != nil {
				return err
			}
			hash, err := sender.Unjail(contextOf(cmd))
			if err != nil {
				return withoutSources(err)
			}
			ctx, cancel := context.WithTimeout(contextOf(cmd), includeWait)
			defer cancel()
			if err := sender.Await(ctx, hash); err != nil {
				return withoutSources(err)
			}
			return printJSON(cmd, struct {
				Operator    string `json:"operator"`
				Transaction string `json:"transaction"`
			}{sender.Operator(), hash})
		},
	}
	cmd.Flags().StringVar(&settings.From, flags.FlagFrom, "", "name or address of the operator's account (default as in voter.toml)")
	cmd.Flags().StringVar(&settings.KeyringBackend, flags.FlagKeyringBackend, "", "keyring of the account (default as in voter.toml)")
	cmd.Flags().StringVar(&settings.KeyringDir, flags.FlagKeyringDir, "", "folder of the keyring (default as in voter.toml)")
	cmd.Flags().StringVar(&settings.Fees, flags.FlagFees, "", "fee, like 5000udual")
	cmd.Flags().StringVar(&settings.GasPrices, flags.FlagGasPrices, "", "price of a unit of gas, like 0.025udual")
	return cmd
}

// sourceLine is what a node's SDK puts behind an error, for whoever has its source.
var sourceLine = regexp.MustCompile(`\s*\[[^\[\]\s]+\.go:\d+\]`)

type shortened struct{ error }

// withoutSources shows the error without lines of source.
func withoutSources(err error) error { return shortened{err} }

func (s shortened) Error() string { return sourceLine.ReplaceAllString(s.error.Error(), "") }
func (s shortened) Unwrap() error { return s.error }

// newUnjailer opens the operator's account.
func newUnjailer(cmd *cobra.Command, home voter.Home, config voter.Config) (*unjail.Sender, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	encoding, err := app.NewEncoding()
	if err != nil {
		return nil, err
	}
	authtypes.RegisterInterfaces(encoding.InterfaceRegistry)
	finalitytypes.RegisterInterfaces(encoding.InterfaceRegistry)
	base := client.Context{}.WithCodec(encoding.Codec).WithInterfaceRegistry(encoding.InterfaceRegistry).
		WithTxConfig(encoding.TxConfig).WithAccountRetriever(authtypes.AccountRetriever{})
	folder := home.Resolve(config.Unjail.KeyringDir)
	if folder == "" {
		folder = app.DefaultNodeHome
	}
	nodes := make([]string, len(config.Nodes))
	for i, node := range config.Nodes {
		nodes[i] = node.RPC
	}
	sender, err := unjail.New(base, unjail.Config{
		ChainID: config.ChainID, Operator: config.Operator, From: config.Unjail.From,
		Backend: config.Unjail.KeyringBackend, Folder: folder,
		Fees: config.Unjail.Fees, GasPrice: config.Unjail.GasPrices, Nodes: nodes,
	}, cmd.InOrStdin())
	if err != nil {
		return nil, fmt.Errorf("unjail: %w", err)
	}
	return sender, nil
}
