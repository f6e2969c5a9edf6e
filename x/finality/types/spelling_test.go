package types

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/ffg"
)

// misspellings returns texts that say the same as a root or key to a lenient reader, and are refused.
func misspellings(text string) map[string]string {
	return map[string]string{
		"a digit short":        text[1:],
		"a digit long":         "0" + text,
		"a byte long":          text + "00",
		"in upper case":        strings.ToUpper(text),
		"one digit upper":      strings.Replace(text, "a", "A", 1),
		"with a prefix":        "0x" + text,
		"with a prefix inside": "0x" + text[2:],
		"with a space":         " " + text[1:],
		"not hexadecimal":      "g" + text[1:],
		"empty":                "",
	}
}

// Unsigned transactions have one spelling, or one vote would travel under several hashes and sizes.
func TestUnsignedTransactionsHaveOneSpelling(t *testing.T) {
	root, key := strings.Repeat("a1", 32), strings.Repeat("a1", 48)
	votes := func() *MsgSubmitVotes {
		m := &MsgSubmitVotes{Votes: AggregateVote{VoterSetHash: root, Signers: []byte{1}, Signature: make([]byte, 96)}}
		m.Votes.Vote.Source.Root, m.Votes.Vote.Target.Root, m.Votes.Vote.Target.Epoch = root, root, 1
		return m
	}
	evidence := func() *MsgSubmitEvidence {
		vote := EvidenceVote{Vote: votes().Votes.Vote, ForkSigners: []ForkSigner{{PubKey: key, Operator: "a"}}, Signature: make([]byte, 96)}
		m := &MsgSubmitEvidence{Evidence: Evidence{First: vote, Second: vote}}
		m.Evidence.Second.ForkSigners = []ForkSigner{{PubKey: key, Operator: "a"}}
		return m
	}
	for _, msg := range []submission{votes(), evidence()} {
		encoded, err := EncodeUnsigned(msg)
		require.NoError(t, err)
		decoded, unsigned, err := DecodeUnsigned(encoded)
		require.NoError(t, err)
		require.True(t, unsigned)
		require.Equal(t, msg, decoded)
	}
	for field, set := range map[string]func(text string) submission{
		"source root":    func(text string) submission { m := votes(); m.Votes.Vote.Source.Root = text; return m },
		"target root":    func(text string) submission { m := votes(); m.Votes.Vote.Target.Root = text; return m },
		"voter set hash": func(text string) submission { m := votes(); m.Votes.VoterSetHash = text; return m },
		"first source":   func(text string) submission { m := evidence(); m.Evidence.First.Vote.Source.Root = text; return m },
		"second target":  func(text string) submission { m := evidence(); m.Evidence.Second.Vote.Target.Root = text; return m },
		"fork signer": func(text string) submission {
			m := evidence()
			m.Evidence.Second.ForkSigners[0].PubKey = text
			return m
		},
	} {
		good := root
		if field == "fork signer" {
			good = key
		}
		for name, text := range misspellings(good) {
			encoded, err := EncodeUnsigned(set(text))
			require.NoError(t, err)
			_, unsigned, err := DecodeUnsigned(encoded)
			require.ErrorIs(t, err, ErrNotCanonical, "%s %s", field, name)
			require.ErrorIs(t, err, ffg.ErrEncoding, "%s %s", field, name)
			require.False(t, unsigned)
		}
	}
}

func TestMessagesHaveOneSpelling(t *testing.T) {
	root, key := strings.Repeat("a1", 32), strings.Repeat("a1", 48)
	vote := AggregateVoteFromFFG(ffg.AggregateVote{Vote: ffg.Vote{Target: ffg.Ref{Epoch: 1}}})
	pair := Pair{VoterSetHash: root, NextVoterSetHash: root}
	member := func(text string, rear uint64) VoterSet {
		return VoterSet{Members: []SetMember{{PubKey: text, Rear: rear, Current: 1}}}
	}
	for field, tc := range map[string]struct {
		good string
		read func(text string) error
	}{
		"source root":    {root, func(text string) error { v := vote; v.Vote.Source.Root = text; _, err := v.ToFFG(); return err }},
		"target root":    {root, func(text string) error { v := vote; v.Vote.Target.Root = text; _, err := v.ToFFG(); return err }},
		"voter set hash": {root, func(text string) error { v := vote; v.VoterSetHash = text; _, err := v.ToFFG(); return err }},
		"pair":           {root, func(text string) error { p := pair; p.VoterSetHash = text; _, _, err := p.Hashes(); return err }},
		"pair's next":    {root, func(text string) error { p := pair; p.NextVoterSetHash = text; _, _, err := p.Hashes(); return err }},
		"public key":     {key, func(text string) error { _, err := ParsePublicKey(text); return err }},
		"member":         {key, func(text string) error { _, err := member(text, 1).Stitched(); return err }},
		"next member":    {key, func(text string) error { _, err := member(text, 0).Side(); return err }},
	} {
		require.NoError(t, tc.read(tc.good), field)
		for name, text := range misspellings(tc.good) {
			require.Error(t, tc.read(text), "%s %s", field, name)
		}
	}
}
