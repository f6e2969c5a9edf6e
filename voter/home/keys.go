package home

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/custody"
	"github.com/dualchain/dualchain/voter/keys"
)

// AddKey adds one key that has never voted, on any chain. No voter may be running. Errors: those of custody.AddNew and of package guard.
func (d Dir) AddKey(name string, secret *bls.SecretKey, password []byte, options keys.SaveOptions) (keys.Info, error) {
	protection, err := d.CreateGuard()
	if err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	info, err := custody.AddNew(d.Keys(), protection, name, secret, password, options)
	return info, errors.Join(err, protection.Close())
}

// LoadKeys opens the named keys, or all keys if there are no names. One password opens them all. The caller zeroes the keys.
func (d Dir) LoadKeys(names []string, find keys.Password) (secrets []*bls.SecretKey, err error) {
	if len(names) == 0 {
		infos, err := keys.List(d.Keys())
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			names = append(names, info.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("load keys: expected at least one in %s, found none: make one with 'voter keys new'", d.Keys())
	}
	password, err := find()
	if err != nil {
		return nil, fmt.Errorf("load keys: %w", err)
	}
	defer clear(password)
	for _, name := range names {
		secret, err := keys.Load(d.Keys(), name, password)
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

// PublicKeys returns the names and the public keys of the named keystores, or of all keystores if there are no names. It needs no password.
func (d Dir) PublicKeys(names []string) ([]keys.Info, []ffg.PublicKey, error) {
	all, err := keys.List(d.Keys())
	if err != nil {
		return nil, nil, err
	}
	var infos []keys.Info
	var public []ffg.PublicKey
	for _, info := range all {
		if len(names) > 0 && !slices.Contains(names, info.Name) {
			continue
		}
		var key ffg.PublicKey
		if err := key.UnmarshalText([]byte(info.PubKey)); err != nil {
			return nil, nil, fmt.Errorf("key %s: %w", info.Name, err)
		}
		infos, public = append(infos, info), append(public, key)
	}
	return infos, public, nil
}
