package ffg_test

import (
	"encoding/binary"

	"github.com/dualchain/dualchain/core/ffg"
)

// root returns a root that is recognisable in hexadecimal: every byte is n.
func root(n byte) (r ffg.Root) {
	for i := range r {
		r[i] = n
	}
	return r
}

// key returns a public key that sorts by n.
func key(n int) (k ffg.PublicKey) {
	binary.BigEndian.PutUint64(k[:], uint64(n))
	return k
}

// vote returns a vote between two epochs whose roots are told apart by fork.
func vote(source, target uint64, fork byte) ffg.Vote {
	return ffg.Vote{Source: ffg.Ref{Epoch: source, Root: root(byte(source))}, Target: ffg.Ref{Epoch: target, Root: root(fork)}}
}

// anchor and child are two checkpoints of which the second extends the first.
func anchor() ffg.Checkpoint {
	return ffg.Checkpoint{
		Height:           99,
		Time:             1_700_000_000_000,
		HistoryRoot:      ffg.Side(nil).Hash(),
		VoterSetHash:     root(0xa1),
		NextVoterSetHash: root(0xa2),
	}
}

func child(parent ffg.Checkpoint) ffg.Checkpoint {
	return ffg.Checkpoint{
		Epoch:            parent.Epoch + 1,
		ParentRoot:       parent.Root(),
		Height:           parent.Height + 5,
		Time:             parent.Time + 5_000,
		BlockHash:        root(0xb0),
		HistorySize:      parent.HistorySize + 5,
		HistoryRoot:      root(0xc0),
		Pair:             parent.Pair,
		Anchor:           parent.Anchor,
		VoterSetHash:     parent.VoterSetHash,
		NextVoterSetHash: parent.NextVoterSetHash,
	}
}
