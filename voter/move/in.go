package move

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/custody"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

// In takes a voter over from a file that Out made. Keys that were moved away from this home before may vote here again. The password has
// to open all keys; a home without a configuration gets one. No voter may be running in the home. alone accepts a file that tells nothing
// new of keys that were moved away from here. A refused move changes nothing, and an interrupted one can be repeated. Errors: ErrFile,
// home.ErrConfig, ErrNothingNew, keys.ErrPassword, guard.ErrDomain and others of package guard.
func In(ctx context.Context, dir home.Dir, path string, config home.Config, find keys.Password, alone bool) ([]keys.Info, error) {
	infos, err := in(ctx, dir, path, config, find, alone, open)
	if err != nil {
		return nil, fmt.Errorf("move: %w", err)
	}
	return infos, nil
}

func in(ctx context.Context, dir home.Dir, path string, config home.Config, find keys.Password, alone bool, open openGuard) ([]keys.Info, error) {
	if strings.HasSuffix(path, unfinished) {
		return nil, fmt.Errorf("%w: expected a finished file, found %s, whose keys may still vote in the old home: repeat 'voter move --to' there", ErrFile, path)
	}
	f, err := read(path)
	if err != nil {
		return nil, err
	}
	if config.ChainID == "" {
		config.ChainID, config.Operator = f.ChainID, f.Operator
	}
	if config.ChainID != f.ChainID {
		return nil, fmt.Errorf("%w: chain_id: expected %q as in the file, found %q", home.ErrConfig, f.ChainID, config.ChainID)
	}
	arrivals, err := place(dir, f)
	if err != nil {
		return nil, err
	}
	if err := tryPassword(ctx, dir, f, arrivals, find); err != nil {
		return nil, err
	}
	if _, err := dir.Prepare(); err != nil {
		return nil, err
	}
	protection, err := open(dir)
	if err != nil {
		return nil, err
	}
	defer protection.Close() //nolint:errcheck // every change is on disk
	c := custody.Custody{Folder: dir.Keys(), Domain: ffg.Domain(f.ChainID), Guard: protection}
	if _, err := c.TakeIn(arrivals, f.Protection, custody.Terms{NoOtherMachine: alone, Together: true}); err != nil {
		if errors.Is(err, ErrNothingNew) {
			err = fmt.Errorf("%w: take the file that 'voter move --to' made on the machine that voted last; if no other machine can vote with the keys, repeat with --%s",
				err, NoOtherMachineFlag)
		}
		return nil, err
	}
	if err := configure(dir, config); err != nil {
		return nil, fmt.Errorf("the keys may vote here: %w: repeat", err)
	}
	infos := make([]keys.Info, len(arrivals))
	for i, a := range arrivals {
		if infos[i], err = keys.Show(dir.Keys(), a.Name); err != nil {
			return nil, err
		}
	}
	return infos, nil
}

// place finds a name for each key: the name that it has here, the name that it had in the old home, or one made of its public key.
func place(dir home.Dir, f file) ([]custody.Arrival, error) {
	infos, odd, err := keys.Survey(dir.Keys())
	if err != nil {
		return nil, err
	}
	names, taken := map[string]string{}, map[string]bool{}
	for _, file := range odd {
		taken[file.Name] = true
	}
	for _, info := range infos {
		names[info.PubKey], taken[info.Name] = info.Name, true
	}
	out := make([]custody.Arrival, len(f.Keys))
	for i, k := range f.Keys {
		a := custody.Arrival{Key: k.public, Name: names[k.public.String()]}
		if a.Name == "" {
			a.Name, a.Keystore = k.Name, k.Keystore
			if taken[a.Name] || !keys.ValidName(a.Name) {
				a.Name = k.public.String()[:16]
			}
		}
		out[i], taken[a.Name] = a, true
	}
	return out, nil
}

// tryPassword returns an error unless one password opens every keystore in the file, and those of the same keys that are here already.
func tryPassword(ctx context.Context, dir home.Dir, f file, arrivals []custody.Arrival, find keys.Password) error {
	password, err := find()
	if err != nil {
		return err
	}
	defer clear(password)
	for i, k := range f.Keys {
		secret, err := keys.Decode(ctx, k.Keystore, password)
		secret.Zero()
		if a := arrivals[i]; err == nil && a.Keystore == nil {
			secret, err = keys.Load(ctx, dir.Keys(), a.Name, password)
			secret.Zero()
		}
		if err != nil {
			return fmt.Errorf("key %q: %w: expected one password for all keys, that of the old machine", k.Name, err)
		}
	}
	return nil
}

// configure writes a configuration unless the home has one, a voter's or a signer's.
func configure(dir home.Dir, config home.Config) error {
	if _, err := os.Lstat(dir.Path(home.SignerFile)); err == nil {
		return nil
	}
	if err := dir.WriteConfig(config); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
