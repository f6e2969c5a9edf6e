package localnet

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"
)

// ErrUnknownProcess is wrapped if the network has no process with a name.
var ErrUnknownProcess = errors.New("no such process")

// Supervisor is the parent of all processes of one network, so it knows how each of them ended. There is at most one
// per home. Its methods may be called concurrently.
type Supervisor struct {
	network *Network
	bin     string // path of dualchaind

	mu     sync.Mutex
	procs  map[string]*process
	closed bool          // stopping: it starts no more processes
	change chan struct{} // closed and replaced whenever a process changes its state
}

// newSupervisor returns a supervisor that has not started any process.
func newSupervisor(network *Network, bin string) *Supervisor {
	s := &Supervisor{network: network, bin: bin, procs: map[string]*process{}, change: make(chan struct{})}
	for _, c := range network.commands(bin) {
		s.procs[c.name] = &process{state: ProcessState{Name: c.name, State: Stopped}}
	}
	return s
}

// StartAll starts every process that does not run: validators first, since voters follow them.
func (s *Supervisor) StartAll() error {
	for _, n := range s.network.Nodes {
		if err := n.Ports.checkFree(n.Name); err != nil {
			return err
		}
	}
	for _, c := range s.network.commands(s.bin) {
		if err := s.start(c.name); err != nil {
			return err
		}
	}
	return nil
}

// start starts one process unless it runs.
func (s *Supervisor) start(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("start %s: the network is stopping", name)
	}
	c, err := s.network.command(s.bin, name)
	if err != nil {
		return err
	}
	if p, ok := s.procs[name]; ok && p.state.State == Running {
		return nil
	}
	p, err := c.start(func(exit string) { s.ended(name, exit) })
	if err != nil {
		return err
	}
	s.procs[name] = p
	return s.changed()
}

// ended records how a process ended: on request or by itself.
func (s *Supervisor) ended(name, exit string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := &s.procs[name].state
	state.Exit = exit
	if state.State == Running {
		state.State = Exited
	}
	_ = s.changed() // status asks the supervisor; the file serves only commands after a crash
}

// changed writes state.json and wakes all waiters. The caller holds the lock.
func (s *Supervisor) changed() error {
	close(s.change)
	s.change = make(chan struct{})
	return s.network.saveState(runState{Supervisor: self(), Processes: s.states()})
}

// states returns all processes in the order of the network. The caller holds the lock.
func (s *Supervisor) states() []ProcessState {
	var states []ProcessState
	for _, c := range s.network.commands(s.bin) {
		if p, ok := s.procs[c.name]; ok {
			states = append(states, p.state)
		}
	}
	return states
}

// Processes returns the state of every process, and a channel that is closed when one of them changes.
func (s *Supervisor) Processes() ([]ProcessState, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states(), s.change
}

// Kill ends a process at once with SIGKILL, like a crash or a power cut.
func (s *Supervisor) Kill(name string) error { return s.end(name, syscall.SIGKILL) }

// Stop stops a process cleanly: SIGTERM, and SIGKILL if that takes too long.
func (s *Supervisor) Stop(name string) error { return s.end(name, syscall.SIGTERM) }

// end signals a process and waits for its end.
func (s *Supervisor) end(name string, sig syscall.Signal) error {
	s.mu.Lock()
	p, ok := s.procs[name]
	if !ok {
		s.mu.Unlock()
		return fmt.Errorf("%w: %s", ErrUnknownProcess, name)
	}
	if p.state.State != Running {
		s.mu.Unlock()
		return nil
	}
	p.state.State = Stopped // on request, from here on
	pid, done := p.state.PID, p.done
	s.mu.Unlock()

	if err := signalGroup(pid, sig); err != nil {
		return err
	}
	if sig == syscall.SIGTERM && !closedWithin(done, stopGrace) {
		if err := signalGroup(pid, syscall.SIGKILL); err != nil {
			return err
		}
	}
	if !closedWithin(done, killWait) {
		return fmt.Errorf("end %s: process %d is still there after SIGKILL", name, pid)
	}
	return nil
}

// Restart stops a process cleanly if it runs, and starts it.
func (s *Supervisor) Restart(name string) error {
	if err := s.Stop(name); err != nil {
		return err
	}
	return s.start(name)
}

// AddNode adds a node that syncs from genesis and starts it.
func (s *Supervisor) AddNode(options NodeOptions) (Node, error) {
	s.mu.Lock()
	node, err := s.network.addNode(options)
	s.mu.Unlock()
	if err != nil {
		return Node{}, err
	}
	return node, s.start(node.Name)
}

// StopAll stops all processes: first the voters at once, then the nodes at once.
func (s *Supervisor) StopAll() error {
	s.mu.Lock()
	s.closed = true
	names := make([]string, 0, len(s.procs))
	for _, state := range s.states() {
		names = append(names, state.Name)
	}
	split := len(s.network.Nodes)
	s.mu.Unlock()

	var errs []error
	for _, group := range [][]string{names[split:], names[:split]} {
		results := make(chan error, len(group))
		for _, name := range slices.Backward(group) {
			go func() { results <- s.Stop(name) }()
		}
		for range group {
			errs = append(errs, <-results)
		}
	}
	return errors.Join(errs...)
}

// closedWithin waits for done to be closed.
func closedWithin(done <-chan struct{}, timeout time.Duration) bool {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
