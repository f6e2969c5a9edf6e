package ordinary

import (
	"cmp"
	"container/heap"
	"crypto/sha256"
	"slices"
)

// pool is what a lane holds. It knows neither bounds nor locks.
//
// Each account has a queue of the transactions that it signs, by sequence number and without a hole. A transaction with
// several signers is in several queues, and behind all that stands before it in any of them. Unordered
// transactions are behind nothing.
type pool struct {
	all      []*entry // in no order
	byKey    map[[sha256.Size]byte]*entry
	queues   map[string]*queue
	bytes    int64
	tails    tails
	arrivals uint64
}

// queue holds the transactions that one account signs.
type queue struct {
	ordered   []*entry // by this account's sequence number
	unordered []*entry // by arrival
	checked   uint64   // the commit after which they were last rechecked
}

func newPool() pool {
	return pool{byKey: map[[sha256.Size]byte]*entry{}, queues: map[string]*queue{}}
}

func (q *queue) size() int { return len(q.ordered) + len(q.unordered) }

// numberIn returns the transaction's number in an account's queue.
func (e *entry) numberIn(account string) uint64 {
	for _, s := range e.slots {
		if s.account == account {
			return s.number
		}
	}
	return 0
}

// find returns the place of a number in the ordered part of an account's queue.
func (q *queue) find(account string, number uint64) (int, bool) {
	return slices.BinarySearchFunc(q.ordered, number, func(e *entry, n uint64) int { return cmp.Compare(e.numberIn(account), n) })
}

// in returns the transaction in a slot, or nil.
func (p *pool) in(s slot) *entry {
	q := p.queues[s.account]
	if q == nil {
		return nil
	}
	if s.unordered {
		for _, e := range q.unordered {
			if e.numberIn(s.account) == s.number {
				return e
			}
		}
		return nil
	}
	if i, found := q.find(s.account, s.number); found {
		return q.ordered[i]
	}
	return nil
}

// before returns the transactions that stand directly before e, one for each signer that has one.
func (p *pool) before(e *entry) []*entry {
	var found []*entry
	if e.unordered {
		return nil
	}
	for _, s := range e.slots {
		if q := p.queues[s.account]; q != nil {
			if i, _ := q.find(s.account, s.number); i > 0 {
				found = append(found, q.ordered[i-1])
			}
		}
	}
	return found
}

// after returns the transactions that stand directly after e, or after the slots of e if it isn't held.
func (p *pool) after(e *entry) []*entry {
	var found []*entry
	if e.unordered {
		return nil
	}
	for _, s := range e.slots {
		q := p.queues[s.account]
		if q == nil {
			continue
		}
		i, held := q.find(s.account, s.number)
		if held {
			i++
		}
		if i < len(q.ordered) {
			found = append(found, q.ordered[i])
		}
	}
	return found
}

// descendants returns all that is behind e in any queue, directly or not, but not e.
func (p *pool) descendants(e *entry) []*entry {
	var found []*entry
	seen := map[*entry]bool{e: true}
	for next := p.after(e); len(next) > 0; next = next[1:] {
		if d := next[0]; !seen[d] {
			seen[d] = true
			found = append(found, d)
			next = append(next, p.after(d)...)
		}
	}
	return found
}

// link adds a transaction whose slots are free.
func (p *pool) link(e *entry) {
	for _, s := range e.slots {
		q := p.queues[s.account]
		if q == nil {
			q = &queue{}
			p.queues[s.account] = q
		}
		if e.unordered {
			q.unordered = append(q.unordered, e)
			continue
		}
		i, _ := q.find(s.account, s.number)
		q.ordered = slices.Insert(q.ordered, i, e)
	}
	e.at = len(p.all)
	p.all = append(p.all, e)
	p.byKey[e.key] = e
	p.bytes += e.size()
	e.worth = p.worthOf(e)
	p.refresh(e)
	for _, b := range p.before(e) {
		p.refresh(b)
	}
	p.revalue(p.after(e))
}

// unlink removes a transaction. What stands behind it stays.
func (p *pool) unlink(e *entry) {
	before, after := p.before(e), p.after(e)
	for _, s := range e.slots {
		q := p.queues[s.account]
		if e.unordered {
			q.unordered = slices.DeleteFunc(q.unordered, func(other *entry) bool { return other == e })
		} else if i, found := q.find(s.account, s.number); found {
			q.ordered = slices.Delete(q.ordered, i, i+1)
		}
		if q.size() == 0 {
			delete(p.queues, s.account)
		}
	}
	last := p.all[len(p.all)-1]
	p.all[e.at], last.at = last, e.at
	p.all[len(p.all)-1] = nil
	p.all = p.all[:len(p.all)-1]
	delete(p.byKey, e.key)
	p.bytes -= e.size()
	if e.tail >= 0 {
		heap.Remove(&p.tails, e.tail)
	}
	for _, b := range before {
		p.refresh(b)
	}
	p.revalue(after)
}

// holds reports whether e is held now.
func (p *pool) holds(e *entry) bool { return p.byKey[e.key] == e }

// worthOf returns the lowest price among e and all that stands before it: no proposer gets more for e than by taking
// all of them. A high fee behind a low one is no reason to keep either.
func (p *pool) worthOf(e *entry) price {
	worth := e.price
	for _, b := range p.before(e) {
		if b.worth.compare(worth) < 0 {
			worth = b.worth
		}
	}
	return worth
}

// revalue computes the worth of these transactions again, and of all behind whatever changes.
func (p *pool) revalue(next []*entry) {
	for ; len(next) > 0; next = next[1:] {
		e := next[0]
		worth := p.worthOf(e)
		if worth.compare(e.worth) == 0 {
			continue
		}
		e.worth = worth
		p.refresh(e)
		next = append(next, p.after(e)...)
	}
}

// refresh puts e among the tails, or takes it out, or moves it there.
func (p *pool) refresh(e *entry) {
	isTail := len(p.after(e)) == 0
	switch {
	case isTail && e.tail < 0:
		heap.Push(&p.tails, e)
	case isTail:
		heap.Fix(&p.tails, e.tail)
	case e.tail >= 0:
		heap.Remove(&p.tails, e.tail)
	}
}

// tails is a heap of the transactions that nothing stands behind: the lowest worth first, and of equals the latest.
type tails []*entry

func (t tails) Len() int { return len(t) }

func (t tails) Less(i, j int) bool {
	if c := t[i].worth.compare(t[j].worth); c != 0 {
		return c < 0
	}
	return t[i].arrival > t[j].arrival
}

func (t tails) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].tail, t[j].tail = i, j
}

// Push implements heap.Interface.
func (t *tails) Push(x any) {
	e := x.(*entry)
	e.tail = len(*t)
	*t = append(*t, e)
}

// Pop implements heap.Interface.
func (t *tails) Pop() any {
	last := len(*t) - 1
	e := (*t)[last]
	(*t)[last] = nil
	*t = (*t)[:last]
	e.tail = -1
	return e
}
