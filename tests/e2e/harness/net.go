package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/dualchain/dualchain/internal/freeport"
	"github.com/dualchain/dualchain/localnet"
)

// Every is the pause between two checks of a condition.
const Every = 100 * time.Millisecond

// Net is a running network.
type Net struct {
	testing.TB
	Bin  string
	Home string
	Env  []string // NAME=value, for every program
}

// Start makes and starts a network with these flags of `dualchaind localnet start`.
func Start(t testing.TB, bin string, flags ...string) *Net {
	t.Helper()
	n := New(t, bin)
	n.Run(append([]string{"localnet", "start", "--detach", "--random-ports", "--home", n.Home}, flags...)...)
	return n
}

// New returns a network that does not exist yet. The end of the test stops it; the home stays if the test failed.
func New(t testing.TB, bin string) *Net {
	t.Helper()
	home, err := os.MkdirTemp("", "e2e") // t.TempDir is too long a path for a socket
	if err != nil {
		t.Fatal(err)
	}
	n := &Net{TB: t, Bin: bin, Home: filepath.Join(home, "net")}
	t.Cleanup(func() {
		if _, err := localnet.Open(n.Home); err == nil {
			if _, err := n.Command(context.Background(), "localnet", "stop", "--home", n.Home); err != nil {
				t.Errorf("stop the network: %v", err)
			}
		}
		if t.Failed() {
			t.Logf("homes and logs are in %s", home)
			return
		}
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	return n
}

// Command runs dualchaind and returns its output. The error contains its standard error.
func (n *Net) Command(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, n.Bin, args...)
	cmd.Env = n.environment()
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return out, fmt.Errorf("dualchaind %v: %w: %s", args, err, exit.Stderr)
	}
	if err != nil {
		return out, fmt.Errorf("dualchaind %v: %w", args, err)
	}
	return out, nil
}

// environment is the environment of every program. It has its own $HOME.
func (n *Net) environment() []string {
	return slices.Concat(os.Environ(), []string{"HOME=" + filepath.Dir(n.Home)}, n.Env)
}

// Run is Command, and fails the test on an error.
func (n *Net) Run(args ...string) []byte {
	n.Helper()
	out, err := n.Command(n.Context(), args...)
	if err != nil {
		n.Fatal(err)
	}
	return out
}

// Localnet runs one of the localnet commands.
func (n *Net) Localnet(command string, args ...string) []byte {
	n.Helper()
	return n.Run(append([]string{"localnet", command, "--home", n.Home}, args...)...)
}

// ClientHome is the home of the network's accounts.
func (n *Net) ClientHome() string { return filepath.Join(n.Home, "client") }

// Status returns the output of `localnet status`.
func (n *Net) Status() localnet.Status {
	n.Helper()
	var status localnet.Status
	if err := json.Unmarshal(n.Localnet("status", "--output", "json"), &status); err != nil {
		n.Fatal(err)
	}
	return status
}

// Process returns the status of one process.
func (n *Net) Process(name string) localnet.ProcessStatus {
	n.Helper()
	for _, p := range n.Status().Processes {
		if p.Name == name {
			return p
		}
	}
	n.Fatalf("no process %s", name)
	return localnet.ProcessStatus{}
}

// Await calls ok until it returns true. After the timeout it fails the test and names the condition. It ignores errors until
// then, because nodes come and go.
func (n *Net) Await(what string, timeout time.Duration, ok func(context.Context) (bool, error)) {
	n.Helper()
	ctx, cancel := context.WithTimeout(n.Context(), timeout)
	defer cancel()
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		done, err := ok(ctx)
		if err == nil && done {
			return
		}
		select {
		case <-ctx.Done():
			n.Fatalf("waited %s in vain for %s (last error: %v)", timeout, what, err)
		case <-tick.C:
		}
	}
}

// FreeAddress returns a free address on loopback. It stays free while the process that uses it restarts.
func (n *Net) FreeAddress() string {
	n.Helper()
	address, err := freeport.Address()
	if err != nil {
		n.Fatal(err)
	}
	return address
}
