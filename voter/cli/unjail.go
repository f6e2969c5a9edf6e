package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/unjail"
)

// includeWait bounds how long the command waits until its transaction is in a block.
const includeWait = 30 * time.Second

// unjailCommand sends MsgUnjail.
func (o Options) unjailCommand() *cobra.Command {
	var settings home.Unjail
	cmd := &cobra.Command{
		Use:   "unjail",
		Short: "Bring a voter that was absent out of jail, with the operator's account",
		Long: `Bring a voter that was absent out of jail, with the operator's account, and wait until it is out. Epochs that it missed before no longer
count. Flags override [unjail] in voter.toml. With 'auto = true' there, 'voter start' does the same when the time in jail is over.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := homeOf(cmd)
			if err != nil {
				return err
			}
			if !isThere(dir, home.ConfigFile) {
				return noVoter(dir)
			}
			config, err := dir.LoadConfig()
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
			sender, err := o.newUnjailer(cmd, dir, config)
			if err != nil {
				return err
			}
			hash, err := sender.Unjail(command.Context(cmd))
			if err != nil {
				return command.InWords(cmd, err)
			}
			ctx, cancel := context.WithTimeout(command.Context(cmd), includeWait)
			defer cancel()
			if err := sender.Await(ctx, hash); err != nil {
				return command.InWords(cmd, err)
			}
			return command.PrintJSON(cmd, struct {
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

// newUnjailer opens the operator's account in the keyring.
func (o Options) newUnjailer(cmd *cobra.Command, dir home.Dir, config home.Config) (*unjail.Sender, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if o.Client.Codec == nil || o.Client.InterfaceRegistry == nil || o.Client.TxConfig == nil {
		return nil, errors.New("unjail: this program gave the voter's commands no codecs to sign transactions with")
	}
	base := client.Context{}.WithCodec(o.Client.Codec).WithInterfaceRegistry(o.Client.InterfaceRegistry).
		WithTxConfig(o.Client.TxConfig).WithAccountRetriever(authtypes.AccountRetriever{})
	folder := dir.Resolve(config.Unjail.KeyringDir)
	if folder == "" {
		folder = o.NodeHome
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
