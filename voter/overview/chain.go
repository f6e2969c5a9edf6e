package overview

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/types/query"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// timeout bounds each question.
const timeout = 5 * time.Second

// maxDelegations bounds how many of the operator's delegations are looked at for the one to its own voter.
const maxDelegations = 1000

// ErrOtherChain: the node is on another chain.
var ErrOtherChain = errors.New("node of another chain")

// Chain asks one node.
type Chain struct {
	address    string
	finality   types.QueryClient
	checkpoint checkpointtypes.QueryClient
	bank       banktypes.QueryClient
}

// NewChain asks over conn; the address is for messages.
func NewChain(address string, conn grpc.ClientConnInterface) Chain {
	return Chain{address: address, finality: types.NewQueryClient(conn), checkpoint: checkpointtypes.NewQueryClient(conn), bank: banktypes.NewQueryClient(conn)}
}

// heads wraps ErrOtherChain.
func (c Chain) heads(ctx context.Context, chainID string) (*Heads, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := c.checkpoint.Status(ctx, &checkpointtypes.QueryStatusRequest{})
	if err != nil {
		return nil, err
	}
	if answer.ChainId != chainID {
		return nil, fmt.Errorf("%w: expected %q, found %q", ErrOtherChain, chainID, answer.ChainId)
	}
	out := &Heads{Height: answer.Height, Time: time.UnixMilli(int64(answer.TimeMs)).UTC()} //nolint:gosec // milliseconds
	if answer.Anchored {
		out.Epoch, out.Justified, out.Finalized = answer.Head.GetEpoch(), answer.Justified.GetEpoch(), answer.Finalized.GetEpoch()
	}
	return out, nil
}

// registration returns nil without an error for a key that the chain doesn't know.
func (c Chain) registration(ctx context.Context, key string) (*Registration, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := c.finality.Voter(ctx, &types.QueryVoterRequest{Voter: key})
	if status.Code(err) == codes.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := answer.Voter
	out := &Registration{
		Index: v.Index, Operator: v.Operator, Moniker: v.Moniker, AccountableFrom: v.AccountableFrom,
		State: strings.ToLower(strings.TrimPrefix(answer.State.String(), "VOTER_STATE_")),
		Rear:  answer.Rear, Current: answer.Current, Next: answer.Next,
		Stake: Stake{Pool: answer.Bonded.String(), CommissionPpm: v.CommissionPpm},
	}
	if v.Jailed && !v.Tombstoned {
		until := v.JailedUntil.UTC()
		out.JailedUntil = &until
	}
	return out, c.stake(ctx, v, &out.Stake)
}

func (c Chain) stake(ctx context.Context, v types.Voter, out *Stake) error {
	params, err := c.finality.Params(ctx, &types.QueryParamsRequest{})
	if err != nil {
		return err
	}
	out.Denom = params.Params.BondDenom
	own, err := c.finality.DelegatorDelegations(ctx, &types.QueryDelegatorDelegationsRequest{
		Delegator: v.Operator, Pagination: &query.PageRequest{Limit: maxDelegations},
	})
	if err != nil {
		return err
	}
	out.Own = "0"
	for _, d := range own.Delegations {
		if d.Delegation.VoterIndex == v.Index {
			out.Own = d.Balance.String()
		}
	}
	balance, err := c.bank.Balance(ctx, &banktypes.QueryBalanceRequest{Address: v.Operator, Denom: out.Denom})
	if err != nil {
		return err
	}
	out.Balance = balance.Balance.Amount.String()
	return nil
}

// participation returns nil without an error before the first checkpoint.
func (c Chain) participation(ctx context.Context, key string) (*Participation, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := c.finality.Participation(ctx, &types.QueryParticipationRequest{Voter: key})
	if status.Code(err) == codes.FailedPrecondition {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &Participation{
		Era: answer.Era.Index, FirstEpoch: answer.Era.FirstEpoch, Epochs: answer.Epochs, Recorded: answer.Recorded, Pending: answer.Pending,
		Ppm: answer.ParticipationPpm, MinimumPpm: answer.MinParticipationPpm, Accountable: answer.Accountable,
	}, nil
}
