package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// endGrace is how long a process has to end in order.
const endGrace = 10 * time.Second

// Process is a process that the test runs beside the network.
type Process struct {
	net    *Net
	cmd    *exec.Cmd
	ended  chan struct{}
	result error // once ended is closed
}

// SpawnLog is where Spawn puts what a process prints.
func (n *Net) SpawnLog(name string) string { return filepath.Join(filepath.Dir(n.Home), name+".log") }

// Spawn runs dualchaind in the background; it is ended with the test.
func (n *Net) Spawn(name string, args ...string) *Process {
	n.Helper()
	log, err := os.Create(n.SpawnLog(name))
	if err != nil {
		n.Fatal(err)
	}
	defer log.Close()
	p := &Process{net: n, cmd: exec.Command(n.Bin, args...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(n.Home))
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		n.Fatal(err)
	}
	go func() {
		p.result = p.cmd.Wait()
		close(p.ended)
	}()
	n.Cleanup(func() {
		p.signal(syscall.SIGTERM)
		if !p.endedWithin(endGrace) {
			p.signal(syscall.SIGKILL)
			<-p.ended
		}
	})
	return p
}

// Interrupt does what Ctrl-C does and returns how the process ended, which must be soon.
func (p *Process) Interrupt(timeout time.Duration) error {
	p.net.Helper()
	p.signal(syscall.SIGINT)
	if !p.endedWithin(timeout) {
		p.net.Fatalf("%v is still there %s after Ctrl-C", p.cmd.Args, timeout)
	}
	return p.result
}

// signal reaches the process only: its children have groups of their own, as under a terminal.
func (p *Process) signal(sig syscall.Signal) {
	select {
	case <-p.ended:
	default:
		_ = p.cmd.Process.Signal(sig) // it may have ended in between
	}
}

func (p *Process) endedWithin(timeout time.Duration) bool {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.ended:
		return true
	case <-timer.C:
		return false
	}
}
