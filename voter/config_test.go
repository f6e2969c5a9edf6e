package voter_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/voter"
)

func TestAConfigurationSurvivesItsFile(t *testing.T) {
	home := voter.Home(filepath.Join(t.TempDir(), "voter"))
	want := voter.Config{
		ChainID: "test-1", Operator: "dual1x", Keys: []string{"a", "b"}, PasswordFile: "password",
		Protection:   voter.MinimalProtection,
		PollInterval: voter.Duration(1500 * time.Millisecond), StallAfter: voter.Duration(time.Minute), DoppelgangerEpochs: 3,
		Nodes:     []voter.NodeConfig{{GRPC: "h:1", RPC: "tcp://h:2"}, {GRPC: "i:1", RPC: "tcp://i:2"}},
		Signer:    voter.RemoteSigner{Address: "s:1", TLSFiles: voter.TLSFiles{CA: "ca", Certificate: "c", Key: "k"}},
		Witnesses: []voter.NodeConfig{{GRPC: "j:1", RPC: "tcp://j:2"}},
	}
	if err := home.WriteConfig(want); err != nil {
		t.Fatal(err)
	}
	if found, err := home.LoadConfig(); err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("expected %+v, found %+v, %v", want, found, err)
	}
	content, err := os.ReadFile(filepath.Join(string(home), "voter.toml"))
	if err != nil || !strings.Contains(string(content), "# The chain to vote on") || !strings.Contains(string(content), "poll_interval = '1.5s'") {
		t.Errorf("expected a commented file, found\n%s%v", content, err)
	}
	if err := home.WriteConfig(want); !errors.Is(err, fs.ErrExist) {
		t.Errorf("expected %v, found %v", fs.ErrExist, err)
	}
}

func TestDefaultsStandForWhatIsNotThere(t *testing.T) {
	home := voter.Home(t.TempDir())
	if found, err := home.LoadConfig(); err != nil || !reflect.DeepEqual(found, voter.DefaultConfig()) {
		t.Errorf("no file: expected the defaults, found %+v, %v", found, err)
	}
	if err := os.WriteFile(filepath.Join(string(home), "voter.toml"), []byte("chain_id = 'test-1'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := voter.DefaultConfig()
	want.ChainID = "test-1"
	if found, err := home.LoadConfig(); err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("expected %+v, found %+v, %v", want, found, err)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ content, says string }{
		"unknown field": {"chain_id = 'a'\nchainid = 'a'\n", "chainid"},
		"no TOML":       {"chain_id =\n", "1|"},
		"odd duration":  {"poll_interval = '2'\n", "poll_interval"},
	} {
		home := voter.Home(t.TempDir())
		path := filepath.Join(string(home), "voter.toml")
		if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := home.LoadConfig(); !errors.Is(err, voter.ErrConfig) || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: expected %v with %q, found %v", name, voter.ErrConfig, tc.says, err)
		}
	}
}

