package watch

import (
	"fmt"
	"time"

	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// MaxAhead is how far a checkpoint's time may be ahead of the voter's clock (protocol §4).
const MaxAhead = 10 * time.Second

// Duty is the one honest vote for the head checkpoint, and the voter's place in its voter set.
type Duty struct {
	Vote         ffg.Vote
	VoterSetHash ffg.Root
	Member       bool   // whether the voter has a bit in the voter set; if not, the next three say nothing
	Position     int    // the voter's bit
	Size         int    // of the voter set, hence of the bitfield
	Recorded     bool   // whether the chain has the voter's vote already
	Executed     uint64 // height of the state that the answer came from
}

// Aggregate returns the duty's vote as an aggregate of one.
func (d Duty) Aggregate(signature ffg.Signature) ffg.AggregateVote {
	return ffg.AggregateVote{
		Vote:         d.Vote,
		VoterSetHash: d.VoterSetHash,
		Signers:      ffg.SingleBit(d.Size, d.Position),
		Signature:    signature,
	}
}

// parse returns the target checkpoint and the duty in a node's answer. It recomputes the target's root, and checks
// everything that the answer alone can contradict. Errors: ErrNoDuty, ErrInconsistent.
func parse(answer *types.QueryDutyResponse, executed uint64) (ffg.Checkpoint, Duty, error) {
	fail := func(err error) (ffg.Checkpoint, Duty, error) { return ffg.Checkpoint{}, Duty{}, err }
	differ := func(what string, expected, found any) (ffg.Checkpoint, Duty, error) {
		return fail(fmt.Errorf("%w: %s: expected %v, found %v", ErrInconsistent, what, expected, found))
	}
	target, err := answer.Target.ToFFG()
	if err != nil {
		return fail(fmt.Errorf("%w: target: %w", ErrInconsistent, err))
	}
	if target.Epoch == 0 {
		return fail(fmt.Errorf("%w: the anchor is final without votes", ErrNoDuty))
	}
	source, err := answer.Source.ToFFG()
	if err != nil {
		return fail(fmt.Errorf("%w: source: %w", ErrInconsistent, err))
	}
	vote := ffg.Vote{Source: source, Target: target.Ref()}
	switch err := vote.Validate(); {
	case err != nil:
		return fail(fmt.Errorf("%w: %w", ErrInconsistent, err))
	case source.Epoch+1 == target.Epoch && source.Root != target.ParentRoot:
		return differ("source root", fmt.Sprintf("the target's parent root %s", target.ParentRoot), source.Root)
	case target.Epoch > target.Height:
		return differ("target epoch", fmt.Sprintf("at most its height %d", target.Height), target.Epoch)
	case target.Height > executed:
		return differ("target height", fmt.Sprintf("at most the executed height %d", executed), target.Height)
	case answer.Member && answer.Position >= answer.Size_:
		return differ("position", fmt.Sprintf("below %d", answer.Size_), answer.Position)
	}
	return target, Duty{
		Vote:         vote,
		VoterSetHash: target.VoterSetHash,
		Member:       answer.Member,
		Position:     int(answer.Position),
		Size:         int(answer.Size_),
		Recorded:     answer.Recorded,
		Executed:     executed,
	}, nil
}

// verify returns nil if the header is that of the target's block and the block is not from the future. Errors:
// ErrInconsistent, ErrFuture.
func verify(target ffg.Checkpoint, block Header, now time.Time) error {
	differ := func(what string, expected, found any) error {
		return fmt.Errorf("%w: target %s: expected %v as in the block, found %v", ErrInconsistent, what, expected, found)
	}
	switch latest := uint64(max(now.Add(MaxAhead).UnixMilli(), 0)); {
	case target.Height != block.Height:
		return differ("height", block.Height, target.Height)
	case target.BlockHash != block.Hash:
		return differ("block hash", block.Hash, target.BlockHash)
	case target.Time != block.Time:
		return differ("time", block.Time, target.Time)
	case target.Time > latest:
		return fmt.Errorf("%w: expected at most %d ms (this clock and %s), found %d ms", ErrFuture, latest, MaxAhead, target.Time)
	}
	return nil
}
