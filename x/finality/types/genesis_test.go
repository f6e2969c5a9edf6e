package types

import (
	"fmt"
	gomath "math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/dualchain/dualchain/core/ffg"
)

// valid is a running chain's genesis with two voters, a delegation each and an unbonding entry.
func valid() GenesisState {
	g := *DefaultGenesis()
	for i := range 2 {
		g.Voters = append(g.Voters, Voter{
			Index: uint64(i), Operator: string(rune('a' + i)), PubKey: strings.Repeat("0", 95) + string(rune('1'+i)),
			Tokens: math.NewInt(10), Shares: math.NewInt(10), UnbondingTokens: math.ZeroInt(), UnbondingShares: math.ZeroInt(),
		})
		g.Delegations = append(g.Delegations, Delegation{VoterIndex: uint64(i), Delegator: "a", Shares: math.NewInt(10)})
	}
	g.Voters[1].UnbondingTokens, g.Voters[1].UnbondingShares = math.NewInt(3), math.NewInt(3)
	g.Unbondings, g.NextUnbondingId = []Unbonding{{Id: 4, VoterIndex: 1, Delegator: "a", Shares: math.NewInt(3), Clock: 4}}, 5
	g.Evidence = []EvidenceRecord{{Id: 0}}
	members := []SetMember{{Registration: 0, PubKey: strings.Repeat("0", 95) + "1", Current: 1}}
	both := []SetMember{members[0]}
	both[0].Rear = 1
	g.Running = &RunningState{ChainId: "test", Next: VoterSet{Members: members}, Sets: []VoterSet{{Members: both}}}
	stitched, err := g.Running.Sets[0].Stitched()
	if err != nil {
		panic(err)
	}
	side, err := g.Running.Next.Side()
	if err != nil {
		panic(err)
	}
	hash, next := stitched.Hash(), side.Hash()
	g.Running.Pairs = []Pair{
		{Index: 3, VoterSetHash: hash.String(), NextVoterSetHash: next.String()}, {Index: 4, VoterSetHash: hash.String(), NextVoterSetHash: next.String()},
	}
	g.Running.Clocks = []UnbondingClock{{Clock: 2}, {Clock: 4}}
	g.Running.Closed = []Era{{Index: 2, FirstEpoch: 4, LastEpoch: 7}, {Index: 3, FirstEpoch: 8, LastEpoch: 8}}
	g.Running.Era = Era{Index: 4, FirstEpoch: 9}
	return g
}

