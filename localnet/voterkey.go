package localnet

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

// voterPasswordFile holds the password of a voter's keystore in its home, so that the voter starts unattended. The key
// is protected by the home's permissions.
const voterPasswordFile = "password"

// keepVoterKey writes a voter's key and a random password into its home. For a random password, a light keystore is
// enough.
func keepVoterKey(dir home.Dir, secret *bls.SecretKey) (keys.Info, error) {
	password := []byte(rand.Text())
	defer clear(password)
	if err := keys.WriteFile(filepath.Join(string(dir), voterPasswordFile), password); err != nil {
		return keys.Info{}, err
	}
	return dir.AddKey(context.Background(), home.DefaultKey, secret, password, keys.SaveOptions{Cost: keys.Light})
}

// voterKey loads the secret key of a voter. The caller zeroes it.
func (n *Network) voterKey(name string) (*bls.SecretKey, error) {
	dir := home.Dir(n.NodeHome(name))
	password, err := dir.Password(context.Background(), voterPasswordFile)()
	if err != nil {
		return nil, fmt.Errorf("open the key of %s: %w", name, err)
	}
	defer clear(password)
	return keys.Load(context.Background(), dir.Keys(), home.DefaultKey, password)
}
