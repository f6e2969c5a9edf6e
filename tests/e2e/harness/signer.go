package harness

import (
	"path/filepath"
	"strings"

	"github.com/dualchain/dualchain/voter/home"
)

// SignerOn starts a signer on the home of a stopped voter, and makes the homes of voters that sign with it. Each has the
// voter's configuration, [signer] and a certificate, but neither keys nor slashing protection. Start them with
// Spawn(name, "voter", "start", "--home", homes[i]).
func (n *Net) SignerOn(dir string, voters ...string) (signer *Process, homes []string) {
	n.Helper()
	address := n.FreeAddress()
	n.Run("signer", "certs", "--home", dir, "--hosts", "127.0.0.1", "--clients", strings.Join(voters, ","))
	signer = n.Spawn("signer-"+filepath.Base(dir), "signer", "start", "--home", dir, "--listen", address)
	for _, name := range voters {
		config, err := home.Dir(dir).LoadConfig()
		if err != nil {
			n.Fatal(err)
		}
		file := func(name string) string { return filepath.Join(dir, home.TLSFolder, name) }
		config.Keys, config.PasswordFile = nil, ""
		config.Signer = home.RemoteSigner{Address: address, TLSFiles: home.TLSFiles{
			CA: file("ca.crt"), Certificate: file(name + ".crt"), Key: file(name + ".key"),
		}}
		own := filepath.Join(filepath.Dir(n.Home), filepath.Base(dir)+"-"+name)
		if err := home.Dir(own).WriteConfig(config); err != nil {
			n.Fatal(err)
		}
		homes = append(homes, own)
	}
	return signer, homes
}