func TestGenesisIsValidated(t *testing.T) {
	require.NoError(t, valid().Validate())
	for name, change := range map[string]func(g *GenesisState){
		"a pair in another spelling": func(g *GenesisState) {
			g.Running.Pairs[0].VoterSetHash = strings.ToUpper(g.Running.Pairs[0].VoterSetHash)
		},
		"a pair's next set in another": func(g *GenesisState) {
			g.Running.Pairs[0].NextVoterSetHash = "0x" + g.Running.Pairs[0].NextVoterSetHash
		},
		"a key in another spelling":      func(g *GenesisState) { g.Running.Next.Members[0].PubKey = "0X" + g.Running.Next.Members[0].PubKey[2:] },
		"clock 0, which always runs":     func(g *GenesisState) { g.Running.Clocks[0].Clock = 0 },
		"a clock twice":                  func(g *GenesisState) { g.Running.Clocks[0].Clock = 4 },
		"the clock of the pair in force": func(g *GenesisState) { g.Running.Clocks[1].Clock = 5 },
		"an open era with an end":        func(g *GenesisState) { g.Running.Era.LastEpoch = 9 },
		"a gap before the open era":      func(g *GenesisState) { g.Running.Era.FirstEpoch = 10 },
		"another open era":               func(g *GenesisState) { g.Running.Era.Index = 5 },
		"a gap between eras":             func(g *GenesisState) { g.Running.Closed[0].LastEpoch = 6 },
		"an era that ends early":         func(g *GenesisState) { g.Running.Closed[1].FirstEpoch, g.Running.Closed[0].LastEpoch = 9, 8 },
		"an era that is too long":        func(g *GenesisState) { g.Running.Closed[1].LastEpoch, g.Running.Era.FirstEpoch = 10_008, 10_009 },
		"an era that never ends": func(g *GenesisState) {
			g.Running.Closed[1].FirstEpoch, g.Running.Closed[0].LastEpoch = gomath.MaxUint64, gomath.MaxUint64-1
			g.Running.Closed[0].FirstEpoch = gomath.MaxUint64 - 1
			g.Running.Closed[1].LastEpoch, g.Running.Era.FirstEpoch = gomath.MaxUint64, 0
		},
		"a settlement of another era": func(g *GenesisState) {
			g.Running.Settlement, g.Running.Scores = settlement(), []Score{{Signed: math.OneInt()}}
			g.Running.Settlement.Era.LastEpoch = 6
		},
		"params":                         func(g *GenesisState) { g.Params.SetPeriod = 0 },
		"a gap in the registrations":     func(g *GenesisState) { g.Voters[1].Index = 2 },
		"an operator twice":              func(g *GenesisState) { g.Voters[1].Operator = "a" },
		"a key twice":                    func(g *GenesisState) { g.Voters[1].PubKey = g.Voters[0].PubKey },
		"a key that is none":             func(g *GenesisState) { g.Voters[1].PubKey = "00" },
		"a moniker too long":             func(g *GenesisState) { g.Voters[0].Moniker = strings.Repeat("x", MaxMoniker+1) },
		"a website too long":             func(g *GenesisState) { g.Voters[0].Website = strings.Repeat("x", MaxWebsite+1) },
		"commission above its maximum":   func(g *GenesisState) { g.Voters[0].CommissionPpm = 1 },
		"maximum above all":              func(g *GenesisState) { g.Voters[0].MaxCommissionPpm = Million + 1 },
		"no tokens":                      func(g *GenesisState) { g.Voters[0].Tokens = math.Int{} },
		"negative tokens":                func(g *GenesisState) { g.Voters[0].Tokens = math.NewInt(-1) },
		"a pool that is too large":       func(g *GenesisState) { g.Voters[0].Tokens = math.NewInt(1 << 62).MulRaw(1 << 58) },
		"shares without owner":           func(g *GenesisState) { g.Delegations = g.Delegations[:1] },
		"unbonding shares without owner": func(g *GenesisState) { g.Unbondings = nil },
		"a delegation of nothing":        func(g *GenesisState) { g.Delegations[0].Shares = math.ZeroInt() },
		"a delegation to nobody":         func(g *GenesisState) { g.Delegations[0].VoterIndex = 2 },
		"an unbonding with nobody":       func(g *GenesisState) { g.Unbondings[0].VoterIndex = 2 },
		"an unbonding of the future":     func(g *GenesisState) { g.NextUnbondingId = 4 },
		"an unbonding without a time":    func(g *GenesisState) { g.Unbondings[0].Clock = 0 },
		"an unbonding with two times":    func(g *GenesisState) { g.Unbondings[0].CompletionTime = &time.Time{} },
		"a possession of nobody":         func(g *GenesisState) { g.Possessions = []GenesisPossession{{VoterIndex: 2}} },
		"a possession that is none":      func(g *GenesisState) { g.Possessions = []GenesisPossession{{Possession: []byte{0}}} },
		"a possession of 95 bytes":       func(g *GenesisState) { g.Possessions = []GenesisPossession{{Possession: make([]byte, 95)}} },
		"a possession of 97 bytes":       func(g *GenesisState) { g.Possessions = []GenesisPossession{{Possession: make([]byte, 97)}} },
		"a gap in the evidence":          func(g *GenesisState) { g.Evidence[0].Id = 1 },
		"no pairs":                       func(g *GenesisState) { g.Running.Pairs = nil },
		"a gap in the pairs":             func(g *GenesisState) { g.Running.Pairs[1].Index = 5 },
		"a pair without its set":         func(g *GenesisState) { g.Running.Pairs[0].VoterSetHash = ffg.Root{}.String() },
		"a pair with half a hash":        func(g *GenesisState) { g.Running.Pairs[0].VoterSetHash = g.Running.Pairs[0].VoterSetHash[:16] },
		"another next set":               func(g *GenesisState) { g.Running.Next.Members[0].Current = 2 },
		"a next set with rear power":     func(g *GenesisState) { g.Running.Next.Members[0].Rear = 1 },
		"an empty next set":              func(g *GenesisState) { g.Running.Next.Members = nil },
		"a set without power":            func(g *GenesisState) { g.Running.Sets[0].Members[0].Rear = 0 },
		"a set with half a key":          func(g *GenesisState) { g.Running.Sets[0].Members[0].PubKey = strings.Repeat("0", 48) },
		"too much power":                 func(g *GenesisState) { g.Voters[0].Tokens = g.Params.PowerLimit() },
		"scores without a settlement":    func(g *GenesisState) { g.Running.Scores = []Score{{Signed: math.OneInt()}} },
		"a settlement without scores":    func(g *GenesisState) { g.Running.Settlement = settlement() },
		"a score twice": func(g *GenesisState) {
			g.Running.Settlement, g.Running.Scores = settlement(), []Score{{Signed: math.OneInt()}, {Signed: math.OneInt()}}
		},
		"delegations whose sum exceeds 256 bits": func(g *GenesisState) {
			g.Delegations = append(g.Delegations, g.Delegations[0])
			g.Delegations[0].Shares, g.Delegations[2].Shares = huge(), huge()
		},
		"a reward that no block can multiply": func(g *GenesisState) {
			g.Running.Settlement, g.Running.Scores = settlement(), []Score{{Signed: math.OneInt()}}
			g.Running.Settlement.Reward = huge()
		},
		"scores above the total": func(g *GenesisState) {
			g.Running.Settlement, g.Running.Scores = settlement(), []Score{{Signed: math.NewInt(2)}}
		},
		"a score of nobody": func(g *GenesisState) {
			g.Running.Settlement, g.Running.Scores = settlement(), []Score{{Registration: 2, Signed: math.OneInt()}}
		},
		"a set with a voter of another key": func(g *GenesisState) { g.Running.Sets[0].Members[0].Registration = 1 },
		"a next set with nobody":            func(g *GenesisState) { g.Running.Next.Members[0].Registration = 2 },
		"a score below 0": func(g *GenesisState) {
			g.Running.Settlement, g.Running.Scores = settlement(), []Score{{Signed: math.NewInt(-1)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := valid()
			change(&g)
			require.Error(t, g.Validate())
		})
	}
}

// huge is 2²⁵⁵.
func huge() math.Int { return math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(1), 255)) }

