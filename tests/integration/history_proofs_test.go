package integration

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/history"
	"github.com/dualchain/dualchain/testutil/fixture"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

func hashes(t *testing.T, path []string) [][32]byte {
	t.Helper()
	out := make([][32]byte, len(path))
	for i, text := range path {
		root, err := checkpointtypes.ParseRoot(text)
		require.NoError(t, err)
		out[i] = root
	}
	return out
}

// late anchors at height 3, so heights and indexes differ by more than one.
func late(t *testing.T, options ...fixture.Option) *fixture.Fixture {
	f := fixture.New(t, options...).Blocks(2)
	f.Register(0, 1).OK()
	return f.Honest(0)
}

func TestABlockIsProvedUnderAnyCheckpointAboveIt(t *testing.T) {
	f := late(t, fixture.Interval(2)).Blocks(13)
	q, ctx := checkpointQueries(f), f.Ctx()
	for _, epoch := range []string{"", "1", "justified", "head"} {
		name := epoch
		if epoch == "" {
			name = "finalized"
		}
		record, err := q.Checkpoint(ctx, &checkpointtypes.QueryCheckpointRequest{Id: name})
		require.NoError(t, err)
		under, err := record.Record.Checkpoint.ToFFG()
		require.NoError(t, err)
		for height := uint64(4); height <= under.Height; height++ {
			proof, err := q.InclusionProof(ctx, &checkpointtypes.QueryInclusionProofRequest{Height: height, Epoch: epoch})
			require.NoError(t, err)
			require.Equal(t, under.HistorySize, proof.Size_)
			require.Equal(t, height-4, proof.Index)
			require.NoError(t, history.VerifyInclusion(
				f.BlockHash(int64(height)), proof.Index, under.HistorySize, hashes(t, proof.Path), under.HistoryRoot))
			bySize, err := q.InclusionProof(ctx, &checkpointtypes.QueryInclusionProofRequest{Height: height, Size_: under.HistorySize})
			require.NoError(t, err)
			require.Equal(t, proof, bySize)
		}
		for _, height := range []uint64{0, 3, under.Height + 1} {
			_, err := q.InclusionProof(ctx, &checkpointtypes.QueryInclusionProofRequest{Height: height, Epoch: epoch})
			require.Equal(t, codes.OutOfRange, status.Code(err), "height %d under %s: %v", height, name, err)
		}
	}
}

func TestAHistoryIsProvedToBeginWithEveryEarlierOne(t *testing.T) {
	f := late(t).Blocks(12)
	q, ctx := checkpointQueries(f), f.Ctx()
	for to := uint64(0); to <= f.Heads().Head; to++ {
		for from := uint64(0); from <= to; from++ {
			earlier, later := checkpoint(f, from), checkpoint(f, to)
			proof, err := q.ConsistencyProof(ctx, &checkpointtypes.QueryConsistencyProofRequest{
				FromSize: earlier.HistorySize, ToEpoch: strconv.FormatUint(to, 10),
			})
			require.NoError(t, err)
			require.NoError(t, history.VerifyConsistency(
				earlier.HistorySize, later.HistorySize, hashes(t, proof.Path), earlier.HistoryRoot, later.HistoryRoot))
		}
	}
}

func TestHistoryProofsOutliveTheirCheckpoints(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 30, 30), setPeriod(3), unbondingTime(time.Second), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow = 4, 4
	})).Honest(0, 1, 2).Blocks(3)
	early := checkpoint(f, 2)
	f.Blocks(40)
	q, ctx := checkpointQueries(f), f.Ctx()
	_, err := q.ConsistencyProof(ctx, &checkpointtypes.QueryConsistencyProofRequest{FromEpoch: "2"})
	require.Equal(t, codes.NotFound, status.Code(err))
	require.ErrorContains(t, err, "history_size")
	proof, err := q.ConsistencyProof(ctx, &checkpointtypes.QueryConsistencyProofRequest{FromSize: early.HistorySize})
	require.NoError(t, err)
	final := checkpoint(f, f.Heads().Finalized)
	require.NoError(t, history.VerifyConsistency(early.HistorySize, final.HistorySize, hashes(t, proof.Path), early.HistoryRoot, final.HistoryRoot))
	block, err := q.InclusionProof(ctx, &checkpointtypes.QueryInclusionProofRequest{Height: 1, Size_: early.HistorySize})
	require.NoError(t, err)
	require.NoError(t, history.VerifyInclusion(f.BlockHash(1), 0, early.HistorySize, hashes(t, block.Path), early.HistoryRoot))
}

func TestRequestsForHistoryProofsThatMakeNoSense(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1)).Honest(0).Blocks(5)
	q, ctx := checkpointQueries(f), f.Ctx()
	for name, tc := range map[string]struct {
		request checkpointtypes.QueryConsistencyProofRequest
		code    codes.Code
	}{
		"all blocks":              {checkpointtypes.QueryConsistencyProofRequest{ToSize: 5}, codes.OK},
		"one block more":          {checkpointtypes.QueryConsistencyProofRequest{ToSize: 6}, codes.OutOfRange},
		"from one block more":     {checkpointtypes.QueryConsistencyProofRequest{FromSize: 6}, codes.OutOfRange},
		"backwards":               {checkpointtypes.QueryConsistencyProofRequest{FromSize: 3, ToSize: 2}, codes.InvalidArgument},
		"nowhere":                 {checkpointtypes.QueryConsistencyProofRequest{FromSize: 3, ToSize: 3}, codes.OK},
		"an epoch and a size":     {checkpointtypes.QueryConsistencyProofRequest{FromEpoch: "1", FromSize: 1}, codes.InvalidArgument},
		"an epoch to come":        {checkpointtypes.QueryConsistencyProofRequest{ToEpoch: "6"}, codes.NotFound},
		"no epoch":                {checkpointtypes.QueryConsistencyProofRequest{ToEpoch: "last"}, codes.InvalidArgument},
		"from nothing to nothing": {checkpointtypes.QueryConsistencyProofRequest{ToEpoch: "0"}, codes.OK},
	} {
		_, err := q.ConsistencyProof(ctx, &tc.request)
		require.Equal(t, tc.code, status.Code(err), "%s: %v", name, err)
	}
	before := fixture.New(t).Blocks(2)
	_, err := checkpointQueries(before).InclusionProof(before.Ctx(), &checkpointtypes.QueryInclusionProofRequest{Height: 1})
	require.Equal(t, codes.NotFound, status.Code(err), "no voter has been eligible")
	_, err = checkpointQueries(before).ConsistencyProof(before.Ctx(), &checkpointtypes.QueryConsistencyProofRequest{})
	require.Equal(t, codes.NotFound, status.Code(err))
}
