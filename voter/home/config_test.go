package home_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/internal/duration"
	"github.com/dualchain/dualchain/voter/home"
)

func TestAConfigurationSurvivesItsFile(t *testing.T) {
	dir := home.Dir(filepath.Join(t.TempDir(), "voter"))
	want := home.Config{
		ChainID: "test-1", Operator: "dual1x", Keys: []string{"a", "b"}, PasswordFile: "password",
		Protection:   home.MinimalProtection,
		PollInterval: duration.Text(1500 * time.Millisecond), StallAfter: duration.Text(time.Minute), DoppelgangerEpochs: 3,
		Nodes:     []home.NodeConfig{{GRPC: "h:1", RPC: "tcp://h:2"}, {GRPC: "i:1", RPC: "tcp://i:2"}},
		Signer:    home.RemoteSigner{Address: "s:1", TLSFiles: home.TLSFiles{CA: "ca", Certificate: "c", Key: "k"}},
		Witnesses: []home.NodeConfig{{GRPC: "j:1", RPC: "tcp://j:2"}},
	}
	if err := dir.WriteConfig(want); err != nil {
		t.Fatal(err)
	}
	if found, err := dir.LoadConfig(); err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("expected %+v, found %+v, %v", want, found, err)
	}
	content, err := os.ReadFile(filepath.Join(string(dir), "voter.toml"))
	if err != nil || !strings.Contains(string(content), "# The chain to vote on") || !strings.Contains(string(content), "poll_interval = '1.5s'") {
		t.Errorf("expected a commented file, found\n%s%v", content, err)
	}
	if err := dir.WriteConfig(want); !errors.Is(err, fs.ErrExist) {
		t.Errorf("expected %v, found %v", fs.ErrExist, err)
	}
}

func TestDefaultsStandForWhatIsNotThere(t *testing.T) {
	dir := home.Dir(t.TempDir())
	if found, err := dir.LoadConfig(); err != nil || !reflect.DeepEqual(found, home.DefaultConfig()) {
		t.Errorf("no file: expected the defaults, found %+v, %v", found, err)
	}
	if err := os.WriteFile(filepath.Join(string(dir), "voter.toml"), []byte("chain_id = 'test-1'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := home.DefaultConfig()
	want.ChainID, want.Nodes = "test-1", nil // which node to believe is never assumed
	if found, err := dir.LoadConfig(); err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("expected %+v, found %+v, %v", want, found, err)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ content, says string }{
		"unknown field": {"chain_id = 'a'\nchainid = 'a'\n", "chainid"},
		"no TOML":       {"chain_id =\n", "1|"},
		"odd duration":  {"poll_interval = '2'\n", "poll_interval"},
	} {
		dir := home.Dir(t.TempDir())
		path := filepath.Join(string(dir), "voter.toml")
		if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := dir.LoadConfig(); !errors.Is(err, home.ErrConfig) || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: expected %v with %q, found %v", name, home.ErrConfig, tc.says, err)
		}
	}
}

