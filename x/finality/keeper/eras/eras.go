package eras

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"math/bits"
	"slices"

	"cosmossdk.io/math"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// An era is settled once no vote for it can come any more: rewards by weight × participation, jail for absence, with
// weight per epoch = max(rear, current) (protocol §9). The scores are worked out in one pass over bitfields when the
// settlement begins; paying them is spread over blocks.

// settleBatch bounds the voters paid in one block.
const settleBatch = 500

// Close ends the open era before an epoch that would exceed its length. While two eras or more are due to be settled, the open one goes
// on, at most up to MaxEraLength: with many voters and short eras, closed eras would pile up without end.
func (k *Keeper) Close(ctx context.Context, epoch uint64) error {
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	era, err := k.era.Get(ctx)
	if err != nil {
		return fmt.Errorf("read era: %w", err)
	}
	if epoch < era.FirstEpoch+params.EraLength {
		return nil
	}
	if epoch < era.FirstEpoch+types.MaxEraLength {
		if behind, err := k.behind(ctx); err != nil || behind {
			return err
		}
	}
	era.LastEpoch = epoch - 1
	if err := k.closedEras.Set(ctx, era.Index, era); err != nil {
		return fmt.Errorf("close era %d: %w", era.Index, err)
	}
	return k.era.Set(ctx, types.Era{Index: era.Index + 1, FirstEpoch: epoch})
}

// behind reports whether an era is due to be settled beside the oldest one.
func (k *Keeper) behind(ctx context.Context) (bool, error) {
	var closed []types.Era
	if err := k.closedEras.Walk(ctx, nil, func(_ uint64, e types.Era) (bool, error) {
		closed = append(closed, e)
		return len(closed) == 2, nil
	}); err != nil {
		return false, fmt.Errorf("read closed eras: %w", err)
	}
	if len(closed) < 2 {
		return false, nil
	}
	oldest, _, _, err := k.votes.Window(ctx)
	return closed[1].LastEpoch < oldest, err
}

// Settle begins the settlement of the oldest closed era that is due, or continues the one under way.
func (k *Keeper) Settle(ctx context.Context) error {
	s, underWay, err := state.Found(k.settlement.Get(ctx))
	if err != nil {
		return fmt.Errorf("read settlement: %w", err)
	}
	if underWay {
		return k.settleSome(ctx, s)
	}
	era, due, err := k.dueEra(ctx)
	if err != nil || !due {
		return err
	}
	return k.beginSettlement(ctx, era)
}

// dueEra returns the oldest closed era, if its last epoch has left the vote window.
func (k *Keeper) dueEra(ctx context.Context) (era types.Era, due bool, err error) {
	if err := k.closedEras.Walk(ctx, nil, func(_ uint64, e types.Era) (bool, error) {
		era, due = e, true
		return true, nil
	}); err != nil || !due {
		return era, false, err
	}
	oldest, _, _, err := k.votes.Window(ctx)
	return era, era.LastEpoch < oldest, err
}

func (k *Keeper) beginSettlement(ctx context.Context, era types.Era) error {
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	sheet, err := k.readEra(ctx, era)
	if err != nil {
		return fmt.Errorf("read era %d: %w", era.Index, err)
	}
	absent, err := k.absentees(ctx, era, sheet, params)
	if err != nil {
		return fmt.Errorf("find absentees of era %d: %w", era.Index, err)
	}
	last, err := k.checkpoints.Record(ctx, era.LastEpoch)
	if err != nil {
		return err
	}
	pair, err := k.sets.Pair(ctx, last.Pair)
	if err != nil {
		return err
	}
	s := types.Settlement{
		Era: era, Reward: k.stake.RewardPool(ctx, params.BondDenom), Total: math.ZeroInt(), Computed: pair.CurrentComputed,
	}
	var scores []types.Score
	for _, l := range sheet.lines {
		s.Total = s.Total.Add(math.NewIntFromBigInt(l.Expected.Big()))
		scores = append(scores, types.Score{
			Registration: l.Registration, Signed: l.signed(), Absent: absent[l.Registration], Current: l.current,
		})
	}
	return errors.Join(k.settlement.Set(ctx, s), k.keepScores(ctx, scores))
}

// keepScores stores scores by what one block settles, so that a block reads no more of them, however many voters there are.
func (k *Keeper) keepScores(ctx context.Context, scores []types.Score) error {
	var number uint64
	for batch := range slices.Chunk(scores, settleBatch) {
		if err := k.scores.Set(ctx, number, types.Scores{Scores: batch}); err != nil {
			return fmt.Errorf("set scores: %w", err)
		}
		number++
	}
	return nil
}

