package guard

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

// With these in its environment this test binary is another process, which does one of childhoods with a journal.
const (
	childhood = "DUALCHAIN_TEST_GUARD_CHILD"
	childPath = "DUALCHAIN_TEST_GUARD_PATH"
	childFork = "DUALCHAIN_TEST_GUARD_FORK"
)

var childhoods = map[string]func(path string) error{
	"open": func(path string) error {
		g, err := Open(path)
		if err != nil {
			return err
		}
		return g.Close()
	},
	"vote": voteForEver,
	"full": voteOnAFullDisk,
}

func TestMain(m *testing.M) {
	child := childhoods[os.Getenv(childhood)]
	if child == nil {
		os.Exit(m.Run())
	}
	if err := child(os.Getenv(childPath)); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// child makes a process.
func child(what, path string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childhood+"="+what, childPath+"="+path)
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

func TestASecondProcessIsRefusedWhileTheFirstLives(t *testing.T) {
	g, path := openNew(t)
	out, err := child("open", path).CombinedOutput()
	if err == nil || !strings.Contains(string(out), ErrInUse.Error()) || !strings.Contains(string(out), path) {
		t.Errorf("while the first lives: expected %q naming %s, found %v\n%s", ErrInUse, path, err, out)
	}
	if _, err := Open(path); !errors.Is(err, ErrInUse) {
		t.Errorf("twice in one process: expected %v, found %v", ErrInUse, err)
	}
	approveAll(t, g, link(0, 1)) // the second has changed nothing
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := child("open", path).CombinedOutput(); err != nil {
		t.Errorf("after the first has ended: expected it to open, found %v\n%s", err, out)
	}
}

// Two homes may lead to one journal. It has one lock, and a link stays a link when a new file replaces the journal.
func TestALinkLeadsToTheJournalAndItsLock(t *testing.T) {
	g, path := openNew(t)
	linked := filepath.Join(t.TempDir(), FileName)
	if err := os.Symlink(path, linked); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(linked); !errors.Is(err, ErrInUse) {
		t.Errorf("by the link while it is open: expected %v, found %v", ErrInUse, err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	byLink, err := Open(linked)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrInUse) {
		t.Errorf("while it is open by the link: expected %v, found %v", ErrInUse, err)
	}
	approveAll(t, byLink, link(0, 1)) // the first write replaces the file
	if err := byLink.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	var conflict *Conflict
	if err := again.Approve(chainA, alice, link(0, 1, 'b')); !errors.As(err, &conflict) {
		t.Errorf("expected a conflict with the vote approved by the link, found %v", err)
	}
}

// voteForEver approves votes for one epoch after the other, from the first on, all for its fork, and says which were.
func voteForEver(path string) error {
	fork := os.Getenv(childFork)[0]
	g, err := Open(path)
	if err != nil {
		return err
	}
	g.journal.spare = 8 // so that the file is replaced often
	for epoch := uint64(0); ; epoch++ {
		err := g.Approve(chainA, alice, link(epoch, epoch+1, fork))
		var conflict *Conflict
		if err == nil {
			fmt.Println(epoch + 1)
		} else if !errors.As(err, &conflict) {
			return err
		}
	}
}

// Each process begins with the first epoch again, on another fork: what one process has approved, no later one may contradict.
func TestKilledProcessesNeverApproveTwice(t *testing.T) {
	processes := 25
	if testing.Short() {
		processes = 5
	}
	g, path := openNew(t)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	approvedBy := make(map[string]int) // by epoch
	for process := range processes {
		cmd := child("vote", path, fmt.Sprintf("%s=%c", childFork, 'a'+process))
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines, votesToLive := bufio.NewScanner(pipe), 1+rand.IntN(20)
		for said := 1; lines.Scan(); said++ {
			if said == votesToLive { // it is at one of the next votes now, and what it said until it dies counts, too
				if err := cmd.Process.Kill(); err != nil {
					t.Error(err)
				}
			}
			if before, twice := approvedBy[lines.Text()]; twice {
				t.Errorf("process %d approved a vote for epoch %s after process %d had approved another", process, lines.Text(), before)
			}
			approvedBy[lines.Text()] = process
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("expected process %d killed, found %v: %s", process, err, lines.Text())
		}
	}
	if len(approvedBy) < processes {
		t.Errorf("expected each of %d processes to approve something, found %v", processes, approvedBy)
	}
	g = reopen(t, path)
	if err := g.Approve(chainA, alice, link(1_000_000, 1_000_001)); err != nil {
		t.Errorf("a safe vote in the end: %v", err)
	}
}

// voteOnAFullDisk limits the size of its files, which the operating system enforces as it does a full disk, and then not.
func voteOnAFullDisk(path string) error {
	g, err := Open(path)
	if err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	full := syscall.Rlimit{Cur: 1000, Max: limit.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		return err
	}
	for range 2 {
		if err := g.Approve(chainA, alice, link(0, 1)); !errors.Is(err, ErrStorage) || !errors.Is(err, syscall.EFBIG) {
			return fmt.Errorf("full: expected %w because of %w, found %w", ErrStorage, syscall.EFBIG, err)
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for _, vote := range []ffg.Vote{link(0, 1), link(1, 2)} {
		if err := g.Approve(chainA, alice, vote); err != nil {
			return fmt.Errorf("with room again: %w", err)
		}
	}
	return g.Close()
}

func TestAFullDisk(t *testing.T) {
	g, path := openNew(t)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := child("full", path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	g = reopen(t, path)
	for _, vote := range []ffg.Vote{link(0, 1), link(1, 2)} {
		if err := protects(g, vote); err != nil {
			t.Error(err)
		}
	}
}
