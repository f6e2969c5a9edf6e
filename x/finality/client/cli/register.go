package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/tx"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// ErrPossessionFile is wrapped by every refusal of a file with a proof of possession.
var ErrPossessionFile = errors.New("invalid proof of possession file")

// newRegisterCmd is not autocli's since what a voter registers with comes in a file.
func newRegisterCmd() *cobra.Command {
	var msg types.MsgRegisterVoter
	cmd := &cobra.Command{
		Use:   "register-voter POSSESSION_FILE AMOUNT",
		Short: "Register a voter with what `dualchaind voter keys pop` prints",
		Long: `Register a voter. POSSESSION_FILE holds what 'dualchaind voter keys pop' prints, AMOUNT is the first bond:

  dualchaind voter keys pop > pop.json
  dualchaind tx finality register-voter pop.json 100000000udual --from OPERATOR

The proof is good for one operator on one chain: --from and --chain-id must be those that it was made for.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientTxContext(cmd)
			if err != nil {
				return err
			}
			raw, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("read POSSESSION_FILE: %w", err)
			}
			if err := readPossession(raw, clientCtx.ChainID, clientCtx.GetFromAddress().String(), &msg); err != nil {
				return fmt.Errorf("read %s: %w", args[0], err)
			}
			if msg.Amount, err = sdk.ParseCoinNormalized(args[1]); err != nil {
				return fmt.Errorf("read AMOUNT: %w", err)
			}
			return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), &msg)
		},
	}
	cmd.Flags().StringVar(&msg.Moniker, "moniker", "", "name for people")
	cmd.Flags().StringVar(&msg.Website, "website", "", "address of a page about the voter")
	cmd.Flags().Uint32Var(&msg.CommissionPpm, "commission-ppm", 0, "the operator's share of rewards in parts per million")
	cmd.Flags().Uint32Var(&msg.MaxCommissionPpm, "max-commission-ppm", 0, "bound of the commission for ever, in parts per million")
	cmd.Flags().Uint32Var(&msg.MaxCommissionChangePpm, "max-commission-change-ppm", 0,
		"bound for ever of how much the commission rises from one era to the next, in parts per million")
	addTxFlags(cmd)
	return cmd
}

// readPossession fills in operator, key and proof, which the file has in hexadecimal. What the chain would refuse after a fee is refused here: a proof for
// another chain or another operator.
func readPossession(raw []byte, chainID, operator string, msg *types.MsgRegisterVoter) error {
	var file struct {
		ChainID    string `json:"chain_id"`
		Operator   string `json:"operator"`
		PubKey     string `json:"pub_key"`
		Possession string `json:"possession"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return fmt.Errorf("%w: %w", ErrPossessionFile, err)
	}
	if _, err := types.ParsePublicKey(file.PubKey); err != nil {
		return fmt.Errorf("%w: pub_key: %w", ErrPossessionFile, err)
	}
	possession, err := ffg.ParseSignature(file.Possession)
	if err != nil {
		return fmt.Errorf("%w: possession: %w", ErrPossessionFile, err)
	}
	if file.ChainID != chainID {
		return fmt.Errorf("%w: expected a proof for this chain, %s, found one for %s", ErrPossessionFile, chainID, file.ChainID)
	}
	if file.Operator != operator {
		return fmt.Errorf("%w: expected a proof for --from, %q, found one for %q", ErrPossessionFile, operator, file.Operator)
	}
	msg.Operator, msg.PubKey, msg.Possession = operator, file.PubKey, possession[:]
	return nil
}
