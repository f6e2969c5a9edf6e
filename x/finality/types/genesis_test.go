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
		v := Voter{Index: uint64(i), Operator: string(rune('a' + i)), PubKey: strings.Repeat("0", 95) + string(rune('1'+i))}
		bond, err := v.FirstBond(math.NewInt(10))
		if err != nil {
			panic(err)
		}
		g.Voters, g.Delegations = append(g.Voters, v), append(g.Delegations, bond)
	}
	shares, err := g.Voters[1].Unbonding.Join(math.NewInt(3), false)
	if err != nil {
		panic(err)
	}
	g.Unbondings, g.NextUnbondingId = []Unbonding{{Id: 4, VoterIndex: 1, Delegator: "a", Shares: shares, Clock: 4, Pool: 1}}, 5
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
		"an era that begins at the end of all epochs": func(g *GenesisState) { g.Running.Closed[0].FirstEpoch = gomath.MaxUint64 },
		"a settlement of another era": func(g *GenesisState) {
			g.Running.Settlement, g.Running.Scores = settlement(), []Score{{Signed: signed(1)}}
			g.Running.Settlement.Era.LastEpoch = 6
		},
		"params":                         func(g *GenesisState) { g.Params.SetPeriod = 0 },
		"a gap in the registrations":     func(g *GenesisState) { g.Voters[1].Index = 2 },
		"an operator twice":              func(g *GenesisState) { g.Voters[1].Operator = "a" },
		"a key twice":                    func(g *GenesisState) { g.Voters[1].PubKey = g.Voters[0].PubKey },
		"an invalid key":                 func(g *GenesisState) { g.Voters[1].PubKey = "00" },
		"a moniker too long":             func(g *GenesisState) { g.Voters[0].Moniker = strings.Repeat("x", MaxMoniker+1) },
		"a website too long":             func(g *GenesisState) { g.Voters[0].Website = strings.Repeat("x", MaxWebsite+1) },
		"commission above its maximum":   func(g *GenesisState) { g.Voters[0].CommissionPpm = 1 },
		"maximum above all":              func(g *GenesisState) { g.Voters[0].MaxCommissionPpm = Million + 1 },
		"no tokens":                      func(g *GenesisState) { g.Voters[0].Bonded.Tokens = math.Int{} },
		"negative tokens":                func(g *GenesisState) { g.Voters[0].Bonded.Tokens = math.NewInt(-1) },
		"a pool that is too large":       func(g *GenesisState) { g.Voters[0].Bonded.Tokens = math.NewInt(1 << 62).MulRaw(1 << 62).MulRaw(8) },
		"shares without owner":           func(g *GenesisState) { g.Delegations = g.Delegations[:1] },
		"unbonding shares without owner": func(g *GenesisState) { g.Unbondings = nil },
		"a delegation of nothing":        func(g *GenesisState) { g.Delegations[0].Positions[0].Shares = math.ZeroInt() },
		"a delegation without positions": func(g *GenesisState) { g.Delegations[0].Positions = nil },
		"a position of the future":       func(g *GenesisState) { g.Delegations[0].Positions[0].Pool = 2 },
		"an entry in the bonded pool":    func(g *GenesisState) { g.Unbondings[0].Pool = 0 },
		"more pools than there can be":   func(g *GenesisState) { g.Voters[0].NextPool = maxPools + 1 },
		"a pool of the future":           func(g *GenesisState) { g.Voters[0].NextPool = 1 },
		"the operator's shares missing":  func(g *GenesisState) { g.Voters[0].Bonded.OwnShares = math.ZeroInt() },
		"shares of nobody that are not":  func(g *GenesisState) { g.Voters[0].Bonded.UnownedShares = math.OneInt() },
		"tokens without shares":          func(g *GenesisState) { g.Voters[0].Unbonding.Tokens = math.OneInt() },
		"commission changes in disorder": func(g *GenesisState) { g.Voters[0].CommissionChanges = []CommissionChange{{FromEra: 2}, {FromEra: 2}} },
		"a change above the maximum": func(g *GenesisState) {
			g.Voters[0].CommissionChanges = []CommissionChange{{FromEra: 2, CommissionPpm: 1}}
		},
		"changes bounded above all": func(g *GenesisState) { g.Voters[0].MaxCommissionChangePpm = Million + 1 },
		"three joining pools": func(g *GenesisState) {
			g.Voters[0].Joining = []JoiningPool{joining(2, 0), joining(3, 0), joining(4, 0)}
			g.Voters[0].NextPool = 5
		},
		"two closed joining pools": func(g *GenesisState) {
			g.Voters[0].Joining, g.Voters[0].NextPool = []JoiningPool{joining(2, 0), joining(3, 0)}, 4
			g.Voters[0].Joining[0].Closed, g.Voters[0].Joining[1].Closed = true, true
		},
		"two open joining pools": func(g *GenesisState) {
			g.Voters[0].Joining, g.Voters[0].NextPool = []JoiningPool{joining(2, 0), joining(3, 0)}, 4
		},
		"a joining pool that nobody owns": func(g *GenesisState) {
			g.Voters[0].Joining, g.Voters[0].NextPool = []JoiningPool{joining(2, 1)}, 3
		},
		"a joining pool without a clock": func(g *GenesisState) {
			g.Voters[0].Joining, g.Voters[0].NextPool = []JoiningPool{joining(2, 0)}, 3
			g.Voters[0].Joining[0].Clock = 0
		},
		"a promotion that nobody owns": func(g *GenesisState) {
			g.Promotions, g.Voters[0].NextPool = []Promotion{{Pool: 2, BondedShares: math.OneInt(), Shares: math.OneInt()}}, 3
		},
		"a promotion with nobody": func(g *GenesisState) {
			g.Promotions = []Promotion{{VoterIndex: 2, BondedShares: math.OneInt(), Shares: math.OneInt()}}
		},
		"a promotion of a pool that stands": func(g *GenesisState) {
			g.Promotions = []Promotion{{Pool: 0, BondedShares: math.OneInt(), Shares: g.Delegations[0].Positions[0].Shares}}
		},
		"a delegation to nobody":      func(g *GenesisState) { g.Delegations[0].VoterIndex = 2 },
		"an unbonding with nobody":    func(g *GenesisState) { g.Unbondings[0].VoterIndex = 2 },
		"an unbonding of the future":  func(g *GenesisState) { g.NextUnbondingId = 4 },
		"an unbonding without a time": func(g *GenesisState) { g.Unbondings[0].Clock = 0 },
		"an unbonding with two times": func(g *GenesisState) { g.Unbondings[0].CompletionTime = &time.Time{} },
		"a possession of nobody":      func(g *GenesisState) { g.Possessions = []GenesisPossession{{VoterIndex: 2}} },
		"an invalid possession":       func(g *GenesisState) { g.Possessions = []GenesisPossession{{Possession: []byte{0}}} },
		"a possession of 95 bytes":    func(g *GenesisState) { g.Possessions = []GenesisPossession{{Possession: make([]byte, 95)}} },
		"a possession of 97 bytes":    func(g *GenesisState) { g.Possessions = []GenesisPossession{{Possession: make([]byte, 97)}} },
		"a gap in the evidence":       func(g *GenesisState) { g.Evidence[0].Id = 1 },
		"no pairs":                    func(g *GenesisState) { g.Running.Pairs = nil },
		"a gap in the pairs":          func(g *GenesisState) { g.Running.Pairs[1].Index = 5 },
		"a pair without its set":      func(g *GenesisState) { g.Running.Pairs[0].VoterSetHash = ffg.Root{}.String() },
		"a pair with half a hash":     func(g *GenesisState) { g.Running.Pairs[0].VoterSetHash = g.Running.Pairs[0].VoterSetHash[:16] },
		"another next set":            func(g *GenesisState) { g.Running.Next.Members[0].Current = 2 },
		"a next set with rear power":  func(g *GenesisState) { g.Running.Next.Members[0].Rear = 1 },
		"an empty next set":           func(g *GenesisState) { g.Running.Next.Members = nil },
		"a set without power":         func(g *GenesisState) { g.Running.Sets[0].Members[0].Rear = 0 },
		"a set with half a key":       func(g *GenesisState) { g.Running.Sets[0].Members[0].PubKey = strings.Repeat("0", 48) },
		"too much power":              func(g *GenesisState) { g.Voters[0].Bonded.Tokens = g.Params.PowerLimit() },
		"scores without a settlement": func(g *GenesisState) { g.Running.Scores = []Score{{Signed: signed(1)}} },
		"a settlement without scores": func(g *GenesisState) { g.Running.Settlement = settlement() },
		"a score twice": func(g *GenesisState) {
			g.Running.Settlement, g.Running.Scores = settlement(), []Score{{}, {}}
		},
		"delegations whose sum exceeds 256 bits": func(g *GenesisState) {
			g.Delegations = append(g.Delegations, Delegation{Delegator: "c", Positions: []Position{{Shares: huge()}}})
			g.Delegations[0].Positions[0].Shares = huge()
		},
		"a reward that no block can multiply": func(g *GenesisState) {
			g.Running.Settlement, g.Running.Scores = settlement(), []Score{{Signed: signed(1)}}
			g.Running.Settlement.Reward = huge()
		},
		"scores above the total": func(g *GenesisState) {
			g.Running.Settlement, g.Running.Scores = settlement(), []Score{{Signed: signed(2)}}
		},
		"a score of nobody": func(g *GenesisState) {
			g.Running.Settlement, g.Running.Scores = settlement(), []Score{{Registration: 2}}
		},
		"a set with a voter of another key": func(g *GenesisState) { g.Running.Sets[0].Members[0].Registration = 1 },
		"a next set with nobody":            func(g *GenesisState) { g.Running.Next.Members[0].Registration = 2 },
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

// joining is a pool with shares of nobody.
func joining(number uint64, unowned int64) JoiningPool {
	p := NewPool(number)
	p.Tokens, p.Shares = math.NewInt(unowned), math.NewInt(unowned)
	return JoiningPool{Pool: p, Clock: 1}
}

func signed(weight uint64) []SignedWeight { return []SignedWeight{{Weight: weight, Epochs: 1}} }

func settlement() *Settlement {
	return &Settlement{Era: Era{Index: 2, FirstEpoch: 4, LastEpoch: 7}, Reward: math.OneInt(), Total: math.OneInt()}
}

func TestASettlementUnderWayIsValid(t *testing.T) {
	g := valid()
	g.Running.Settlement, g.Running.Scores = settlement(), []Score{{}, {Registration: 1, Signed: signed(1)}}
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