func TestTheBoundsOfAConfiguration(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*home.Config)
		says   string // nothing if it is valid
	}{
		"defaults and a chain":   {change: func(*home.Config) {}},
		"no chain":               {func(c *home.Config) { c.ChainID = "" }, "chain_id: expected the chain's id, found none"},
		"minimal protection":     {change: func(c *home.Config) { c.Protection = home.MinimalProtection }},
		"odd protection":         {func(c *home.Config) { c.Protection = "none" }, `protection: expected "complete" or "minimal", found "none"`},
		"a signer":               {change: func(c *home.Config) { c.Signer.Address = "s:1" }},
		"signer without port":    {func(c *home.Config) { c.Signer.Address = "s" }, `signer: address: expected HOST:PORT, found "s"`},
		"keys beside a signer":   {func(c *home.Config) { c.Signer.Address, c.Keys = "s:1", []string{"a"} }, `signer: it can't be combined with a list of keys, found keys = ["a"]`},
		"the longest chain id":   {change: func(c *home.Config) { c.ChainID = strings.Repeat("c", 50) }},
		"a longer chain id":      {func(c *home.Config) { c.ChainID = strings.Repeat("c", 51) }, "chain_id: expected at most 50 characters, found 51"},
		"no node":                {func(c *home.Config) { c.Nodes = nil }, "node: expected at least one [[node]], found none"},
		"gRPC without port":      {func(c *home.Config) { c.Nodes[0].GRPC = "localhost" }, `node 1: grpc: expected HOST:PORT, found "localhost"`},
		"gRPC with no port":      {func(c *home.Config) { c.Nodes[0].GRPC = "localhost:" }, "node 1: grpc"},
		"RPC without scheme":     {func(c *home.Config) { c.Nodes[0].RPC = "localhost:26657" }, "node 1: rpc: parse RPC address: expected tcp://HOST:PORT"},
		"address without scheme": {func(c *home.Config) { c.Nodes[0].RPC = "127.0.0.1:26657" }, "node 1: rpc: parse RPC address: expected tcp://HOST:PORT"},
		"a witness":              {change: func(c *home.Config) { c.Witnesses = []home.NodeConfig{{GRPC: "h:1", RPC: "tcp://h:2"}} }},
		"no witness":             {func(c *home.Config) { c.Witnesses = c.Nodes }, "witness 1: expected an independent node, found node 1 again"},
		"witness without RPC":    {func(c *home.Config) { c.Witnesses = []home.NodeConfig{{GRPC: "h:1"}} }, "witness 1: rpc"},
		"shortest stall":         {change: func(c *home.Config) { c.StallAfter = duration.Text(time.Second) }},
		"shorter stall":          {func(c *home.Config) { c.StallAfter = duration.Text(time.Second - 1) }, "stall_after: expected 1s to 1h0m0s"},
		"most epochs watched":    {change: func(c *home.Config) { c.DoppelgangerEpochs = 1000 }},
		"more epochs watched":    {func(c *home.Config) { c.DoppelgangerEpochs = 1001 }, "doppelganger_epochs: expected at most 1000, found 1001"},
		"shortest poll":          {change: func(c *home.Config) { c.PollInterval = duration.Text(100 * time.Millisecond) }},
		"shorter poll":           {func(c *home.Config) { c.PollInterval = duration.Text(100*time.Millisecond - 1) }, "poll_interval: expected 100ms to 1m0s"},
		"a keymanager":           {change: func(c *home.Config) { c.Keymanager.Listen = "127.0.0.1:1" }},
		"a local keymanager":     {change: func(c *home.Config) { c.Keymanager.Listen = "[::1]:1" }},
		"a remote keymanager":    {func(c *home.Config) { c.Keymanager.Listen = "10.0.0.1:1" }, "keymanager: listen: expected an address of this machine only"},
		"a keymanager for all":   {func(c *home.Config) { c.Keymanager.Listen = ":1" }, "keymanager: listen: expected an address of this machine only"},
		"an allowed keymanager":  {change: func(c *home.Config) { c.Keymanager = home.Keymanager{Listen: "10.0.0.1:1", AllowRemote: true} }},
		"keymanager of names":    {func(c *home.Config) { c.Keymanager.Listen, c.Keys = "127.0.0.1:1", []string{"a"} }, "keymanager: it can't be combined with a list of keys"},
		"keymanager and signer":  {func(c *home.Config) { c.Keymanager.Listen, c.Signer.Address = "127.0.0.1:1", "127.0.0.1:2" }, "keymanager: expected it in signer.toml"},
		"keymanager nowhere":     {func(c *home.Config) { c.Keymanager.Listen = "localhost" }, "keymanager: listen: expected HOST:PORT"},
		"no monitor":             {change: func(c *home.Config) { c.Monitor.Listen = "" }},
		"monitor without port":   {func(c *home.Config) { c.Monitor.Listen = "localhost" }, `monitor: listen: expected HOST:PORT or nothing, found "localhost"`},
		"longest poll":           {change: func(c *home.Config) { c.PollInterval = duration.Text(time.Minute) }},
		"longer poll":            {func(c *home.Config) { c.PollInterval = duration.Text(time.Minute + 1) }, "poll_interval"},
	} {
		config := home.DefaultConfig()
		config.ChainID = "test-1"
		tc.change(&config)
		err := config.Validate()
		if tc.says == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if tc.says != "" && (!errors.Is(err, home.ErrConfig) || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%s: expected %v with %q, found %v", name, home.ErrConfig, tc.says, err)
		}
	}
}

