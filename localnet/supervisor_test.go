package localnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeEnv makes the test binary stand in for dualchaind: it waits for a signal, unless its home holds a file exit-CODE.
const fakeEnv = "LOCALNET_FAKE_DUALCHAIND"

func TestMain(m *testing.M) {
	if os.Getenv(fakeEnv) == "" {
		os.Exit(m.Run())
	}
	home := os.Args[len(os.Args)-1]
	terminate := make(chan os.Signal, 1)
	if _, err := os.Stat(filepath.Join(home, "stubborn")); err == nil {
		signal.Ignore(syscall.SIGTERM)
	} else {
		signal.Notify(terminate, syscall.SIGTERM)
	}
	if _, err := os.Stat(filepath.Join(home, "exit-4")); err == nil {
		fmt.Println("this home makes me leave")
		os.Exit(4)
	}
	fmt.Println("ready")
	<-terminate
	os.Exit(0)
}

// fakeNetwork has one validator and one voter, both of them fakes.
func fakeNetwork(t *testing.T) *Network {
	t.Helper()
	t.Setenv(fakeEnv, "1")
	home, err := os.MkdirTemp("", "localnet") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	var picker portPicker
	ports, err := picker.node(Ports{})
	if err != nil {
		t.Fatal(err)
	}
	picker.release()
	n := &Network{
		Spec:   Spec{ChainID: "fake-1", Validators: 1, Voters: 1},
		Nodes:  []Node{{Name: "validator-0", Kind: KindValidator, Ports: ports}},
		Voters: []Voter{{Name: "voter-0", Node: "validator-0"}},
		home:   home,
	}
	for _, name := range []string{"validator-0", "voter-0"} {
		if err := os.MkdirAll(n.NodeHome(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.save(); err != nil {
		t.Fatal(err)
	}
	return n
}

// serve runs a supervisor and its control, and stops both at the end of the test.
func serve(t *testing.T, n *Network) (*Supervisor, *Client) {
	t.Helper()
	c, err := listenControl(n)
	if err != nil {
		t.Fatal(err)
	}
	s := newSupervisor(n, os.Args[0])
	ctx, stop := context.WithCancel(t.Context())
	go c.serve(s, stop)
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		ended <- errors.Join(s.StopAll(), c.close())
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if err := s.StartAll(); err != nil {
		t.Fatal(err)
	}
	return s, NewClient(n)
}

// awaitState waits until a process is in a state and returns it.
func awaitState(t *testing.T, s *Supervisor, name string, want State) ProcessState {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		states, changed := s.Processes()
		for _, p := range states {
			if p.Name == name && p.State == want {
				return p
			}
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%s is not %s: %+v", name, want, states)
		}
	}
}

// awaitLine waits until a process has printed a line. From then on it handles signals.
func awaitLine(t *testing.T, n *Network, name, line string) {
	t.Helper()
	if err := poll(t.Context(), 20*time.Second, func() bool { return strings.Contains(tail(n.logPath(name)), line) }); err != nil {
		t.Fatalf("%s did not print %q: %v", name, line, err)
	}
}

func TestProcessesRunAndEndInOrder(t *testing.T) {
	n := fakeNetwork(t)
	s, client := serve(t, n)
	for _, name := range []string{"validator-0", "voter-0"} {
		if p := awaitState(t, s, name, Running); !p.alive() {
			t.Fatalf("%s is reported as running and is not: %+v", name, p)
		}
		awaitLine(t, n, name, "ready")
	}
	running, _ := s.Processes()
	if err := client.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range running {
		if p.alive() {
			t.Fatalf("%s outlived the network", p.Name)
		}
	}
	states, _ := s.Processes()
	for _, p := range states {
		if p.State != Stopped || p.Exit != "exit status 0" {
			t.Fatalf("expected %s stopped cleanly, found %+v", p.Name, p)
		}
	}
	if _, err := client.Processes(t.Context()); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("expected ErrNotRunning, found %v", err)
	}
}

func TestAKilledProcessComesBackOnRestart(t *testing.T) {
	n := fakeNetwork(t)
	s, client := serve(t, n)
	first := awaitState(t, s, "voter-0", Running)
	if err := client.Kill(t.Context(), "voter-0"); err != nil {
		t.Fatal(err)
	}
	if p := awaitState(t, s, "voter-0", Stopped); p.Exit != "signal: killed" || first.alive() {
		t.Fatalf("expected a killed process, found %+v", p)
	}
	if err := client.Restart(t.Context(), "voter-0"); err != nil {
		t.Fatal(err)
	}
	if p := awaitState(t, s, "voter-0", Running); p.PID == first.PID || p.Exit != "" {
		t.Fatalf("expected a new process, found %+v after %+v", p, first)
	}
	// A running process is stopped cleanly first.
	second := awaitState(t, s, "voter-0", Running)
	awaitLine(t, n, "voter-0", "ready")
	if err := client.Restart(t.Context(), "voter-0"); err != nil {
		t.Fatal(err)
	}
	if second.alive() {
		t.Fatal("the old process still runs")
	}
}

func TestAStubbornProcessIsKilledInTheEnd(t *testing.T) {
	n := fakeNetwork(t)
	if err := os.WriteFile(filepath.Join(n.NodeHome("voter-0"), "stubborn"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := serve(t, n)
	awaitLine(t, n, "voter-0", "ready")
	p := awaitState(t, s, "voter-0", Running)
	if err := endOrphan(t.Context(), p, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if p := awaitState(t, s, "voter-0", Exited); p.Exit != "signal: killed" {
		t.Fatalf("expected SIGKILL in the end, found %+v", p)
	}
}

func TestAProcessThatLeavesByItselfIsShownWithItsExitCode(t *testing.T) {
	n := fakeNetwork(t)
	if err := os.WriteFile(filepath.Join(n.NodeHome("voter-0"), "exit-4"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := serve(t, n)
	if p := awaitState(t, s, "voter-0", Exited); p.Exit != "exit status 4" {
		t.Fatalf("expected exit status 4, found %+v", p)
	}
	err := s.awaitReady(t.Context())
	if err == nil || !strings.Contains(err.Error(), "exit status 4") || !strings.Contains(err.Error(), "this home makes me leave") {
		t.Fatalf("expected the exit and the log, found %v", err)
	}
}

func TestUnknownNamesAreRefused(t *testing.T) {
	_, client := serve(t, fakeNetwork(t))
	for _, call := range []func(context.Context, string) error{client.Kill, client.Restart} {
		if err := call(t.Context(), "voter-9"); err == nil || !strings.Contains(err.Error(), "no such process: voter-9") {
			t.Fatalf("expected the name in the error, found %v", err)
		}
	}
}

func TestAHomeHasOneSupervisor(t *testing.T) {
	n := fakeNetwork(t)
	serve(t, n)
	if _, err := listenControl(n); !errors.Is(err, ErrRunning) {
		t.Fatalf("expected ErrRunning, found %v", err)
	}
	if err := Detach(t.Context(), n, os.Args[0]); !errors.Is(err, ErrRunning) {
		t.Fatalf("expected ErrRunning, found %v", err)
	}
	if err := Reset(n.home); !errors.Is(err, ErrRunning) {
		t.Fatalf("expected ErrRunning, found %v", err)
	}
}

func TestStopEndsWhatAKilledSupervisorLeftAndNothingElse(t *testing.T) {
	n := fakeNetwork(t)
	orphan := exec.Command(os.Args[0], "start", "--home", n.NodeHome("validator-0"))
	bystander := exec.Command(os.Args[0], "start", "--home", n.NodeHome("voter-0"))
	for _, cmd := range []*exec.Cmd{orphan, bystander} {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
	}
	born, err := birth(orphan.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- orphan.Wait() }()
	left := ProcessState{Name: "validator-0", State: Running, PID: orphan.Process.Pid, Birth: born}
	// The kernel gave voter-0's old pid to a process that began at another time.
	reused := ProcessState{Name: "voter-0", State: Running, PID: bystander.Process.Pid, Birth: "1"}
	if err := n.saveState(runState{Processes: []ProcessState{left, reused}}); err != nil {
		t.Fatal(err)
	}

	status, err := ReadStatus(t.Context(), n)
	if err != nil || status.Processes[0].State != Running || status.Processes[1].State != Stopped {
		t.Fatalf("expected the orphan running and voter-0 not, found %+v, %v", status.Processes, err)
	}
	if err := Reset(n.home); !errors.Is(err, ErrRunning) {
		t.Fatalf("expected ErrRunning, found %v", err)
	}
	if err := NewClient(n).Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-gone
	if _, err := birth(bystander.Process.Pid); err != nil {
		t.Fatalf("another program's process was ended: %v", err)
	}
	if err := Reset(n.home); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(n.home); !errors.Is(err, ErrNotLocalnet) {
		t.Fatalf("expected nothing left, found %v", err)
	}
}

func TestResetLeavesOtherDirectoriesAlone(t *testing.T) {
	home := t.TempDir()
	keep := filepath.Join(home, "precious")
	if err := os.WriteFile(keep, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Reset(home); !errors.Is(err, ErrNotLocalnet) {
		t.Fatalf("expected ErrNotLocalnet, found %v", err)
	}
	if _, err := os.Stat(keep); err != nil {
		t.Fatal(err)
	}
}

func TestLongHomesAreRefusedBeforeTheSocketIs(t *testing.T) {
	n := &Network{home: filepath.Join(t.TempDir(), strings.Repeat("x", 100))}
	if _, err := listenControl(n); err == nil || !strings.Contains(err.Error(), "shorter --home") {
		t.Fatalf("expected advice, found %v", err)
	}
}
