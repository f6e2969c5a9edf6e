package home

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/dualchain/dualchain/internal/redact"
)

// NodeConfig has the addresses of a node.
type NodeConfig struct {
	GRPC string `toml:"grpc" comment:"gRPC address, HOST:PORT (grpc.address in its app.toml). Plain text: use a node on this machine or a tunnel."`
	RPC  string `toml:"rpc" comment:"CometBFT RPC address of the same node (rpc.laddr in its config.toml)."`
}

// DefaultNode is a node on this machine with its default ports.
func DefaultNode() NodeConfig {
	return NodeConfig{GRPC: "127.0.0.1:9090", RPC: "tcp://127.0.0.1:26657"}
}

// witnessExample ends a file without witnesses. An empty list instead would make it an error to append one.
const witnessExample = `
# Independent nodes. If there are any, the voter votes only if at least one of them reports the same checkpoint; otherwise it raises an alarm.
# [[witness]]
# grpc = '10.0.0.3:9090'
# rpc = 'tcp://10.0.0.3:26657'
`

// FirstNode returns the most preferred node for a change.
func (c *Config) FirstNode() *NodeConfig {
	if len(c.Nodes) == 0 {
		c.Nodes = []NodeConfig{DefaultNode()}
	}
	return &c.Nodes[0]
}

// checkNodes returns an error unless there is a node and each node and witness occurs once: a witness must be independent, and a node can't
// stand in for itself.
func checkNodes(nodes, witnesses []NodeConfig) error {
	if len(nodes) == 0 {
		return errors.New("node: expected at least one [[node]], found none")
	}
	known := map[string]string{} // names by place
	check := func(role, expected string, of []NodeConfig) error {
		for i, node := range of {
			name := fmt.Sprintf("%s %d", role, i+1)
			if err := node.validate(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			for _, place := range node.places() {
				if other, found := known[place]; found {
					return fmt.Errorf("%s: expected %s, found %s again", name, expected, other)
				}
				known[place] = name
			}
		}
		return nil
	}
	if err := check("node", "another node", nodes); err != nil {
		return err
	}
	return check("witness", "an independent node", witnesses)
}

func (n NodeConfig) validate() error {
	if !isHostPort(n.GRPC) {
		return fmt.Errorf("grpc: expected HOST:PORT, found %q", redact.URL(n.GRPC))
	}
	schemes := []string{"tcp", "http", "https"}
	if u, err := url.Parse(n.RPC); err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
		return fmt.Errorf("rpc: parse RPC address: expected tcp://HOST:PORT, http://… or https://…, found %q", redact.URL(n.RPC))
	}
	return nil
}

// places returns the addresses of a valid node in a normal form, so that two spellings of one address are equal.
func (n NodeConfig) places() []string {
	host, port, _ := net.SplitHostPort(n.GRPC)
	out := []string{"grpc " + place(host, port)}
	if u, err := url.Parse(n.RPC); err == nil {
		port := u.Port()
		switch {
		case port == "" && u.Scheme == "https":
			port = "443"
		case port == "":
			port = "80"
		}
		out = append(out, "rpc "+place(u.Hostname(), port)+strings.TrimRight(u.Path, "/"))
	}
	return out
}

func place(host, port string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip := net.ParseIP(host); ip != nil {
		host = ip.String()
		if ip.IsUnspecified() {
			host = ""
		}
	}
	switch host {
	case "", "localhost", "127.0.0.1", "::1":
		host = "this machine"
	}
	return net.JoinHostPort(host, port)
}
