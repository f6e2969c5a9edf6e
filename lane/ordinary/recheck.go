package ordinary

import (
	"cmp"
	"maps"
	"slices"
)

// worker rechecks after each commit, until the lane is closed.
func (l *Lane) worker() {
	defer close(l.stopped)
	for {
		select {
		case <-l.stop:
			return
		case <-l.wake:
		}
		l.mu.Lock()
		work := l.work
		l.mu.Unlock()
		if work != nil {
			l.recheck(work)
		}
	}
}

// recheck tries accounts one after the other within the budget: first those that the block has touched, then those that
// were not rechecked for the longest time.
func (l *Lane) recheck(work *job) {
	defer work.cancel()
	state, err := l.branch()
	if err != nil {
		return // the next block tries again
	}
	left, until := l.config.RecheckTxs, l.chain.Now().Add(l.config.RecheckTime)
	for _, account := range l.agenda() { // an account that was begun is finished
		tried, goOn := l.recheckAccount(work, state, account, left)
		left -= tried
		if !goOn || left <= 0 || !l.chain.Now().Before(until) {
			return
		}
	}
}

// agenda returns the accounts in the order in which they are rechecked.
func (l *Lane) agenda() []string {
	type due struct {
		account string
		touched bool
		checked uint64
		arrival uint64
	}
	l.mu.Lock()
	found := make([]due, 0, len(l.held.queues))
	for account, q := range l.held.queues {
		found = append(found, due{account, l.touched[account], q.checked, q.first().arrival})
	}
	maps.DeleteFunc(l.touched, func(account string, _ bool) bool { return l.held.queues[account] == nil })
	l.mu.Unlock()

	slices.SortFunc(found, func(a, b due) int {
		if a.touched != b.touched {
			if a.touched {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.checked, b.checked), cmp.Compare(a.arrival, b.arrival), cmp.Compare(a.account, b.account))
	})
	accounts := make([]string, len(found))
	for i, d := range found {
		accounts[i] = d.account
	}
	return accounts
}

func (q *queue) first() *entry {
	if len(q.ordered) > 0 {
		return q.ordered[0]
	}
	return q.unordered[0]
}

// recheckAccount tries all that an account signs, with what stands before it. It returns how often it ran the ante
// handler, and whether the recheck goes on: not after the next commit.
func (l *Lane) recheckAccount(work *job, state branch, account string, left int) (tried int, goOn bool) {
	for range attempts {
		l.mu.Lock()
		unit := l.held.unit(account)
		l.mu.Unlock()
		if tried > 0 && tried+len(unit) > left {
			return tried, true
		}
		b := state.fork()
		var failed []*entry
		for _, e := range unit {
			if work.ctx.Err() != nil {
				return tried, false
			}
			tried++
			if b.try(e, true).err != nil {
				failed = append(failed, e)
			}
		}
		applied, goOn := l.apply(work, account, unit, failed)
		if applied || !goOn {
			return tried, goOn
		}
	}
	return tried, true // others insert into it all the time, and check it
}

// unit returns what an account signs and all that stands before it, in an order in which it can be executed.
func (p *pool) unit(account string) []*entry {
	q := p.queues[account]
	if q == nil {
		return nil
	}
	set := map[*entry]bool{}
	var next []*entry
	add := func(found ...*entry) {
		for _, x := range found {
			if !set[x] {
				set[x] = true
				next = append(next, x)
			}
		}
	}
	add(q.ordered...)
	add(q.unordered...)
	for ; len(next) > 0; next = next[1:] {
		add(p.before(next[0])...)
	}
	var ordered []*entry
	walk(slices.Collect(maps.Keys(set)), byArrival, func(e *entry) verdict {
		ordered = append(ordered, e)
		return take
	})
	return ordered
}

// apply removes what failed if the unit is still the same.
func (l *Lane) apply(work *job, account string, unit, failed []*entry) (applied, goOn bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Rechecked += uint64(len(unit))
	if l.commits != work.commits || l.closed {
		return false, false
	}
	if !slices.Equal(l.held.unit(account), unit) {
		return false, true
	}
	tried := make(map[*entry]bool, len(unit))
	for _, e := range unit {
		tried[e] = true
	}
	for _, e := range failed {
		for _, d := range l.held.descendants(e) {
			if !tried[d] { // of other accounts: they need what is gone
				l.drop(d, &l.counts.Invalid)
			}
		}
	}
	for _, e := range failed {
		l.drop(e, &l.counts.Invalid)
	}
	l.closeHoles(failed...)
	delete(l.touched, account)
	if q := l.held.queues[account]; q != nil {
		q.checked = work.commits
	}
	return true, true
}
