package cmd

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	lightcli "github.com/dualchain/dualchain/light/cli"
)

// asProgram makes this test's binary the program, for tests that need a process.
const asProgram = "DUALCHAIN_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	root, err := NewRoot()
	if err == nil {
		err = Execute(root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(lightcli.ExitCode(err))
	}
	os.Exit(0)
}

// isLong: this run has time ('make test-long').
var isLong = os.Getenv("DUALCHAIN_LONG") != ""

// process returns the program with a command line, in a process of its own.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "HOME="+t.TempDir())
	cmd.Dir = t.TempDir()
	return cmd
}
