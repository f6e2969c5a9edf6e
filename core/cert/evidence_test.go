package cert_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

func signedBy(source, target uint64, fork byte, signers ...byte) cert.SignedVote {
	v := cert.SignedVote{Vote: ffg.Vote{Source: ffg.Ref{Epoch: source, Root: ffg.Root{fork}}, Target: ffg.Ref{Epoch: target, Root: ffg.Root{fork}}}}
	for _, signer := range signers {
		v.Signers = append(v.Signers, ffg.PublicKey{signer})
	}
	return v
}

func TestTheSurroundingVoteIsFirst(t *testing.T) {
	inner, outer := signedBy(2, 3, 1, 7), signedBy(1, 4, 2, 7)
	for name, lists := range map[string][2]cert.SignedVote{"first": {outer, inner}, "second": {inner, outer}} {
		found := cert.FindEvidence(lists[:1], lists[1:])
		require.Len(t, found, 1, name)
		require.Equal(t, ffg.SurroundVote.String(), found[0].Offence)
		require.Equal(t, outer, found[0].First)
		require.Equal(t, inner, found[0].Second)
	}
	double := cert.FindEvidence([]cert.SignedVote{signedBy(1, 2, 1, 7)}, []cert.SignedVote{signedBy(1, 2, 2, 7)})
	require.Len(t, double, 1)
	require.Equal(t, ffg.Root{1}, double[0].First.Vote.Target.Root, "else it is the first list's")
	require.Equal(t, ffg.Root{2}, double[0].Second.Vote.Target.Root)
}

func TestEvidenceIsSortedAndAddsSomebody(t *testing.T) {
	first := []cert.SignedVote{signedBy(4, 5, 1, 1, 3), signedBy(2, 3, 1, 1), signedBy(6, 7, 1, 3)}
	second := []cert.SignedVote{signedBy(6, 7, 2, 2, 3), signedBy(4, 5, 2, 3), signedBy(2, 3, 2, 1, 2)}
	found := cert.FindEvidence(first, second)
	require.Len(t, found, 2, "that of epoch 7 accuses only whom that of epoch 5 does")
	require.Equal(t, uint64(3), found[0].First.Vote.Target.Epoch)
	require.Equal(t, []ffg.PublicKey{{1}}, found[0].Guilty)
	require.Equal(t, uint64(5), found[1].First.Vote.Target.Epoch)
	require.Equal(t, []ffg.PublicKey{{3}}, found[1].Guilty)
	require.Empty(t, cert.FindEvidence(first[:1], nil))
}

// A signer of both votes is guilty at any place in either list.
func TestTheGuiltyAreInBothLists(t *testing.T) {
	for _, lists := range [][2][]byte{{{1}, {2}}, {{2}, {1}}, {{1, 2}, {2, 3}}, {{2, 3}, {1, 2}}, {{1, 2, 3}, {3}}, {{3}, {1, 2, 3}}, {{}, {1}}, {{1}, {}}, {{1, 4}, {1, 4}}} {
		var expected []ffg.PublicKey
		for _, signer := range lists[0] {
			if slices.Contains(lists[1], signer) {
				expected = append(expected, ffg.PublicKey{signer})
			}
		}
		found := cert.FindEvidence([]cert.SignedVote{signedBy(1, 2, 1, lists[0]...)}, []cert.SignedVote{signedBy(1, 2, 2, lists[1]...)})
		if expected == nil {
			require.Empty(t, found, "%v", lists)
			continue
		}
		require.Equal(t, expected, found[0].Guilty, "%v", lists)
	}
}

// Changes that fit another set have an error of their own, since the full set helps then. An invalid full set has another.
func TestOnlyChangesDependOnTheSetBefore(t *testing.T) {
	base := certtestSide()
	_, err := cert.Diff(base, nil).Apply(base)
	require.ErrorIs(t, err, cert.ErrBase)
	require.ErrorIs(t, err, ffg.ErrNoPower)
	_, err = cert.Full(nil).Apply(base)
	require.ErrorIs(t, err, ffg.ErrNoPower)
	require.NotErrorIs(t, err, cert.ErrBase)
}

func certtestSide() ffg.Side { return propertyVoters.Side(1, 2, 3) }
