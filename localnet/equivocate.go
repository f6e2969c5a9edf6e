package localnet

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	queryapi "cosmossdk.io/api/cosmos/base/query/v1beta1"

	finalityapi "github.com/dualchain/dualchain/api/dualchain/finality/v1"
	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
)

// ErrNotMember is wrapped if a voter has no bit in the set that votes on the head.
var ErrNotMember = errors.New("voter is in no set in force")

// ErrSlashed is wrapped if a voter was slashed for equivocation before. A voter is slashed for equivocation only once.
var ErrSlashed = errors.New("voter is tombstoned")

// slashWait bounds the time until the chain slashes: a proposer injects the evidence in its next block.
const slashWait = 30 * time.Second

// Equivocation is the result of a double vote.
type Equivocation struct {
	Voter string `json:"voter"`
	Index uint64 `json:"index"`
	// Honest and Conflicting are the two votes' targets; their epochs are the same.
	Honest      ffg.Ref `json:"-"`
	Conflicting ffg.Ref `json:"-"`
	// EvidenceID is the record that holds both votes. Penalty is the stake taken, with its denom.
	EvidenceID uint64 `json:"evidence_id"`
	Penalty    string `json:"penalty"`
}

// Equivocate signs two conflicting votes for the head with a voter's key, bypassing its slashing protection. It submits
// both and waits until the chain has slashed the voter. It works only with keys in this home.
//
// It wraps ErrUnknownProcess, ErrNotRunning, ErrNoAnswer, ErrSlashed, ErrNotMember or ErrTxFailed.
func (n *Network) Equivocate(ctx context.Context, name string) (Equivocation, error) {
	voter, err := n.Voter(name)
	if err != nil {
		return Equivocation{}, err
	}
	secret, err := n.voterKey(name)
	if err != nil {
		return Equivocation{}, err
	}
	defer secret.Zero()
	states, err := NewClient(n).Processes(ctx)
	if err != nil {
		return Equivocation{}, err
	}
	var duty *finalityapi.QueryDutyResponse
	var slashed bool
	found := Equivocation{Voter: name}
	err = n.ask(ctx, states, func(_ Node, conn *grpc.ClientConn) (err error) {
		if slashed, err = found.read(ctx, conn, voter); err != nil || slashed {
			return err
		}
		duty, err = finalityapi.NewQueryClient(conn).Duty(ctx, &finalityapi.QueryDutyRequest{Voter: voter.PubKey})
		return err
	})
	if err != nil {
		return Equivocation{}, fmt.Errorf("ask for the duty of %s: %w", name, err)
	}
	if slashed {
		return found, fmt.Errorf("%w: %s, by evidence %d", ErrSlashed, name, found.EvidenceID)
	}
	if !duty.Member {
		return Equivocation{}, fmt.Errorf("%w: %s (jailed or left; `dualchaind query finality voter %s` tells)", ErrNotMember, name, voter.PubKey)
	}
	honest, err := voteOf(duty)
	if err != nil {
		return Equivocation{}, err
	}
	conflicting := honest
	conflicting.Target.Root = sha256.Sum256(honest.Target.Root[:])
	if err := n.submitBoth(ctx, states, secret, duty, honest, conflicting); err != nil {
		return Equivocation{}, err
	}
	found.Honest, found.Conflicting = honest.Target, conflicting.Target
	return n.awaitSlash(ctx, states, found, voter)
}

// submitBoth sends the honest vote too: the voter may not have sent it yet, and one vote alone proves nothing. Votes
// travel by gossip, so one node is enough.
func (n *Network) submitBoth(
	ctx context.Context, states []ProcessState, secret *bls.SecretKey, duty *finalityapi.QueryDutyResponse, honest, conflicting ffg.Vote,
) error {
	rpc, err := n.rpc(states)
	if err != nil {
		return err
	}
	for _, vote := range []ffg.Vote{honest, conflicting} {
		tx, err := packOf(secret, n.Spec.ChainID, vote, duty)
		if err != nil {
			return err
		}
		if _, err := broadcast(ctx, rpc, tx); err != nil && vote == conflicting && !strings.Contains(err.Error(), "already exists in cache") {
			return fmt.Errorf("submit the conflicting vote: %w", err)
		}
	}
	return nil
}

// packOf returns what a voter sends: the pack of its own vote (protocol §12).
func packOf(secret *bls.SecretKey, chainID string, vote ffg.Vote, duty *finalityapi.QueryDutyResponse) ([]byte, error) {
	set, err := checkpointtypes.ParseRoot(duty.Target.GetVoterSetHash())
	if err != nil {
		return nil, fmt.Errorf("read the voter set hash: %w", err)
	}
	signature := secret.Sign(vote.SigningRoot(ffg.Domain(chainID)))
	return gossip.Pack{Vote: vote, SetHash: set, Parts: []gossip.Part{{Position: duty.Position, Signature: signature}}}.Encode()
}

// voteOf returns the honest vote that a duty asks for.
func voteOf(duty *finalityapi.QueryDutyResponse) (ffg.Vote, error) {
	target, err := ffg.ParseRoot(duty.Target.GetRoot())
	if err != nil {
		return ffg.Vote{}, fmt.Errorf("read the target of the duty: %w", err)
	}
	source, err := ffg.ParseRoot(duty.Source.GetRoot())
	if err != nil {
		return ffg.Vote{}, fmt.Errorf("read the source of the duty: %w", err)
	}
	return ffg.Vote{
		Source: ffg.Ref{Epoch: duty.Source.GetEpoch(), Root: source},
		Target: ffg.Ref{Epoch: duty.Target.GetEpoch(), Root: target},
	}, nil
}

// awaitSlash waits until the voter is tombstoned and finds the evidence.
func (n *Network) awaitSlash(ctx context.Context, states []ProcessState, found Equivocation, voter Voter) (Equivocation, error) {
	var last error
	err := poll(ctx, slashWait, func() bool {
		var done bool
		last = n.ask(ctx, states, func(_ Node, conn *grpc.ClientConn) (err error) {
			done, err = found.read(ctx, conn, voter)
			return err
		})
		return done
	})
	if err != nil {
		return found, errors.Join(fmt.Errorf("wait for %s to be slashed: %w", found.Voter, err), last)
	}
	return found, nil
}

// read reads the chain's record of the voter and reports whether the voter has been slashed.
func (e *Equivocation) read(ctx context.Context, conn *grpc.ClientConn, voter Voter) (bool, error) {
	query := finalityapi.NewQueryClient(conn)
	answer, err := query.Voter(ctx, &finalityapi.QueryVoterRequest{Voter: voter.PubKey})
	if err != nil || !answer.Voter.GetTombstoned() {
		return false, err
	}
	e.Index = answer.Voter.Index
	page := &queryapi.PageRequest{Reverse: true} // newest first
	for {
		found, err := query.AllEvidence(ctx, &finalityapi.QueryAllEvidenceRequest{Pagination: page})
		if err != nil {
			return false, err
		}
		for _, r := range found.Records {
			if slices.Contains(r.Slashed, e.Index) {
				e.EvidenceID, e.Penalty = r.Id, r.Penalty
				return true, nil
			}
		}
		if page.Key = found.Pagination.GetNextKey(); len(page.Key) == 0 {
			return false, nil
		}
	}
}