func TestTheBoundsOfAConfiguration(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*voter.Config)
		says   string // nothing if it is valid
	}{
		"defaults and a chain":  {change: func(*voter.Config) {}},
		"no chain":              {func(c *voter.Config) { c.ChainID = "" }, "chain_id: expected the chain's id, found none"},
		"minimal protection":    {change: func(c *voter.Config) { c.Protection = voter.MinimalProtection }},
		"odd protection":        {func(c *voter.Config) { c.Protection = "none" }, `protection: expected "complete" or "minimal", found "none"`},
		"a signer":              {change: func(c *voter.Config) { c.Signer.Address = "s:1" }},
		"signer without port":   {func(c *voter.Config) { c.Signer.Address = "s" }, `signer: address: expected HOST:PORT, found "s"`},
		"keys beside a signer":  {func(c *voter.Config) { c.Signer.Address, c.Keys = "s:1", []string{"a"} }, `signer: expected no names of keys beside it, found ["a"]`},
		"no node":               {func(c *voter.Config) { c.Nodes = nil }, "node: expected at least one [[node]], found none"},
		"gRPC without port":     {func(c *voter.Config) { c.Nodes[0].GRPC = "localhost" }, `node 1: grpc: expected HOST:PORT, found "localhost"`},
		"gRPC with no port":     {func(c *voter.Config) { c.Nodes[0].GRPC = "localhost:" }, "node 1: grpc"},
		"RPC without scheme":    {func(c *voter.Config) { c.Nodes[0].RPC = "localhost:26657" }, "node 1: rpc"},
		"a witness":             {change: func(c *voter.Config) { c.Witnesses = []voter.NodeConfig{{GRPC: "h:1", RPC: "tcp://h:2"}} }},
		"no witness":            {func(c *voter.Config) { c.Witnesses = c.Nodes }, "witness 1: expected an independent node, found node 1 again"},
		"witness without RPC":   {func(c *voter.Config) { c.Witnesses = []voter.NodeConfig{{GRPC: "h:1"}} }, "witness 1: rpc"},
		"shortest stall":        {change: func(c *voter.Config) { c.StallAfter = voter.Duration(time.Second) }},
		"shorter stall":         {func(c *voter.Config) { c.StallAfter = voter.Duration(time.Second - 1) }, "stall_after: expected 1s to 1h0m0s"},
		"most epochs watched":   {change: func(c *voter.Config) { c.DoppelgangerEpochs = 1000 }},
		"more epochs watched":   {func(c *voter.Config) { c.DoppelgangerEpochs = 1001 }, "doppelganger_epochs: expected at most 1000, found 1001"},
		"shortest poll":         {change: func(c *voter.Config) { c.PollInterval = voter.Duration(100 * time.Millisecond) }},
		"shorter poll":          {func(c *voter.Config) { c.PollInterval = voter.Duration(100*time.Millisecond - 1) }, "poll_interval: expected 100ms to 1m0s"},
		"a keymanager":          {change: func(c *voter.Config) { c.Keymanager.Listen = "127.0.0.1:1" }},
		"a local keymanager":    {change: func(c *voter.Config) { c.Keymanager.Listen = "[::1]:1" }},
		"a remote keymanager":   {func(c *voter.Config) { c.Keymanager.Listen = "10.0.0.1:1" }, "keymanager: listen: expected an address of this machine only"},
		"a keymanager for all":  {func(c *voter.Config) { c.Keymanager.Listen = ":1" }, "keymanager: listen: expected an address of this machine only"},
		"an allowed keymanager": {change: func(c *voter.Config) { c.Keymanager = voter.Keymanager{Listen: "10.0.0.1:1", AllowRemote: true} }},
		"keymanager of names":   {func(c *voter.Config) { c.Keymanager.Listen, c.Keys = "127.0.0.1:1", []string{"a"} }, "keymanager: expected no names of keys"},
		"keymanager and signer": {func(c *voter.Config) { c.Keymanager.Listen, c.Signer.Address = "127.0.0.1:1", "127.0.0.1:2" }, "keymanager: expected it in signer.toml"},
		"keymanager nowhere":    {func(c *voter.Config) { c.Keymanager.Listen = "localhost" }, "keymanager: listen: expected HOST:PORT"},
		"no monitor":            {change: func(c *voter.Config) { c.Monitor.Listen = "" }},
		"monitor without port":  {func(c *voter.Config) { c.Monitor.Listen = "localhost" }, `monitor.listen: expected HOST:PORT or nothing, found "localhost"`},
		"longest poll":          {change: func(c *voter.Config) { c.PollInterval = voter.Duration(time.Minute) }},
		"longer poll":           {func(c *voter.Config) { c.PollInterval = voter.Duration(time.Minute + 1) }, "poll_interval"},
	} {
		config := voter.DefaultConfig()
		config.ChainID = "test-1"
		tc.change(&config)
		err := config.Validate()
		if tc.says == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if tc.says != "" && (!errors.Is(err, voter.ErrConfig) || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%s: expected %v with %q, found %v", name, voter.ErrConfig, tc.says, err)
		}
	}
}
