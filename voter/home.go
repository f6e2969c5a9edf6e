package voter

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// DefaultKey is the name of a home's first key.
const DefaultKey = "voter"

// Home is the path of a voter's folder: voter.toml, keys/ and guard.journal, all of them for the owner only.
type Home string

func (h Home) configPath() string { return filepath.Join(string(h), "voter.toml") }
func (h Home) guardPath() string  { return filepath.Join(string(h), guard.FileName) }

// Keys returns the folder of the keys.
func (h Home) Keys() string { return filepath.Join(string(h), "keys") }

// Password finds the password of the keys (see keys.FindPassword); a file that isn't absolute is in the home.
func (h Home) Password(file string) keys.Password {
	return keys.FindPassword(h.Resolve(file), keys.Terminal)
}

// NewPassword is Password for the first key of a home: who is asked is asked twice.
func (h Home) NewPassword(file string) keys.Password {
	return keys.FindPassword(h.Resolve(file), keys.Twice(keys.Terminal))
}

// Resolve returns the path of a file or folder of the configuration: in the home if it isn't absolute, "" for none.
func (h Home) Resolve(file string) string {
	if file == "" || filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(string(h), file)
}

// AddKey is Adder.Add for one key.
func (h Home) AddKey(name string, secret *bls.SecretKey, password []byte, options keys.SaveOptions) (keys.Info, error) {
	adder, err := h.Adder()
	if err != nil {
		return keys.Info{}, err
	}
	info, err := adder.Add(name, secret, password, options)
	return info, errors.Join(err, adder.Close())
}

// Adder adds keys that have never voted to a home, whose slashing protection is locked until Close: no voter runs with it.
type Adder struct {
	home  Home
	guard *guard.Guard
}

// Adder creates slashing protection if there is none. Errors: those of package guard.
func (h Home) Adder() (*Adder, error) {
	g, err := h.createGuard()
	if err != nil {
		return nil, fmt.Errorf("add key: %w", err)
	}
	return &Adder{home: h, guard: g}, nil
}

// Close unlocks slashing protection.
func (a *Adder) Close() error { return a.guard.Close() }

// Add saves a key and begins to protect it. It protects first: a key file without protection could be a key that lost it.
// Errors: those of package guard and keys.Save.
func (a *Adder) Add(name string, secret *bls.SecretKey, password []byte, options keys.SaveOptions) (keys.Info, error) {
	public := secret.PublicKey()
	if public == nil {
		return keys.Info{}, fmt.Errorf("add key: %w: expected a secret key, found none", keys.ErrFormat)
	}
	if err := keys.Absent(a.home.Keys(), public); err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	if err := a.guard.Admit(public.Bytes()); err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	info, err := keys.Save(a.home.Keys(), name, secret, password, options)
	if err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	return info, nil
}

// createGuard opens the guard, which it creates if there is none.
func (h Home) createGuard() (*guard.Guard, error) {
	if err := guard.Create(h.guardPath()); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return guard.Open(h.guardPath())
}

// secrets loads the keys that the configuration names. There may be none if the keymanager API can add some.
func (h Home) secrets(config Config) ([]*bls.SecretKey, error) {
	if config.Keymanager.on() {
		if empty, err := h.prepare(); err != nil || empty {
			return nil, err
		}
	}
	return h.loadKeys(config.Keys, h.Password(config.PasswordFile))
}

// loadKeys loads the named keys, or all if there are no names; one password opens them. The caller zeroes them.
func (h Home) loadKeys(names []string, find keys.Password) (secrets []*bls.SecretKey, err error) {
	if len(names) == 0 {
		infos, err := keys.List(h.Keys())
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			names = append(names, info.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("load keys: expected at least one in %s, found none: make one with 'dualchaind voter keys new'", h.Keys())
	}
	password, err := find()
	if err != nil {
		return nil, fmt.Errorf("load keys: %w", err)
	}
	defer clear(password)
	for _, name := range names {
		secret, err := keys.Load(h.Keys(), name, password)
		if err != nil {
			for _, loaded := range secrets {
				loaded.Zero()
			}
			return nil, err
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}
