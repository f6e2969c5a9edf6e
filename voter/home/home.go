// Package home is a voter's or a signer's folder: its configuration, its keys and its slashing protection.
//
//	voter.toml or signer.toml   the configuration
//	keys/NAME.json              one EIP-2335 keystore per key
//	guard.journal               the record of each vote that the keys have signed
//
// Only the owner may read these files.
package home

import (
	"context"
	"path/filepath"

	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// Names of the configuration files in a home.
const (
	ConfigFile = "voter.toml"
	SignerFile = "signer.toml"
)

// DefaultKey is the name of a home's first key.
const DefaultKey = "voter"

// Dir is the path of a home.
type Dir string

// Path returns the path of a file in the home.
func (d Dir) Path(name string) string { return filepath.Join(string(d), name) }

// Keys returns the path of the folder of keystores.
func (d Dir) Keys() string { return d.Path("keys") }

func (d Dir) guardPath() string { return d.Path(guard.FileName) }

// Resolve returns the path of a file that the configuration names. A relative path is relative to the home; "" stays "".
func (d Dir) Resolve(file string) string {
	if file == "" || filepath.IsAbs(file) {
		return file
	}
	return d.Path(file)
}

// Password finds the password of the home's keys (see keys.FindPassword).
func (d Dir) Password(ctx context.Context, file string) keys.Password {
	return keys.FindPassword(d.Resolve(file), keys.Terminal(ctx))
}

// NewPassword is Password for the first key of a home: a person has to type the password twice.
func (d Dir) NewPassword(ctx context.Context, file string) keys.Password {
	return keys.FindPassword(d.Resolve(file), keys.Twice(keys.Terminal(ctx)))
}
