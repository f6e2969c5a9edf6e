package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

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

// Signer is a signer in a process of its own, with the keys and the slashing protection of what was a voter's home.
type Signer struct {
	*Process
	Home, Address string
}

// Signer makes a signer of a voter's home and starts it, with certificates for these clients.
func (n *Net) Signer(home string, clients ...string) Signer {
	n.Helper()
	n.Run("signer", "certs", "--home", home, "--clients", strings.Join(clients, ","))
	s := Signer{Home: home, Address: n.FreeAddress()} // the address stays over restarts
	s.Process = n.Spawn("signer-"+filepath.Base(home), "signer", "start", "--home", home, "--listen", s.Address)
	return s
}

// Client makes the home of a voter that signs with s, and follows the nodes that the home of s names.
func (s Signer) Client(name string) (home string) {
	s.net.Helper()
	config, err := voter.Home(s.Home).LoadConfig()
	if err != nil {
		s.net.Fatal(err)
	}
	file := func(name string) string { return filepath.Join(s.Home, voter.TLSFolder, name) }
	config.PasswordFile = ""
	config.Signer = voter.RemoteSigner{Address: s.Address, TLSFiles: voter.TLSFiles{
		CA: file("ca.crt"), Certificate: file(name + ".crt"), Key: file(name + ".key"),
	}}
	home = s.net.Beside(name)
	if err := os.Mkdir(home, 0o700); err != nil {
		s.net.Fatal(err)
	}
	if err := voter.Home(home).WriteConfig(config); err != nil {
		s.net.Fatal(err)
	}
	return home
}
