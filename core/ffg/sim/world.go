package sim

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
)

// Schedule holds the settings of a random run. Equal schedules give equal runs.
type Schedule struct {
	Seed      uint64
	Steps     int    // turns taken in all
	Common    uint64 // least number of epochs that all forks share
	MaxEpochs uint64 // epochs of the longest fork
	MaxForks  int
	SetSize   int  // voters in each eligible set
	Bounded   bool // hostile voters hold less than a third of every eligible set
}

// Voter is a registered voter. Honest voters sign canonical votes that are not slashable.
type Voter struct {
	Number  int
	Key     ffg.PublicKey
	Hostile bool
}

// Signed is a vote in the pool.
type Signed struct {
	Voter *Voter
	Vote  ffg.Vote
}

// World is a run: forks that share a past, all their voters, and the adversary.
type World struct {
	Forks    []*Fork
	Voters   []*Voter
	Tree     *Tree // everything proposed and signed
	schedule Schedule
	rules    Rules
	villain  Adversary
	rng      *rand.Rand
	pool     []Signed
	sent     map[Signed]bool
	byKey    map[ffg.PublicKey]*Voter
	blocks   uint64
}

// NewWorld returns a world with the anchor of one chain.
func NewWorld(rules Rules, villain Adversary, s Schedule) *World {
	w := &World{
		schedule: s, rules: rules, villain: villain, rng: rand.New(rand.NewPCG(s.Seed, 0)),
		sent: map[Signed]bool{}, byKey: map[ffg.PublicKey]*Voter{},
	}
	trunk := NewFork(rules, 1+w.rng.Uint64N(2), w.Elect(0))
	w.Forks = []*Fork{trunk}
	w.Tree = NewTree(trunk.Checkpoint(0), trunk.Voters(0))
	return w
}

// Run takes all steps of the schedule. Call Check afterwards.
func (w *World) Run() error {
	for step := range w.schedule.Steps {
		if err := w.step(); err != nil {
			return fmt.Errorf("take step %d of %+v against %q: %w", step, w.schedule, w.villain.Name, err)
		}
	}
	return nil
}

// step takes one random step.
func (w *World) step() error {
	fork := w.rng.IntN(len(w.Forks))
	switch f := w.Forks[fork]; w.rng.IntN(20) {
	case 0, 1:
		if f.Head() < w.schedule.MaxEpochs {
			return w.propose(fork, w.villain)
		}
		return nil
	case 2:
		if f.Head() >= w.schedule.Common && len(w.Forks) < w.schedule.MaxForks {
			w.Forks = append(w.Forks, f.Clone())
		}
		return nil
	case 3, 4, 5, 6, 7:
		return w.include(fork, w.villain)
	default:
		return w.turn(fork)
	}
}

// turn lets a voter of one of a fork's latest checkpoints vote.
func (w *World) turn(fork int) error {
	f := w.Forks[fork]
	voters := f.Voters(f.Head() - min(f.Head(), w.rng.Uint64N(3)))
	v := w.byKey[voters[w.rng.IntN(len(voters))].Key]
	if v.Hostile {
		return w.votes(w.villain, v)
	}
	if !w.hears(w.villain, v, fork) {
		return nil
	}
	return w.follow(v, f)
}

// follow signs, oldest first, every canonical vote on a fork that the voter may sign.
func (w *World) follow(v *Voter, f *Fork) error {
	for e := uint64(1); e <= f.Head(); e++ {
		if _, ok := f.Voters(e).Position(v.Key); !ok {
			continue
		}
		refused, err := w.refuses(v, f.Vote(e))
		if err != nil {
			return err
		}
		if !refused {
			w.Sign(v, f.Vote(e))
		}
	}
	return nil
}

// refuses reports whether a vote would be an offence after all that the voter has signed.
func (w *World) refuses(v *Voter, vote ffg.Vote) (bool, error) {
	for _, earlier := range w.Tree.Signed(v.Key) {
		if refused, err := offends(w.rules, earlier, vote); refused || err != nil {
			return refused, err
		}
	}
	return false, nil
}

// Sign signs a vote and sends it to all. It does not check whether the vote is an offence.
func (w *World) Sign(v *Voter, vote ffg.Vote) {
	s := Signed{Voter: v, Vote: vote}
	if !w.sent[s] {
		w.sent[s] = true
		w.pool = append(w.pool, s)
		w.Tree.Sign(v.Key, vote)
	}
}

// propose appends a checkpoint to a fork.
func (w *World) propose(fork int, villain Adversary) error {
	f := w.Forks[fork]
	w.blocks++
	block := ffg.Domain(fmt.Sprint("block ", w.blocks))
	if err := f.Propose(block, func() ffg.Side { return w.elects(villain, fork) }); err != nil {
		return err
	}
	return w.Tree.Add(f.Checkpoint(f.Head()), f.Voters(f.Head()))
}

// include lets proposers of a fork include any votes of the pool.
func (w *World) include(fork int, villain Adversary) error {
	f := w.Forks[fork]
	for _, s := range w.pool {
		target := s.Vote.Target.Epoch
		if target > f.Head() || f.Vote(target) != s.Vote || !w.includes(villain, fork, s) {
			continue
		}
		if err := f.Include(target, s.Voter.Key); err != nil {
			return err
		}
	}
	return nil
}

// Elect returns an eligible set with random powers. About one in fresh of its voters is new; with 0, all are new.
func (w *World) Elect(fresh int) ffg.Side {
	var side ffg.Side
	var honest, hostile uint64
	chosen := map[*Voter]bool{}
	for len(side) < w.schedule.SetSize {
		power := 1 + w.rng.Uint64N(3)
		isHostile := w.rng.IntN(3) == 0
		if w.schedule.Bounded {
			isHostile = isHostile && 2*(hostile+power) < honest
		}
		v := w.register(isHostile, fresh)
		if chosen[v] {
			continue
		}
		chosen[v] = true
		if v.Hostile {
			hostile += power
		} else {
			honest += power
		}
		side = append(side, ffg.Member{Key: v.Key, Power: power})
	}
	slices.SortFunc(side, func(a, b ffg.Member) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return side
}

// register returns a voter of the given kind: a new voter or, unless fresh is 0, often a known one.
func (w *World) register(hostile bool, fresh int) *Voter {
	if fresh > 0 && w.rng.IntN(fresh) > 0 {
		if v := w.Voters[w.rng.IntN(len(w.Voters))]; v.Hostile == hostile {
			return v
		}
	}
	v := &Voter{Number: len(w.Voters), Key: voterKey(len(w.Voters)), Hostile: hostile}
	w.Voters = append(w.Voters, v)
	w.byKey[v.Key] = v
	return v
}

func (w *World) hears(a Adversary, v *Voter, fork int) bool {
	return a.Hears == nil || a.Hears(w, v, fork)
}

func (w *World) includes(a Adversary, fork int, s Signed) bool {
	return a.Includes == nil || a.Includes(w, fork, s)
}

func (w *World) votes(a Adversary, v *Voter) error {
	if a.Votes != nil {
		return a.Votes(w, v)
	}
	return w.follow(v, w.Forks[w.rng.IntN(len(w.Forks))])
}

func (w *World) elects(a Adversary, fork int) ffg.Side {
	if a.Elects != nil {
		return a.Elects(w, fork)
	}
	return w.Elect(3)
}
