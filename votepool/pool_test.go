package votepool

import (
	"errors"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

var (
	alice, bob, carol = ffg.PublicKey{1}, ffg.PublicKey{2}, ffg.PublicKey{3}
	errBad            = errors.New("bad signature")
)

func good() (*bls.Signature, error) { return nil, nil }

// vote returns a vote whose roots are fork's, so that votes for different forks differ.
func vote(source, target uint64, fork byte) ffg.Vote {
	return ffg.Vote{
		Source: ffg.Ref{Epoch: source, Root: ffg.Root{byte(source)}},
		Target: ffg.Ref{Epoch: target, Root: ffg.Root{byte(target), fork}},
	}
}

// signed returns a vote with the only signature that these tests accept as valid.
func signed(key ffg.PublicKey, v ffg.Vote) Signed {
	return Signed{Key: key, Vote: v, Signature: ffg.Signature{key[0], byte(v.Source.Epoch), byte(v.Target.Epoch), v.Target.Root[1]}}
}

func pool(oldest, head uint64) *Pool {
	p := New(1 << 20)
	p.Prune(oldest, head)
	return p
}

func mustAdd(t require.TestingT, p *Pool, votes ...Signed) {
	for _, v := range votes {
		added, err := p.Add(v, good)
		require.NoError(t, err)
		require.True(t, added)
	}
}

func TestTheWindowBoundsTargetsOnBothSides(t *testing.T) {
	for _, tc := range []struct {
		target uint64
		err    error
	}{{9, ErrWindow}, {10, nil}, {20, nil}, {22, nil}, {23, ErrWindow}} {
		added, err := pool(10, 20).Add(signed(alice, vote(1, tc.target, 0)), good)
		require.ErrorIs(t, err, tc.err, "target %d", tc.target)
		require.Equal(t, tc.err == nil, added)
	}
}

func TestANewPoolHasNoWindow(t *testing.T) {
	_, err := New(1<<20).Add(signed(alice, vote(0, 1, 0)), good)
	require.ErrorIs(t, err, ErrWindow)
}

func TestTheWindowEndsWithTheLastEpoch(t *testing.T) {
	p := pool(^uint64(0)-1, ^uint64(0))
	mustAdd(t, p, signed(alice, vote(1, ^uint64(0), 0)))
}

func TestAVoteWhoseSourceIsNotBeforeItsTargetIsRefused(t *testing.T) {
	_, err := pool(1, 10).Add(signed(alice, vote(5, 5, 0)), good)
	require.ErrorIs(t, err, ffg.ErrVoteOrder)
}

func TestAVoteIsHeldOnce(t *testing.T) {
	p := pool(1, 10)
	v := signed(alice, vote(1, 2, 0))
	mustAdd(t, p, v)
	added, err := p.Add(v, func() (*bls.Signature, error) { t.Error("verified a held vote again"); return nil, nil })
	require.NoError(t, err)
	require.False(t, added)
	require.Equal(t, 1, p.Len())

	v.Signature[95] = 1
	_, err = p.Add(v, func() (*bls.Signature, error) { t.Error("verified what can't be valid"); return nil, nil })
	require.ErrorIs(t, err, ErrSignature)
}

func TestAVoteThatDoesNotVerifyIsNotHeld(t *testing.T) {
	p := pool(1, 10)
	_, err := p.Add(signed(alice, vote(1, 2, 0)), func() (*bls.Signature, error) { return nil, errBad })
	require.Equal(t, errBad, err)
	require.Zero(t, p.Len())
	require.Empty(t, p.Targets())
}

func TestAVoterHasTwoVotesForATarget(t *testing.T) {
	p := pool(1, 10)
	mustAdd(t, p, signed(alice, vote(1, 2, 0)), signed(alice, vote(1, 2, 1)))
	_, err := p.Add(signed(alice, vote(1, 2, 2)), func() (*bls.Signature, error) { t.Error("verified a third vote"); return nil, nil })
	require.ErrorIs(t, err, ErrConflicting)
	mustAdd(t, p, signed(bob, vote(1, 2, 2)), signed(alice, vote(1, 3, 0)))
}

func TestWhatChangedDuringVerificationIsSeen(t *testing.T) {
	v := signed(alice, vote(1, 2, 0))
	t.Run("the same vote arrived", func(t *testing.T) {
		p := pool(1, 10)
		added, err := p.Add(v, func() (*bls.Signature, error) { mustAdd(t, p, v); return nil, nil })
		require.NoError(t, err)
		require.False(t, added)
		require.Equal(t, 1, p.Len())
	})
	t.Run("the window moved", func(t *testing.T) {
		p := pool(1, 10)
		_, err := p.Add(v, func() (*bls.Signature, error) { p.Prune(5, 20); return nil, nil })
		require.ErrorIs(t, err, ErrWindow)
	})
}

func TestAFullPoolPrefersNewerTargets(t *testing.T) {
	p := New(3 * voteBytes)
	p.Prune(1, 10)
	mustAdd(t, p, signed(alice, vote(1, 4, 0)), signed(bob, vote(1, 4, 0)), signed(alice, vote(1, 5, 0)))

	for _, target := range []uint64{3, 4} {
		_, err := p.Add(signed(carol, vote(1, target, 0)), good)
		require.ErrorIs(t, err, ErrFull)
	}
	mustAdd(t, p, signed(carol, vote(1, 5, 0)))
	require.Equal(t, []uint64{5}, p.Targets(), "the oldest target made room")
	require.Equal(t, 2, p.Len())
}

func TestAPoolWithoutRoomRefuses(t *testing.T) {
	p := New(voteBytes - 1)
	p.Prune(1, 10)
	_, err := p.Add(signed(alice, vote(1, 4, 0)), good)
	require.ErrorIs(t, err, ErrFull)
}

func TestPruneDropsWhatLeftTheWindow(t *testing.T) {
	p := pool(1, 10)
	mustAdd(t, p, signed(alice, vote(1, 4, 0)), signed(alice, vote(1, 5, 0)), signed(alice, vote(1, 12, 0)))
	p.Prune(5, 9)
	require.Equal(t, []uint64{5}, p.Targets())
	require.Equal(t, 1, p.Len())
}

func TestRemoveDropsOneVotersVotesForATarget(t *testing.T) {
	p := pool(1, 10)
	mustAdd(t, p, signed(alice, vote(1, 4, 0)), signed(alice, vote(1, 4, 1)), signed(bob, vote(1, 4, 0)), signed(alice, vote(1, 5, 0)))
	p.Remove(4, alice)
	require.Equal(t, 2, p.Len())
	p.Remove(4, bob)
	p.Remove(4, carol)
	require.Equal(t, []uint64{5}, p.Targets())
}

func TestConcurrentUseKeepsTheBounds(t *testing.T) {
	p := New(50 * voteBytes)
	p.Prune(1, 10)
	var users sync.WaitGroup
	for user := range 8 {
		users.Go(func() {
			key := ffg.PublicKey{byte(user % 4)}
			for i := range 200 {
				_, _ = p.Add(signed(key, vote(1, uint64(2+i%10), byte(i%3))), good)
				p.Missing(vote(1, 5, 0), ffg.VoterSet{{Key: key, Current: 1}}, nil)
				p.Conflicts()
				if i%50 == 0 {
					p.Prune(uint64(1+i/50), 10)
				}
			}
		})
	}
	users.Wait()
	requireBounds(t, p)
}

func TestPoolKeepsItsBoundsAndFindsEveryConflict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := New(12 * voteBytes)
		var held []Signed // by a pool that forgets nothing
		caught := map[ffg.PublicKey]bool{}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				source := rapid.Uint64Range(0, 6).Draw(t, "source")
				v := signed(ffg.PublicKey{rapid.ByteRange(1, 3).Draw(t, "voter")},
					vote(source, source+rapid.Uint64Range(1, 4).Draw(t, "span"), rapid.ByteRange(0, 2).Draw(t, "fork")))
				before := p.Len()
				added, err := p.Add(v, good)
				switch {
				case err != nil:
					require.False(t, added)
					require.Equal(t, before, p.Len())
				case added:
					held = append(held, v)
				}
			},
			"prune": func(t *rapid.T) {
				oldest := rapid.Uint64Range(1, 8).Draw(t, "oldest")
				p.Prune(oldest, oldest+rapid.Uint64Range(0, 6).Draw(t, "span"))
			},
			"": func(t *rapid.T) {
				requireBounds(t, p)
				for _, c := range p.Conflicts() {
					require.Equal(t, c.First.Key, c.Second.Key)
					require.Contains(t, held, c.First)
					require.Contains(t, held, c.Second)
					var offence *ffg.Offence
					require.ErrorAs(t, ffg.Slashable(c.First.Vote, c.Second.Vote), &offence)
					require.Equal(t, c.First.Vote, offence.First)
					caught[c.Key()] = true
				}
				for key := range caught {
					require.Contains(t, keysOf(p.Conflicts()), key, "a conflict got lost")
				}
				requireNoHiddenConflict(t, p, caught)
			},
		})
	})
}

