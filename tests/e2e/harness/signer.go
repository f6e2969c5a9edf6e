package harness

import (
	"path/filepath"
	"strings"

	"github.com/dualchain/dualchain/voter"
)

// SignerOn starts a signer on the home of a voter that doesn't run, and makes the homes of voters that sign with it: each
// has the voter's configuration, [signer] and a certificate, and neither keys nor slashing protection. Start them with
// Spawn(name, "voter", "start", "--home", homes[i]).
func (n *Net) SignerOn(home string, voters ...string) (signer *Process, homes []string) {
	n.Helper()
	address := n.FreeAddress()
	n.Run("signer", "certs", "--home", home, "--hosts", "127.0.0.1", "--clients", strings.Join(voters, ","))
	signer = n.Spawn("signer-"+filepath.Base(home), "signer", "start", "--home", home, "--listen", address)
	for _, name := range voters {
		config, err := voter.Home(home).LoadConfig()
		if err != nil {
			n.Fatal(err)
		}
		file := func(name string) string { return filepath.Join(home, voter.TLSFolder, name) }
		config.Keys, config.PasswordFile = nil, ""
		config.Signer = voter.RemoteSigner{Address: address, TLSFiles: voter.TLSFiles{
			CA: file("ca.crt"), Certificate: file(name + ".crt"), Key: file(name + ".key"),
		}}
		own := filepath.Join(filepath.Dir(n.Home), filepath.Base(home)+"-"+name)
		if err := voter.Home(own).WriteConfig(config); err != nil {
			n.Fatal(err)
		}
		homes = append(homes, own)
	}
	return signer, homes
}