func TestEachNodeIsThereOnce(t *testing.T) {
	first := home.NodeConfig{GRPC: "127.0.0.1:9090", RPC: "tcp://127.0.0.1:26657"}
	for name, tc := range map[string]struct {
		second home.NodeConfig
		same   bool
	}{
		"another machine":    {home.NodeConfig{GRPC: "10.0.0.1:9090", RPC: "tcp://10.0.0.1:26657"}, false},
		"other ports":        {home.NodeConfig{GRPC: "localhost:9091", RPC: "http://localhost:26658"}, false},
		"another path":       {home.NodeConfig{GRPC: "localhost:9091", RPC: "http://localhost:26657/second"}, false},
		"the same":           {first, true},
		"the same gRPC":      {home.NodeConfig{GRPC: "127.0.0.1:9090", RPC: "tcp://10.0.0.1:26657"}, true},
		"the same RPC":       {home.NodeConfig{GRPC: "10.0.0.1:9090", RPC: "tcp://127.0.0.1:26657"}, true},
		"gRPC by name":       {home.NodeConfig{GRPC: "LocalHost.:9090", RPC: "tcp://10.0.0.1:26657"}, true},
		"gRPC by IPv6":       {home.NodeConfig{GRPC: "[::1]:9090", RPC: "tcp://10.0.0.1:26657"}, true},
		"gRPC everywhere":    {home.NodeConfig{GRPC: "0.0.0.0:9090", RPC: "tcp://10.0.0.1:26657"}, true},
		"RPC by name":        {home.NodeConfig{GRPC: "10.0.0.1:9090", RPC: "http://localhost:26657/"}, true},
		"RPC by IPv6":        {home.NodeConfig{GRPC: "10.0.0.1:9090", RPC: "https://[0:0::1]:26657"}, true},
		"RPC by mapped IPv4": {home.NodeConfig{GRPC: "10.0.0.1:9090", RPC: "tcp://[::ffff:127.0.0.1]:26657"}, true},
	} {
		config := home.DefaultConfig()
		config.ChainID = "test-1"
		expect := func(says string) {
			if err := config.Validate(); tc.same != errors.Is(err, home.ErrConfig) || tc.same && !strings.Contains(err.Error(), says) {
				t.Errorf("%s: expected refused %t with %q, found %v", name, tc.same, says, err)
			}
		}
		config.Nodes = []home.NodeConfig{first, tc.second}
		expect("node 2: expected another node, found node 1 again")
		config.Nodes, config.Witnesses = config.Nodes[:1], config.Nodes[1:]
		expect("witness 1: expected an independent node, found node 1 again")
	}
	config := home.DefaultConfig()
	config.ChainID, config.Nodes = "test-1", []home.NodeConfig{first}
	config.Witnesses = []home.NodeConfig{{GRPC: "h:1", RPC: "https://h"}, {GRPC: "H:2", RPC: "https://H:443/"}}
	if err := config.Validate(); err == nil || !strings.Contains(err.Error(), "witness 2: expected an independent node, found witness 1 again") {
		t.Errorf("expected the second witness refused, found %v", err)
	}
}

// The examples of docs/operations.md and of the file itself.
func TestAWitnessCanBeAppendedToANewFile(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"appended": func(file string) string {
			return file + "\n[[witness]]\ngrpc = \"10.0.0.3:9090\"\nrpc = \"tcp://10.0.0.3:26657\"\n"
		},
		"uncommented": func(file string) string {
			return strings.NewReplacer("# [[witness]]", "[[witness]]", "# grpc = '10", "grpc = '10", "# rpc = 'tcp://10", "rpc = 'tcp://10").Replace(file)
		},
	} {
		dir := home.Dir(t.TempDir())
		if err := dir.WriteConfig(home.DefaultConfig()); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(string(dir), "voter.toml")
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(change(string(content))), 0o600); err != nil {
			t.Fatal(err)
		}
		want := []home.NodeConfig{{GRPC: "10.0.0.3:9090", RPC: "tcp://10.0.0.3:26657"}}
		if found, err := dir.LoadConfig(); err != nil || !reflect.DeepEqual(found.Witnesses, want) {
			t.Errorf("%s: expected %+v, found %+v, %v", name, want, found.Witnesses, err)
		}
	}
}

func TestTheFirstNodeCanBeGivenWhereTheFileHasNone(t *testing.T) {
	var config home.Config
	config.FirstNode().GRPC = "h:1"
	if want := (home.NodeConfig{GRPC: "h:1", RPC: home.DefaultNode().RPC}); len(config.Nodes) != 1 || config.Nodes[0] != want {
		t.Errorf("expected %+v, found %+v", want, config.Nodes)
	}
}
