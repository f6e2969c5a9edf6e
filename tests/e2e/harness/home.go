package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/dualchain/dualchain/voter/home"
)

// Configure changes a voter's configuration file.
func (n *Net) Configure(dir string, change func(*home.Config)) {
	n.Helper()
	config, err := home.Dir(dir).LoadConfig()
	if err != nil {
		n.Fatal(err)
	}
	change(&config)
	if err := os.Remove(filepath.Join(dir, "voter.toml")); err != nil {
		n.Fatal(err)
	}
	if err := home.Dir(dir).WriteConfig(config); err != nil {
		n.Fatal(err)
	}
}

// CopyHome copies the home of a stopped process into a new folder, and returns the path of the copy.
func (n *Net) CopyHome(dir, folder string) string {
	n.Helper()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		n.Fatal(err)
	}
	to := filepath.Join(folder, filepath.Base(dir))
	if out, err := exec.Command("cp", "-a", dir, to).CombinedOutput(); err != nil {
		n.Fatalf("copy %s: %v: %s", dir, err, out)
	}
	return to
}

// Adopt lets the copy of a home vote, which it does not by itself.
func (n *Net) Adopt(dir string) {
	n.Helper()
	n.Run("voter", "guard", "adopt", "--home", dir, "--i-know-no-other-machine-has-these-keys")
}

// Beside returns a path next to the network's home. It is removed with the home.
func (n *Net) Beside(name string) string { return filepath.Join(filepath.Dir(n.Home), name) }

// Signer is a signer process. It has the keys and the slashing protection of a former voter's home.
type Signer struct {
	*Process
	Home, Address string
}

// Signer turns a voter's home into a signer's and starts the signer, with certificates for these clients.
func (n *Net) Signer(dir string, clients ...string) Signer {
	n.Helper()
	n.Run("signer", "certs", "--home", dir, "--clients", strings.Join(clients, ","))
	s := Signer{Home: dir, Address: n.FreeAddress()} // the address stays the same over restarts
	s.Process = n.Spawn("signer-"+filepath.Base(dir), "signer", "start", "--home", dir, "--listen", s.Address)
	return s
}

// Client makes the home of a voter that signs with s and follows the nodes in the home of s.
func (s Signer) Client(name string) (dir string) {
	s.net.Helper()
	config, err := home.Dir(s.Home).LoadConfig()
	if err != nil {
		s.net.Fatal(err)
	}
	file := func(name string) string { return filepath.Join(s.Home, home.TLSFolder, name) }
	config.PasswordFile = ""
	config.Signer = home.RemoteSigner{Address: s.Address, TLSFiles: home.TLSFiles{
		CA: file("ca.crt"), Certificate: file(name + ".crt"), Key: file(name + ".key"),
	}}
	dir = s.net.Beside(name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		s.net.Fatal(err)
	}
	if err := home.Dir(dir).WriteConfig(config); err != nil {
		s.net.Fatal(err)
	}
	return dir
}
