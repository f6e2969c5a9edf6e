// Package settings refuses to start a node with settings of CometBFT with which votes don't become blocks.
package settings

import (
	"errors"
	"fmt"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"
)

// ErrSettings wraps all settings that break finality.
var ErrSettings = errors.New("settings that break finality")

// LargestVote is the size in bytes that a node must take: a vote of a set with the most voters that the parameters allow has 12,770.
const LargestVote = 16 << 10

// CheckAtStart makes the start command below root refuse the settings that [Check] refuses, before it opens or writes anything.
func CheckAtStart(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if cmd.Name() != "start" || cmd.RunE == nil {
			continue
		}
		run := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if err := Check(server.GetServerContextFromCmd(cmd).Config); err != nil {
				return err
			}
			return run(cmd, args)
		}
	}
}

// Check returns nil, or [ErrSettings] with one line for each setting of config.toml that breaks finality.
//
// create_empty_blocks = false and create_empty_blocks_interval don't, with a mempool of type flood: CometBFT makes a block at once if the
// one before changed the state, and x/checkpoint's history grows in every block.
func Check(config *cmtcfg.Config) error {
	var found []error
	refuse := func(bad bool, setting string, value, works any, why string) {
		if bad {
			found = append(found, fmt.Errorf("config.toml: %s: expected %v, found %v: %s", setting, works, value, why))
		}
	}
	pool, flood := config.Mempool, config.Mempool.Type == cmtcfg.MempoolTypeFlood || config.Mempool.Type == ""
	app := pool.Type == cmtcfg.MempoolTypeApp
	refuse(!flood && !app, "[mempool] type", fmt.Sprintf("%q", pool.Type), `"flood" or "app"`, "no vote would reach another node or a block")
	refuse((flood || app) && !pool.Broadcast, "[mempool] broadcast", pool.Broadcast, true, "votes would reach no other node")
	refuse(flood && !pool.Recheck, "[mempool] recheck", pool.Recheck, true, "votes that are in a block already would fill the mempool for ever")
	refuse(flood && pool.KeepInvalidTxsInCache, "[mempool] keep-invalid-txs-in-cache", pool.KeepInvalidTxsInCache, false,
		"a vote that came before its checkpoint would be refused for ever")
	least := fmt.Sprintf("%d or more", LargestVote)
	const oneVote = "one vote of the largest voter set would not fit"
	refuse(flood && pool.Size < 1, "[mempool] size", pool.Size, "1 or more", "one vote would not fit")
	refuse(flood && pool.MaxTxsBytes < LargestVote, "[mempool] max_txs_bytes", pool.MaxTxsBytes, least, oneVote)
	refuse((flood || app && pool.MaxTxBytes > 0) && pool.MaxTxBytes < LargestVote, "[mempool] max_tx_bytes", pool.MaxTxBytes, least, oneVote)
	refuse(app && !config.Consensus.CreateEmptyBlocks && config.Consensus.CreateEmptyBlocksInterval == 0, "[consensus] create_empty_blocks", false,
		`true, or create_empty_blocks_interval above "0s"`, `a mempool of type "app" never tells CometBFT that it has transactions`)
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("%w:\n%w", ErrSettings, errors.Join(found...))
}
