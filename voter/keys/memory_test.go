package keys

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// counting is a KDF that counts how many derivations are at work.
type counting struct {
	*pbkdf2Params
	working, most *atomic.Int32
}

func (c counting) derive(password []byte) ([]byte, error) {
	now := c.working.Add(1)
	defer c.working.Add(-1)
	for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
	}
	for range 1000 { // lets the others begin, if they may
		runtime.Gosched()
	}
	return make([]byte, minDerived), nil
}

// Each derivation may take 256 MiB or more, so a process has one at a time.
func TestKeystoresAreOpenedOneAtATime(t *testing.T) {
	kdf := counting{working: new(atomic.Int32), most: new(atomic.Int32)}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := derive(context.Background(), kdf, []byte(password)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most := kdf.most.Load(); most != 1 {
		t.Errorf("expected one at a time, found %d", most)
	}
}

func TestTheMemoryOfADerivationIsKnown(t *testing.T) {
	for _, tc := range []struct {
		kdf  kdf
		want uint64
	}{
		{&scryptParams{N: 1 << 18, R: 8, P: 1}, 256 << 20},
		{&scryptParams{N: 1 << 12, R: 8, P: 1}, 4 << 20},
		{&pbkdf2Params{C: 1 << 18}, 0},
	} {
		if found := tc.kdf.memory(); found != tc.want {
			t.Errorf("%+v: expected %d bytes, found %d", tc.kdf, tc.want, found)
		}
	}
}
