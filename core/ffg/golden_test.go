package ffg_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

var update = flag.Bool("update", false, "rewrite testdata from the code")

// Integers are strings: half of all JSON readers lose those above 2^53.
type (
	checkpointVector struct {
		Name             string `json:"name"`
		Epoch            uint64 `json:"epoch,string"`
		ParentRoot       string `json:"parent_root"`
		Height           uint64 `json:"height,string"`
		Time             uint64 `json:"time_ms,string"`
		BlockHash        string `json:"block_hash"`
		HistorySize      uint64 `json:"history_size,string"`
		HistoryRoot      string `json:"history_root"`
		Pair             uint64 `json:"pair,string"`
		Degraded         bool   `json:"degraded"`
		Anchor           uint64 `json:"anchor,string"`
		VoterSetHash     string `json:"voter_set_hash"`
		NextVoterSetHash string `json:"next_voter_set_hash"`
		Encoding         string `json:"encoding"`
		Root             string `json:"root"`
	}
	domainVector struct {
		ChainID string `json:"chain_id"`
		Domain  string `json:"domain"`
	}
	voteVector struct {
		Name        string `json:"name"`
		Domain      string `json:"domain"`
		SourceEpoch uint64 `json:"source_epoch,string"`
		SourceRoot  string `json:"source_root"`
		TargetEpoch uint64 `json:"target_epoch,string"`
		TargetRoot  string `json:"target_root"`
		Encoding    string `json:"encoding"`
		SigningRoot string `json:"signing_root"`
	}
	aggregateVector struct {
		Name         string `json:"name"`
		Vote         string `json:"vote"`
		VoterSetHash string `json:"voter_set_hash"`
		Signature    string `json:"signature"`
		Signers      []int  `json:"signers"`
		Voters       int    `json:"voters"`
		Encoding     string `json:"encoding"`
	}
	possessionVector struct {
		Domain   string `json:"domain"`
		Operator string `json:"operator"`
		Key      string `json:"pubkey"`
		Root     string `json:"possession"`
	}
	voterVector struct {
		Key     string `json:"pubkey"`
		Rear    uint64 `json:"rear,string"`
		Current uint64 `json:"current,string"`
	}
	setVector struct {
		Name         string        `json:"name"`
		Voters       []voterVector `json:"voters"`
		VoterSetHash string        `json:"voter_set_hash"`
		RearHash     string        `json:"rear_side_hash"`
		CurrentHash  string        `json:"current_side_hash"`
	}
)

func TestGoldenVectors(t *testing.T) {
	for name, vectors := range map[string]any{
		"checkpoints": checkpointVectors(),
		"domains":     domainVectors(),
		"votes":       voteVectors(),
		"aggregates":  aggregateVectors(),
		"possession":  possessionVectors(t),
		"voter_sets":  setVectors(),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := json.MarshalIndent(vectors, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			path := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs from what the code computes; every signature and certificate depends on it\n%s", path, got)
			}
		})
	}
}

func checkpointVectors() (vectors []checkpointVector) {
	first := child(anchor())
	rotated := child(first)
	rotated.Pair, rotated.VoterSetHash, rotated.NextVoterSetHash = 1, root(0xa3), root(0xa4)
	leaking := child(rotated)
	leaking.Degraded = true
	anchored := child(rotated)
	anchored.Anchor = 2
	full := ffg.Checkpoint{
		Epoch: math.MaxUint64, ParentRoot: root(0xff), Height: math.MaxUint64, Time: math.MaxUint64, BlockHash: root(0xff),
		HistorySize: math.MaxUint64, HistoryRoot: root(0xff), Pair: math.MaxUint64, Degraded: true, Anchor: math.MaxUint64,
		VoterSetHash: root(0xff), NextVoterSetHash: root(0xff),
	}
	for _, v := range []struct {
		name string
		c    ffg.Checkpoint
	}{{"zero", ffg.Checkpoint{}}, {"anchor", anchor()}, {"first", first}, {"rotated", rotated}, {"leaking", leaking}, {"re-anchored", anchored}, {"all bits", full}} {
		c := v.c
		vectors = append(vectors, checkpointVector{
			Name: v.name, Epoch: c.Epoch, ParentRoot: c.ParentRoot.String(), Height: c.Height, Time: c.Time,
			BlockHash: c.BlockHash.String(), HistorySize: c.HistorySize, HistoryRoot: c.HistoryRoot.String(), Pair: c.Pair,
			Degraded: c.Degraded, Anchor: c.Anchor, VoterSetHash: c.VoterSetHash.String(), NextVoterSetHash: c.NextVoterSetHash.String(),
			Encoding: hex.EncodeToString(c.Encode()), Root: c.Root().String(),
		})
	}
	return vectors
}

