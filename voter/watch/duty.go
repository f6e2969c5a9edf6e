package watch

import (
	"fmt"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/foreign"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// MaxAhead is how far a checkpoint's time may be ahead of the voter's clock (protocol §4).
const MaxAhead = 10 * time.Second

// maxSetSize bounds the voter set sizes that are believed: ten times the largest max_voters of the chain.
const maxSetSize = 1 << 20

// Duty is the one honest vote for the head checkpoint, and the voter's place in its voter set.
type Duty struct {
	Vote         ffg.Vote
	VoterSetHash ffg.Root
	Member       bool   // whether the voter has a bit in the voter set; if not, the next three are unset
	Position     int    // the voter's bit
	Size         int    // of the voter set and of the bitfield
	Recorded     bool   // whether the chain has the voter's vote already
	Executed     uint64 // height of the state that the answer came from

	from *member // the node that answered
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

// parseDuty returns the target checkpoint and the duty in a node's answer about a key. Errors: ErrNoDuty, ErrInconsistent.
func parseDuty(answer *types.QueryDutyResponse, executed uint64) (ffg.Checkpoint, Duty, error) {
	target, duty, err := parseShared(answer, executed)
	if err == nil && answer.Member && answer.Position >= answer.Size_ {
		err = fmt.Errorf("%w: position: expected below %d, found %d", ErrInconsistent, answer.Size_, answer.Position)
	}
	if err != nil {
		return ffg.Checkpoint{}, Duty{}, err
	}
	duty.Member, duty.Position, duty.Recorded = answer.Member, int(answer.Position), answer.Recorded
	return target, duty, nil
}

// headDuty is what a duty says to all keys.
type headDuty struct {
	duty    Duty // of nobody
	signers ffg.Bitfield
}

// of returns the duty of a key with this bit in the head's voter set.
func (h headDuty) of(position int) Duty {
	duty := h.duty
	duty.Member, duty.Position, duty.Recorded = true, position, h.signers.Get(position)
	return duty
}

// parseHead returns the target checkpoint and what a node's answer says to all keys. Errors: ErrNoDuty, ErrInconsistent.
func parseHead(answer *types.QueryDutyResponse, executed uint64) (ffg.Checkpoint, headDuty, error) {
	target, duty, err := parseShared(answer, executed)
	if err != nil {
		return ffg.Checkpoint{}, headDuty{}, err
	}
	signers := ffg.Bitfield(answer.Signers)
	if err := signers.Validate(duty.Size); err != nil {
		return ffg.Checkpoint{}, headDuty{}, fmt.Errorf("%w: signers: %w", ErrInconsistent, err)
	}
	return target, headDuty{duty: duty, signers: signers}, nil
}

// parseShared returns the target checkpoint and the duty without what is a key's own.
func parseShared(answer *types.QueryDutyResponse, executed uint64) (ffg.Checkpoint, Duty, error) {
	source, err := answer.Source.ToFFG()
	if err != nil {
		return ffg.Checkpoint{}, Duty{}, fmt.Errorf("%w: source: %w", ErrInconsistent, foreign.Error(err))
	}
	target, vote, err := parseVote(answer.Target, source, executed)
	if err == nil && answer.Size_ > maxSetSize {
		err = fmt.Errorf("%w: size of the voter set: expected at most %d, found %d", ErrInconsistent, maxSetSize, answer.Size_)
	}
	if err != nil {
		return ffg.Checkpoint{}, Duty{}, err
	}
	return target, Duty{Vote: vote, VoterSetHash: target.VoterSetHash, Size: int(answer.Size_), Executed: executed}, nil
}

// parseRecord returns a checkpoint and the one honest vote for it. Errors: ErrNoDuty, ErrInconsistent.
func parseRecord(record checkpointtypes.CheckpointRecord, executed uint64) (ffg.Checkpoint, ffg.Vote, error) {
	if record.Checkpoint == nil {
		return ffg.Checkpoint{}, ffg.Vote{}, fmt.Errorf("%w: expected a checkpoint, found none", ErrInconsistent)
	}
	if record.Source == nil {
		return ffg.Checkpoint{}, ffg.Vote{}, errAnchor
	}
	source, err := record.Source.ToFFG()
	if err != nil {
		return ffg.Checkpoint{}, ffg.Vote{}, fmt.Errorf("%w: source: %w", ErrInconsistent, foreign.Error(err))
	}
	return parseVote(*record.Checkpoint, source, executed)
}

var errAnchor = fmt.Errorf("%w: the anchor is final without votes", ErrNoDuty)

// parseVote returns the target checkpoint and the vote for it. It recomputes the target's root, and makes every check that
// needs only the answer.
func parseVote(told checkpointtypes.Checkpoint, source ffg.Ref, executed uint64) (ffg.Checkpoint, ffg.Vote, error) {
	fail := func(err error) (ffg.Checkpoint, ffg.Vote, error) { return ffg.Checkpoint{}, ffg.Vote{}, err }
	differ := func(what string, expected, found any) (ffg.Checkpoint, ffg.Vote, error) {
		return fail(fmt.Errorf("%w: %s: expected %v, found %v", ErrInconsistent, what, expected, found))
	}
	target, err := told.ToFFG()
	if err != nil {
		return fail(fmt.Errorf("%w: target: %w", ErrInconsistent, foreign.Error(err)))
	}
	if target.Epoch == 0 {
		return fail(errAnchor)
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
	}
	return target, vote, nil
}

// verify checks that the header is that of the target's block and that the block is not from the future. Errors:
// ErrInconsistent, ErrFuture.
func verify(target ffg.Checkpoint, block Header, now time.Time) error {
	differ := func(what string, expected, found any) error {
		return fmt.Errorf("%w: target %s: expected %v as in the block, found %v", ErrInconsistent, what, expected, found)
	}
	switch latest := latestTime(now); {
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

// latestTime returns the latest time, in milliseconds, that a block can have now.
func latestTime(now time.Time) uint64 { return uint64(max(now.Add(MaxAhead).UnixMilli(), 0)) }
