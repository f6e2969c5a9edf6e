package custody

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

var domain = ffg.Domain("test-1")

// fixture is the custody of a new home, and a key elsewhere.
type fixture struct {
	*testing.T
	Custody
	guard    *guard.Guard
	key      ffg.PublicKey
	keystore []byte
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t}
	path := filepath.Join(t.TempDir(), guard.FileName)
	f.must(guard.Create(path))
	var err error
	f.guard, err = guard.Open(path)
	f.must(err)
	t.Cleanup(func() { f.guard.Close() })
	f.key, f.keystore = f.seal(1)
	f.Custody = Custody{Folder: filepath.Join(t.TempDir(), "keys"), Domain: domain, Guard: f.guard}
	return f
}

// seal makes a key and its keystore.
func (f *fixture) seal(seed byte) (ffg.PublicKey, []byte) {
	f.Helper()
	secret, err := bls.KeyFromSeed(slices.Repeat([]byte{seed}, bls.MinSeedSize))
	f.must(err)
	keystore, err := keys.Encode(context.Background(), secret, []byte("correct horse"), keys.SaveOptions{Cost: keys.Light})
	f.must(err)
	return secret.PublicKey().Bytes(), keystore
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// history is an interchange file in which the key has voted for these targets, each from the epoch before.
func (f *fixture) history(targets ...uint64) []byte {
	var votes []string
	for _, target := range targets {
		votes = append(votes, fmt.Sprintf(`{"source_epoch":"%d","target_epoch":"%d"}`, target-1, target))
	}
	return fmt.Appendf(nil, `{"metadata":{"interchange_format_version":"5","genesis_validators_root":"0x%s"},"data":[{"pubkey":"0x%s","signed_blocks":[],"signed_attestations":[%s]}]}`,
		domain, f.key, strings.Join(votes, ","))
}

func (f *fixture) arrivals() []Arrival {
	return []Arrival{{Key: f.key, Name: "voter", Keystore: f.keystore}}
}

// dying is slashing protection whose process ends once a keystore is saved, before the key of it is received.
type dying struct {
	*guard.Guard
	custody Custody
}

func (d dying) Receive(domain ffg.Root, content []byte, keys []ffg.PublicKey) (guard.Report, error) {
	if files, err := d.custody.Keystores(); err != nil || len(files) > 0 {
		panic("crash")
	}
	return d.Guard.Receive(domain, content, keys)
}

func TestAKeyThatWasKnownBeforeNeverVotesOnItsOldHistory(t *testing.T) {
	f := newFixture(t)
	_, err := f.Learn(f.history(5), false) // so slashing protection would let it vote from epoch 6 on
	f.must(err)
	c := f.Custody
	c.Guard = dying{f.guard, f.Custody}
	func() {
		defer func() { _ = recover() }()
		_, _ = c.TakeIn(f.arrivals(), f.history(100), Terms{})
	}()
	if files, err := f.Keystores(); err != nil || len(files[f.key]) != 1 {
		t.Fatalf("expected the keystore that was saved before the crash, found %v, %v", files, err)
	}
	if err := f.guard.Approve(domain, f.key, ffg.Vote{Source: ffg.Ref{Epoch: 5}, Target: ffg.Ref{Epoch: 6}}); err == nil {
		t.Error("epoch 6, which may have been signed elsewhere: expected a refusal, found none")
	}
}

func TestOnlyKeystoresOfKeysThatMayNotVoteAreDeleted(t *testing.T) {
	f := newFixture(t)
	refused, err := f.TakeIn(f.arrivals(), f.history(), Terms{})
	f.must(errors.Join(append(refused, err)...))
	files, err := f.Keystores()
	f.must(err)
	if _, err := f.Remove(f.key, files[f.key]); !errors.Is(err, ErrMayVote) {
		t.Errorf("expected %v, found %v", ErrMayVote, err)
	}
	f.must(f.LetGo([]ffg.PublicKey{f.key}, false, nil))
	if removed, err := f.Remove(f.key, files[f.key]); err != nil || !removed {
		t.Errorf("expected the keystore deleted, found %t, %v", removed, err)
	}
	if err := f.LetGo([]ffg.PublicKey{f.key}, false, nil); !errors.Is(err, ErrGone) {
		t.Errorf("expected %v, found %v", ErrGone, err)
	}
}

func TestAHistoryThatIsNotHandedOverDisablesNothing(t *testing.T) {
	f := newFixture(t)
	refused, err := f.TakeIn(f.arrivals(), f.history(), Terms{})
	f.must(errors.Join(append(refused, err)...))
	full := errors.New("disk full")
	if err := f.LetGo([]ffg.PublicKey{f.key}, false, func([]byte) error { return full }); !errors.Is(err, full) || f.guard.Retired(f.key) {
		t.Errorf("expected %v and the key not disabled, found %v", full, err)
	}
}

func TestKeysThatComeTogetherComeAllOrNotAtAll(t *testing.T) {
	f := newFixture(t)
	stranger := Arrival{Key: ffg.PublicKey{9}, Name: "stranger", Keystore: f.keystore} // the file doesn't name it
	if _, err := f.TakeIn(append(f.arrivals(), stranger), f.history(7), Terms{Together: true}); !errors.Is(err, guard.ErrMissing) {
		t.Errorf("expected %v, found %v", guard.ErrMissing, err)
	}
	if known, err := f.guard.Knows(domain, f.key); err != nil || known {
		t.Errorf("expected nothing changed, found the key known %t, %v", known, err)
	}
	refused, err := f.TakeIn(append(f.arrivals(), stranger), f.history(7), Terms{})
	if err != nil || refused[0] != nil || !errors.Is(refused[1], guard.ErrMissing) {
		t.Errorf("one by one: expected %v for the second, found %v, %v", guard.ErrMissing, refused, err)
	}
}

func TestAKeystoreThatACrashLeftBehindDoesNotVoteInASecondHome(t *testing.T) {
	first, second := newFixture(t), newFixture(t) // they share a key
	refused, err := first.TakeIn(first.arrivals(), first.history(), Terms{})
	first.must(errors.Join(append(refused, err)...)) // it votes in the first home
	func() {
		defer func() { _ = recover() }()
		c := second.Custody
		c.Guard = dying{second.guard, second.Custody}
		_, _ = c.TakeIn(second.arrivals(), second.history(5), Terms{})
	}()
	// A file that names both keys brings another key into the second home.
	other, keystore := second.seal(2)
	both := bytes.Replace(second.history(5), []byte(`"data":[`), fmt.Appendf(nil, `"data":[{"pubkey":"0x%s","signed_blocks":[],"signed_attestations":[]},`, other), 1)
	refused, err = second.TakeIn([]Arrival{{Key: other, Name: "other", Keystore: keystore}}, both, Terms{})
	second.must(errors.Join(append(refused, err)...))
	next := ffg.Vote{Source: ffg.Ref{Epoch: 5}, Target: ffg.Ref{Epoch: 6}}
	if err := second.guard.Approve(domain, other, next); err != nil {
		t.Errorf("the key that arrived: %v", err)
	}
	if err := first.guard.Approve(domain, first.key, next); err != nil {
		t.Errorf("the other key in the first home: %v", err)
	}
	if err := second.guard.Approve(domain, second.key, next); !errors.Is(err, guard.ErrMissing) {
		t.Errorf("the other key in the second home: expected %v, found %v", guard.ErrMissing, err)
	}
}

// A promise is true at its time. If it let a key vote without a keystore, it would wait for one, and the key may be elsewhere by then.
func TestAPromiseThatNoOtherMachineHasAKeyCountsOnlyWhereItsKeystoreIs(t *testing.T) {
	for name, signed := range map[string][]uint64{"a key that has voted": {5}, "a key that has never voted": {}} {
		first, second := newFixture(t), newFixture(t) // they share a key
		arrived := first.history(signed...)
		takeIn := func(f *fixture, history []byte) error {
			_, err := f.TakeIn(f.arrivals(), history, Terms{Together: true})
			return err
		}
		letGo := func(f *fixture) []byte {
			f.must(f.LetGo([]ffg.PublicKey{f.key}, false, nil))
			files, err := f.Keystores()
			f.must(err)
			_, err = f.Remove(f.key, files[f.key])
			f.must(err)
			history, err := f.History([]ffg.PublicKey{f.key})
			f.must(err)
			return history
		}
		// The key was in the first home, and its owner wants it back there, but then takes it to the second.
		first.must(takeIn(first, arrived))
		left := letGo(first)
		exported, err := first.FullHistory(false)
		first.must(err)
		_, err = first.Learn(left, true)
		first.must(err)
		second.must(takeIn(second, exported))
		if err := takeIn(first, arrived); !errors.Is(err, ErrNothingNew) {
			t.Errorf("%s: the file that brought it, in the first home again: expected %v, found %v", name, ErrNothingNew, err)
		}
		next := ffg.Vote{Source: ffg.Ref{Epoch: 5}, Target: ffg.Ref{Epoch: 6}}
		if err := first.guard.Approve(domain, first.key, next); !errors.Is(err, guard.ErrRetired) {
			t.Errorf("%s: a vote in the first home: expected %v, found %v", name, guard.ErrRetired, err)
		}
		// It comes back without a vote: its keystore first, and then the promise.
		back := letGo(second)
		_, err = keys.SaveKeystore(first.Folder, "voter", first.keystore)
		first.must(err)
		_, err = first.Learn(back, true)
		first.must(err)
		if err := first.guard.Approve(domain, first.key, next); err != nil {
			t.Errorf("%s: a vote in the first home, where its keystore is: %v", name, err)
		}
	}
}

func TestAKeyArrivesWithWhatItHasSigned(t *testing.T) {
	for name, before := range map[string]func(*fixture) error{
		"a new key":           func(*fixture) error { return nil },
		"known from a file":   func(f *fixture) error { _, err := f.Learn(f.history(5), false); return err },
		"back from a journey": func(f *fixture) error { return errors.Join(f.guard.Admit(f.key), f.guard.Retire(f.key)) },
		"back, with old votes": func(f *fixture) error {
			_, err := f.Learn(f.history(5), false)
			return errors.Join(err, f.guard.Retire(f.key))
		},
	} {
		f := newFixture(t)
		f.must(before(f))
		refused, err := f.TakeIn(f.arrivals(), f.history(7, 100), Terms{})
		f.must(errors.Join(append(refused, err)...))
		if latest, _, err := f.guard.Latest(domain, f.key); err != nil || latest.Target != 100 {
			t.Errorf("%s: expected votes up to epoch 100, found %d, %v", name, latest.Target, err)
		}
		for _, target := range []uint64{7, 50, 100} {
			if err := f.guard.Approve(domain, f.key, ffg.Vote{Source: ffg.Ref{Epoch: 5}, Target: ffg.Ref{Epoch: target, Root: ffg.Root{1}}}); err == nil {
				t.Errorf("%s: a vote for epoch %d that conflicts: expected a refusal, found none", name, target)
			}
		}
		if err := f.guard.Approve(domain, f.key, ffg.Vote{Source: ffg.Ref{Epoch: 100}, Target: ffg.Ref{Epoch: 101}}); err != nil {
			t.Errorf("%s: the next epoch: %v", name, err)
		}
	}
}
