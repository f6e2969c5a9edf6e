package bls_test

import (
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/bls"
)

// Participation from one signer to all crosses the point at which subtraction takes over.
func TestAKeySetAgreesWithTheSumOfTheSigners(t *testing.T) {
	const n = 17
	secrets, keys := voters(t, n)
	sigs, set := signAll(secrets, root(1)), bls.NewKeySet(keys)
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, n).Draw(t, "signers")
		order := rapid.Permutation(indexes(n)).Draw(t, "order")
		signers := slices.Sorted(slices.Values(order[:count]))
		var their []*bls.PublicKey
		var parts [][bls.SignatureSize]byte
		for _, i := range signers {
			their, parts = append(their, keys[i]), append(parts, sigs[i])
		}
		sum := aggregate(t, parts...)
		wantError(t, nil, bls.VerifyAggregate(their, root(1), sum))
		wantError(t, nil, set.VerifyAggregate(slices.Values(signers), count, root(1), sum))
		wantError(t, bls.ErrInvalidSignature, set.VerifyAggregate(slices.Values(signers), count, root(2), sum))

		if count == n {
			return
		}
		others := slices.Clone(signers)
		others[rapid.IntRange(0, count-1).Draw(t, "who is exchanged")] = order[count]
		slices.Sort(others)
		wantError(t, bls.ErrInvalidSignature, set.VerifyAggregate(slices.Values(others), count, root(1), sum))
		more := slices.Sorted(slices.Values(append([]int{order[count]}, signers...)))
		wantError(t, bls.ErrInvalidSignature, set.VerifyAggregate(slices.Values(more), count+1, root(1), sum))
	})
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestAKeySetRefusesSignersThatDoNotFit(t *testing.T) {
	secrets, keys := voters(t, 5)
	set := bls.NewKeySet(keys)
	sigs := signAll(secrets, root(1))
	for name, c := range map[string]struct {
		signers []int
		count   int
		want    error
	}{
		"two, counted right":          {[]int{0, 3}, 2, nil},
		"four, counted right":         {[]int{0, 1, 3, 4}, 4, nil},
		"everybody":                   {[]int{0, 1, 2, 3, 4}, 5, nil},
		"nobody":                      {nil, 0, bls.ErrEmpty},
		"nobody, counted as one":      {nil, 1, bls.ErrMismatch},
		"nobody, counted as all":      {nil, 5, bls.ErrMismatch},
		"one, counted as none":        {[]int{0}, 0, bls.ErrEmpty},
		"negative count":              {[]int{0}, -1, bls.ErrMismatch},
		"more than the set":           {[]int{0, 1, 2, 3, 4}, 6, bls.ErrMismatch},
		"two, counted as one":         {[]int{0, 3}, 1, bls.ErrMismatch},
		"two, counted as three":       {[]int{0, 3}, 3, bls.ErrMismatch},
		"four, counted as five":       {[]int{0, 1, 3, 4}, 5, bls.ErrMismatch},
		"descending":                  {[]int{3, 0}, 2, bls.ErrMismatch},
		"descending among many":       {[]int{0, 2, 1, 3}, 4, bls.ErrMismatch},
		"one twice":                   {[]int{3, 3}, 2, bls.ErrMismatch},
		"one twice among many":        {[]int{0, 1, 1, 3}, 4, bls.ErrMismatch},
		"before the first":            {[]int{-1, 0}, 2, bls.ErrMismatch},
		"behind the last":             {[]int{0, 5}, 2, bls.ErrMismatch},
		"behind the last, among many": {[]int{0, 1, 2, 5}, 4, bls.ErrMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			sum := sigs[0]
			for _, i := range c.signers[min(1, len(c.signers)):] {
				if i >= 0 && i < len(sigs) {
					sum = aggregate(t, sum, sigs[i])
				}
			}
			wantError(t, c.want, set.VerifyAggregate(slices.Values(c.signers), c.count, root(1), sum))
		})
	}
}

