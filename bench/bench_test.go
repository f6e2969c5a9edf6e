package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/ffg"
)

// The protocol promises (§6) that a checkpoint's votes are one bitfield and one signature for any number of voters.
func TestVotesWriteNothingPerVoter(t *testing.T) {
	few, many := writesOfVotes(t, 10), writesOfVotes(t, 1000)
	require.Positive(t, few.writes)
	require.Equal(t, few.writes, many.writes, "writes by the votes of 10 and of 1,000 voters")
	const lengths = 2 // the longer bitfield's length takes a byte more, here and in the value around it
	require.LessOrEqual(t, many.written-few.written, int64(bitfieldSize(1000)-bitfieldSize(10)+lengths),
		"bytes that 1,000 voters write more than 10")
	require.Less(t, many.written, int64(bitfieldSize(1000)+1024), "bytes written by the votes of 1,000 voters")
}

// A proposer's work for votes that it has verified must not grow by their parsing: the benchmark fails if votes are missing.
func TestAProposerProposesWhatItHeard(t *testing.T) {
	rows, err := measurePrepare(newVoters(12), 0)
	require.NoError(t, err)
	require.Positive(t, rows[0].Ns)
}

// A change of what verifiers accept must not be noticed only when somebody runs the benchmarks.
func TestAYearOfHandOversVerifies(t *testing.T) {
	r, err := measureYear(4)
	require.NoError(t, err)
	require.Positive(t, r.Ns)
}

func bitfieldSize(n int) int { return len(ffg.NewBitfield(n)) }

func writesOfVotes(t *testing.T, n int) sample {
	t.Helper()
	voters := newVoters(n)
	all, err := groupOf(voters, 1)
	require.NoError(t, err)
	c, err := start(voters, settings{interval: 3, setPeriod: never, eraLength: never})
	require.NoError(t, err)
	require.NoError(t, c.countWrites())
	written, err := c.voteWrites(all)
	require.NoError(t, err)
	return written
}

// A baseline that accepts everything, or does not add up the keys, would improve every ratio.
func TestBaselineVerifies(t *testing.T) {
	voters := newVoters(7)
	all, err := groupOf(voters, 1)
	require.NoError(t, err)
	half, err := groupOf(voters, 2)
	require.NoError(t, err)
	require.Len(t, half.points, 4)
	require.Equal(t, 4, half.signers.Count())

	root := ffg.Root{1}
	require.NoError(t, all.verify(root, all.sign(root)))
	require.NoError(t, half.verify(root, half.sign(root)))
	require.Error(t, all.verify(root, half.sign(root)), "fewer signers")
	require.Error(t, all.verify(ffg.Root{2}, all.sign(root)), "another message")
	require.Error(t, all.verify(root, ffg.Signature{}), "no signature")
}

func TestMedianTakesEachFigureByItself(t *testing.T) {
	for name, test := range map[string]struct {
		samples  []sample
		expected sample
	}{
		"none": {nil, sample{}},
		"one":  {[]sample{{ns: 5, writes: 2}}, sample{ns: 5, writes: 2}},
		"odd":  {[]sample{{ns: 9, allocs: 1}, {ns: 1, allocs: 2}, {ns: 5, allocs: 3}}, sample{ns: 5, allocs: 2}},
		"even": {[]sample{{ns: 1}, {ns: 4}, {ns: 2}, {ns: 3}}, sample{ns: 3}}, // the upper of the two middle values
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.expected, median(test.samples)) })
	}
}

func TestSamplesAddUp(t *testing.T) {
	a, b := sample{ns: 5, allocs: 4, bytes: 3, writes: 2, written: 1}, sample{ns: 1, allocs: 1, bytes: 1, writes: 1, written: 1}
	require.Equal(t, sample{ns: 4, allocs: 3, bytes: 2, writes: 1}, a.minus(b))
	require.Equal(t, sample{ns: 6, allocs: 5, bytes: 4, writes: 3, written: 2}, a.plus(b))
	require.Equal(t, a, a.minus(b).plus(b))
	require.Equal(t, sample{ns: 6, allocs: 5, bytes: 4, writes: 3, written: 2}, sum([]sample{a, b}))
	require.Equal(t, a, worst([]sample{b, a}))
	require.Equal(t, sample{ns: 5, allocs: 4, bytes: 3, writes: 1, written: 1}, a.withWrites(b))
}

// Exactly two thirds must sign, or the figures would be those of another certificate.
func TestQuorumsAreTheLeastThereIs(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 100} {
		voters := newVoters(n)
		g, err := quorumOf(voters)
		require.NoError(t, err)
		require.GreaterOrEqual(t, 3*g.signers.Count(), 2*n)
		require.Less(t, 3*(g.signers.Count()-1), 2*n)
		require.Len(t, g.points, g.signers.Count())
		c, err := newCertificates(voters)
		require.NoError(t, err)
		require.NoError(t, c.verifyCold())
	}
}
