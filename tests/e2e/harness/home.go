package harness

import (
	"os"
	"os/exec"
	"path/filepath"

	"github.com/dualchain/dualchain/voter"
)

// Configure changes a voter's configuration file.
func (n *Net) Configure(home string, change func(*voter.Config)) {
	n.Helper()
	config, err := voter.Home(home).LoadConfig()
	if err != nil {
		n.Fatal(err)
	}
	change(&config)
	if err := os.Remove(filepath.Join(home, "voter.toml")); err != nil {
		n.Fatal(err)
	}
	if err := voter.Home(home).WriteConfig(config); err != nil {
		n.Fatal(err)
	}
}

// CopyHome copies the home of a process that doesn't run into a folder, which it makes, and returns the copy's path.
func (n *Net) CopyHome(home, folder string) string {
	n.Helper()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		n.Fatal(err)
	}
	to := filepath.Join(folder, filepath.Base(home))
	if out, err := exec.Command("cp", "-a", home, to).CombinedOutput(); err != nil {
		n.Fatalf("copy %s: %v: %s", home, err, out)
	}
	return to
}

// Beside returns a path next to the network's home, which is removed with it.
func (n *Net) Beside(name string) string { return filepath.Join(filepath.Dir(n.Home), name) }