// unsettledScores returns the scores that no block has settled yet, ascending by registration.
func (k *Keeper) unsettledScores(ctx context.Context) ([]types.Score, error) {
	var out []types.Score
	err := k.scores.Walk(ctx, nil, func(_ uint64, s types.Scores) (bool, error) {
		out = append(out, s.Scores...)
		return false, nil
	})
	return out, err
}

// nextScores returns the batch that is settled next and its number, and whether it is the last.
func (k *Keeper) nextScores(ctx context.Context) (number uint64, scores []types.Score, last bool, err error) {
	it, err := k.scores.Iterate(ctx, nil)
	if err != nil {
		return 0, nil, false, err
	}
	defer it.Close()
	if !it.Valid() {
		return 0, nil, true, nil
	}
	next, err := it.KeyValue()
	if err != nil {
		return 0, nil, false, err
	}
	it.Next()
	return next.Key, next.Value.Scores, !it.Valid(), nil
}

// sheet is what voters did in an era, a line for each voter, ascending by registration.
type sheet struct {
	lines        []Line
	missedQuorum bool // some epoch was not justified
}

// Line is what one voter did in an era.
type Line struct {
	Registration     uint64
	Expected, Signed ffg.Power // sums of weights

	epochs  map[uint64]uint64 // that it signed, by weight
	current bool              // it was in the current set of the era's last epoch
}

// signed returns the signed epochs by weight, ascending.
func (l Line) signed() []types.SignedWeight {
	var out []types.SignedWeight
	for _, weight := range slices.Sorted(maps.Keys(l.epochs)) {
		out = append(out, types.SignedWeight{Weight: weight, Epochs: l.epochs[weight]})
	}
	return out
}

// readEra adds up the era's bitfields. Epochs with the same set are counted together, so that the cost for each
// voter and epoch is one bit.
func (k *Keeper) readEra(ctx context.Context, era types.Era) (sheet, error) {
	var out sheet
	lines := map[uint64]*Line{}
	add := func(hash ffg.Root, epochs uint64, counts []uint64, last bool) error {
		members, err := k.sets.Members(ctx, hash)
		if err != nil {
			return fmt.Errorf("read set %s: %w", hash, err)
		}
		for i, m := range members {
			l := lines[m.Registration]
			if l == nil {
				l = &Line{Registration: m.Registration, epochs: map[uint64]uint64{}}
				lines[m.Registration] = l
			}
			weight := max(m.Rear, m.Current)
			l.Expected = l.Expected.Plus(times(weight, epochs))
			l.Signed = l.Signed.Plus(times(weight, counts[i]))
			if counts[i] > 0 {
				l.epochs[weight] += counts[i]
			}
			l.current = last && m.Current > 0
		}
		return nil
	}
	var hash ffg.Root
	var epochs uint64
	var counts []uint64
	for epoch := era.FirstEpoch; epoch <= era.LastEpoch; epoch++ {
		r, err := k.checkpoints.Record(ctx, epoch)
		if err != nil {
			return out, err
		}
		out.missedQuorum = out.missedQuorum || !r.Justified
		if r.VoterSetHash != hash {
			if epochs > 0 {
				if err := add(hash, epochs, counts, false); err != nil {
					return out, err
				}
			}
			s, err := k.sets.Set(ctx, r.VoterSetHash)
			if err != nil {
				return out, err
			}
			hash, epochs, counts = r.VoterSetHash, 0, make([]uint64, len(s.Voters))
		}
		signers, err := k.votes.Tally(ctx, epoch)
		if err != nil {
			return out, fmt.Errorf("read tally of epoch %d: %w", epoch, err)
		}
		epochs++
		for i := range signers.Indices() {
			if i < len(counts) {
				counts[i]++
			}
		}
	}
	if err := add(hash, epochs, counts, true); err != nil {
		return out, err
	}
	for _, l := range lines {
		out.lines = append(out.lines, *l)
	}
	slices.SortFunc(out.lines, func(a, b Line) int { return cmp.Compare(a.Registration, b.Registration) })
	return out, nil
}

