package voter

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// MoveIn takes a voter over from a file of MoveOut: first the keys, which can't vote yet, then in one step what they have
// signed and that they vote here. Keys that were moved away from here before may vote here again. The password has to open
// the keys; a home without configuration gets one. The client must not be running. alone allows a file that tells nothing new
// of keys that were moved away from here. Whatever is refused changes nothing, and what was interrupted can be repeated.
// Errors: ErrBundle, ErrConfig, ErrNothingNew, keys.ErrPassword, guard.ErrDomain and others of package guard.
func (h Home) MoveIn(path string, config Config, find keys.Password, alone bool) ([]keys.Info, error) {
	infos, err := h.moveIn(path, config, find, alone)
	if err != nil {
		return nil, fmt.Errorf("move: %w", err)
	}
	return infos, nil
}

func (h Home) moveIn(path string, config Config, find keys.Password, alone bool) ([]keys.Info, error) {
	if strings.HasSuffix(path, unfinished) {
		return nil, fmt.Errorf("%w: expected a finished file, found %s, whose keys may still vote where they are: repeat 'voter move --to' there", ErrBundle, path)
	}
	b, err := readBundle(path)
	if err != nil {
		return nil, err
	}
	if config.ChainID == "" {
		config.ChainID, config.Operator = b.ChainID, b.Operator
	}
	if config.ChainID != b.ChainID {
		return nil, fmt.Errorf("%w: chain_id: expected %q as in the file, found %q", ErrConfig, b.ChainID, config.ChainID)
	}
	arrivals, err := h.place(b)
	if err != nil {
		return nil, err
	}
	if err := h.open(arrivals, find); err != nil {
		return nil, err
	}
	protection, err := h.guardForArrivals()
	if err != nil {
		return nil, err
	}
	defer protection.Close() //nolint:errcheck // what matters is on disk
	domain := ffg.Domain(b.ChainID)
	if err := b.tellsMore(protection, domain); err != nil && (!alone || !errors.Is(err, ErrNothingNew)) {
		return nil, err
	}
	if err := h.configure(config); err != nil {
		return nil, err
	}
	infos, err := h.keep(arrivals)
	if err != nil {
		return nil, err
	}
	// A key without votes never voted on this chain, as the machine before knew.
	if _, err := protection.Receive(domain, b.Protection, b.publicKeys()); err != nil {
		return nil, fmt.Errorf("%w: the keys can't vote yet: repeat", err)
	}
	return infos, nil
}

// arrival is a key that comes, and its name here.
type arrival struct {
	bundleKey
	name  string
	known bool // its keystore is here already
}

// place finds a name for each key: the one that it has here, the one that it had there, or one like it.
func (h Home) place(b bundle) ([]arrival, error) {
	infos, err := keys.List(h.Keys())
	if err != nil {
		return nil, err
	}
	names, taken := map[string]string{}, map[string]bool{}
	for _, info := range infos {
		names[info.PubKey], taken[info.Name] = info.Name, true
	}
	out := make([]arrival, len(b.Keys))
	for i, k := range b.Keys {
		name, known := names[k.public.String()]
		if !known {
			name = k.Name
			if taken[name] || !keys.ValidName(name) {
				name = k.public.String()[:16]
			}
		}
		out[i], taken[name] = arrival{bundleKey: k, name: name, known: known}, true
	}
	return out, nil
}

// open is whether one password opens every keystore, also those that are here already.
func (h Home) open(arrivals []arrival, find keys.Password) error {
	password, err := find()
	if err != nil {
		return err
	}
	defer clear(password)
	for _, a := range arrivals {
		secret, err := keys.Decode(a.Keystore, password)
		secret.Zero()
		if err == nil && a.known {
			secret, err = keys.Load(h.Keys(), a.name, password)
			secret.Zero()
		}
		if err != nil {
			return fmt.Errorf("key %q: %w: expected one password for all keys, that of the machine before", a.Name, err)
		}
	}
	return nil
}

// guardForArrivals creates a guard only in a home without keys: one with keys has lost it.
func (h Home) guardForArrivals() (*guard.Guard, error) {
	infos, err := keys.List(h.Keys())
	if err != nil {
		return nil, err
	}
	if len(infos) == 0 {
		if err := guard.Create(h.guardPath()); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return guard.Open(h.guardPath())
}

// tellsMore returns ErrNothingNew if the file has no newer vote than this machine of a key that was moved away from here:
// it is an old one, or the one that was made here, and another machine may have used it since.
func (b *bundle) tellsMore(protection *guard.Guard, domain ffg.Root) error {
	public := b.publicKeys()
	found, err := protection.Compare(domain, b.Protection, public)
	if err != nil {
		return err
	}
	for i, a := range found {
		if a.Stale() {
			return fmt.Errorf("%w: expected a vote of key %s above epoch %d, signed elsewhere since the key moved away from here, found none: the file is old, or was made here, or nothing was signed "+
				"elsewhere: take the file that 'voter move --to' made on the machine that voted last; if no other machine can vote with the keys, repeat with --%s",
				ErrNothingNew, public[i], a.Newest, NoOtherMachineFlag)
		}
	}
	return nil
}

// configure writes a configuration unless there is one, of a voter or of a signer.
func (h Home) configure(config Config) error {
	if _, err := os.Lstat(h.signerConfigPath()); err == nil {
		return nil
	}
	if err := h.WriteConfig(config); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// keep saves the keystores that are not here, all or none.
func (h Home) keep(arrivals []arrival) (infos []keys.Info, err error) {
	var saved []string
	for _, a := range arrivals {
		var info keys.Info
		if a.known {
			info, err = keys.Show(h.Keys(), a.name)
		} else {
			info, err = keys.SaveKeystore(h.Keys(), a.name, a.Keystore)
		}
		if err != nil {
			for _, name := range saved {
				err = errors.Join(err, keys.Delete(h.Keys(), name))
			}
			return nil, err
		}
		if !a.known {
			saved = append(saved, a.name)
		}
		infos = append(infos, info)
	}
	return infos, nil
}
