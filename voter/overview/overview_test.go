package overview

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/monitor"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

var key = ffg.PublicKey{0xab}

var errDown = errors.New("node is down")

// node answers from a chain with one voter.
type node struct {
	types.QueryClient
	chainID string
	known   bool // the voter
	noEpoch bool
	down    bool
}

func (n node) chain() Chain {
	return Chain{address: "node.example:9090", finality: n, checkpoint: checkpoints{node: n}, bank: bank{}}
}

type checkpoints struct {
	checkpointtypes.QueryClient
	node node
}

func (c checkpoints) Status(context.Context, *checkpointtypes.QueryStatusRequest, ...grpc.CallOption) (*checkpointtypes.QueryStatusResponse, error) {
	if c.node.down {
		return nil, errDown
	}
	head := func(epoch uint64) *checkpointtypes.Head { return &checkpointtypes.Head{Epoch: epoch} }
	return &checkpointtypes.QueryStatusResponse{
		ChainId: c.node.chainID, Height: 40, TimeMs: 1_700_000_000_000, Anchored: true, Head: head(10), Justified: head(9), Finalized: head(8),
	}, nil
}

func (n node) Voter(_ context.Context, request *types.QueryVoterRequest, _ ...grpc.CallOption) (*types.QueryVoterResponse, error) {
	if !n.known || request.Voter != key.String() {
		return nil, status.Error(codes.NotFound, "voter not found")
	}
	return &types.QueryVoterResponse{
		Voter: types.Voter{
			Index: 3, Operator: "dual1op", Moniker: "me", CommissionPpm: 100_050, Jailed: true,
			JailedUntil: time.Unix(1_700_000_600, 0), AccountableFrom: 7,
		},
		State: types.VoterState_VOTER_STATE_JAILED, Rear: 5, Current: 4, Bonded: math.NewInt(75),
	}, nil
}

func (node) Params(context.Context, *types.QueryParamsRequest, ...grpc.CallOption) (*types.QueryParamsResponse, error) {
	return &types.QueryParamsResponse{Params: types.Params{BondDenom: "udual"}}, nil
}

func (node) DelegatorDelegations(context.Context, *types.QueryDelegatorDelegationsRequest, ...grpc.CallOption) (*types.QueryDelegatorDelegationsResponse, error) {
	of := func(voter uint64, balance int64) types.DelegationBalance {
		return types.DelegationBalance{Delegation: types.Delegation{VoterIndex: voter}, Balance: math.NewInt(balance)}
	}
	return &types.QueryDelegatorDelegationsResponse{Delegations: []types.DelegationBalance{of(2, 11), of(3, 50)}}, nil
}

func (n node) Participation(context.Context, *types.QueryParticipationRequest, ...grpc.CallOption) (*types.QueryParticipationResponse, error) {
	if n.noEpoch {
		return nil, status.Error(codes.FailedPrecondition, "no epochs")
	}
	return &types.QueryParticipationResponse{
		Era: types.Era{Index: 1, FirstEpoch: 5}, Epochs: 6, Recorded: 4, Pending: 1, ParticipationPpm: 666_666, MinParticipationPpm: 500_000,
	}, nil
}

type bank struct{ banktypes.QueryClient }

func (bank) Balance(context.Context, *banktypes.QueryBalanceRequest, ...grpc.CallOption) (*banktypes.QueryBalanceResponse, error) {
	coin := sdk.NewInt64Coin("udual", 9)
	return &banktypes.QueryBalanceResponse{Balance: &coin}, nil
}