// absentees chooses whom the settlement jails: those below min_participation, worst first (ties by registration),
// while together they hold at most a tenth of the current side, and the first in any case. Nobody in an era in which an
// epoch missed quorum: neither a mass crash nor proposers that omit votes can hand the finality layer to the few who remain.
func (k *Keeper) absentees(ctx context.Context, era types.Era, s sheet, params types.Params) (map[uint64]bool, error) {
	if s.missedQuorum {
		return nil, nil
	}
	pair, err := k.sets.PairInForce(ctx)
	if err != nil {
		return nil, err
	}
	hash, _, err := pair.Hashes()
	if err != nil {
		return nil, err
	}
	now, err := k.sets.Set(ctx, hash)
	if err != nil {
		return nil, err
	}
	type candidate struct {
		Line
		power uint64 // in the current side
	}
	var candidates []candidate
	for _, l := range s.lines {
		if participates(l, params.MinParticipationPpm) {
			continue
		}
		voter, err := k.stake.Voter(ctx, l.Registration)
		if err != nil {
			return nil, err
		}
		if !Accountable(voter, era) {
			continue
		}
		key, err := types.ParsePublicKey(voter.PubKey)
		if err != nil {
			return nil, err
		}
		c := candidate{Line: l}
		if position, member := now.Voters.Position(key); member {
			c.power = now.Voters[position].Current
		}
		candidates = append(candidates, c)
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int {
		return cross(a.Signed, b.Expected).Cmp(cross(b.Signed, a.Expected))
	})
	jailed, sum := map[uint64]bool{}, ffg.Power{}
	for i, c := range candidates {
		sum = sum.Add(c.power)
		if tenth := new(big.Int).Mul(sum.Big(), big.NewInt(10)); i > 0 && tenth.Cmp(now.Current.Big()) > 0 {
			break
		}
		jailed[c.Registration] = true
	}
	return jailed, nil
}

// Accountable reports whether absence in an era counts against a voter. A jailed voter is not jailed again, and one that was
// unjailed has a clean slate until a whole era has begun.
func Accountable(v types.Voter, era types.Era) bool {
	return !v.Jailed && !v.Tombstoned && v.AccountableFrom <= era.FirstEpoch
}

func participates(l Line, minimum uint32) bool {
	signed := new(big.Int).Mul(l.Signed.Big(), big.NewInt(types.Million))
	return signed.Cmp(new(big.Int).Mul(l.Expected.Big(), big.NewInt(int64(minimum)))) >= 0
}

func cross(a, b ffg.Power) *big.Int { return new(big.Int).Mul(a.Big(), b.Big()) }

// times returns weight × n.
func times(weight, n uint64) ffg.Power {
	hi, lo := bits.Mul64(weight, n)
	return ffg.Power{Hi: hi, Lo: lo}
}

// settleSome pays and jails the next batch, and ends the settlement after the last.
func (k *Keeper) settleSome(ctx context.Context, s types.Settlement) error {
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	number, scores, last, err := k.nextScores(ctx)
	if err != nil {
		return fmt.Errorf("read scores: %w", err)
	}
	pooled := math.ZeroInt()
	for _, score := range scores {
		toPool, err := k.stake.Settle(ctx, s, score, params)
		if err != nil {
			return fmt.Errorf("settle registration %d: %w", score.Registration, err)
		}
		pooled = pooled.Add(toPool)
	}
	if err := k.stake.MoveRewards(ctx, pooled, params.BondDenom); err != nil {
		return err
	}
	for _, score := range scores { // now that the rewards are there: a penalty burns its part of them
		if err := k.jailAbsent(ctx, score, params); err != nil {
			return fmt.Errorf("jail registration %d: %w", score.Registration, err)
		}
	}
	if err := k.scores.Remove(ctx, number); err != nil {
		return fmt.Errorf("remove scores: %w", err)
	}
	if !last {
		return nil
	}
	if err := errors.Join(k.settlement.Remove(ctx), k.closedEras.Remove(ctx, s.Era.Index)); err != nil {
		return fmt.Errorf("end settlement: %w", err)
	}
	return state.Emit(ctx, &types.EventEraSettled{Era: s.Era.Index, FirstEpoch: s.Era.FirstEpoch, LastEpoch: s.Era.LastEpoch})
}

// CheckInvariants returns an error unless the finality pool holds what the settlement under way has yet to pay: a block that pays more
// than there is would halt the chain.
func (k *Keeper) CheckInvariants(ctx context.Context) error {
	s, has, err := state.Found(k.settlement.Get(ctx))
	if err != nil || !has {
		return err
	}
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	scores, err := k.unsettledScores(ctx)
	if err != nil {
		return err
	}
	due := math.ZeroInt()
	for _, score := range scores {
		voter, err := k.stake.Voter(ctx, score.Registration)
		if err != nil {
			return err
		}
		due = due.Add(types.Earned(s, score, voter.Bonded.Tokens, params.PowerReduction))
	}
	if held := k.stake.RewardPool(ctx, params.BondDenom); held.LT(due) {
		return types.ErrInvalidGenesis.Wrapf("settlement of era %d: expected module account %s to hold at least %s%s, found %s",
			s.Era.Index, types.RewardsName, due, params.BondDenom, held)
	}
	return nil
}

// jailAbsent jails a voter that the settlement marked, unless something else did in the meantime.
func (k *Keeper) jailAbsent(ctx context.Context, score types.Score, params types.Params) error {
	if !score.Absent {
		return nil
	}
	voter, err := k.stake.Voter(ctx, score.Registration)
	if err != nil || voter.Jailed {
		return err
	}
	return k.stake.Jail(ctx, score.Registration, params)
}
