package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// endGrace bounds the time for a clean stop, killGrace the time for the kernel to end a process.
const (
	endGrace  = 10 * time.Second
	killGrace = 10 * time.Second
)

// Process is a dualchaind that the test runs beside the network. It can end and be started again.
type Process struct {
	net     *Net
	name    string
	args    []string
	printed *printed

	cmd    *exec.Cmd
	ended  chan struct{}
	result error // set once ended is closed
}

// Spawn runs dualchaind in the background until the end of the test. A file beside the network has its output.
func (n *Net) Spawn(name string, args ...string) *Process {
	n.Helper()
	log, err := os.Create(filepath.Join(filepath.Dir(n.Home), name+".log"))
	if err != nil {
		n.Fatal(err)
	}
	p := &Process{net: n, name: name, args: args, printed: &printed{copy: log}}
	p.Start()
	n.Cleanup(func() {
		p.signal(syscall.SIGTERM)
		if !p.endedWithin(endGrace) {
			p.signal(syscall.SIGKILL)
			<-p.ended
		}
		log.Close()
	})
	return p
}

// Start starts the process again after it has ended. From then on, Says looks at the new output.
func (p *Process) Start() {
	p.net.Helper()
	p.printed.skip()
	cmd := exec.Command(p.net.Bin, p.args...)
	cmd.Env = p.net.environment()
	cmd.Stdout, cmd.Stderr = p.printed, p.printed
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		p.net.Fatal(err)
	}
	ended := make(chan struct{})
	p.cmd, p.ended = cmd, ended
	go func() {
		p.result = cmd.Wait()
		close(ended)
	}()
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process like a power cut. It fails the test if the process had ended by itself.
func (p *Process) Kill() {
	p.net.Helper()
	select {
	case <-p.ended:
		p.net.Fatalf("%s: expected it running, found it ended (%v): %s", p.name, p.result, p.Printed())
	default:
	}
	p.signal(syscall.SIGKILL)
	if !p.endedWithin(killGrace) {
		p.net.Fatalf("%s is still there %s after SIGKILL", p.name, killGrace)
	}
}

// Interrupt interrupts the process like Ctrl-C, waits a bounded time and returns how it ended.
func (p *Process) Interrupt(timeout time.Duration) error {
	p.net.Helper()
	p.signal(syscall.SIGINT)
	if !p.endedWithin(timeout) {
		p.net.Fatalf("%s is still there %s after Ctrl-C", p.name, timeout)
	}
	return p.result
}

// Refuses waits until the process has ended by itself with an error and has printed all of the words.
func (p *Process) Refuses(words ...string) {
	p.net.Helper()
	if !p.endedWithin(time.Minute) {
		p.net.Fatalf("%s: expected it to refuse with %q, found it running", p.name, words)
	}
	if p.result == nil {
		p.net.Fatalf("%s: expected an error with %q, found none", p.name, words)
	}
	for _, word := range words {
		if !strings.Contains(p.Printed(), word) {
			p.net.Fatalf("%s: expected %q, found %s", p.name, word, p.Printed())
		}
	}
}

// Says waits until the process prints a line with all of the words, after the line that Says found before.
func (p *Process) Says(words ...string) {
	p.net.Helper()
	p.net.Await(fmt.Sprintf("%s to say %q", p.name, words), time.Minute, func(context.Context) (bool, error) {
		return p.printed.next(words), nil
	})
}

// Printed returns all output of the process, over restarts.
func (p *Process) Printed() string { return p.printed.String() }

// signal signals only the process: its children have their own groups, as under a terminal.
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
