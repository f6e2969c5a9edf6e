package harness

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/grpc/metadata"

	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// maxAge bounds by how many epochs the source of a lie is older.
const maxAge = 8

// note records the vote that a client sends.
func (f *TwoFaced) note(question []byte) error {
	var request tx.BroadcastTxRequest
	if err := request.Unmarshal(question); err != nil {
		return fmt.Errorf("read what a client sends: %w", err)
	}
	pack, err := gossip.Decode(request.TxBytes)
	if err != nil {
		return fmt.Errorf("read what a client sends: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.votes, pack.Vote) {
		f.votes = append(f.votes, pack.Vote)
	}
	return nil
}

// tell returns the duty that replaces the node's.
func (f *TwoFaced) tell(answer []byte) ([]byte, error) {
	var duty finalitytypes.QueryDutyResponse
	if err := duty.Unmarshal(answer); err != nil {
		return nil, fmt.Errorf("read a duty: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lying && f.random.IntN(2) == 0 {
		if err := f.lie(&duty); err != nil {
			return nil, err
		}
	}
	vote, err := voteOf(duty)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(f.votes, func(sent ffg.Vote) bool { return conflict(sent, vote) }) {
		f.bait++
	}
	return duty.Marshal()
}

// lie changes a duty: the checkpoint itself, or the source of its votes. It claims that there is no vote yet, so that the
// client has a reason to sign one.
func (f *TwoFaced) lie(duty *finalitytypes.QueryDutyResponse) error {
	target, err := duty.Target.ToFFG()
	if err != nil {
		return fmt.Errorf("read a duty: %w", err)
	}
	if f.random.IntN(2) == 0 {
		target.HistoryRoot[0] ^= byte(1 + f.random.IntN(255)) // the block's header does not contradict this
		duty.Target = checkpointtypes.CheckpointFromFFG(target)
	} else {
		duty.Source.Epoch -= min(duty.Source.Epoch, 1+f.random.Uint64N(maxAge))
	}
	duty.Recorded = false
	clear(duty.Signers)
	return nil
}

func voteOf(duty finalitytypes.QueryDutyResponse) (ffg.Vote, error) {
	target, err := duty.Target.ToFFG()
	if err != nil {
		return ffg.Vote{}, fmt.Errorf("read a duty: %w", err)
	}
	source, err := duty.Source.ToFFG()
	if err != nil {
		return ffg.Vote{}, fmt.Errorf("read a duty: %w", err)
	}
	return ffg.Vote{Source: source, Target: target.Ref()}, nil
}

// conflict reports whether a key must not sign both votes.
func conflict(a, b ffg.Vote) bool {
	var offence *ffg.Offence
	return errors.As(ffg.Slashable(a, b), &offence)
}

// verbatim is a codec that does not change messages.
type verbatim struct{}

// Name is the name of gRPC's usual codec, because the bytes are the same.
func (verbatim) Name() string { return "proto" }

// Marshal takes a *[]byte.
func (verbatim) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }

// Unmarshal fills a *[]byte.
func (verbatim) Unmarshal(b []byte, v any) error {
	*v.(*[]byte) = slices.Clone(b)
	return nil
}

// only returns the metadata under one key.
func only(all metadata.MD, key string) metadata.MD {
	return metadata.MD{key: all.Get(key)}
}
