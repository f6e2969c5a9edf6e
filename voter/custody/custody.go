// Package custody takes keys into a home and lets them go, each with the record of what it has signed. `voter move`, the keymanager
// API, `voter guard import|export` and `voter keys` all use it, so that the order of the steps is decided once:
//
//   - A key that arrives is saved first. Then slashing protection learns what the key has signed and lets it vote, in one step.
//   - A key that leaves is exported first. Then slashing protection refuses every further vote of it, and only then is its keystore deleted.
//
// A process may end between any two steps. The key then votes in one home or in none, and the operation can be repeated.
package custody

import (
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// Errors of this package, beside those of packages guard and keys.
var (
	// ErrNothingNew: a key has left this home, and the history has no newer vote than this home. So the history is old or was exported here,
	// and another home may have voted since. It comes with guard.ErrRetired.
	ErrNothingNew = errors.New("the file tells nothing new")
	// ErrGone: the key has left this home already.
	ErrGone = errors.New("key has left this home")
	// ErrMayVote: the keystore of a key that may still vote is never deleted.
	ErrMayVote = errors.New("slashing protection still lets the key vote")
)

// Guard is the slashing protection of a home: *guard.Guard.
type Guard interface {
	Admit(key ffg.PublicKey) error
	Knows(domain ffg.Root, key ffg.PublicKey) (bool, error)
	Retired(key ffg.PublicKey) bool
	Retire(key ffg.PublicKey) error
	Restore(key ffg.PublicKey) error
	Compare(domain ffg.Root, content []byte, keys []ffg.PublicKey) ([]guard.Comparison, error)
	Receive(domain ffg.Root, content []byte, keys []ffg.PublicKey) (guard.Report, error)
	Import(domain ffg.Root, content []byte) (guard.Report, error)
	Export(domain ffg.Root, keys []ffg.PublicKey, minimal bool) ([]byte, error)
}

// Custody is the keys of one home that vote on one chain.
type Custody struct {
	Folder string   // of the keystores
	Domain ffg.Root // of the chain
	Guard  Guard
}

// Keystores returns the keystores in the folder by public key. With an error, it returns those that it can read.
func (c Custody) Keystores() (map[ffg.PublicKey][]keys.Info, error) {
	infos, odd, err := keys.Survey(c.Folder)
	for _, file := range odd {
		err = errors.Join(err, file.Err)
	}
	out := map[ffg.PublicKey][]keys.Info{}
	for _, info := range infos {
		var key ffg.PublicKey
		if odd := key.UnmarshalText([]byte(info.PubKey)); odd != nil {
			err = errors.Join(err, odd)
			continue
		}
		out[key] = append(out[key], info)
	}
	return out, err
}

// History exports what keys have signed, as an EIP-3076 interchange file. The file is out of date as soon as one of the keys signs here
// again. No keys give a file without any. Errors: those of guard.Export.
func (c Custody) History(of []ffg.PublicKey) ([]byte, error) {
	if len(of) > 0 {
		return c.Guard.Export(c.Domain, of, false)
	}
	return fmt.Appendf(nil, `{"metadata":{"interchange_format_version":"5","genesis_validators_root":"0x%s"},"data":[]}`, c.Domain), nil
}

// FullHistory exports what all keys have signed on the chain; minimal keeps one vote per key, which stands for all earlier ones. Errors:
// those of guard.Export.
func (c Custody) FullHistory(minimal bool) ([]byte, error) {
	return c.Guard.Export(c.Domain, nil, minimal)
}