func domainVectors() (vectors []domainVector) {
	for _, id := range []string{"", "dualchain-1", "dualchain-local", "dualchain-2"} {
		vectors = append(vectors, domainVector{ChainID: id, Domain: ffg.Domain(id).String()})
	}
	return vectors
}

func voteVectors() (vectors []voteVector) {
	domain := ffg.Domain("dualchain-1")
	first := child(anchor())
	for _, v := range []struct {
		name string
		vote ffg.Vote
	}{
		{"zero", ffg.Vote{}},
		{"anchor to first", ffg.Vote{Source: anchor().Ref(), Target: first.Ref()}},
		{"first to second", ffg.Vote{Source: first.Ref(), Target: child(first).Ref()}},
		{"large", vote(math.MaxUint64-1, math.MaxUint64, 0xff)},
	} {
		vectors = append(vectors, voteVector{
			Name: v.name, Domain: domain.String(),
			SourceEpoch: v.vote.Source.Epoch, SourceRoot: v.vote.Source.Root.String(),
			TargetEpoch: v.vote.Target.Epoch, TargetRoot: v.vote.Target.Root.String(),
			Encoding: hex.EncodeToString(v.vote.Encode()), SigningRoot: v.vote.SigningRoot(domain).String(),
		})
	}
	return vectors
}

func aggregateVectors() (vectors []aggregateVector) {
	for _, v := range []struct {
		name    string
		voters  int
		signers []int
	}{{"no voters", 0, []int{}}, {"gossip", 4, []int{2}}, {"block", 20, []int{0, 7, 8, 19}}} {
		a := ffg.AggregateVote{Vote: vote(3, 5, 0x50), VoterSetHash: root(0xa1), Signers: ffg.NewBitfield(v.voters)}
		for i := range a.Signature {
			a.Signature[i] = byte(i)
		}
		for _, i := range v.signers {
			a.Signers.Set(i)
		}
		vectors = append(vectors, aggregateVector{
			Name: v.name, Vote: hex.EncodeToString(a.Vote.Encode()), VoterSetHash: a.VoterSetHash.String(),
			Signature: hex.EncodeToString(a.Signature[:]), Signers: v.signers, Voters: v.voters, Encoding: hex.EncodeToString(a.Encode()),
		})
	}
	return vectors
}

func possessionVectors(t *testing.T) (vectors []possessionVector) {
	domain := ffg.Domain("dualchain-1")
	for _, operator := range [][]byte{{1}, bytes.Repeat([]byte{0x11}, 20), bytes.Repeat([]byte{0x22}, 255)} {
		r, err := ffg.Possession(domain, operator, key(7))
		if err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, possessionVector{
			Domain: domain.String(), Operator: hex.EncodeToString(operator), Key: key(7).String(), Root: r.String(),
		})
	}
	return vectors
}

func setVectors() (vectors []setVector) {
	grow := make(ffg.VoterSet, 7)
	for i := range grow {
		grow[i] = ffg.Voter{Key: key(i + 1), Rear: uint64(i), Current: uint64(7 - i)}
	}
	for _, v := range []struct {
		name string
		set  ffg.VoterSet
	}{
		{"empty", ffg.VoterSet{}},
		{"one", ffg.VoterSet{{Key: key(1), Rear: 1, Current: 1}}},
		{"one leaves, one joins", ffg.VoterSet{{Key: key(1), Rear: 5}, {Key: key(2), Rear: 5, Current: 6}, {Key: key(3), Current: 4}}},
		{"seven", grow},
		{"largest powers", ffg.VoterSet{{Key: key(1), Rear: math.MaxUint64, Current: math.MaxUint64}, {Key: key(2), Rear: math.MaxUint64, Current: 1}}},
	} {
		voters := []voterVector{}
		for _, m := range v.set {
			voters = append(voters, voterVector{Key: m.Key.String(), Rear: m.Rear, Current: m.Current})
		}
		vectors = append(vectors, setVector{
			Name: v.name, Voters: voters, VoterSetHash: v.set.Hash().String(),
			RearHash: v.set.RearSide().Hash().String(), CurrentHash: v.set.CurrentSide().Hash().String(),
		})
	}
	return vectors
}
