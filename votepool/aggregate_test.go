package votepool

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

func TestMissingIsWhatTheTallyLacks(t *testing.T) {
	canonical := vote(1, 2, 0)
	p := pool(1, 10)
	outsider := ffg.PublicKey{9}
	mustAdd(t, p,
		signed(carol, canonical),
		signed(bob, vote(1, 2, 1)), signed(bob, canonical),
		signed(alice, vote(1, 2, 1)),
		signed(outsider, canonical),
		signed(alice, vote(1, 3, 0)))
	set := ffg.VoterSet{{Key: alice, Rear: 1}, {Key: bob, Current: 1}, {Key: carol, Current: 1}}

	part := func(position int, key ffg.PublicKey) Part {
		return Part{Position: position, Signature: signed(key, canonical).Signature}
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
		secret, err := bls.KeyFromSeed(append(make([]byte, bls.MinSeedSize), byte(i)))
		require.NoError(t, err)
		keys = append(keys, secret.PublicKey())
		if i%3 == 0 {
			parts = append(parts, Part{Position: i, Signature: secret.Sign(root)})
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

func TestMalformedSignaturesDoNotAggregate(t *testing.T) {
	_, _, err := Aggregate([]Part{{Position: 0, Signature: ffg.Signature{1}}}, 3)
	require.ErrorIs(t, err, bls.ErrEncoding)
}
