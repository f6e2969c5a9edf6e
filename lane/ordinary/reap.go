package ordinary

// Reap returns transactions for the neighbours, at most maxBytes of them; 0 is no bound. Each goes out once, those that
// came by RPC first, and none before one that it needs. One that is larger than maxBytes stays behind, and all that needs
// it, and holds nothing else up. After [Config.RefillBlocks] blocks it adds some that were sent before.
func (l *Lane) Reap(maxBytes int64) [][]byte {
	l.mu.Lock()
	var fresh, sent []*entry
	refill := l.refill
	l.refill = false
	if l.fresh > 0 || refill {
		for _, e := range l.held.all {
			if !e.reaped {
				fresh = append(fresh, e)
			} else if refill {
				sent = append(sent, e)
			}
		}
	}
	l.mu.Unlock()

	txs, bytes := l.markReaped(choose(fresh, ownFirst, maxBytes))
	if refill {
		room := l.config.RefillBytes
		if maxBytes > 0 {
			room = min(room, maxBytes-bytes)
		}
		txs = append(txs, l.again(sent, room)...)
	}
	return txs
}

// choose returns transactions of a set in an order in which they can be admitted, at most room bytes of them; 0 is no bound.
func choose(set []*entry, less func(a, b *entry) bool, room int64) []*entry {
	var chosen []*entry
	var bytes int64
	walk(set, less, func(e *entry) verdict {
		size := blockSize(e.size())
		if room > 0 && size > room-bytes {
			return skip
		}
		chosen, bytes = append(chosen, e), bytes+size
		return take
	})
	return chosen
}

// markReaped returns those that no other reap has taken meanwhile.
func (l *Lane) markReaped(chosen []*entry) (txs [][]byte, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range chosen {
		if e.reaped || !l.held.holds(e) {
			continue
		}
		e.reaped = true
		l.fresh--
		l.counts.Reaped++
		txs, bytes = append(txs, e.bytes), bytes+blockSize(e.size())
	}
	return txs, bytes
}

// again returns a random share of what was sent before, at most room bytes. It begins at the heads of queues, so that a
// neighbour that has nothing can admit it.
func (l *Lane) again(sent []*entry, room int64) [][]byte {
	if room <= 0 {
		return nil
	}
	chance := make(map[*entry]uint64, len(sent))
	for _, e := range sent {
		chance[e] = l.chain.Random()
	}
	chosen := choose(sent, func(a, b *entry) bool {
		if chance[a] != chance[b] {
			return chance[a] < chance[b]
		}
		return a.arrival < b.arrival
	}, room)
	var txs [][]byte
	for _, e := range chosen {
		txs = append(txs, e.bytes)
	}
	l.mu.Lock()
	l.counts.Refilled += uint64(len(txs))
	l.mu.Unlock()
	return txs
}
