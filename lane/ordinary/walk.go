package ordinary

import (
	"cmp"
	"container/heap"
	"slices"
)

// verdict says what becomes of what stands behind a transaction.
type verdict int

const (
	take verdict = iota // go on with what stands behind it
	skip                // leave out all that stands behind it
	end                 // leave out everything else
)

// walk visits transactions so that each comes after all of the set that stand before it, and otherwise in the given order.
// It works on what never changes in an entry, so no lock is needed. It visits none that wait for each other in a circle.
func walk(set []*entry, less func(a, b *entry) bool, visit func(*entry) verdict) {
	queues := map[string][]*entry{}
	for _, e := range set {
		if e.unordered {
			continue
		}
		for _, s := range e.slots {
			queues[s.account] = append(queues[s.account], e)
		}
	}
	for account, q := range queues {
		slices.SortFunc(q, func(a, b *entry) int { return cmp.Compare(a.numberIn(account), b.numberIn(account)) })
	}
	waiting := make(map[*entry]int, len(set)) // in how many queues something stands before it
	ready := &order{less: less}
	for _, e := range set {
		if !e.unordered {
			for _, s := range e.slots {
				if queues[s.account][0] != e {
					waiting[e]++
				}
			}
		}
		if waiting[e] == 0 {
			ready.entries = append(ready.entries, e)
		}
	}
	heap.Init(ready)
	for ready.Len() > 0 {
		e := heap.Pop(ready).(*entry)
		switch visit(e) {
		case skip:
			continue
		case end:
			return
		}
		if e.unordered {
			continue
		}
		for _, s := range e.slots {
			q := queues[s.account][1:]
			queues[s.account] = q
			if len(q) == 0 {
				continue
			}
			if waiting[q[0]]--; waiting[q[0]] == 0 {
				heap.Push(ready, q[0])
			}
		}
	}
}

// order is a heap of transactions that may be visited next.
type order struct {
	entries []*entry
	less    func(a, b *entry) bool
}

func (o *order) Len() int           { return len(o.entries) }
func (o *order) Less(i, j int) bool { return o.less(o.entries[i], o.entries[j]) }
func (o *order) Swap(i, j int)      { o.entries[i], o.entries[j] = o.entries[j], o.entries[i] }

// Push implements heap.Interface.
func (o *order) Push(x any) { o.entries = append(o.entries, x.(*entry)) }

// Pop implements heap.Interface.
func (o *order) Pop() any {
	last := len(o.entries) - 1
	e := o.entries[last]
	o.entries[last] = nil
	o.entries = o.entries[:last]
	return e
}

// byPrice puts the best first, and of equals the first that came.
func byPrice(a, b *entry) bool {
	if c := a.price.compare(b.price); c != 0 {
		return c > 0
	}
	return a.arrival < b.arrival
}

func byArrival(a, b *entry) bool { return a.arrival < b.arrival }

// ownFirst puts those that came by RPC first, and then the first that came.
func ownFirst(a, b *entry) bool {
	if a.own != b.own {
		return a.own
	}
	return a.arrival < b.arrival
}
