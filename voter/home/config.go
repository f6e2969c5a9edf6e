package home

import (
	"errors"
	"time"

	"github.com/dualchain/dualchain/internal/duration"
)

// ErrConfig is wrapped by every refusal of a configuration, with what was expected and found.
var ErrConfig = errors.New("invalid voter configuration")

// Config is the voter's configuration file. The comments here are those in the file.
type Config struct {
	ChainID            string        `toml:"chain_id" comment:"The chain to vote on. Required. It must never change for a key that has voted on it."`
	Operator           string        `toml:"operator" comment:"The voter's operator address. Optional: 'voter keys pop' uses it."`
	Keys               []string      `toml:"keys" comment:"Names of the keys to vote with; empty for all in keys/. With a [signer], the signer has the keys."`
	PasswordFile       string        `toml:"password_file" comment:"File with the password of the keys, relative to this folder or absolute. If empty: DUALCHAIND_VOTER_PASSWORD, else a prompt."`
	Protection         string        `toml:"protection" comment:"How many votes slashing protection keeps for each key: 'complete', the last thousand, or 'minimal', the last one; it refuses every epoch before the oldest vote that it keeps. With a [signer], signer.toml decides."`
	PollInterval       duration.Text `toml:"poll_interval" comment:"How often to ask for the latest block, besides listening for events, and how long to wait after a failure."`
	StallAfter         duration.Text `toml:"stall_after" comment:"A node without a new block for this long is unhealthy: the voter uses another node, and raises an alarm if none is better."`
	DoppelgangerEpochs uint64        `toml:"doppelganger_epochs" comment:"How many epochs to watch, after a start, for votes that another machine makes with the same key. The voter signs nothing before. 0 turns this off. A key that voted within these epochs doesn't wait. For a key that has never voted, the voter looks at the epochs before the start instead."`
	Nodes              []NodeConfig  `toml:"node" comment:"The nodes to follow, in order of preference. The voter uses the first one that is healthy."`
	Signer             RemoteSigner  `toml:"signer" comment:"A signer in a process of its own (the command 'signer'), instead of the keys and the slashing protection in this folder."`
	Monitor            Monitor       `toml:"monitor" comment:"Metrics for Prometheus (/metrics), health (/healthz) and state (/status) over HTTP. 'voter status' asks here first."`
	Keymanager         Keymanager    `toml:"keymanager" comment:"An HTTP API that adds, removes and lists keys while the voter runs."`
	Witnesses          []NodeConfig  `toml:"witness,omitempty" comment:"Independent nodes. If there are any, the voter votes only if at least one of them reports the same checkpoint; otherwise it raises an alarm."`
}

// RemoteSigner says where a signer is, and how the voter and it know each other.
type RemoteSigner struct {
	Address string `toml:"address" comment:"HOST:PORT of the signer. If empty, the voter signs with the keys in this folder."`
	TLSFiles
}

// Monitor says where to serve metrics, health and state.
type Monitor struct {
	Listen string `toml:"listen" comment:"HOST:PORT. If empty, nothing is served. There is no password: only this machine and Prometheus should be able to reach it."`
}

// TLSFiles are PEM files, by paths relative to the home or absolute.
type TLSFiles struct {
	CA          string `toml:"ca" comment:"Certificate of the authority that signs the other side's certificate."`
	Certificate string `toml:"certificate" comment:"Our certificate."`
	Key         string `toml:"key" comment:"Private key of the certificate. The files are read again for each connection, so they can be replaced at any time."`
}

// Values of Config.Protection.
const (
	CompleteProtection = "complete"
	MinimalProtection  = "minimal"
)

// DefaultConfig returns a configuration that lacks only the chain id.
func DefaultConfig() Config {
	return Config{
		Protection:         CompleteProtection,
		PollInterval:       duration.Text(2 * time.Second),
		StallAfter:         duration.Text(time.Minute),
		DoppelgangerEpochs: 2,
		Nodes:              []NodeConfig{DefaultNode()},
		Monitor:            Monitor{Listen: "127.0.0.1:26680"},
		Signer:             RemoteSigner{TLSFiles: tlsFiles("voter")},
	}
}

// LoadConfig reads the configuration file of the home. Fields that the file lacks have the values of DefaultConfig, except for the nodes. If
// there is no file, it returns DefaultConfig. It wraps ErrConfig for a file that isn't TOML or has unknown fields.
func (d Dir) LoadConfig() (Config, error) {
	config := DefaultConfig()
	config.Nodes = nil // the file's nodes replace the default
	found, err := loadTOML(d.Path(ConfigFile), &config)
	if err != nil {
		return Config{}, err
	}
	if !found {
		config.Nodes = DefaultConfig().Nodes
	}
	return config, nil
}

// WriteConfig writes a new configuration file with comments. It never replaces one: the error then wraps fs.ErrExist.
func (d Dir) WriteConfig(config Config) error {
	after := ""
	if len(config.Witnesses) == 0 {
		after = witnessExample
	}
	return writeTOML(d.Path(ConfigFile), config, after)
}
