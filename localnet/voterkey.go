package localnet

import (
	"crypto/rand"
	"fmt"
	"path/filepath"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

// voterPasswordFile is where a voter's home has the password of its keystore, so that it starts without a person. What
// protects the key is that nobody else reads the home.
const voterPasswordFile = "password"

// keepVoterKey writes a voter's key into its home, and a random password, which is why a light keystore will do.
func keepVoterKey(dir home.Dir, secret *bls.SecretKey) (keys.Info, error) {
	password := []byte(rand.Text())
	defer clear(password)
	if err := keys.WriteFile(filepath.Join(string(dir), voterPasswordFile), password); err != nil {
		return keys.Info{}, err
	}
	return dir.AddKey(home.DefaultKey, secret, password, keys.SaveOptions{Cost: keys.Light})
}

// voterKey loads the secret key of a voter. The caller zeroes it.
func (n *Network) voterKey(name string) (*bls.SecretKey, error) {
	dir := home.Dir(n.NodeHome(name))
	password, err := dir.Password(voterPasswordFile)()
	if err != nil {
		return nil, fmt.Errorf("open the key of %s: %w", name, err)
	}
	defer clear(password)
	return keys.Load(dir.Keys(), home.DefaultKey, password)
}
