package signerd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/sign"
)

// Local is a signer in this process: the keys of a home and their slashing protection. Close it after use.
type Local struct {
	*sign.Keyring
	leftOut
	guard   *guard.Guard
	stop    context.CancelFunc
	managed <-chan struct{} // closed when the keymanager API has ended, nil if it does not run
}

// Open opens the keys that the configuration names and their slashing protection, and serves the keymanager API if the configuration
// says so. With that API it leaves out keys that slashing protection doesn't cover; without it, such a key is an error. Errors:
// home.ErrConfig, those of packages home, keys and guard, those of listening.
func Open(ctx context.Context, dir home.Dir, config home.Signing, log *slog.Logger) (_ *Local, err error) {
	keep, err := home.KeptVotes(config.Protection)
	if err != nil {
		return nil, fmt.Errorf("%w: protection: %w", home.ErrConfig, err)
	}
	secrets, odd, err := loadKeys(ctx, dir, config, log)
	if err != nil {
		return nil, err
	}
	protection, err := dir.OpenGuardToVote(keep)
	if err != nil {
		zero(secrets)
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	l := &Local{Keyring: sign.NewKeyring(ffg.Domain(config.ChainID), protection), guard: protection, stop: stop}
	for _, file := range odd {
		event.Alarm(log, "a file in keys/ is left out", event.KeyLeftOut, "file", file.Name, "error", file.Err)
		l.leaveOut(absence{file: filepath.Join(dir.Keys(), file.Name+".json"), err: file.Err})
	}
	if err := l.addKeys(dir, config, secrets, log); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if config.Keymanager.On() {
		if l.managed, err = serveKeymanager(ctx, dir, config, l, log); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

// Close ends the keymanager API, waits for signatures under way, zeroes the keys and unlocks slashing protection, in this order.
func (l *Local) Close() error {
	l.stop()
	if l.managed != nil {
		<-l.managed
	}
	l.Keyring.Close()
	return l.guard.Close()
}

// loadKeys loads the keys that the configuration names. A home without keys is fine if the keymanager API can add some.
func loadKeys(ctx context.Context, dir home.Dir, config home.Signing, log *slog.Logger) ([]*bls.SecretKey, []keys.Odd, error) {
	if config.Keymanager.On() {
		if empty, err := dir.Prepare(); err != nil {
			return nil, nil, err
		} else if empty {
			_, odd, err := keys.Survey(dir.Keys())
			return nil, odd, err
		}
	}
	return dir.LoadKeys(ctx, config.Keys, dir.Password(ctx, config.PasswordFile), func(name string, number, all int) {
		log.Info("opening a key", event.KeyOpening, "name", name, "number", number, "of", all)
	})
}

// addKeys gives the keyring the keys that may vote. It takes over all of them.
func (l *Local) addKeys(dir home.Dir, config home.Signing, secrets []*bls.SecretKey, log *slog.Logger) error {
	for i, secret := range secrets {
		public := ffg.PublicKey(secret.PublicKey().Bytes())
		err := dir.MayVote(l.guard, ffg.Domain(config.ChainID), public)
		if config.Keymanager.On() && (errors.Is(err, guard.ErrMissing) || errors.Is(err, guard.ErrRetired)) {
			// An interrupted import or delete leaves such a key. The other keys keep voting.
			event.Alarm(log, "a key is left out: delete it with the keymanager API, and import it again if it is to vote here",
				event.KeyLeftOut, "public_key", public.String(), "error", err)
			l.leaveOut(absence{key: public, err: err})
			secret.Zero()
			continue
		}
		if err == nil {
			err = l.Add(secret)
		}
		if err != nil {
			zero(secrets[i:])
			return err
		}
	}
	return nil
}

func zero(secrets []*bls.SecretKey) {
	for _, secret := range secrets {
		secret.Zero()
	}
}

// unattended finds the password without asking anybody.
func unattended(dir home.Dir, file string) keys.Password {
	return keys.FindPassword(dir.Resolve(file), func(string) ([]byte, error) {
		return nil, fmt.Errorf("%w: expected it in password_file or %s, because [keymanager] can't prompt", keys.ErrNoPassword, keys.PasswordEnv)
	})
}
