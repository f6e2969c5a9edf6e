package localnet

import (
	"fmt"
	"net"
	"strconv"

	"github.com/dualchain/dualchain/internal/freeport"
)

// Loopback is the only host that a local network listens on.
const Loopback = "127.0.0.1"

// Ports are a node's listening ports.
type Ports struct {
	P2P  int `json:"p2p"`
	RPC  int `json:"rpc"`
	GRPC int `json:"grpc"`
	REST int `json:"rest"`
}

// UsualPorts are the ports that clients try by default.
var UsualPorts = Ports{P2P: 26656, RPC: 26657, GRPC: 9090, REST: 1317}

// list returns the ports with their names, the most used first.
func (p *Ports) list() []struct {
	Name string
	Port *int
} {
	return []struct {
		Name string
		Port *int
	}{{"rpc", &p.RPC}, {"rest", &p.REST}, {"grpc", &p.GRPC}, {"p2p", &p.P2P}}
}

// portPicker finds distinct free ports. It keeps each port taken until release.
type portPicker struct{ held []net.Listener }

// pick returns the preferred port if it is free, else any free one; 0 prefers none.
func (p *portPicker) pick(preferred int) (int, error) {
	if preferred != 0 {
		if listener, err := net.Listen("tcp", address(preferred)); err == nil {
			return p.hold(listener), nil
		}
	}
	listener, err := freeport.Listen()
	if err != nil {
		return 0, err
	}
	return p.hold(listener), nil
}

func (p *portPicker) hold(listener net.Listener) (port int) {
	p.held = append(p.held, listener)
	return listener.Addr().(*net.TCPAddr).Port
}

// node picks the ports of one node; preferred may be zero.
func (p *portPicker) node(preferred Ports) (Ports, error) {
	ports := preferred
	for _, e := range ports.list() {
		port, err := p.pick(*e.Port)
		if err != nil {
			return Ports{}, err
		}
		*e.Port = port
	}
	return ports, nil
}

// release frees all ports for the processes that will use them.
func (p *portPicker) release() {
	for _, l := range p.held {
		_ = l.Close() // nobody has connected
	}
	p.held = nil
}

// checkFree returns an error naming the first port of a node that something else listens on.
func (p Ports) checkFree(node string) error {
	for _, e := range p.list() {
		l, err := net.Listen("tcp", address(*e.Port))
		if err != nil {
			return fmt.Errorf("%s port %d of %s is in use by another program: stop that program, or run `dualchaind localnet reset` for new ports: %w",
				e.Name, *e.Port, node, err)
		}
		_ = l.Close()
	}
	return nil
}

func address(port int) string { return net.JoinHostPort(Loopback, strconv.Itoa(port)) }
