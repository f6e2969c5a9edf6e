package localnet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/dualchain/dualchain/internal/durable"
)

// Errors about the supervisor of a home.
var (
	// ErrRunning means that a supervisor runs in this home already.
	ErrRunning = errors.New("the localnet is running already")
	// ErrNotRunning means that no supervisor answers in this home.
	ErrNotRunning = errors.New("the localnet is not running")
)

// maxSocketPath is the longest socket path that all supported systems allow.
const maxSocketPath = 100

// control answers commands from other programs over a socket in the home. Only the owner can open the socket.
type control struct {
	supervisor *Supervisor
	lock       *os.File // held as long as this process lives, even if the socket is removed
	listener   net.Listener
	stop       context.CancelFunc
}

// request holds the arguments of a command; Node is for adding a node.
type request struct {
	Name string      `json:"name,omitempty"`
	Node NodeOptions `json:"node,omitzero"`
}

// listenControl locks the home and listens. It wraps ErrRunning if another supervisor has the home.
func listenControl(n *Network) (*control, error) {
	path := n.path("control.sock")
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("open %s: expected a path of at most %d bytes, found %d: choose a shorter --home", path, maxSocketPath, len(path))
	}
	lock, err := n.lock()
	if err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		lock.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		listener.Close()
		lock.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &control{lock: lock, listener: listener}, nil
}

// lock locks the home for as long as the file is open. It wraps ErrRunning if another process has the lock.
func (n *Network) lock() (*os.File, error) {
	file, err := durable.Lock(n.path("lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, fmt.Errorf("%w in %s", ErrRunning, n.home)
	}
	return file, err
}

// serve answers until the listener is closed. It calls stop when a command asks the network to stop.
func (c *control) serve(s *Supervisor, stop context.CancelFunc) {
	c.supervisor, c.stop = s, stop
	mux := http.NewServeMux()
	handle(mux, "GET /processes", func(request) (any, error) {
		states, _ := s.Processes()
		return states, nil
	})
	handle(mux, "POST /kill", func(r request) (any, error) { return nil, s.Kill(r.Name) })
	handle(mux, "POST /restart", func(r request) (any, error) { return nil, s.Restart(r.Name) })
	handle(mux, "POST /nodes", func(r request) (any, error) { return s.AddNode(r.Node) })
	handle(mux, "POST /stop", func(request) (any, error) {
		stop()
		return nil, nil
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	_ = server.Serve(c.listener) // it ends only when the listener is closed
}

// close releases the home.
func (c *control) close() error {
	return errors.Join(c.listener.Close(), c.lock.Close())
}

// handle answers a call with JSON, or with an error as text.
func handle(mux *http.ServeMux, route string, do func(request) (any, error)) {
	mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
		var req request
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil && !errors.Is(err, io.EOF) {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer, err := do(req)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		_ = json.NewEncoder(w).Encode(answer) // fails only if the client is gone
	})
}

// Client asks the supervisor of a home.
type Client struct {
	network *Network
	http    *http.Client
}

// NewClient returns a client of the network's supervisor. The supervisor need not run yet.
func NewClient(n *Network) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", n.path("control.sock"))
	}
	return &Client{network: n, http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Processes returns the state of every process. It wraps ErrNotRunning if nobody answers.
func (c *Client) Processes(ctx context.Context) ([]ProcessState, error) {
	var states []ProcessState
	return states, c.call(ctx, http.MethodGet, "/processes", request{}, &states)
}

// Kill ends a process at once, like a crash.
func (c *Client) Kill(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodPost, "/kill", request{Name: name}, nil)
}

// Restart stops a process cleanly, if it runs, and starts it again.
func (c *Client) Restart(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodPost, "/restart", request{Name: name}, nil)
}

// AddNode adds a node that syncs from genesis.
func (c *Client) AddNode(ctx context.Context, options NodeOptions) (Node, error) {
	var node Node
	return node, c.call(ctx, http.MethodPost, "/nodes", request{Node: options}, &node)
}

// Stop ends all processes and waits for them. It also ends the processes that a killed supervisor left behind.
func (c *Client) Stop(ctx context.Context) error {
	if err := c.call(ctx, http.MethodPost, "/stop", request{}, nil); errors.Is(err, ErrNotRunning) {
		return c.network.endOrphans(ctx)
	} else if err != nil {
		return err
	}
	err := poll(ctx, 2*(stopGrace+killWait), func() bool {
		lock, err := c.network.lock() // the supervisor releases it last
		if err == nil {
			lock.Close()
		}
		return err == nil
	})
	if err != nil {
		return fmt.Errorf("wait for the supervisor to end: %w", err)
	}
	return nil
}

// endOrphans ends the processes of a supervisor that was killed.
func (n *Network) endOrphans(ctx context.Context) error {
	state, err := n.loadState()
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range state.Processes {
		if p.State == Running {
			errs = append(errs, endOrphan(ctx, p, stopGrace))
		}
	}
	return errors.Join(errs...)
}

// call sends one request and decodes its answer.
func (c *Client) call(ctx context.Context, method, path string, req request, answer any) error {
	body, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("ask the supervisor: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://localnet"+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the supervisor: %w", err)
	}
	response, err := c.http.Do(r)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w in %s", ErrNotRunning, c.network.home)
	}
	if err != nil {
		return fmt.Errorf("ask the supervisor: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		message, err := io.ReadAll(response.Body)
		if err != nil {
			return fmt.Errorf("read the supervisor's answer: %w", err)
		}
		return errors.New(string(bytes.TrimSpace(message)))
	}
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("read the supervisor's answer: %w", err)
	}
	return nil
}
