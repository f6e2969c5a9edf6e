package voter

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/dualchain/dualchain/bls"
	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// NeverVotedFlag is the flag that lets a key vote without a record of its votes.
const NeverVotedFlag = "i-know-this-key-has-never-voted"

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

// AddKey saves a key that has never voted and begins to protect it. It protects first: a key file without protection
// could be a key that lost it. Errors: those of package guard and keys.Save.
func (h Home) AddKey(name string, secret *bls.SecretKey, password []byte, options keys.SaveOptions) (keys.Info, error) {
	public := secret.PublicKey()
	if public == nil {
		return keys.Info{}, fmt.Errorf("add key: %w: expected a secret key, found none", keys.ErrFormat)
	}
	if err := h.protect(public.Bytes()); err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	info, err := keys.Save(h.Keys(), name, secret, password, options)
	if err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	return info, nil
}

// protect admits a key to the guard, which it creates if there is none.
func (h Home) protect(key ffg.PublicKey) error {
	if err := guard.Create(h.guardPath()); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	g, err := guard.Open(h.guardPath())
	if err != nil {
		return err
	}
	return errors.Join(g.Admit(key), g.Close())
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

// openGuard opens the guard that protects the keys. Without one it refuses to start and says why: what a key has signed
// is forgotten then, unless its owner says that there is nothing to forget.
func (h Home) openGuard(domain ffg.Root, public []ffg.PublicKey, keep int, neverVoted bool) (*guard.Guard, error) {
	if neverVoted {
		for _, key := range public {
			if err := h.protect(key); err != nil {
				return nil, err
			}
		}
	}
	g, err := guard.Open(h.guardPath(), guard.Keep(keep))
	if errors.Is(err, guard.ErrMissing) {
		return nil, fmt.Errorf("%w; if its keys have never signed a vote, anywhere, start once with --%s", err, NeverVotedFlag)
	}
	if err != nil {
		return nil, err
	}
	for _, key := range public {
		known, err := g.Knows(domain, key)
		if err == nil && !known {
			err = fmt.Errorf("%w: %s has no record of key %s on this chain: restore or import the file that has; if the key has never signed a vote, anywhere, start once with --%s",
				guard.ErrMissing, h.guardPath(), key, NeverVotedFlag)
		}
		if err == nil && g.Retired(key) {
			err = fmt.Errorf("%w: key %s votes on another machine: bring it back with 'dualchaind voter move --from', or remove it here", guard.ErrRetired, key)
		}
		if err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	return g, nil
}
