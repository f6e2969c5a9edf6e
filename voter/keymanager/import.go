package keymanager

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// arrival is a key that is to be imported.
type arrival struct {
	result *Result
	secret *bls.SecretKey
	key    ffg.PublicKey
	sealed []byte // the keystore for here
}

// fail says why the key isn't imported, and forgets it.
func (a *arrival) fail(status string, err error) {
	*a.result = failed(status, err)
	a.secret.Zero()
}

// Import takes keystores, each with its password, and what their keys have signed, an EIP-3076 file. A key that the file
// doesn't name is refused; one that has never voted comes with an empty list, and one that was removed here with a newer
// vote than any that was signed here. Keys are sealed anew under the home's password. First come the keystores, and then, in
// one step, the guard lets their keys vote: until then they can't, whatever happens. An error means that nothing was done:
// the guard's, those of finding the password.
func (s *Store) Import(ctx context.Context, keystores, passwords []string, history []byte) ([]Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	password, err := s.config.Password()
	if err != nil {
		return nil, err
	}
	defer clear(password)
	if len(history) == 0 {
		history = s.nothing()
	}
	active, err := s.keyring.Keys(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]Result, len(keystores))
	var arrivals []*arrival
	again := map[*Result]*Result{} // of a key that comes twice, and of the first time
	for i := range keystores {
		a := s.unseal(&results[i], []byte(keystores[i]), []byte(passwords[i]), password, active)
		if a == nil {
			continue
		}
		if first := slices.IndexFunc(arrivals, func(b *arrival) bool { return a.key == b.key }); first >= 0 {
			again[a.result] = arrivals[first].result
			a.secret.Zero()
			continue
		}
		arrivals = append(arrivals, a)
	}
	saved, err := s.admit(arrivals, history)
	if err != nil {
		return nil, err
	}
	for _, a := range saved {
		if err := s.keyring.Add(a.secret); err != nil {
			a.fail("", err)
			continue
		}
		a.result.Status = Imported
		s.log.Info("key imported", "public_key", a.key.String())
	}
	for second, first := range again {
		if *second = *first; first.Status == Imported {
			second.Status = Duplicate
		}
	}
	return results, nil
}

// unseal opens a keystore and seals the key for here. It returns nil for a keystore that can't be opened and for one of a key
// that is in use, with a result that says so.
func (s *Store) unseal(result *Result, keystore, theirs, ours []byte, active []ffg.PublicKey) *arrival {
	secret, err := keys.Decode(keystore, theirs)
	a := &arrival{result: result, secret: secret}
	if err != nil {
		a.fail("", err)
		return nil
	}
	a.key = secret.PublicKey().Bytes()
	if slices.Contains(active, a.key) {
		a.fail(Duplicate, nil)
		return nil
	}
	info, err := keys.Inspect(keystore)
	if err == nil {
		a.sealed, err = keys.Encode(secret, ours, keys.SaveOptions{Cost: s.config.Cost, Path: info.Path, Description: info.Description})
	}
	if err != nil {
		a.fail("", err)
		return nil
	}
	return a
}

// admit saves the keystores of keys that may vote here, and returns those; the others' results say why not.
func (s *Store) admit(arrivals []*arrival, history []byte) (saved []*arrival, err error) {
	public := func(all []*arrival) (out []ffg.PublicKey) {
		for _, a := range all {
			out = append(out, a.key)
		}
		return out
	}
	defer func() {
		if err != nil {
			for _, a := range arrivals {
				a.secret.Zero()
			}
		}
	}()
	found, err := s.guard.Compare(s.config.Domain, history, public(arrivals))
	if err != nil {
		return nil, err
	}
	for i, a := range arrivals {
		err := judge(a.key, found[i])
		if err == nil {
			err = s.save(a)
		}
		if err != nil {
			a.fail("", err)
			continue
		}
		saved = append(saved, a)
	}
	if _, err := s.guard.Receive(s.config.Domain, history, public(saved)); err != nil {
		for _, a := range saved {
			err = errors.Join(err, keys.Delete(s.config.Folder, nameOf(a.key)))
		}
		return nil, err
	}
	return saved, nil
}

// judge returns an error unless the file says what the key has signed, up to now.
func judge(key ffg.PublicKey, a guard.Arrival) error {
	switch {
	case a.Stale():
		return fmt.Errorf("%w: expected a vote of key %s above epoch %d in slashing_protection, signed elsewhere since it was removed here, found none: "+
			"take the file of the machine that voted last; if none has voted since, stop this process and run 'dualchaind voter guard import FILE --%s' with it first",
			guard.ErrRetired, key, a.Newest, guard.NoOtherMachineFlag)
	case !a.Named:
		return fmt.Errorf("%w: expected key %s in slashing_protection, with an empty list if it has never voted, found nothing of it", guard.ErrMissing, key)
	case a.Recorded && a.Votes == 0:
		return fmt.Errorf("%w: expected the votes of key %s in slashing_protection, as it has voted here up to epoch %d, found an empty list", guard.ErrMissing, key, a.Newest)
	}
	return nil
}

func nameOf(key ffg.PublicKey) string { return key.String()[:16] }

// save writes the keystore of a key that has none here.
func (s *Store) save(a *arrival) error {
	files, err := s.files()
	if err != nil {
		return err
	}
	if there := files[a.key.String()]; len(there) > 0 {
		return fmt.Errorf("expected no keystore of key %s, found %s: restart to use it, or delete it first", a.key, there[0].Name)
	}
	_, err = keys.SaveKeystore(s.config.Folder, nameOf(a.key), a.sealed)
	return err
}
