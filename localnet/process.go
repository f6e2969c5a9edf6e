package localnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dualchain/dualchain/internal/exitcode"
)

// State is the state of a process.
type State string

// The states of a process.
const (
	// Running means started and not ended.
	Running State = "running"
	// Stopped means never started, or ended on request.
	Stopped State = "stopped"
	// Exited means ended by itself; Exit says how, and the log says why.
	Exited State = "exited"
)

// ProcessState is the record of one process in state.json.
type ProcessState struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// PID is the id of the process and of its process group; 0 before its first start.
	PID int `json:"pid"`
	// Birth distinguishes the process from a later one with the same pid.
	Birth string `json:"birth,omitempty"`
	// Exit is how it ended: "exit status 1", "signal: killed".
	Exit string `json:"exit,omitempty"`
}

// alive reports whether this process still runs. Another process with the same pid does not count.
func (p ProcessState) alive() bool {
	if p.PID == 0 {
		return false
	}
	born, err := birth(p.PID)
	return err == nil && born == p.Birth
}

// command is how a process is started.
type command struct {
	name string
	bin  string
	args []string
	log  string
}

// process is a child of this program, in a process group of its own so that a Ctrl-C at the terminal reaches only the
// supervisor, which then ends its children in order.
type process struct {
	state ProcessState
	done  chan struct{} // closed once the process is waited for; nil before the first start
}

// start runs the command. When it ends, another goroutine calls ended with the result.
func (c command) start(ended func(exit string)) (*process, error) {
	log, err := c.openLog()
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own copy

	cmd := exec.Command(c.bin, c.args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	born, err := birth(cmd.Process.Pid)
	if err != nil {
		born = "" // it has ended, or can't be identified: only its parent may signal it
	}
	p := &process{
		state: ProcessState{Name: c.name, State: Running, PID: cmd.Process.Pid, Birth: born},
		done:  make(chan struct{}),
	}
	go func() {
		ended(exitText(cmd.Wait()))
		close(p.done)
	}()
	return p, nil
}

// exitText describes how a process ended, from the error of Wait.
func exitText(err error) string {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return "exit status 0"
	case errors.As(err, &ended) && ended.ExitCode() == exitcode.Upgrade:
		return fmt.Sprintf("%v: an upgrade that the program does not know, see its log", err)
	}
	return err.Error()
}

// openLog opens the log to append to.
func (c command) openLog() (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(c.log), 0o755); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: open its log: %w", c.name, err)
	}
	return log, nil
}

// signalGroup signals a process and its children. It returns no error if the process has ended in the meantime.
func signalGroup(pid int, sig syscall.Signal) error {
	if err := syscall.Kill(-pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("send %s to process group %d: %w", sig, pid, err)
	}
	return nil
}

// endOrphan ends a process that is not a child of this program: SIGTERM, then SIGKILL after the grace period. It does not
// touch another process with the same pid.
func endOrphan(ctx context.Context, p ProcessState, grace time.Duration) error {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGTERM, grace}, {syscall.SIGKILL, killWait}} {
		if !p.alive() {
			return nil
		}
		if err := signalGroup(p.PID, step.signal); err != nil {
			return err
		}
		if err := poll(ctx, step.wait, func() bool { return !p.alive() }); err == nil {
			return nil
		}
	}
	return fmt.Errorf("end %s: process %d is still there after SIGKILL", p.Name, p.PID)
}

const (
	stopGrace = 15 * time.Second // for a node to write its last state after SIGTERM
	killWait  = 5 * time.Second  // for the kernel to end a process after SIGKILL
	pollEvery = 50 * time.Millisecond
)

// poll calls ok until it returns true, the timeout passes or ctx ends.
func poll(ctx context.Context, timeout time.Duration, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
