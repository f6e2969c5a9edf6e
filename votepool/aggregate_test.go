package votepool

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

// key returns a secret key that differs for each number.
func key(t testing.TB, number int) *bls.SecretKey {
	t.Helper()
	secret, err := bls.KeyFromSeed(append(make([]byte, bls.MinSeedSize), byte(number)))
	require.NoError(t, err)
	return secret
}

func parse(t testing.TB, signature ffg.Signature) *bls.Signature {
	t.Helper()
	point, err := bls.ParseSignature(signature[:])
	require.NoError(t, err)
	return point
}

func TestMissingIsWhatTheTallyLacks(t *testing.T) {
	canonical := vote(1, 2, 0)
	p := pool(1, 10)
	outsider := ffg.PublicKey{9}
	points := map[Signed]*bls.Signature{}
	for i, v := range []Signed{
		signed(carol, canonical),
		signed(bob, vote(1, 2, 1)), signed(bob, canonical),
		signed(alice, vote(1, 2, 1)),
		signed(outsider, canonical),
		signed(alice, vote(1, 3, 0)),
	} {
		points[v] = parse(t, key(t, i).Sign([32]byte{}))
		added, err := p.Add(v, func() (*bls.Signature, error) { return points[v], nil })
		require.NoError(t, err)
		require.True(t, added)
	}
	set := ffg.VoterSet{{Key: alice, Rear: 1}, {Key: bob, Current: 1}, {Key: carol, Current: 1}}

	part := func(position int, key ffg.PublicKey) Part {
		return Part{Position: position, Signature: points[signed(key, canonical)]}
	}
	require.Equal(t, []Part{part(1, bob), part(2, carol)}, p.Missing(canonical, set, nil))
	require.Equal(t, []Part{part(1, bob)}, p.Missing(canonical, set, ffg.SingleBit(3, 2)))
	require.Empty(t, p.Missing(canonical, set, ffg.Bitfield{0b111}))
	require.Empty(t, p.Missing(vote(1, 4, 0), set, nil), "nobody voted")
	require.Equal(t, []Part{part(0, carol)}, p.Missing(canonical, set[2:], nil), "positions are the set's")
}

func TestAggregateVerifiesInItsSet(t *testing.T) {
	root := vote(1, 2, 0).SigningRoot(ffg.Domain("test"))
	var (
		keys  []*bls.PublicKey
		parts []Part
	)
	for i := range 10 {
		secret := key(t, i)
		keys = append(keys, secret.PublicKey())
		if i%3 == 0 {
			parts = append(parts, Part{Position: i, Signature: parse(t, secret.Sign(root))})
		}
	}
	signers, signature, err := Aggregate(parts, len(keys))
	require.NoError(t, err)
	require.Equal(t, ffg.Bitfield{0b01001001, 0b10}, signers)
	require.NoError(t, bls.NewKeySet(keys).VerifyAggregate(signers.Indices(), signers.Count(), root, signature))
}

func TestNothingDoesNotAggregate(t *testing.T) {
	_, _, err := Aggregate(nil, 3)
	require.ErrorIs(t, err, bls.ErrEmpty)
}
