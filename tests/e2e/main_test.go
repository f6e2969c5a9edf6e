// Package e2e tests the chain as its users run it: real processes and real commands. -short leaves out the long tests. Tests
// of the finality lag run alone on the machine; the others run in parallel.
package e2e

import (
	"fmt"
	"os"
	"testing"

	"github.com/dualchain/dualchain/tests/e2e/harness"
)

// bin is the program under test.
var bin string

func TestMain(m *testing.M) {
	var err error
	if bin, err = harness.Binary(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
