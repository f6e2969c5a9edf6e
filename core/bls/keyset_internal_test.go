package bls

import (
	"slices"
	"testing"
)

// This test is internal because, from outside, each participation shows only one of the two ways to add up.
func TestBothWaysToAddUpGiveTheSameSum(t *testing.T) {
	const n = 40
	keys := make([]*PublicKey, n)
	for i := range keys {
		key, err := KeyFromSeed(slices.Repeat([]byte{byte(i)}, MinSeedSize))
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = key.PublicKey()
	}
	set := NewKeySet(keys)
	for count := 1; count <= n; count++ {
		signers := make([]int, count) // spread over the set
		for i := range signers {
			signers[i] = i * n / count
		}
		added, err := set.sum(slices.Values(signers), count, false)
		if err != nil {
			t.Fatal(err)
		}
		subtracted, err := set.sum(slices.Values(signers), count, true)
		if err != nil {
			t.Fatal(err)
		}
		if !added.Equals(subtracted) || !added.ToAffine().Equals(subtracted.ToAffine()) {
			t.Errorf("%d of %d: the sums differ", count, n)
		}
	}
}
