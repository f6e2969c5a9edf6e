package certtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"slices"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

// order is that of the groups of BLS12-381.
var order, _ = new(big.Int).SetString("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001", 16)

// Voters are the same n voters each time: voter i of many is voter i of few.
type Voters struct {
	keys    []ffg.PublicKey
	secrets map[ffg.PublicKey]*big.Int
}

// NewVoters returns voters 0 to n − 1.
func NewVoters(n int) *Voters {
	v := &Voters{secrets: make(map[ffg.PublicKey]*big.Int, n)}
	for i := range n {
		seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("certtest voter"), uint64(i)))
		secret := must(bls.KeyFromSeed(seed[:]))
		key := ffg.PublicKey(secret.PublicKey().Bytes())
		scalar := secret.Bytes()
		v.keys = append(v.keys, key)
		v.secrets[key] = new(big.Int).SetBytes(scalar[:])
	}
	return v
}

// Key returns voter i's key.
func (v *Voters) Key(i int) ffg.PublicKey { return v.keys[i] }

// Rogue adds a key for which nobody can prove possession, and returns it. The sum of its secret and voter i's is known to everybody, so
// that anybody can make an aggregate in which both seem to sign.
func (v *Voters) Rogue(i int) ffg.PublicKey { return v.complement(i, 1_000_003) }

// Opposite adds the key that makes the identity together with voter i's, and returns it. Nobody can prove possession of it.
func (v *Voters) Opposite(i int) ffg.PublicKey { return v.complement(i, 0) }

// complement adds the key whose secret and voter i's have this sum.
func (v *Voters) complement(i int, sum int64) ffg.PublicKey {
	secret := new(big.Int).Sub(big.NewInt(sum), v.secrets[v.keys[i]])
	var scalar [bls.SecretKeySize]byte
	secret.Mod(secret, order).FillBytes(scalar[:])
	key := ffg.PublicKey(must(bls.ParseSecretKey(scalar[:])).PublicKey().Bytes())
	v.secrets[key] = secret
	return key
}

// Side returns the set of voters 0, 1, … with these powers; 0 leaves one out.
func (v *Voters) Side(powers ...uint64) ffg.Side {
	var side ffg.Side
	for i, power := range powers {
		if power > 0 {
			side = append(side, ffg.Member{Key: v.keys[i], Power: power})
		}
	}
	slices.SortFunc(side, func(a, b ffg.Member) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return side
}

// Sign returns the aggregate signature of these keys on one message: that of the sum of their secrets.
func (v *Voters) Sign(root ffg.Root, keys ...ffg.PublicKey) ffg.Signature {
	sum := new(big.Int)
	for _, key := range keys {
		sum.Add(sum, v.secrets[key])
	}
	var scalar [bls.SecretKeySize]byte
	sum.Mod(sum, order).FillBytes(scalar[:])
	return must(bls.ParseSecretKey(scalar[:])).Sign(root)
}

// must panics on an error, which no input of this package's own can cause.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
