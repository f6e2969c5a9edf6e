package ffg_test

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
)

var anyRoot = rapid.Custom(func(t *rapid.T) ffg.Root {
	return ffg.Root(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "root"))
})

var anyVote = rapid.Custom(func(t *rapid.T) ffg.Vote {
	ref := func(name string) ffg.Ref {
		return ffg.Ref{Epoch: rapid.Uint64().Draw(t, name+" epoch"), Root: anyRoot.Draw(t, name)}
	}
	return ffg.Vote{Source: ref("source"), Target: ref("target")}
})

func TestDecodersReturnWhatWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.Uint64()
		c := ffg.Checkpoint{
			Epoch: u.Draw(t, "epoch"), ParentRoot: anyRoot.Draw(t, "parent"), Height: u.Draw(t, "height"), Time: u.Draw(t, "time"),
			BlockHash: anyRoot.Draw(t, "block"), HistorySize: u.Draw(t, "size"), HistoryRoot: anyRoot.Draw(t, "history"),
			Pair: u.Draw(t, "pair"), Degraded: rapid.Bool().Draw(t, "degraded"), Anchor: u.Draw(t, "anchor"),
			VoterSetHash: anyRoot.Draw(t, "set"), NextVoterSetHash: anyRoot.Draw(t, "next"),
		}
		if got, err := ffg.DecodeCheckpoint(c.Encode()); err != nil || got != c {
			t.Fatalf("checkpoint: expected %+v, found %+v, %v", c, got, err)
		}
		v := anyVote.Draw(t, "vote")
		if got, err := ffg.DecodeVote(v.Encode()); err != nil || got != v {
			t.Fatalf("vote: expected %+v, found %+v, %v", v, got, err)
		}
		a := ffg.AggregateVote{
			Vote: v, VoterSetHash: anyRoot.Draw(t, "set"), Signers: rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "signers"),
			Signature: ffg.Signature(rapid.SliceOfN(rapid.Byte(), 96, 96).Draw(t, "signature")),
		}
		got, err := ffg.DecodeAggregateVote(a.Encode())
		if err != nil || got.Vote != a.Vote || got.VoterSetHash != a.VoterSetHash || got.Signature != a.Signature || !got.Signers.Equal(a.Signers) {
			t.Fatalf("aggregate: expected %+v, found %+v, %v", a, got, err)
		}
	})
}

func TestDecodersRefuseEveryOtherLength(t *testing.T) {
	aggregate := ffg.AggregateVote{Vote: vote(1, 2, 3), Signers: ffg.SingleBit(20, 3)}.Encode()
	longSigners := bytes.Clone(aggregate)
	longSigners[ffg.AggregateVoteMinSize-1]++
	degraded := anchor().Encode()
	degraded[8+32+8+8+32+8+32+8] = 2

	checkpoint := func(b []byte) error { _, err := ffg.DecodeCheckpoint(b); return err }
	simple := func(b []byte) error { _, err := ffg.DecodeVote(b); return err }
	many := func(b []byte) error { _, err := ffg.DecodeAggregateVote(b); return err }
	for _, tc := range []struct {
		name   string
		decode func([]byte) error
		bytes  []byte
		want   error
	}{
		{"checkpoint", checkpoint, make([]byte, ffg.CheckpointSize), nil},
		{"nothing for a checkpoint", checkpoint, nil, ffg.ErrEncoding},
		{"checkpoint one byte short", checkpoint, make([]byte, ffg.CheckpointSize-1), ffg.ErrEncoding},
		{"checkpoint one byte long", checkpoint, make([]byte, ffg.CheckpointSize+1), ffg.ErrEncoding},
		{"degraded neither 0 nor 1", checkpoint, degraded, ffg.ErrEncoding},
		{"vote", simple, make([]byte, ffg.VoteSize), nil},
		{"nothing for a vote", simple, nil, ffg.ErrEncoding},
		{"vote one byte short", simple, make([]byte, ffg.VoteSize-1), ffg.ErrEncoding},
		{"vote one byte long", simple, make([]byte, ffg.VoteSize+1), ffg.ErrEncoding},
		{"aggregate", many, aggregate, nil},
		{"aggregate without signers", many, make([]byte, ffg.AggregateVoteMinSize), nil},
		{"nothing for an aggregate", many, nil, ffg.ErrEncoding},
		{"aggregate without a length", many, make([]byte, ffg.AggregateVoteMinSize-1), ffg.ErrEncoding},
		{"aggregate one byte short", many, aggregate[:len(aggregate)-1], ffg.ErrEncoding},
		{"aggregate one byte long", many, append(bytes.Clone(aggregate), 0), ffg.ErrEncoding},
		{"aggregate that claims one signer byte more", many, longSigners, ffg.ErrEncoding},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.decode(tc.bytes); !errors.Is(err, tc.want) {
				t.Errorf("expected error %v, found %v", tc.want, err)
			}
		})
	}
}

func TestDecodedSignersDoNotAliasTheInput(t *testing.T) {
	b := ffg.AggregateVote{Signers: ffg.SingleBit(8, 0)}.Encode()
	a, err := ffg.DecodeAggregateVote(b)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] = 0
	if !a.Signers.Get(0) {
		t.Error("expected the decoded signers to survive a change of the input")
	}
}

func FuzzDecodeCheckpoint(f *testing.F) {
	f.Add(anchor().Encode())
	f.Add(make([]byte, ffg.CheckpointSize-1))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ffg.DecodeCheckpoint(b); err == nil && !bytes.Equal(c.Encode(), b) {
			t.Errorf("accepted %x, which re-encodes as %x", b, c.Encode())
		}
	})
}

func FuzzDecodeVote(f *testing.F) {
	f.Add(vote(1, 2, 3).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := ffg.DecodeVote(b); err == nil && !bytes.Equal(v.Encode(), b) {
			t.Errorf("accepted %x, which re-encodes as %x", b, v.Encode())
		}
	})
}

func FuzzDecodeAggregateVote(f *testing.F) {
	f.Add(ffg.AggregateVote{Vote: vote(1, 2, 3), Signers: ffg.SingleBit(20, 3)}.Encode())
	f.Add(ffg.AggregateVote{}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := ffg.DecodeAggregateVote(b); err == nil && !bytes.Equal(a.Encode(), b) {
			t.Errorf("accepted %x, which re-encodes as %x", b, a.Encode())
		}
	})
}
