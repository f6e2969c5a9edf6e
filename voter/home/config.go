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
	Operator           string        `toml:"operator" comment:"The voter's operator address. Optional: 'voter keys pop' and unjailing use it."`
	Keys               []string      `toml:"keys" comment:"Names of the keys to vote with; empty for all in keys/. With a [signer], the keys are the signer's."`
	PasswordFile       string        `toml:"password_file" comment:"File with the password of the keys, relative to this folder or absolute. Empty: DUALCHAIND_VOTER_PASSWORD, else a prompt."`
	Protection         string        `toml:"protection" comment:"What slashing protection remembers of each key: 'complete', the last thousand votes, or 'minimal', the last one, and then it refuses every earlier epoch. With a [signer], it is the signer's."`
	PollInterval       duration.Text `toml:"poll_interval" comment:"How often to ask for the latest block besides listening for events, and to try again after a failure."`
	StallAfter         duration.Text `toml:"stall_after" comment:"A node without a new block for this long is unhealthy: another one is used, and there is an alarm if none is better."`
	DoppelgangerEpochs uint64        `toml:"doppelganger_epochs" comment:"How many epochs to watch at start for votes of the same key from elsewhere before the first signature. 0: don't. A key that has never voted, or that voted in the last of these epochs, doesn't wait; of one that has never voted, the epochs before are looked at."`
	Nodes              []NodeConfig  `toml:"node" comment:"The nodes to follow, in order of preference; the next one is used while one before is unhealthy."`
	Signer             RemoteSigner  `toml:"signer" comment:"A signer in a process of its own ('dualchaind signer'), in place of the keys and the slashing protection of this folder."`
	Monitor            Monitor       `toml:"monitor" comment:"Metrics for Prometheus (/metrics), health (/healthz) and state (/status) over HTTP. 'dualchaind voter status' asks here first."`
	Keymanager         Keymanager    `toml:"keymanager" comment:"An HTTP API that adds, removes and lists keys while the voter runs."`
	Unjail             Unjail        `toml:"unjail" comment:"The operator's account, for 'dualchaind voter unjail'. Not needed to vote."`
	Witnesses          []NodeConfig  `toml:"witness,omitempty" comment:"Independent nodes. If there are any, at least one must report the same checkpoint, else there is no vote and an alarm."`
}

// RemoteSigner says where a signer is, and how the voter and it know each other.
type RemoteSigner struct {
	Address string `toml:"address" comment:"HOST:PORT of the signer. Empty: sign with the keys of this folder."`
	TLSFiles
}

// Monitor says where to serve metrics, health and state.
type Monitor struct {
	Listen string `toml:"listen" comment:"HOST:PORT. Empty: nowhere. Nobody needs a password: let no more than this machine and Prometheus reach it."`
}

// Unjail says how a voter that was absent comes out of jail.
type Unjail struct {
	Auto           bool   `toml:"auto" comment:"Let the running voter do it when its time in jail is over. It has to open the keyring unattended, so whoever has this machine has the account."`
	From           string `toml:"from" comment:"Name or address of the account in the keyring. Empty: operator."`
	KeyringBackend string `toml:"keyring_backend" comment:"os, file, kwallet, pass, test or keyctl."`
	KeyringDir     string `toml:"keyring_dir" comment:"Folder of the keyring, relative to this folder or absolute. Empty: ~/.dualchain."`
	Fees           string `toml:"fees" comment:"Fee of the transaction, like 5000udual. Empty: gas_prices."`
	GasPrices      string `toml:"gas_prices" comment:"Price of a unit of gas, like 0.025udual; the node says how much it takes."`
}

// TLSFiles are PEM files, by paths relative to the home or absolute.
type TLSFiles struct {
	CA          string `toml:"ca" comment:"Certificate of the authority that the other side's certificate has to come from."`
	Certificate string `toml:"certificate" comment:"Our certificate."`
	Key         string `toml:"key" comment:"Its private key. The files are read again for each connection, so that they can be replaced at any time."`
}

// Values of Config.Protection.
const (
	CompleteProtection = "complete"
	MinimalProtection  = "minimal"
)

// DefaultConfig is complete but for the chain id.
func DefaultConfig() Config {
	return Config{
		Protection:         CompleteProtection,
		PollInterval:       duration.Text(2 * time.Second),
		StallAfter:         duration.Text(time.Minute),
		DoppelgangerEpochs: 2,
		Nodes:              []NodeConfig{DefaultNode()},
		Monitor:            Monitor{Listen: "127.0.0.1:26680"},
		Unjail:             Unjail{KeyringBackend: "os"},
		Signer:             RemoteSigner{TLSFiles: tlsFiles("voter")},
	}
}

// LoadConfig reads the configuration file of the home; DefaultConfig stands for fields that it doesn't have but its nodes, and
// for the whole of it if there is none. It wraps ErrConfig for a file that isn't TOML or has unknown fields.
func (d Dir) LoadConfig() (Config, error) {
	config := DefaultConfig()
	config.Nodes = nil // the file's nodes take the place of the default, not the one after it
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
