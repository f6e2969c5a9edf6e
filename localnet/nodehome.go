package localnet

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	cmtconfig "github.com/cometbft/cometbft/config"

	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	"github.com/cosmos/cosmos-sdk/telemetry"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/dualchain/dualchain/x/finality/client/settings"
	"github.com/dualchain/dualchain/x/finality/trusted"
)

// nodeHome holds the settings in the files of one node. Its keys and the genesis are not among them.
type nodeHome struct {
	dir       string
	moniker   string
	listen    string // host that it listens on
	ports     Ports
	peers     string // persistent peers, id@host:port, separated by commas
	blockTime time.Duration
	local     bool // all nodes share one machine
	executor  string
	maxTxs    int
}

// newNodeKeys makes the consensus key and the peer key of a node.
func newNodeKeys(dir string) (id string, pubKey cryptotypes.PubKey, err error) {
	cfg := cmtconfig.DefaultConfig().SetRoot(dir)
	if err := os.MkdirAll(filepath.Dir(cfg.NodeKeyFile()), 0o755); err != nil {
		return "", nil, fmt.Errorf("make the keys of a node: %w", err)
	}
	id, pubKey, err = genutil.InitializeNodeValidatorFiles(cfg)
	if err != nil {
		return "", nil, fmt.Errorf("make the keys of a node: %w", err)
	}
	return id, pubKey, nil
}

// write writes config.toml, app.toml and genesis.json. The keys exist already.
func (h nodeHome) write(genesis *genutiltypes.AppGenesis) error {
	comet, server := h.comet(), h.server()
	if err := server.ValidateBasic(); err != nil {
		return fmt.Errorf("configure %s: %w", h.moniker, err)
	}
	cmtconfig.WriteConfigFile(filepath.Join(h.dir, "config", "config.toml"), comet)
	serverconfig.SetConfigTemplate(trusted.ConfigTemplate)
	serverconfig.WriteConfigFile(filepath.Join(h.dir, "config", "app.toml"), trusted.NodeConfig{Config: *server})
	// The server reads its tracing settings from a separate file and requires that it exists.
	if err := os.WriteFile(filepath.Join(h.dir, "config", telemetry.OtelFileName), nil, 0o600); err != nil {
		return fmt.Errorf("write the home of %s: %w", h.moniker, err)
	}
	if err := genesis.SaveAs(comet.GenesisFile()); err != nil {
		return fmt.Errorf("write the genesis of %s: %w", h.moniker, err)
	}
	return nil
}

// comet returns config.toml.
func (h nodeHome) comet() *cmtconfig.Config {
	c := cmtconfig.DefaultConfig().SetRoot(h.dir)
	c.Moniker = h.moniker
	c.Consensus.TimeoutCommit = h.blockTime
	settings.Defaults(c)
	c.RPC.ListenAddress = fmt.Sprintf("tcp://%s:%d", h.listen, h.ports.RPC)
	c.P2P.ListenAddress = fmt.Sprintf("tcp://%s:%d", h.listen, h.ports.P2P)
	c.P2P.PersistentPeers = h.peers
	if h.local {
		// Nodes on one machine share its address, which is not routable either, and know each other from the start.
		c.P2P.AllowDuplicateIP = true
		c.P2P.AddrBookStrict = false
		c.P2P.PexReactor = false
		c.RPC.CORSAllowedOrigins = []string{"*"}
	}
	return c
}

// QueryGasLimit bounds the gas of a stranger's query in every app.toml that dualchaind writes, to about a sixth of a second of work. The
// SDK's default is no limit.
const QueryGasLimit = 50_000_000

// server returns app.toml.
func (h nodeHome) server() *serverconfig.Config {
	c := serverconfig.DefaultConfig()
	c.QueryGasLimit = QueryGasLimit
	c.MinGasPrices = "0" + sdk.DefaultBondDenom
	c.API.Enable = true
	c.API.Swagger = true
	c.API.EnableUnsafeCORS = h.local
	c.API.Address = fmt.Sprintf("tcp://%s:%d", h.listen, h.ports.REST)
	c.GRPC.Address = fmt.Sprintf("%s:%d", h.listen, h.ports.GRPC)
	c.BlockExecutor = h.executor
	c.Mempool.MaxTxs = h.maxTxs
	return c
}