func TestAPossessionHas96Bytes(t *testing.T) {
	g := valid()
	g.Possessions = []GenesisPossession{{VoterIndex: 1, Possession: make([]byte, 96)}}
	require.NoError(t, g.Validate())
	proof := ffg.Signature{0: 1, 95: 2}
	read, err := ParsePossession(proof[:])
	require.NoError(t, err)
	require.Equal(t, proof, read)
	for _, length := range []int{0, 95, 97} {
		_, err := ParsePossession(make([]byte, length))
		require.ErrorIs(t, err, ErrInvalidPossession)
		require.ErrorContains(t, err, fmt.Sprintf("expected 96 bytes, found %d", length))
	}
}

func settlement() *Settlement {
	return &Settlement{Era: Era{Index: 2, FirstEpoch: 4, LastEpoch: 7}, Reward: math.OneInt(), Total: math.OneInt()}
}

func TestASettlementUnderWayIsValid(t *testing.T) {
	g := valid()
	g.Running.Settlement, g.Running.Scores = settlement(), []Score{{Signed: math.ZeroInt()}, {Registration: 1, Signed: math.OneInt()}}
	require.NoError(t, g.Validate())
}

func TestVotesConvertBothWays(t *testing.T) {
	vote := ffg.Vote{Source: ffg.Ref{Epoch: 1, Root: ffg.Root{1}}, Target: ffg.Ref{Epoch: 2, Root: ffg.Root{2}}}
	agg := ffg.AggregateVote{Vote: vote, VoterSetHash: ffg.Root{3}, Signers: ffg.Bitfield{5}, Signature: ffg.Signature{4}}
	back, err := AggregateVoteFromFFG(agg).ToFFG()
	require.NoError(t, err)
	require.Equal(t, agg, back)
	for name, tc := range map[string]struct {
		change func(a *AggregateVote)
		err    error
	}{
		"half a source":    {func(a *AggregateVote) { a.Vote.Source.Root = a.Vote.Source.Root[:32] }, ErrInvalidVote},
		"no target":        {func(a *AggregateVote) { a.Vote.Target.Root = "" }, ErrInvalidVote},
		"a vote to itself": {func(a *AggregateVote) { a.Vote.Target.Epoch = 1 }, ErrInvalidVote},
		"a long set hash":  {func(a *AggregateVote) { a.VoterSetHash += "00" }, ErrInvalidVote},
		"no signature":     {func(a *AggregateVote) { a.Signature = nil }, ErrInvalidSignature},
		"a long signature": {func(a *AggregateVote) { a.Signature = make([]byte, 97) }, ErrInvalidSignature},
	} {
		message := AggregateVoteFromFFG(agg)
		tc.change(&message)
		_, err := message.ToFFG()
		require.ErrorIs(t, err, tc.err, name)
	}
}
