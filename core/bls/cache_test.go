package bls_test

import (
	"sync"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
)

func TestACacheGivesTheSameKeyAgain(t *testing.T) {
	cache := bls.NewCache(2)
	b := secret(t, 1).PublicKey().Bytes()
	first, err := cache.Parse(b)
	wantError(t, nil, err)
	again, err := cache.Parse(b)
	wantError(t, nil, err)
	if first != again {
		t.Error("expected the key that was kept, found another")
	}
	if first.Bytes() != b {
		t.Errorf("expected %x, found %s", b, first)
	}
}

func TestACacheForgetsTheLeastRecentlyUsed(t *testing.T) {
	cache := bls.NewCache(2)
	parse := func(n uint64) *bls.PublicKey {
		key, err := cache.Parse(secret(t, n).PublicKey().Bytes())
		wantError(t, nil, err)
		return key
	}
	one, two := parse(1), parse(2)
	if parse(1) != one {
		t.Fatal("expected 1 to be kept while there is room")
	}
	parse(3) // full: 2 is evicted, since 1 was used later
	if cache.Len() != 2 {
		t.Errorf("expected 2 keys, found %d", cache.Len())
	}
	if parse(1) != one {
		t.Error("expected 1 to be kept")
	}
	if parse(2) == two {
		t.Error("expected 2 to be forgotten")
	}
	if cache.Len() != 2 {
		t.Errorf("expected 2 keys, found %d", cache.Len())
	}
}

func TestACacheKeepsNothingThatIsRefused(t *testing.T) {
	cache := bls.NewCache(8)
	for name, c := range badPublicKeys {
		if b := unhex(t, c.hex); len(b) == bls.PublicKeySize {
			for range 2 {
				_, err := cache.Parse([bls.PublicKeySize]byte(b))
				if wantError(t, c.want, err); err == nil {
					t.Errorf("%s: expected an error", name)
				}
			}
		}
	}
	if cache.Len() != 0 {
		t.Errorf("expected an empty cache, found %d keys", cache.Len())
	}
}

func TestACacheWithoutRoomStillParses(t *testing.T) {
	b := secret(t, 1).PublicKey().Bytes()
	for name, cache := range map[string]*bls.Cache{"nil": nil, "zero value": {}, "size 0": bls.NewCache(0), "size −1": bls.NewCache(-1)} {
		key, err := cache.Parse(b)
		wantError(t, nil, err)
		if key.Bytes() != b || cache.Len() != 0 {
			t.Errorf("%s: expected key %x and nothing kept, found %s and %d", name, b, key, cache.Len())
		}
	}
}

func TestACacheIsSharedByGoroutinesAndStaysBounded(t *testing.T) {
	const size, distinct, goroutines, rounds = 4, 12, 8, 60
	_, keys := voters(t, distinct)
	cache := bls.NewCache(size)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range rounds {
				want := keys[(i*(g+1))%distinct].Bytes()
				if key, err := cache.Parse(want); err != nil || key.Bytes() != want {
					t.Errorf("expected %x, found %s and error %v", want, key, err)
				}
				if n := cache.Len(); n > size {
					t.Errorf("expected at most %d keys, found %d", size, n)
				}
			}
		}()
	}
	wg.Wait()
	if cache.Len() != size {
		t.Errorf("expected a full cache of %d, found %d", size, cache.Len())
	}
}
