package ffg_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
)

// These tests recompute every hash of protocol §2 from raw concatenation, sharing nothing with the code under test.

func sum(parts ...any) (r ffg.Root) {
	h := sha256.New()
	for _, part := range parts {
		switch p := part.(type) {
		case string:
			h.Write([]byte(p))
		case []byte:
			h.Write(p)
		case byte:
			h.Write([]byte{p})
		case ffg.Root:
			h.Write(p[:])
		case ffg.PublicKey:
			h.Write(p[:])
		case uint64:
			h.Write(u64(p))
		default:
			panic(part)
		}
	}
	return ffg.Root(h.Sum(nil))
}

func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// treeHash is the recursive definition of RFC 6962 §2.1.
func treeHash(leaves []string) ffg.Root {
	switch n := len(leaves); n {
	case 0:
		return sum()
	case 1:
		return sum(byte(0x00), leaves[0])
	default:
		k := 1
		for k*2 < n {
			k *= 2
		}
		return sum(byte(0x01), treeHash(leaves[:k]), treeHash(leaves[k:]))
	}
}

func TestHashesAreThoseOfTheSpecification(t *testing.T) {
	domain := sum("dualchain/domain/v1", "dualchain-1")
	c := child(anchor())
	c.Degraded, c.Anchor = true, 7
	v := vote(3, 5, 0x50)
	operator := []byte{1, 2, 3}
	possession, err := ffg.Possession(domain, operator, key(9))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name      string
		got, want ffg.Root
	}{
		{"domain", ffg.Domain("dualchain-1"), domain},
		{"checkpoint", c.Root(), sum("dualchain/checkpoint/v1", c.Epoch, c.ParentRoot, c.Height, c.Time, c.BlockHash,
			c.HistorySize, c.HistoryRoot, c.Pair, byte(1), u64(7), c.VoterSetHash, c.NextVoterSetHash)},
		{"anchor", anchor().Root(), sum("dualchain/checkpoint/v1", u64(0), ffg.Root{}, anchor().Height, anchor().Time, ffg.Root{},
			u64(0), sum(), u64(0), byte(0), u64(0), root(0xa1), root(0xa2))},
		{"vote", v.SigningRoot(domain), sum("dualchain/vote/v1", domain, u64(3), root(3), u64(5), root(0x50))},
		{"possession", possession, sum("dualchain/pop/v1", domain, byte(3), operator, key(9))},
		{"no voters", ffg.VoterSet(nil).Hash(), sum()},
		{"one voter", ffg.VoterSet{{Key: key(1), Rear: 2, Current: 3}}.Hash(), sum(byte(0), key(1), u64(2), u64(3))},
		{
			"two members", ffg.Side{{Key: key(1), Power: 2}, {Key: key(2), Power: 3}}.Hash(),
			sum(byte(1), sum(byte(0), key(1), u64(2)), sum(byte(0), key(2), u64(3))),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.got != tc.want {
				t.Errorf("expected %s, found %s", tc.want, tc.got)
			}
		})
	}
}

func TestSetHashesAreRFC6962RootsOfAnySize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		powers := rapid.SliceOfN(rapid.Uint64Min(1), 0, 70).Draw(t, "powers")
		var side ffg.Side
		var set ffg.VoterSet
		var members, voters []string
		for i, p := range powers {
			k := key(i)
			side = append(side, ffg.Member{Key: k, Power: p})
			set = append(set, ffg.Voter{Key: k, Rear: p, Current: ^p})
			members = append(members, string(k[:])+string(u64(p)))
			voters = append(voters, string(k[:])+string(u64(p))+string(u64(^p)))
		}
		if got, want := side.Hash(), treeHash(members); got != want {
			t.Fatalf("side: expected %s, found %s", want, got)
		}
		if got, want := set.Hash(), treeHash(voters); got != want {
			t.Fatalf("voter set: expected %s, found %s", want, got)
		}
	})
}

func TestRootAndKeyPrintLowerHex(t *testing.T) {
	if got, want := root(0xab).String()[:6], "ababab"; got != want || len(root(0).String()) != 64 {
		t.Errorf("expected 64 digits starting %s, found %s", want, root(0xab))
	}
	if got, want := key(0xcd).String()[:16], "00000000000000cd"; got != want || len(key(0).String()) != 96 {
		t.Errorf("expected 96 digits starting %s, found %s", want, key(0xcd))
	}
	if !(ffg.Root{}).IsZero() || root(1).IsZero() {
		t.Error("expected only the zero root to be zero")
	}
}
