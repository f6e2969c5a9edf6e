package cert

import (
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// Sizes of encoded members in bytes.
const (
	memberSize = 48 + 8
	voterSize  = 48 + 8 + 8
)

// Trust is where a verification starts: a checkpoint that the caller knows to be final, the voters of its pair, and the
// set that follows (protocol §13). A caller that knows the checkpoint's root may take the rest from anyone: see Validate.
type Trust struct {
	Checkpoint ffg.Checkpoint `json:"checkpoint"`
	Voters     ffg.VoterSet   `json:"voters,omitempty"`
	Next       ffg.Side       `json:"next,omitempty"`
}

// NewTrust returns the trust in a checkpoint, after Validate.
func NewTrust(checkpoint ffg.Checkpoint, voters ffg.VoterSet, next ffg.Side) (Trust, error) {
	t := Trust{Checkpoint: checkpoint, Voters: voters, Next: next}
	return t, t.Validate()
}

// Validate checks that the members are those that the checkpoint commits to. It does not parse their keys. The error is a
// *StepError of StepTrust.
func (t Trust) Validate() error {
	if err := t.Voters.Validate(); err != nil {
		return fail(StepTrust, 0, "voters: %w", err)
	}
	if err := t.Next.Validate(); err != nil {
		return fail(StepTrust, 0, "next set: %w", err)
	}
	if expected, found := t.Checkpoint.VoterSetHash, t.Voters.Hash(); found != expected {
		return fail(StepTrust, 0, "voters: expected hash %s, found %s", expected, found)
	}
	if expected, found := t.Checkpoint.NextVoterSetHash, t.Next.Hash(); found != expected {
		return fail(StepTrust, 0, "next set: expected hash %s, found %s", expected, found)
	}
	return nil
}

// At checks that t is the trust in the checkpoint with this epoch and root: what a user gives as EPOCH:ROOT binds every
// other part. The error is a *StepError of StepTrust.
func (t Trust) At(ref ffg.Ref) error {
	if found := t.Checkpoint.Ref(); found != ref {
		return fail(StepTrust, 0, "expected the checkpoint of epoch %d with root %s, found epoch %d with root %s",
			ref.Epoch, ref.Root, found.Epoch, found.Root)
	}
	return t.Validate()
}

// Encode returns the canonical binary form (protocol §13.4).
func (t Trust) Encode() ([]byte, error) { return encode(t.write) }

// DecodeTrust reads what Encode wrote. It does not Validate. The error is a *StepError of StepDecode.
func DecodeTrust(b []byte) (Trust, error) { return decode("trust", b, readTrust, Trust.Encode) }

func (t Trust) write(w *writer) {
	w.raw(t.Checkpoint.Encode())
	w.length(4, len(t.Voters))
	for _, v := range t.Voters {
		w.raw(v.Key[:])
		w.uint64(v.Rear)
		w.uint64(v.Current)
	}
	w.members(t.Next)
}

func readTrust(r *reader) (t Trust) {
	checkpoint, err := ffg.DecodeCheckpoint(r.take(ffg.CheckpointSize))
	if err != nil {
		r.err = fmt.Errorf("checkpoint: %w", err)
		return t
	}
	t.Checkpoint = checkpoint
	t.Voters = list(r, 4, voterSize, func(r *reader) (v ffg.Voter) {
		r.fill(v.Key[:])
		v.Rear, v.Current = r.uint64(), r.uint64()
		return v
	})
	t.Next = r.members()
	return t
}

func (w *writer) members(members []ffg.Member) {
	w.length(4, len(members))
	for _, m := range members {
		w.raw(m.Key[:])
		w.uint64(m.Power)
	}
}

func (r *reader) members() []ffg.Member {
	return list(r, 4, memberSize, func(r *reader) (m ffg.Member) {
		r.fill(m.Key[:])
		m.Power = r.uint64()
		return m
	})
}