func TestAKeySetKeepsThePlaceOfAMissingKey(t *testing.T) {
	secrets, keys := voters(t, 4)
	keys[1] = nil
	set := bls.NewKeySet(keys)
	sigs := signAll(secrets, root(1))
	if set.Len() != 4 || set.Key(1) != nil {
		t.Errorf("expected 4 places with none at 1, found %d and %v", set.Len(), set.Key(1))
	}
	most := aggregate(t, sigs[0], sigs[2], sigs[3])
	wantError(t, nil, set.VerifyAggregate(slices.Values([]int{0, 2, 3}), 3, root(1), most))
	wantError(t, nil, set.VerifyAggregate(slices.Values([]int{2}), 1, root(1), sigs[2]))
	wantError(t, bls.ErrNilKey, set.VerifyAggregate(slices.Values([]int{0, 1, 2}), 3, root(1), most))
	wantError(t, bls.ErrNilKey, set.VerifyAggregate(slices.Values([]int{1}), 1, root(1), sigs[1]))
}

func TestAKeySetIsReadByPosition(t *testing.T) {
	_, keys := voters(t, 3)
	set := bls.NewKeySet(keys)
	if set.Len() != 3 {
		t.Fatalf("expected 3 keys, found %d", set.Len())
	}
	for i, want := range []*bls.PublicKey{0: keys[0], 1: keys[1], 2: keys[2], 3: nil} {
		if set.Key(i) != want {
			t.Errorf("position %d: expected %v, found %v", i, want, set.Key(i))
		}
	}
	if set.Key(-1) != nil {
		t.Error("position −1: expected none")
	}
}

func TestAKeySetDoesNotChangeWithTheListThatItWasMadeOf(t *testing.T) {
	secrets, keys := voters(t, 2)
	sum, set := aggregate(t, signAll(secrets, root(1))...), bls.NewKeySet(keys)
	keys[0], keys[1] = nil, keys[0]
	wantError(t, nil, set.VerifyAggregate(slices.Values([]int{0, 1}), 2, root(1), sum))
	wantError(t, nil, set.VerifyAggregate(slices.Values([]int{1}), 1, root(1), secrets[1].Sign(root(1))))
}

func TestAnEmptyKeySetVerifiesNothing(t *testing.T) {
	sig := secret(t, 1).Sign(root(1))
	for name, set := range map[string]*bls.KeySet{"nil": nil, "no keys": bls.NewKeySet(nil), "zero value": {}} {
		t.Run(name, func(t *testing.T) {
			if set.Len() != 0 || set.Key(0) != nil {
				t.Errorf("expected nothing, found %d keys", set.Len())
			}
			wantError(t, bls.ErrEmpty, set.VerifyAggregate(slices.Values([]int{}), 0, root(1), sig))
			wantError(t, bls.ErrEmpty, set.VerifyAggregate(nil, 1, root(1), sig))
			wantError(t, bls.ErrMismatch, set.VerifyAggregate(slices.Values([]int{0}), 1, root(1), sig))
		})
	}
}

func TestAKeySetCountsAKeyThatOccursTwiceTwice(t *testing.T) {
	key := secret(t, 6)
	set := bls.NewKeySet([]*bls.PublicKey{key.PublicKey(), key.PublicKey()})
	sig := key.Sign(root(1))
	wantError(t, nil, set.VerifyAggregate(slices.Values([]int{0, 1}), 2, root(1), aggregate(t, sig, sig)))
	wantError(t, bls.ErrInvalidSignature, set.VerifyAggregate(slices.Values([]int{0, 1}), 2, root(1), sig))
}

func TestAKeySetIsSharedByGoroutines(t *testing.T) {
	secrets, keys := voters(t, 9)
	set, sigs := bls.NewKeySet(keys), signAll(secrets, root(1))
	var wg sync.WaitGroup
	for count := 1; count <= len(keys); count++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			sum, err := bls.Aggregate(sigs[:count]...)
			if err != nil {
				t.Errorf("aggregate %d: %v", count, err)
			}
			if err := set.VerifyAggregate(slices.Values(indexes(count)), count, root(1), sum); err != nil {
				t.Errorf("verify %d: %v", count, err)
			}
		}()
	}
	wg.Wait()
}
