package custody

import (
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// Arrival is a key that comes into a home.
type Arrival struct {
	Key      ffg.PublicKey
	Name     string // of its keystore here
	Keystore []byte // to save; nil if the home has it already
}

// Terms say which keys are taken in.
type Terms struct {
	NoOtherMachine bool // the operator says that no other machine can vote with the keys: a history with nothing new is enough
	Together       bool // if one key can't be taken in, none is
}

// TakeIn takes in keys with what they have signed, an EIP-3076 interchange file. First it saves the keystores, then slashing protection
// lets their keys vote, in one step; until then they can't. It returns for each key why it was not taken in. An error means that no key
// was taken in. Errors: guard.ErrInterchange, guard.ErrDomain, guard.ErrStorage; with Terms.Together also those of the keys:
// ErrNothingNew, guard.ErrMissing, those of keys.SaveKeystore.
func (c Custody) TakeIn(arrivals []Arrival, history []byte, terms Terms) ([]error, error) {
	public := make([]ffg.PublicKey, len(arrivals))
	for i, a := range arrivals {
		public[i] = a.Key
	}
	found, err := c.Guard.Compare(c.Domain, history, public)
	if err != nil {
		return nil, err
	}
	refused := make([]error, len(arrivals))
	var known []ffg.PublicKey // may vote as soon as their keystores are here
	for i, key := range public {
		refused[i] = judge(key, found[i], terms)
		if found[i].Known && !found[i].Retired {
			known = append(known, key)
		}
	}
	if err := errors.Join(refused...); err != nil && terms.Together {
		return nil, err
	}
	// Slashing protection may know a key already, from an imported file. Such a key must not vote on an older history than this one.
	if len(known) > 0 {
		if _, err := c.Guard.Receive(c.Domain, history, known); err != nil {
			return nil, err
		}
	}
	saved := c.save(arrivals, refused)
	if err := errors.Join(refused...); err != nil && terms.Together {
		return nil, errors.Join(err, c.undo(saved))
	}
	var welcome []ffg.PublicKey
	for i, key := range public {
		if refused[i] == nil {
			welcome = append(welcome, key)
		}
	}
	if _, err := c.Guard.Receive(c.Domain, history, welcome); err != nil {
		return nil, errors.Join(err, c.undo(saved))
	}
	return refused, nil
}

// save saves the keystores of the keys that are not refused, refuses those that it can't save, and returns the names of the others.
func (c Custody) save(arrivals []Arrival, refused []error) (saved []string) {
	for i, a := range arrivals {
		if refused[i] != nil || a.Keystore == nil {
			continue
		}
		if _, refused[i] = keys.SaveKeystore(c.Folder, a.Name, a.Keystore); refused[i] == nil {
			saved = append(saved, a.Name)
		}
	}
	return saved
}

// undo deletes keystores that save saved.
func (c Custody) undo(saved []string) (err error) {
	for _, name := range saved {
		err = errors.Join(err, keys.Delete(c.Folder, name))
	}
	return err
}

// judge returns an error if this history isn't enough to let a key vote here.
func judge(key ffg.PublicKey, found guard.Comparison, terms Terms) error {
	switch {
	case found.Stale() && !terms.NoOtherMachine:
		return fmt.Errorf("%w: %w: expected a vote of key %s above epoch %d in slashing_protection, signed elsewhere since the key left this home, found none: "+
			"the file is old, or was made here, or nothing was signed elsewhere", guard.ErrRetired, ErrNothingNew, key, found.Newest)
	case !found.Named:
		return fmt.Errorf("%w: expected key %s in slashing_protection, with an empty list if it has never voted, found nothing of it", guard.ErrMissing, key)
	case found.Recorded && found.Votes == 0 && !found.Retired:
		return fmt.Errorf("%w: expected the votes of key %s in slashing_protection, as it has voted here up to epoch %d, found an empty list", guard.ErrMissing, key, found.Newest)
	}
	return nil
}

// Learn adds a history to slashing protection without taking in any keystore: it never loosens protection. Keys that have left this home
// stay refused, unless the operator says that no other machine has them and their keystores are here. Without a keystore, the key could go
// elsewhere afterwards, and this home, which would have forgotten that it left, would take it in again with any old file. Errors: those of
// guard.Import and guard.Restore.
func (c Custody) Learn(history []byte, noOtherMachine bool) (guard.Report, error) {
	report, err := c.Guard.Import(c.Domain, history)
	if err != nil {
		return guard.Report{}, err
	}
	files, _ := c.Keystores() // a file that can't be read is no keystore that votes
	for _, k := range report.Keys {
		if noOtherMachine && c.Guard.Retired(k.Key) && len(files[k.Key]) > 0 {
			if err := c.Guard.Restore(k.Key); err != nil {
				return guard.Report{}, err
			}
		}
	}
	return report, nil
}

// AddNew saves a key that has never voted and begins to protect it, on every chain. Protection comes first: a keystore without it could be
// one that lost its record. Errors: fs.ErrExist if the folder has the key, those of package guard and keys.SaveKeystore.
func AddNew(folder string, protection Guard, name string, keystore []byte) (keys.Info, error) {
	info, err := keys.Inspect(keystore)
	if err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	var key ffg.PublicKey
	if err := key.UnmarshalText([]byte(info.PubKey)); err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	public, err := bls.ParsePublicKey(key[:])
	if err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	if err := keys.Absent(folder, public); err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	if err := protection.Admit(key); err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	if info, err = keys.SaveKeystore(folder, name, keystore); err != nil {
		return keys.Info{}, fmt.Errorf("add key: %w", err)
	}
	return info, nil
}
