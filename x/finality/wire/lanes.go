package wire

import (
	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cast"

	"github.com/dualchain/dualchain/x/finality/abci"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// mempoolType is the setting [mempool] type of config.toml.
const mempoolType = "mempool.type"

// lanes returns the lanes that a node's settings ask for.
func (b Base) lanes() abci.Lanes {
	if b.Options == nil || cast.ToString(b.Options.Get(mempoolType)) != cmtcfg.MempoolTypeApp {
		return abci.Lanes{}
	}
	lanes := abci.Lanes{App: true, FeeDenom: b.FeeDenom}
	if lanes.FeeDenom == "" {
		lanes.FeeDenom = b.Params.BondDenom
	}
	if lanes.FeeDenom == "" {
		lanes.FeeDenom = finalitytypes.DefaultParams().BondDenom
	}
	return lanes
}
