package home

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/custody"
	"github.com/dualchain/dualchain/voter/keys"
)

// AddKey adds one key that has never voted, on any chain. No voter may be running. Errors: those of custody.AddNew and of package guard.
func (d Dir) AddKey(ctx context.Context, name string, secret *bls.SecretKey, password []byte, options keys.SaveOptions) (keys.Info, error) {
	keystore, err := keys.Encode(ctx, secret, password, options)
	if err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	protection, err := d.CreateGuard()
	if err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	info, err := custody.AddNew(d.Keys(), protection, name, keystore)
	return info, errors.Join(err, protection.Close())
}

// LoadKeys opens the named keys, or all keys if there are no names, one after another. One password opens them all. Each named key must
// open. Without names, at least one must, and LoadKeys also returns the files that are no keystores or don't open. opening is called
// before each key with its name, its number from 1, and the number of all. The caller zeroes the keys. As soon as ctx is done, the error
// wraps ctx's.
func (d Dir) LoadKeys(ctx context.Context, names []string, find keys.Password, opening func(name string, number, all int)) ([]*bls.SecretKey, []keys.Odd, error) {
	chosen, odd := len(names) > 0, []keys.Odd(nil)
	if !chosen {
		infos, files, err := keys.Survey(d.Keys())
		if err != nil {
			return nil, nil, err
		}
		for _, info := range infos {
			names = append(names, info.Name)
		}
		odd = files
	}
	if len(names) == 0 {
		return nil, nil, noKeys(d, odd)
	}
	password, err := find()
	if err != nil {
		return nil, nil, fmt.Errorf("load keys: %w", err)
	}
	defer clear(password)
	var secrets []*bls.SecretKey
	for i, name := range names {
		opening(name, i+1, len(names))
		secret, err := keys.Load(ctx, d.Keys(), name, password)
		switch {
		case err == nil:
			secrets = append(secrets, secret)
		case chosen, ctx.Err() != nil:
			for _, loaded := range secrets {
				loaded.Zero()
			}
			return nil, nil, err
		default:
			odd = append(odd, keys.Odd{Name: name, Err: err})
		}
	}
	if len(secrets) == 0 {
		return nil, nil, noKeys(d, odd)
	}
	return secrets, odd, nil
}

// noKeys says why there is no key to load.
func noKeys(d Dir, odd []keys.Odd) error {
	if len(odd) == 0 {
		return fmt.Errorf("load keys: expected at least one in %s, found none: make one with 'voter keys new'", d.Keys())
	}
	var all error
	for _, file := range odd {
		all = errors.Join(all, file.Err)
	}
	return fmt.Errorf("load keys: expected at least one that opens in %s, found none: %w", d.Keys(), all)
}

// PublicKeys returns the names and the public keys of the named keystores, or of all keystores if there are no names. It needs no password,
// and leaves out files that are no keystores.
func (d Dir) PublicKeys(names []string) ([]keys.Info, []ffg.PublicKey, error) {
	all, _, err := keys.Survey(d.Keys())
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
