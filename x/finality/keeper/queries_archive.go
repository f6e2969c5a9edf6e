package keeper

import (
	"cmp"
	"context"
	"slices"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// maxAnswer is how many bytes of hand-overs an answer has at most, in their canonical form, unless its first one has more.
const maxAnswer = 1 << 20

// page collects hand-overs up to a limit.
type page struct {
	handOvers []types.HandOver
	size      int
	limit     int
}

func newPage(limit uint32, fallback, maximum int) page {
	if limit == 0 {
		return page{limit: fallback}
	}
	return page{limit: min(int(limit), maximum)}
}

// add reports whether there was room.
func (p *page) add(final ffg.Checkpoint, canonical []byte) bool {
	if len(p.handOvers) == p.limit || p.size > 0 && p.size+len(canonical) > maxAnswer {
		return false
	}
	p.size += len(canonical)
	p.handOvers = append(p.handOvers, types.HandOver{Checkpoint: checkpointtypes.CheckpointFromFFG(final), Canonical: canonical})
	return true
}

// HandOvers lists the archived hand-overs above a pair.
func (q QueryServer) HandOvers(ctx context.Context, req *types.QueryHandOversRequest) (*types.QueryHandOversResponse, error) {
	answer, more := newPage(req.GetLimit(), 100, 1_000), false
	err := q.archive.HandOvers(ctx, req.GetPair(), func(h cert.HandOver, canonical []byte) bool {
		more = !answer.add(h.Certificate.First, canonical)
		return more
	})
	if err != nil {
		return nil, err
	}
	return &types.QueryHandOversResponse{HandOvers: answer.handOvers, More: more}, nil
}

// Follow lists hand-overs with all links above an epoch.
func (q QueryServer) Follow(ctx context.Context, req *types.QueryFollowRequest) (*types.QueryFollowResponse, error) {
	epoch, err := q.finalEpoch(ctx, req.GetEpoch())
	if err != nil {
		return nil, err
	}
	at, err := q.checkpoints.Record(ctx, epoch)
	if err != nil {
		if isPruned(err) {
			return nil, q.notKept(ctx, epoch)
		}
		return nil, err
	}
	answer := newPage(req.GetLimit(), 10, 100)
	for {
		final, has, err := q.checkpoints.CertifiedEpoch(ctx, at.Epoch+1)
		if err != nil || !has {
			return &types.QueryFollowResponse{HandOvers: answer.handOvers}, err
		}
		if final-at.Epoch > types.MaxLinks {
			return nil, refusal.New(reason.TooManyLinks,
				"between epochs %d and %d nothing was final, which is more than the %d links of a certificate; set trust anew in epoch %d",
				at.Epoch, final, types.MaxLinks, final)
		}
		to, h, err := q.followed(ctx, at, final)
		if err != nil {
			return nil, notFound(err)
		}
		canonical, err := h.Encode()
		if err != nil {
			return nil, err
		}
		if !answer.add(to.Checkpoint, canonical) {
			return &types.QueryFollowResponse{HandOvers: answer.handOvers, More: true}, nil
		}
		at = to
	}
}

// followed returns the hand-over from a kept checkpoint to the next certified one, with all links between.
func (q QueryServer) followed(ctx context.Context, from checkpointtypes.Record, final uint64) (checkpointtypes.Record, cert.HandOver, error) {
	var h cert.HandOver
	to, err := q.checkpoints.Record(ctx, final)
	if err != nil {
		return to, h, err
	}
	if h.Certificate, err = q.votes.CertificateFrom(ctx, from, final); err != nil {
		return to, h, err
	}
	if to.NextVoterSetHash == from.NextVoterSetHash {
		return to, h, nil
	}
	before, err := q.sets.NextSide(ctx, from.Pair)
	if err != nil {
		return to, h, err
	}
	after, err := q.sets.NextSide(ctx, to.Pair)
	if err != nil {
		return to, h, err
	}
	h.Next = cert.Diff(before, after)
	return to, h, nil
}

// TrustPoint returns a final checkpoint with the members of its pair.
func (q QueryServer) TrustPoint(ctx context.Context, req *types.QueryTrustPointRequest) (*types.QueryTrustPointResponse, error) {
	epoch, err := q.finalEpoch(ctx, req.GetEpoch())
	if err != nil {
		return nil, err
	}
	trust, err := q.trustPoint(ctx, epoch)
	if err != nil {
		return nil, err
	}
	canonical, err := trust.Encode()
	if err != nil {
		return nil, err
	}
	return &types.QueryTrustPointResponse{
		Checkpoint: checkpointtypes.CheckpointFromFFG(trust.Checkpoint), Members: trustMembers(trust), Canonical: canonical,
	}, nil
}

// trustPoint looks among the kept checkpoints, then in the archive.
func (q QueryServer) trustPoint(ctx context.Context, epoch uint64) (cert.Trust, error) {
	r, err := q.checkpoints.Record(ctx, epoch)
	if err == nil {
		trust, err := q.sets.Trust(ctx, r)
		if err == nil || !isPruned(err) {
			return trust, err
		}
	} else if !isPruned(err) {
		return cert.Trust{}, err
	}
	if epoch == 0 {
		return q.archive.Anchor(ctx)
	}
	pair, archived, err := q.archive.Pair(ctx, epoch)
	if err != nil {
		return cert.Trust{}, err
	}
	if !archived {
		return cert.Trust{}, q.notKept(ctx, epoch)
	}
	return q.archive.Trust(ctx, pair)
}

// trustMembers lists the members of a trust's three sets, ascending by key.
func trustMembers(t cert.Trust) []types.TrustMember {
	var out []types.TrustMember
	for _, v := range ffg.Stitch(t.Voters.RearSide(), t.Next) {
		out = append(out, types.TrustMember{PubKey: v.Key.String(), Rear: v.Rear, Next: v.Current})
	}
	for _, m := range t.Voters.CurrentSide() {
		i, known := slices.BinarySearchFunc(out, m.Key.String(), func(a types.TrustMember, key string) int {
			return cmp.Compare(a.PubKey, key)
		})
		if !known {
			out = slices.Insert(out, i, types.TrustMember{PubKey: m.Key.String()})
		}
		out[i].Current = m.Power
	}
	return out
}
