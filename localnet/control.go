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

// What a home refuses because of who else uses it.
var (
	// ErrRunning: a supervisor runs in this home already.
	ErrRunning = errors.New("the localnet is running already")
	// ErrNotRunning: no supervisor answers in this home.
	ErrNotRunning = errors.New("the localnet is not running")
)

// maxSocketPath is what the oldest of the systems we run on allows for the path of a socket.
const maxSocketPath = 100

// control answers commands from other programs over a socket in the home that only its owner can open.
type control struct {
	supervisor *Supervisor
	lock       *os.File // held as long as this process lives, whatever becomes of the socket
	listener   net.Listener
	stop       context.CancelFunc
}

// request names what a command is about; Node is for adding one.
type request struct {
	Name string      `json:"name,omitempty"`
	Node NodeOptions `json:"node,omitzero"`
}

// listenControl takes the home. It wraps ErrRunning if another supervisor has it.
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

// lock takes the home for as long as the file is open. It wraps ErrRunning if somebody has it.
func (n *Network) lock() (*os.File, error) {
	file, err := durable.Lock(n.path("lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, fmt.Errorf("%w in %s", ErrRunning, n.home)
	}
	return file, err
}

// serve answers until the listener is closed; stop is called when a command asks for the end.
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
	_ = server.Serve(c.listener) // it ends with the listener, and only so
}

// close gives the home free.
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
		_ = json.NewEncoder(w).Encode(answer) // whoever asked is gone if this fails
	})
}

// Client asks the supervisor of a home.
type Client struct {
	network *Network
	http    *http.Client
}

// NewClient returns a client of the network's supervisor, which need not run yet.
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

// Kill ends a process at once, as a crash would.
func (c *Client) Kill(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodPost, "/kill", request{Name: name}, nil)
}

// Restart ends a process in order, if it runs, and starts it again.
func (c *Client) Restart(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodPost, "/restart", request{Name: name}, nil)
}

// AddNode adds a node that syncs from genesis.
func (c *Client) AddNode(ctx context.Context, options NodeOptions) (Node, error) {
	var node Node
	return node, c.call(ctx, http.MethodPost, "/nodes", request{Node: options}, &node)
}

// Stop ends everything and waits until it has ended. What a supervisor that was killed left behind is ended too.
func (c *Client) Stop(ctx context.Context) error {
	if err := c.call(ctx, http.MethodPost, "/stop", request{}, nil); errors.Is(err, ErrNotRunning) {
		return c.network.endOrphans(ctx)
	} else if err != nil {
		return err
	}
	err := poll(ctx, 2*(stopGrace+killWait), func() bool {
		lock, err := c.network.lock() // the supervisor gives it up last of all
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
