// Package settings refuses to start a node with settings of CometBFT with which votes don't become blocks.
package settings

import (
	"errors"
	"fmt"
	"time"

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

// Defaults sets what a new home has: the mempool of the application (protocol §12), which gossips every 50 ms. A transaction that was
// refused can be sent again by RPC after a second.
func Defaults(config *cmtcfg.Config) {
	config.Mempool.Type = cmtcfg.MempoolTypeApp
	config.Mempool.ReapInterval = 50 * time.Millisecond
	config.Mempool.CheckTxRetryDelay = time.Second
}

// maxReapInterval is the longest time between two rounds of gossip in a mempool of type app.
const maxReapInterval = 2 * time.Second

// Check returns nil, or [ErrSettings] with one line for each setting of config.toml that breaks finality.
//
// In a flood mempool, create_empty_blocks = false and create_empty_blocks_interval don't: CometBFT makes a block at once if the one before
// changed the state, and x/checkpoint's history grows in every block. With one of type app it waits for transactions that it never sees.
func Check(config *cmtcfg.Config) error {
	var found refusals
	pool := config.Mempool
	found.add(!pool.Broadcast, "mempool", "broadcast", true, pool.Broadcast, "votes would reach no other node")
	switch pool.Type {
	case cmtcfg.MempoolTypeFlood, "":
		found.flood(pool)
	case cmtcfg.MempoolTypeApp:
		found.app(config)
	default:
		found.add(true, "mempool", "type", `"app" or "flood"`, fmt.Sprintf("%q", pool.Type), "no vote would reach another node or a block")
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("%w:\n%w", ErrSettings, errors.Join(found...))
}

// refusals are the settings that break finality.
type refusals []error

func (r *refusals) add(bad bool, section, setting string, works, value any, why string) {
	if bad {
		*r = append(*r, fmt.Errorf("config.toml: [%s] %s: expected %v, found %v: %s", section, setting, works, value, why))
	}
}

func (r *refusals) flood(pool *cmtcfg.MempoolConfig) {
	atLeast := fmt.Sprintf("%d or more", gossip.SingleSize)
	const noRoom = "one vote would not fit"
	r.add(!pool.Recheck, "mempool", "recheck", true, pool.Recheck, "votes that are in a block already would fill the mempool for ever")
	r.add(pool.KeepInvalidTxsInCache, "mempool", "keep-invalid-txs-in-cache", false, pool.KeepInvalidTxsInCache,
		"a vote that came before its checkpoint would be refused for ever")
	r.add(pool.Size < 1, "mempool", "size", "1 or more", pool.Size, noRoom)
	r.add(pool.MaxTxsBytes < gossip.SingleSize, "mempool", "max_txs_bytes", atLeast, pool.MaxTxsBytes, noRoom)
	r.add(pool.MaxTxBytes < gossip.SingleSize, "mempool", "max_tx_bytes", atLeast, pool.MaxTxBytes, noRoom)
}

func (r *refusals) app(config *cmtcfg.Config) {
	pool := config.Mempool
	atLeast := fmt.Sprintf("%d or more", gossip.MaxPackSize)
	const noRoom = "a pack of votes would not fit"
	r.add(pool.MaxTxBytes < gossip.MaxPackSize, "mempool", "max_tx_bytes", atLeast, pool.MaxTxBytes, noRoom)
	r.add(pool.MaxBatchBytes > 0 && pool.MaxBatchBytes < gossip.MaxPackSize+64, "mempool", "max_batch_bytes",
		fmt.Sprintf("0, or %d or more", gossip.MaxPackSize+64), pool.MaxBatchBytes, noRoom)
	r.add(pool.ReapMaxBytes > 0 && pool.ReapMaxBytes < gossip.MaxPackSize, "mempool", "reap_max_bytes", "0, or "+atLeast, pool.ReapMaxBytes, noRoom)
	r.add(pool.ReapMaxGas > 0, "mempool", "reap_max_gas", 0, pool.ReapMaxGas, "votes take no gas, and the lanes have bounds of their own")
	r.add(pool.ReapInterval <= 0 || pool.ReapInterval > maxReapInterval, "mempool", "reap_interval",
		fmt.Sprintf("more than 0s and at most %s", maxReapInterval), pool.ReapInterval, "votes would be late")
	r.add(pool.CheckTxRetryDelay <= 0, "mempool", "check_tx_retry_delay", "more than 0s", pool.CheckTxRetryDelay, "CometBFT would not start")
	r.add(pool.SeenCacheSize < minSeen, "mempool", "seen_cache_size", fmt.Sprintf("%d or more", minSeen), pool.SeenCacheSize,
		"the same packs would go round for ever")
	r.add(!config.Consensus.CreateEmptyBlocks, "consensus", "create_empty_blocks", true, false,
		"with a mempool of type app, CometBFT would wait for transactions that it never sees")
}

// minSeen is the number of packs that a node must remember at least.
const minSeen = 1000
