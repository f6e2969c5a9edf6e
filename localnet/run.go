package localnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// readyWait bounds the wait for the first block.
const readyWait = time.Minute

// Run starts all processes of a network, waits for its first block and calls watch, which shows the progress until its
// context ends. That context ends with ctx, or when another program stops the network. When watch returns, Run ends all
// processes. bin is the path of dualchaind. Run wraps ErrRunning if the network runs already.
func Run(ctx context.Context, n *Network, bin string, watch func(context.Context, *Supervisor) error) (err error) {
	control, err := listenControl(n)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, control.close()) }()
	// If a supervisor was killed, its processes still run, without a parent.
	if err := n.endOrphans(ctx); err != nil {
		return fmt.Errorf("end what an earlier run left behind: %w", err)
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := newSupervisor(n, bin)
	go control.serve(s, stop)
	defer func() { err = errors.Join(err, s.StopAll()) }()
	if err := s.StartAll(); err != nil {
		return err
	}
	err = s.awaitReady(ctx)
	if err == nil {
		err = watch(ctx, s)
	}
	if ctx.Err() != nil {
		return nil // stopped on request
	}
	return err
}

// awaitReady waits for the first block, and fails as soon as a process exits by itself.
func (s *Supervisor) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	tick := time.NewTicker(4 * pollEvery)
	defer tick.Stop()
	for {
		states, changed := s.Processes()
		for _, p := range states {
			if p.State == Exited {
				log := s.network.logPath(p.Name)
				return fmt.Errorf("%s ended by itself: %s; the end of %s says:\n%s", p.Name, p.Exit, log, tail(log))
			}
		}
		_, err := s.network.Heads(ctx, states)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the first block: %w: %w", ctx.Err(), err)
		case <-changed:
		case <-tick.C:
		}
	}
}

// Detach starts `dualchaind localnet start` for this network as a process of its own and returns once the network has
// made a block. The supervisor's output goes to logs/supervisor.log.
func Detach(ctx context.Context, n *Network, bin string) error {
	lock, err := n.lock()
	if err != nil {
		return err
	}
	lock.Close() // another supervisor may take it first; ours then says so in its log
	c := command{
		name: "supervisor", bin: bin, log: n.logPath("supervisor"),
		args: []string{"localnet", "start", "--home", n.home},
	}
	log, err := c.openLog()
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(c.bin, c.args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives the terminal
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the supervisor: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	client := NewClient(n)
	tick := time.NewTicker(4 * pollEvery)
	defer tick.Stop()
	for {
		if states, err := client.Processes(ctx); err == nil {
			if _, err := n.Heads(ctx, states); err == nil {
				return nil
			}
		}
		select {
		case err := <-ended:
			return fmt.Errorf("the supervisor ended: %s; the end of %s says:\n%s", exitText(err), c.log, tail(c.log))
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// tail returns the last lines of a log, for an error message.
func tail(path string) string {
	const most = 2000
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-most):])
}
