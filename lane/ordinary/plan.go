package ordinary

import (
	"maps"
	"slices"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

// relatedPerSender times MaxPerSender is the number of pending transactions that one admission checks again.
const relatedPerSender = 4

// plan is what an admission depends on. It holds as long as making it again gives the same.
type plan struct {
	commits   uint64
	conflicts []*entry        // transactions in the slots of the newcomer: it replaces them
	order     []*entry        // what is checked: all that stands before it, itself, and all that will stand behind it
	behind    map[*entry]bool // the last part of these
}

func (p plan) equal(other plan) bool {
	return p.commits == other.commits && slices.Equal(p.conflicts, other.conflicts) && slices.Equal(p.order, other.order)
}

// plan makes the plan for a newcomer, or refuses it for a reason that needs no state.
func (l *Lane) plan(e *entry) (plan, *Result) {
	if l.closed {
		return plan{}, &Result{Reason: ReasonClosed, Err: sdkerrors.ErrLogic.Wrap("the lane was closed")}
	}
	if l.held.byKey[e.key] != nil {
		known := refuseKnown(e.bytes)
		return plan{}, &known
	}
	p := plan{commits: l.commits, behind: map[*entry]bool{}}
	for _, s := range e.slots {
		if c := l.held.in(s); c != nil && !slices.Contains(p.conflicts, c) {
			p.conflicts = append(p.conflicts, c)
		}
	}
	if refusal := l.checkPlace(e, p.conflicts); refusal != nil {
		return p, refusal
	}
	limit := relatedPerSender * l.config.MaxPerSender
	related, ok := l.related(e, p, limit)
	if !ok {
		return p, &Result{Reason: ReasonSender, Retry: true, Err: sdkerrors.ErrMempoolIsFull.Wrapf(
			"expected at most %d pending transactions that it depends on or that depend on it, found more", limit)}
	}
	e.arrival = l.held.arrivals + 1
	walk(append(related, e), byArrival, func(x *entry) verdict {
		p.order = append(p.order, x)
		return take
	})
	return p, nil
}

// checkPlace checks the rules of replacement, of the bounds and of sequence numbers.
func (l *Lane) checkPlace(e *entry, conflicts []*entry) *Result {
	for _, c := range conflicts {
		if !e.price.replaces(c.price) {
			return &Result{Reason: ReasonReplacement, Err: sdkerrors.ErrInsufficientFee.Wrapf(
				"%s: expected %d %% more fee per gas than the pending transaction, at least %s%s for %d gas, found %s%s",
				e.slots[0], ReplacementPercent, c.price.feeToReplace(e.gas), l.chain.FeeDenom, e.gas, e.fee, l.chain.FeeDenom)}
		}
	}
	for _, s := range e.slots {
		q := l.held.queues[s.account]
		if q == nil {
			continue
		}
		size := q.size()
		for _, c := range conflicts {
			if c.signedBy(s.account) {
				size--
			}
		}
		if size >= l.config.MaxPerSender {
			return &Result{Reason: ReasonSender, Retry: true, Err: sdkerrors.ErrMempoolIsFull.Wrapf(
				"account %X: expected fewer than %d pending transactions, found %d", s.account, l.config.MaxPerSender, size)}
		}
		if s.unordered || len(q.ordered) == 0 {
			continue
		}
		first, last := q.ordered[0].numberIn(s.account), q.ordered[len(q.ordered)-1].numberIn(s.account)
		if s.number > last && s.number-last > 1 || s.number < first && first-s.number > 1 {
			return &Result{Reason: ReasonSequence, Retry: s.number > last, Err: sdkerrors.ErrWrongSequence.Wrapf(
				"account sequence mismatch, expected %d, the one behind the pending transactions, got %d", last+1, s.number)}
		}
	}
	if len(conflicts) == 0 && len(l.held.all) >= l.config.MaxTxs {
		worth := l.held.worthOf(e)
		if lowest := l.held.tails[0]; lowest.worth.compare(worth) >= 0 {
			return l.refuseFull(e, worth, lowest)
		}
	}
	return nil
}

func (e *entry) signedBy(account string) bool {
	return slices.ContainsFunc(e.slots, func(s slot) bool { return s.account == account })
}

// related returns the pending transactions that the newcomer's check depends on: those of its signers, since they
// spend the same balances, those that will stand behind it, and all that these need. It fills in p.behind. It ends
// with false as soon as there are more than limit, so that no newcomer costs more than that.
func (l *Lane) related(e *entry, p plan, limit int) (found []*entry, ok bool) {
	set := map[*entry]bool{}
	var next []*entry
	add := func(entries ...*entry) {
		for _, x := range entries {
			if !set[x] && !slices.Contains(p.conflicts, x) {
				set[x] = true
				next = append(next, x)
			}
		}
	}
	for follow := append([]*entry{e}, p.conflicts...); len(follow) > 0; follow = follow[1:] {
		for _, x := range l.held.after(follow[0]) {
			if !p.behind[x] && !slices.Contains(p.conflicts, x) {
				p.behind[x] = true
				follow = append(follow, x)
			}
		}
		if len(p.behind) > limit {
			return nil, false
		}
	}
	add(slices.Collect(maps.Keys(p.behind))...)
	for _, s := range e.slots {
		if q := l.held.queues[s.account]; q != nil {
			add(q.unordered...)
			add(q.ordered...)
		}
	}
	for ; len(next) > 0 && len(set) <= limit; next = next[1:] {
		add(l.held.before(next[0])...)
	}
	return slices.Collect(maps.Keys(set)), len(set) <= limit
}

// checked is the outcome of a plan.
type checked struct {
	newcomer outcome
	dropped  []*entry // they fail behind the newcomer
	stale    []*entry // they fail before it, so a block has changed something: the recheck decides
}

// run tries the plan on a branch.
func (p plan) run(b branch, e *entry) checked {
	result := checked{newcomer: outcome{err: sdkerrors.ErrWrongSequence.Wrap("it waits for a transaction that waits for it")}}
	passed := map[*entry]bool{}
	for _, x := range p.order {
		if x == e {
			if result.newcomer = b.try(e, false); result.newcomer.err != nil {
				return result
			}
			continue
		}
		if b.try(x, true).err == nil {
			passed[x] = true
		} else if !p.behind[x] {
			result.stale = append(result.stale, x)
		}
	}
	for x := range p.behind {
		if !passed[x] {
			result.dropped = append(result.dropped, x)
		}
	}
	slices.SortFunc(result.dropped, func(a, b *entry) int { return int(b.arrival) - int(a.arrival) })
	return result
}

// behindHoles returns what stands behind a hole in a queue of the signers of what was removed, and all behind that.
func (p *pool) behindHoles(removed []*entry) []*entry {
	var found []*entry
	seen := map[*entry]bool{}
	for _, r := range removed {
		for _, s := range r.slots {
			q := p.queues[s.account]
			if q == nil {
				continue
			}
			for i := 1; i < len(q.ordered); i++ {
				if q.ordered[i].numberIn(s.account)-q.ordered[i-1].numberIn(s.account) == 1 {
					continue
				}
				for _, x := range append(p.descendants(q.ordered[i]), q.ordered[i]) {
					if !seen[x] {
						seen[x] = true
						found = append(found, x)
					}
				}
				break
			}
		}
	}
	return found
}
