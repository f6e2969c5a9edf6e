package custody

import (
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
	secret, err := bls.KeyFromSeed(slices.Repeat([]byte{1}, bls.MinSeedSize))
	f.must(err)
	f.key = secret.PublicKey().Bytes()
	f.keystore, err = keys.Encode(secret, []byte("correct horse"), keys.SaveOptions{Cost: keys.Light})
	f.must(err)
	f.Custody = Custody{Folder: filepath.Join(t.TempDir(), "keys"), Domain: domain, Guard: f.guard}
	return f
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

// dying is slashing protection whose process ends when it is told to let keys vote.
type dying struct{ *guard.Guard }

func (d dying) Receive(domain ffg.Root, content []byte, keys []ffg.PublicKey) (guard.Report, error) {
	if len(keys) > 0 {
		panic("crash")
	}
	return d.Guard.Receive(domain, content, keys)
}

func TestAKeyThatWasKnownBeforeNeverVotesOnItsOldHistory(t *testing.T) {
	f := newFixture(t)
	_, err := f.Learn(f.history(5), false) // so slashing protection would let it vote from epoch 6 on
	f.must(err)
	c := f.Custody
	c.Guard = dying{f.guard}
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