func keysOf(conflicts []Conflict) []ffg.PublicKey {
	var keys []ffg.PublicKey
	for _, c := range conflicts {
		keys = append(keys, c.Key())
	}
	return keys
}

// requireNoHiddenConflict compares all held votes with each other.
func requireNoHiddenConflict(t require.TestingT, p *Pool, caught map[ffg.PublicKey]bool) {
	for _, key := range []ffg.PublicKey{alice, bob, carol} {
		held := p.heldBy(key)
		for i, a := range held {
			for _, b := range held[:i] {
				if ffg.Slashable(a.Vote, b.Vote) != nil {
					require.True(t, caught[key], "%v and %v", a.Vote, b.Vote)
				}
			}
		}
	}
}

func requireBounds(t require.TestingT, p *Pool) {
	total := 0
	for target, voters := range p.targets {
		require.GreaterOrEqual(t, target, p.oldest)
		require.LessOrEqual(t, target, p.newest)
		require.NotEmpty(t, voters)
		for _, votes := range voters {
			require.LessOrEqual(t, len(votes), votesAVoter)
			total += len(votes)
		}
	}
	require.Equal(t, total, p.votes)
	require.LessOrEqual(t, total, p.maxVotes)
}

func TestThePoolKnowsOnlyTheRules(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for dep := range strings.FieldsSeq(string(out)) {
		for _, forbidden := range []string{"cosmos", "cometbft", "dualchain/x/", "dualchain/app"} {
			require.NotContains(t, dep, forbidden, "a node's vote pool knows nothing of the chain's state")
		}
	}
}
