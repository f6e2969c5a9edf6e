package signerd

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/monitor"
)

// absence is a key, or a file that could be one, which was left out at the start.
type absence struct {
	key  ffg.PublicKey // zero if only the file is known
	file string
	err  error // why
}

// leftOut is what was left out, until it is mended.
type leftOut struct {
	mu  sync.Mutex
	all []absence
}

func (l *leftOut) leaveOut(a absence) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, a)
}

// mended forgets a key that was left out.
func (l *leftOut) mended(key ffg.PublicKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = slices.DeleteFunc(l.all, func(a absence) bool { return a.file == "" && a.key == key })
}

// Alarms returns what was left out at the start and is there still.
func (l *leftOut) Alarms() (out []monitor.Standing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = slices.DeleteFunc(l.all, func(a absence) bool {
		if a.file == "" {
			return false
		}
		_, err := os.Lstat(a.file)
		return errors.Is(err, fs.ErrNotExist)
	})
	for _, a := range l.all {
		s := monitor.Stand(monitor.ReasonOf(Reasons, a.err), a.err)
		if a.file == "" {
			s.PublicKey = a.key.String()
		}
		s.Alarm = true // it does not pass by itself, also if its reason usually does
		out = append(out, s)
	}
	return out
}

// Add is sign.Keyring's. A key that was left out at the start no longer is.
func (l *Local) Add(secret *bls.SecretKey) error {
	public := secret.PublicKey()
	err := l.Keyring.Add(secret)
	if err == nil {
		l.mended(public.Bytes())
	}
	return err
}

// Remove is sign.Keyring's. A key that was left out at the start no longer is.
func (l *Local) Remove(key ffg.PublicKey) bool {
	l.mended(key)
	return l.Keyring.Remove(key)
}