func text(t *testing.T, o Overview) string {
	t.Helper()
	var out strings.Builder
	if err := o.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAnOverviewOfAJailedVoter(t *testing.T) {
	client := &monitor.Status{
		Reasons: []monitor.Standing{{Code: "guard_conflict", Error: "refused", Advice: "look"}},
		Nodes:   []monitor.Node{{Address: "a"}, {Address: "b", InUse: true}},
		Keys: []monitor.KeyStatus{{
			PublicKey: key.String(), Signed: 3, Reason: &monitor.Standing{Code: "guard_conflict", Error: "refused"},
			Last: monitor.Vote{Epoch: 9, At: time.Unix(1_700_000_001, 0), Recorded: true, Blocks: 2},
		}},
	}
	found := text(t, Collect(t.Context(), "test-1", []Key{{Public: key, Name: "voter"}}, client, []Chain{node{chainID: "test-1", known: true}.chain()}))
	want := `chain            test-1
heads            height 40 at 2023-11-14 22:13:20 UTC; epoch 10, justified 9, finalized 8
client           NOT healthy, following b
                 guard_conflict: refused: look

voter            ` + key.String() + ` (voter)
  registered     as 3 by dual1op "me"
  state          jailed; power 5 rear, 4 current, 0 next
  jailed         until 2023-11-14 22:23:20 UTC; then: tx finality unjail
  accountable    from epoch 7
  last vote      epoch 9 at 2023-11-14 22:13:21 UTC, recorded after 2 blocks
  not voting     guard_conflict: refused
  participation  4 of 6 epochs in era 1, 66.66 % of the weight; 1 may still come; absence doesn't count in this era
  stake          75udual in the pool, of which the operator's own 50
  rewards        raise the pool, less 10.00 % commission, paid to the operator, who has 9udual
`
	if found != want {
		t.Errorf("expected\n%s\nfound\n%s", want, found)
	}
}

func TestAnOverviewWithoutAClient(t *testing.T) {
	for name, tc := range map[string]struct {
		nodes      []node
		protection *Protection
		want       []string
	}{
		"unknown key":    {[]node{{chainID: "test-1"}}, &Protection{}, []string{"registered     no\n", "last vote      none\n"}},
		"no epochs":      {[]node{{chainID: "test-1", known: true, noEpoch: true}}, &Protection{Latest: 4}, []string{"registered     as 3", "last vote      epoch 4\n"}},
		"moved":          {[]node{{chainID: "test-1"}}, &Protection{Latest: 4, Retired: true}, []string{"moved          to another machine"}},
		"guard in use":   {[]node{{chainID: "test-1"}}, nil, []string{"last vote      unknown\n"}},
		"a node is down": {[]node{{down: true}, {chainID: "test-1"}}, nil, []string{"heads            height 40", "unknown          node node.example:9090: node is down\n"}},
		"all are down":   {[]node{{down: true}}, &Protection{Latest: 4}, []string{"last vote      epoch 4\n", "node is down"}},
		"another chain":  {[]node{{chainID: "test-2", known: true}}, nil, []string{`node of another chain: expected "test-1", found "test-2"`}},
	} {
		var chains []Chain
		for _, n := range tc.nodes {
			chains = append(chains, n.chain())
		}
		o := Collect(t.Context(), "test-1", []Key{{Public: key, Protection: tc.protection}}, nil, chains)
		found := text(t, o)
		for _, want := range tc.want {
			if !strings.Contains(found, want) {
				t.Errorf("%s: expected %q, found\n%s", name, want, found)
			}
		}
		if reachable := o.Chain != nil; reachable == (name == "all are down" || name == "another chain") {
			t.Errorf("%s: found %+v", name, o.Chain)
		}
	}
}

func TestAGapIsInWords(t *testing.T) {
	var o Overview
	o.gap("node", errors.New("rpc error: code = Unavailable desc = nobody listens [base/app.go:7]"))
	if want := []string{"node: nobody listens"}; !slices.Equal(o.Gaps, want) {
		t.Errorf("expected %q, found %q", want, o.Gaps)
	}
}

func TestANodesTextDoesNotSteerTheTerminal(t *testing.T) {
	o := Overview{ChainID: "test-1"}
	o.gap("node", errors.New("\x1b[2J\nclient           healthy"))
	var text strings.Builder
	if err := o.Write(&text); err != nil {
		t.Fatal(err)
	}
	if want := "chain            test-1\n\nunknown          node: \\x1b[2J\\nclient           healthy\n"; text.String() != want {
		t.Errorf("expected %q, found %q", want, text.String())
	}
}
