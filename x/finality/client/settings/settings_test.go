package settings

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"

	"github.com/dualchain/dualchain/gossip"
)

func TestSettings(t *testing.T) {
	type config = *cmtcfg.Config
	for name, tc := range map[string]struct {
		change func(config)
		says   []string // one line each
	}{
		"the defaults":           {change: func(config) {}},
		"no type":                {change: func(c config) { c.Mempool.Type = "" }},
		"app":                    {change: Defaults},
		"app as CometBFT has it": {change: func(c config) { c.Mempool.Type = "app" }},
		"nop": {
			change: func(c config) { c.Mempool.Type = "nop" },
			says:   []string{`config.toml: [mempool] type: expected "app" or "flood", found "nop": `},
		},
		"app: what a flood mempool needs is not read": {change: app(func(c config) {
			c.Mempool.Recheck, c.Mempool.KeepInvalidTxsInCache, c.Mempool.Size, c.Mempool.MaxTxsBytes = false, true, 0, 0
		})},
		"app: no broadcast": {
			change: app(func(c config) { c.Mempool.Broadcast = false }),
			says:   []string{"[mempool] broadcast: expected true, found false: "},
		},
		"app: no empty blocks": {
			change: app(func(c config) { c.Consensus.CreateEmptyBlocks = false }),
			says:   []string{"config.toml: [consensus] create_empty_blocks: expected true, found false: "},
		},
		"app: rare empty blocks": {change: app(func(c config) { c.Consensus.CreateEmptyBlocksInterval = time.Minute })},
		"app: packs too large": {
			change: app(func(c config) {
				c.Mempool.MaxTxBytes, c.Mempool.MaxBatchBytes, c.Mempool.ReapMaxBytes = gossip.MaxPackSize-1, gossip.MaxPackSize, gossip.MaxPackSize-1
			}),
			says: []string{
				"[mempool] max_tx_bytes: expected 200122 or more, found 200121: ",
				"[mempool] max_batch_bytes: expected 0, or 200186 or more, found 200122: ",
				"[mempool] reap_max_bytes: expected 0, or 200122 or more, found 200121: ",
			},
		},
		"app: a bound of gas": {
			change: app(func(c config) { c.Mempool.ReapMaxGas = 1 }),
			says:   []string{"[mempool] reap_max_gas: expected 0, found 1: "},
		},
		"app: slow gossip": {
			change: app(func(c config) { c.Mempool.ReapInterval = 3 * time.Second }),
			says:   []string{"[mempool] reap_interval: expected more than 0s and at most 2s, found 3s: "},
		},
		"app: what makes CometBFT panic": {
			change: app(func(c config) { c.Mempool.CheckTxRetryDelay = 0 }),
			says:   []string{"[mempool] check_tx_retry_delay: expected more than 0s, found 0s: "},
		},
		"app: no memory": {
			change: app(func(c config) { c.Mempool.SeenCacheSize = 10 }),
			says:   []string{"[mempool] seen_cache_size: expected 1000 or more, found 10: "},
		},
		"no recheck": {
			change: func(c config) { c.Mempool.Recheck = false },
			says:   []string{"config.toml: [mempool] recheck: expected true, found false: "},
		},
		"invalid kept": {
			change: func(c config) { c.Mempool.KeepInvalidTxsInCache = true },
			says:   []string{"[mempool] keep-invalid-txs-in-cache: expected false, found true: "},
		},
		"no broadcast": {
			change: func(c config) { c.Mempool.Broadcast = false },
			says:   []string{"[mempool] broadcast: expected true, found false: "},
		},
		"room for none": {
			change: func(c config) { c.Mempool.Size = 0 },
			says:   []string{"[mempool] size: expected 1 or more, found 0: "},
		},
		"room for one": {change: func(c config) { c.Mempool.Size = 1 }},
		"too few bytes": {
			change: func(c config) { c.Mempool.MaxTxsBytes = gossip.SingleSize - 1 },
			says:   []string{"[mempool] max_txs_bytes: expected 222 or more, found 221: "},
		},
		"too small": {
			change: func(c config) { c.Mempool.MaxTxBytes = gossip.SingleSize - 1 },
			says:   []string{"[mempool] max_tx_bytes: expected 222 or more, found 221: "},
		},
		"bytes of one":      {change: func(c config) { c.Mempool.MaxTxsBytes, c.Mempool.MaxTxBytes = gossip.SingleSize, gossip.SingleSize }},
		"no empty blocks":   {change: func(c config) { c.Consensus.CreateEmptyBlocks = false }},
		"rare empty blocks": {change: func(c config) { c.Consensus.CreateEmptyBlocksInterval = time.Minute }},
		"several at once": {
			change: func(c config) { c.Mempool.Recheck, c.Mempool.Broadcast, c.Mempool.Size = false, false, 0 },
			says:   []string{"broadcast", "recheck", "size"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := cmtcfg.DefaultConfig()
			tc.change(c)
			err := Check(c)
			if tc.says == nil {
				if err != nil {
					t.Errorf("expected nothing, found %v", err)
				}
				return
			}
			if !errors.Is(err, ErrSettings) {
				t.Fatalf("expected %v, found %v", ErrSettings, err)
			}
			lines := strings.Split(err.Error(), "\n")[1:]
			if len(lines) != len(tc.says) {
				t.Fatalf("expected %d lines, found %q", len(tc.says), lines)
			}
			for i, says := range tc.says {
				if !strings.Contains(lines[i], says) {
					t.Errorf("expected %q, found %q", says, lines[i])
				}
			}
		})
	}
}

// app returns a change of the defaults.
func app(change func(*cmtcfg.Config)) func(*cmtcfg.Config) {
	return func(c *cmtcfg.Config) {
		Defaults(c)
		change(c)
	}
}

func TestStartRefusesBeforeItRuns(t *testing.T) {
	for _, recheck := range []bool{true, false} {
		root, ran := new(cobra.Command), false
		root.AddCommand(&cobra.Command{Use: "start", RunE: func(*cobra.Command, []string) error { ran = true; return nil }})
		CheckAtStart(root)
		ctx := server.NewDefaultContext()
		ctx.Config.Mempool.Recheck = recheck
		root.SetArgs([]string{"start"})
		err := root.ExecuteContext(context.WithValue(t.Context(), server.ServerContextKey, ctx))
		if ran != recheck || (err == nil) != recheck {
			t.Errorf("recheck %t: ran %t with %v", recheck, ran, err)
		}
	}
}
