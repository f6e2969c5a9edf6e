// Package settings refuses to start a node with settings of CometBFT with which votes don't become blocks.
package settings

import (
	"errors"
	"fmt"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"

	"github.com/dualchain/dualchain/gossip"
)

// ErrSettings wraps all settings that break finality.
var ErrSettings = errors.New("settings that break finality")

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
// create_empty_blocks = false and create_empty_blocks_interval don't: CometBFT makes a block at once if the one before changed the state,
// and x/checkpoint's history grows in every block.
func Check(config *cmtcfg.Config) error {
	var found []error
	refuse := func(bad bool, setting string, works, value any, why string) {
		if bad {
			found = append(found, fmt.Errorf("config.toml: [mempool] %s: expected %v, found %v: %s", setting, works, value, why))
		}
	}
	pool := config.Mempool
	atLeast := fmt.Sprintf("%d or more", gossip.SingleSize)
	const noRoom = "one vote would not fit"
	refuse(pool.Type != cmtcfg.MempoolTypeFlood && pool.Type != "", "type", `"flood"`, fmt.Sprintf("%q", pool.Type),
		"no vote would reach another node or a block")
	refuse(!pool.Broadcast, "broadcast", true, pool.Broadcast, "votes would reach no other node")
	refuse(!pool.Recheck, "recheck", true, pool.Recheck, "votes that are in a block already would fill the mempool for ever")
	refuse(pool.KeepInvalidTxsInCache, "keep-invalid-txs-in-cache", false, pool.KeepInvalidTxsInCache,
		"a vote that came before its checkpoint would be refused for ever")
	refuse(pool.Size < 1, "size", "1 or more", pool.Size, noRoom)
	refuse(pool.MaxTxsBytes < gossip.SingleSize, "max_txs_bytes", atLeast, pool.MaxTxsBytes, noRoom)
	refuse(pool.MaxTxBytes < gossip.SingleSize, "max_tx_bytes", atLeast, pool.MaxTxBytes, noRoom)
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("%w:\n%w", ErrSettings, errors.Join(found...))
}
