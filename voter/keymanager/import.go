package keymanager

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/custody"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// errStopped: the key was deleted while it was imported.
var errStopped = errors.New("the key was deleted while it was imported: import it again if it is to vote here")

// opened is a key from a keystore of a request.
type opened struct {
	result *Result
	secret *bls.SecretKey
	key    ffg.PublicKey
	sealed []byte // the keystore under the home's password
}

// fail sets the result and zeroes the key.
func (o *opened) fail(status string, err error) {
	*o.result = failed(status, err)
	o.secret.Zero()
}

// Import takes keystores, each with its password, and an EIP-3076 file with what their keys have signed. It refuses a key that the file
// doesn't name. A key that has never voted needs an empty list in the file; a key that was removed here needs a vote newer than any that
// was signed here. Import seals the keys again under the home's password and hands them to custody.TakeIn. An error means that nothing was
// done: those of custody.TakeIn and of finding the password.
func (s *Store) Import(ctx context.Context, keystores, passwords []string, history []byte) ([]Result, error) {
	s.imports.Lock()
	defer s.imports.Unlock()
	s.stopped.reset()
	password, err := s.config.Password()
	if err != nil {
		return nil, err
	}
	defer clear(password)
	if len(history) == 0 {
		history, _ = s.custody.History(nil) // a file of no keys can't fail
	}
	if _, err := s.custody.Guard.Compare(s.custody.Domain, history, nil); err != nil { // before the long work
		return nil, err
	}
	active, err := s.keyring.Keys(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]Result, len(keystores))
	var all []*opened
	again := map[*Result]*Result{} // the result of a key that comes twice, and that of its first time
	for i := range keystores {
		if err := ctx.Err(); err != nil { // the client has gone, or the process ends
			for _, o := range all {
				o.secret.Zero()
			}
			return nil, fmt.Errorf("import: %w", err)
		}
		s.log.Info("opening a keystore", event.KeyOpening, "number", i+1, "of", len(keystores))
		o := s.open(ctx, &results[i], []byte(keystores[i]), []byte(passwords[i]), password, active)
		if o == nil {
			continue
		}
		if first := slices.IndexFunc(all, func(b *opened) bool { return o.key == b.key }); first >= 0 {
			again[o.result] = all[first].result
			o.secret.Zero()
			continue
		}
		all = append(all, o)
	}
	if err := s.takeIn(all, history); err != nil {
		return nil, err
	}
	for second, first := range again {
		if *second = *first; first.Status == Imported {
			second.Status = Duplicate
		}
	}
	return results, nil
}

// open opens a keystore and seals its key under the home's password. It returns nil, with the reason in the result, for a keystore that
// can't be opened and for a key that is in use.
func (s *Store) open(ctx context.Context, result *Result, keystore, theirs, ours []byte, active []ffg.PublicKey) *opened {
	secret, err := keys.Decode(ctx, keystore, theirs)
	o := &opened{result: result, secret: secret}
	if err != nil {
		o.fail("", err)
		return nil
	}
	o.key = secret.PublicKey().Bytes()
	if slices.Contains(active, o.key) {
		o.fail(Duplicate, nil)
		return nil
	}
	info, err := keys.Inspect(keystore)
	if err == nil {
		o.sealed, err = keys.Encode(ctx, secret, ours, keys.SaveOptions{Cost: s.config.Cost, Path: info.Path, Description: info.Description})
	}
	if err != nil {
		o.fail("", err)
		return nil
	}
	return o
}

// takeIn lets the keys vote here that may, and sets all results.
func (s *Store) takeIn(all []*opened, history []byte) error {
	s.files.Lock()
	defer s.files.Unlock()
	files, _ := s.custody.Keystores() // other files are nobody's keys, or are left out
	var coming []*opened
	var arrivals []custody.Arrival
	for _, o := range all {
		if there := files[o.key]; len(there) > 0 {
			o.fail("", fmt.Errorf("expected no keystore of key %s, found %s: restart to use it, or delete it first", o.key, there[0].Name))
			continue
		}
		if s.stopped.has(o.key) {
			o.fail("", errStopped)
			continue
		}
		coming = append(coming, o)
		arrivals = append(arrivals, custody.Arrival{Key: o.key, Name: nameOf(o.key), Keystore: o.sealed})
	}
	refused, err := s.custody.TakeIn(arrivals, history, custody.Terms{})
	if err != nil {
		for _, o := range coming {
			o.secret.Zero()
		}
		return err
	}
	for i, o := range coming {
		err := refused[i]
		if err == nil && s.stopped.has(o.key) { // the deletion waits to stop it for good
			err = errStopped
		}
		if errors.Is(err, custody.ErrNothingNew) {
			err = fmt.Errorf("%w: take the file of the machine that voted last; if none has voted since, stop this process, "+
				"put the keystore back with 'voter keys import' and run 'voter guard import FILE --%s'",
				err, guard.NoOtherMachineFlag)
		}
		if err == nil {
			err = s.keyring.Add(o.secret)
		}
		if err != nil {
			o.fail("", err)
			continue
		}
		o.result.Status = Imported
		s.log.Info("key imported", event.KeyImported, "public_key", o.key.String())
	}
	return nil
}

func nameOf(key ffg.PublicKey) string { return key.String()[:16] }
