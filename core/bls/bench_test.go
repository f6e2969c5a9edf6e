//go:build go1.24

package bls_test

import (
	"fmt"
	"iter"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
)

func BenchmarkSign(b *testing.B) {
	key := secret(b, 1<<60)
	for b.Loop() {
		key.Sign(root(1))
	}
}

func BenchmarkVerify(b *testing.B) {
	key := secret(b, 1<<60)
	public, sig := key.PublicKey(), key.Sign(root(1))
	for b.Loop() {
		if err := bls.Verify(public, root(1), sig); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParsePublicKey(b *testing.B) {
	key := secret(b, 1<<60).PublicKey()
	compressed, uncompressed := key.Bytes(), key.Uncompressed()
	cache := bls.NewCache(1)
	b.Run("compressed", func(b *testing.B) {
		for b.Loop() {
			if _, err := bls.ParsePublicKey(compressed[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("uncompressed", func(b *testing.B) {
		for b.Loop() {
			if _, err := bls.PublicKeyFromUncompressed(uncompressed); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			if _, err := cache.Parse(compressed); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// sumUpTo returns the sum of the first n voters' secret keys. It signs for all of them at once.
func sumUpTo(b *testing.B, n int) *bls.SecretKey {
	return secret(b, uint64(n)*(uint64(n)+1)/2)
}

func BenchmarkVerifyAggregate(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		_, keys := voters(b, n)
		set := bls.NewKeySet(keys)
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			sig := sumUpTo(b, n).Sign(root(1))
			for b.Loop() {
				if err := bls.VerifyAggregate(keys, root(1), sig); err != nil {
					b.Fatal(err)
				}
			}
		})
		for _, percent := range []int{50, 67, 99, 100} {
			count := n * percent / 100
			b.Run(fmt.Sprintf("set=%d/signers=%d%%", n, percent), func(b *testing.B) {
				sig := sumUpTo(b, count).Sign(root(1))
				for b.Loop() {
					if err := set.VerifyAggregate(upTo(count), count, root(1), sig); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func upTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func BenchmarkAggregate(b *testing.B) {
	secrets, _ := voters(b, 1_000)
	sigs := signAll(secrets, root(1))
	for b.Loop() {
		if _, err := bls.Aggregate(sigs...); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyBatch(b *testing.B) {
	secrets, keys := voters(b, 1_000)
	sigs := signAll(secrets, root(1))
	for _, n := range []int{10, 100, 1_000} {
		b.Run(fmt.Sprintf("signatures=%d", n), func(b *testing.B) {
			for b.Loop() {
				if err := bls.VerifyBatch(keys[:n], root(1), sigs[:n]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("signatures=1000/one_invalid", func(b *testing.B) {
		spoiled := append([][bls.SignatureSize]byte(nil), sigs...)
		spoiled[777] = sigs[1]
		for b.Loop() {
			if found, err := bls.FindInvalid(keys, root(1), spoiled); err != nil || len(found) != 1 {
				b.Fatalf("expected one, found %v and error %v", found, err)
			}
		}
	})
}

func BenchmarkVerifyPossessions(b *testing.B) {
	keys, roots, proofs := possessions(b, 128)
	for _, n := range []int{1, 2, 16, 128} {
		b.Run(fmt.Sprintf("proofs=%d", n), func(b *testing.B) {
			for b.Loop() {
				if err := bls.VerifyPossessions(keys[:n], roots[:n], proofs[:n]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
