package voter

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/dualchain/dualchain/voter/internal/durable"
	"github.com/dualchain/dualchain/voter/watch"
)

// ErrConfig is wrapped by every refusal of a configuration, with what was expected and found.
var ErrConfig = errors.New("invalid voter configuration")

// Bounds of Config.PollInterval.
const (
	minPoll = 100 * time.Millisecond
	maxPoll = time.Minute
)

// Config is the voter's configuration file. The comments here are those in the file.
type Config struct {
	ChainID      string   `toml:"chain_id" comment:"The chain to vote on. Required. It must never change for a key that has voted on it."`
	GRPCAddress  string   `toml:"grpc_address" comment:"gRPC address of the node (grpc.address in its app.toml). Plain text: use a node on this machine or a tunnel."`
	RPCAddress   string   `toml:"rpc_address" comment:"CometBFT RPC address of the same node (rpc.laddr in its config.toml)."`
	Key          string   `toml:"key" comment:"The key to vote with: keys/NAME.key.json, made by 'voter keys new --name NAME'."`
	Operator     string   `toml:"operator" comment:"The voter's operator address. Optional: only 'voter keys pop' reads it."`
	PollInterval Duration `toml:"poll_interval" comment:"How often to ask for the latest block besides listening for events, and to try again after a failure."`
}

// Duration is a time.Duration that reads and writes like "2s".
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// MarshalText writes what UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// DefaultConfig is complete but for the chain id.
func DefaultConfig() Config {
	return Config{
		GRPCAddress:  "127.0.0.1:9090",
		RPCAddress:   "tcp://127.0.0.1:26657",
		Key:          "voter",
		PollInterval: Duration(2 * time.Second),
	}
}

// Validate returns an error wrapping ErrConfig unless a voter can start with c.
func (c Config) Validate() error {
	refuse := func(field string, err error) error { return fmt.Errorf("%w: %s: %w", ErrConfig, field, err) }
	if c.ChainID == "" {
		return refuse("chain_id", errors.New("expected the chain's id, found none"))
	}
	if _, port, err := net.SplitHostPort(c.GRPCAddress); err != nil || port == "" {
		return refuse("grpc_address", fmt.Errorf("expected HOST:PORT, found %q", c.GRPCAddress))
	}
	if _, err := watch.NewComet(c.RPCAddress); err != nil {
		return refuse("rpc_address", err)
	}
	if poll := time.Duration(c.PollInterval); poll < minPoll || poll > maxPoll {
		return refuse("poll_interval", fmt.Errorf("expected %s to %s, found %s", minPoll, maxPoll, poll))
	}
	return nil
}

// LoadConfig reads the configuration file of the home; DefaultConfig stands for fields that it doesn't have, and for
// the whole of it if there is none. It wraps ErrConfig for a file that isn't TOML or has unknown fields.
func (h Home) LoadConfig() (Config, error) {
	config := DefaultConfig()
	content, err := os.ReadFile(h.configPath())
	if errors.Is(err, fs.ErrNotExist) {
		return config, nil
	}
	if err != nil {
		return Config{}, fmt.Errorf("read voter configuration: %w", err)
	}
	decoder := toml.NewDecoder(bytes.NewReader(content)).DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return Config{}, fmt.Errorf("%w: %s: %w", ErrConfig, h.configPath(), explain(err))
	}
	return config, nil
}

// explain makes TOML's errors show the line.
func explain(err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		return fmt.Errorf("unknown field:\n%s", strict.String())
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		return fmt.Errorf("%w\n%s", err, decode.String())
	}
	return err
}

// WriteConfig writes a new configuration file with comments. It never replaces one: the error then wraps fs.ErrExist.
func (h Home) WriteConfig(config Config) error {
	content, err := toml.Marshal(config)
	if err == nil {
		err = durable.Write(h.configPath(), content)
	}
	if err != nil {
		return fmt.Errorf("write voter configuration: %w", err)
	}
	return nil
}
