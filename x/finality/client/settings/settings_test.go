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

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

func TestSettings(t *testing.T) {
	type config = *cmtcfg.Config
	typed := func(name string, change func(config)) func(config) {
		return func(c config) { c.Mempool.Type = name; change(c) }
	}
	for name, tc := range map[string]struct {
		change func(config)
		says   []string // one line each
	}{
		"the defaults":        {change: func(config) {}},
		"no type":             {change: typed("", func(config) {})},
		"app":                 {change: typed("app", func(config) {})},
		"nop":                 {change: typed("nop", func(config) {}), says: []string{`config.toml: [mempool] type: expected "flood" or "app", found "nop": `}},
		"nop with others":     {change: typed("nop", func(c config) { c.Mempool.Recheck, c.Mempool.Size = false, 0 }), says: []string{"[mempool] type"}},
		"no recheck":          {change: func(c config) { c.Mempool.Recheck = false }, says: []string{"config.toml: [mempool] recheck: expected true, found false: "}},
		"no recheck, no type": {change: typed("", func(c config) { c.Mempool.Recheck = false }), says: []string{"[mempool] recheck"}},
		"no recheck, app":     {change: typed("app", func(c config) { c.Mempool.Recheck = false })},
		"invalid kept":        {change: func(c config) { c.Mempool.KeepInvalidTxsInCache = true }, says: []string{"keep-invalid-txs-in-cache: expected false, found true: "}},
		"invalid kept, app":   {change: typed("app", func(c config) { c.Mempool.KeepInvalidTxsInCache = true })},
		"no broadcast":        {change: func(c config) { c.Mempool.Broadcast = false }, says: []string{"[mempool] broadcast: expected true, found false: "}},
		"no broadcast, app":   {change: typed("app", func(c config) { c.Mempool.Broadcast = false }), says: []string{"[mempool] broadcast"}},
		"room for none":       {change: func(c config) { c.Mempool.Size = 0 }, says: []string{"[mempool] size: expected 1 or more, found 0: "}},
		"room for one":        {change: func(c config) { c.Mempool.Size = 1 }},
		"room for none, app":  {change: typed("app", func(c config) { c.Mempool.Size, c.Mempool.MaxTxsBytes = 0, 0 })},
		"few bytes":           {change: func(c config) { c.Mempool.MaxTxsBytes = LargestVote - 1 }, says: []string{"[mempool] max_txs_bytes: expected 16384 or more, found 16383: "}},
		"bytes of one":        {change: func(c config) { c.Mempool.MaxTxsBytes, c.Mempool.MaxTxBytes = LargestVote, LargestVote }},
		"small transactions":  {change: func(c config) { c.Mempool.MaxTxBytes = LargestVote - 1 }, says: []string{"[mempool] max_tx_bytes: expected 16384 or more, found 16383: "}},
		"no transactions":     {change: func(c config) { c.Mempool.MaxTxBytes = 0 }, says: []string{"[mempool] max_tx_bytes"}},
		"small, app":          {change: typed("app", func(c config) { c.Mempool.MaxTxBytes = LargestVote - 1 }), says: []string{"[mempool] max_tx_bytes"}},
		"no limit, app":       {change: typed("app", func(c config) { c.Mempool.MaxTxBytes = 0 })},
		"no empty blocks":     {change: func(c config) { c.Consensus.CreateEmptyBlocks = false }},
		"rare empty blocks":   {change: func(c config) { c.Consensus.CreateEmptyBlocksInterval = time.Minute }},
		"no empty blocks, app": {
			change: typed("app", func(c config) { c.Consensus.CreateEmptyBlocks = false }),
			says:   []string{"[consensus] create_empty_blocks: expected true, or create_empty_blocks_interval"},
		},
		"rare empty blocks, app": {change: typed("app", func(c config) {
			c.Consensus.CreateEmptyBlocks, c.Consensus.CreateEmptyBlocksInterval = false, time.Minute
		})},
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

func TestTheLargestVoteFits(t *testing.T) {
	p := types.DefaultParams()
	for p.MaxVoters = 1; p.Validate() == nil; p.MaxVoters *= 10 {
		vote := types.AggregateVoteFromFFG(ffg.AggregateVote{Signers: ffg.SingleBit(int(p.MaxVoters), 0)})
		txBytes, err := types.EncodeUnsigned(&types.MsgSubmitVotes{Votes: vote})
		if err != nil {
			t.Fatal(err)
		}
		if len(txBytes) > LargestVote {
			t.Errorf("%d voters: expected at most %d bytes, found %d", p.MaxVoters, LargestVote, len(txBytes))
		}
	}
	if p.MaxVoters < 1000 {
		t.Errorf("expected larger sets to be allowed, found the bound %d", p.MaxVoters)
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
