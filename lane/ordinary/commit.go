package ordinary

import (
	"context"
	"crypto/sha256"
)

// Committed is a transaction of a block.
type Committed struct {
	Tx []byte
	// OK says that its code is 0. What fails in a block has not always used its sequence numbers.
	OK bool
}

// Commit follows a block: it removes the block's transactions, those whose slots they have used, and those that have
// expired, and starts the recheck of the others. It doesn't wait for it, and cancels the recheck of the block before.
// Transactions that are not ordinary may be among them. Call it when State returns the state of this block.
func (l *Lane) Commit(height int64, txs []Committed) {
	foreign := l.foreign(txs)

	l.mu.Lock()
	defer l.mu.Unlock()
	l.height = height
	l.commits++
	var used, removed []*entry
	for _, tx := range txs {
		if e := l.held.byKey[sha256.Sum256(tx.Tx)]; e != nil {
			l.touchSigners(e)
			l.drop(e, &l.counts.Committed)
			removed = append(removed, e)
			if tx.OK {
				used = append(used, e)
			}
		}
	}
	for _, f := range foreign {
		l.touchSigners(f.entry)
		if f.OK {
			used = append(used, f.entry)
		}
	}
	for _, e := range used {
		removed = append(removed, l.dropUsed(e)...)
	}
	l.closeHoles(removed...) // at the end, since the transactions of one sender may be known and foreign by turns
	l.expire()
	if l.config.RefillBlocks > 0 && height%l.config.RefillBlocks == 0 {
		l.refill = true
	}
	if l.work != nil {
		l.work.cancel()
	}
	if l.closed {
		return
	}
	l.work = newJob(l.commits)
	select {
	case l.wake <- struct{}{}:
	default: // the worker will find the newest
	}
}

type foreignTx struct {
	*entry
	Committed
}

// foreign decodes the transactions that the lane doesn't hold.
func (l *Lane) foreign(txs []Committed) []foreignTx {
	var found []foreignTx
	for _, tx := range txs {
		if l.Has(tx.Tx) || len(tx.Tx) > l.config.MaxTxBytes {
			continue
		}
		if e := l.signersOf(tx.Tx); e != nil {
			found = append(found, foreignTx{e, tx})
		}
	}
	return found
}

// signersOf decodes a transaction of a block as far as its signers, and returns nil if it has none.
func (l *Lane) signersOf(bytes []byte) (e *entry) {
	defer func() {
		if recover() != nil {
			e = nil
		}
	}()
	tx, err := l.chain.Decode(bytes)
	if err != nil || tx == nil {
		return nil
	}
	e = &entry{key: sha256.Sum256(bytes), bytes: bytes, tx: tx}
	if e.readSlots() != nil {
		return nil
	}
	return e
}

// dropUsed removes what can't be executed any more after a block has executed f: what has the same unordered slot, or
// sequence numbers up to those of f.
func (l *Lane) dropUsed(f *entry) (removed []*entry) {
	for _, s := range f.slots {
		for {
			e := l.held.in(s)
			if q := l.held.queues[s.account]; !s.unordered && q != nil && len(q.ordered) > 0 && q.ordered[0].numberIn(s.account) <= s.number {
				e = q.ordered[0]
			}
			if e == nil {
				break
			}
			l.touchSigners(e)
			l.drop(e, &l.counts.Invalid)
			removed = append(removed, e)
		}
	}
	return removed
}

// closeHoles removes what stands behind a hole after a removal.
func (l *Lane) closeHoles(removed ...*entry) {
	for _, x := range l.held.behindHoles(removed) {
		l.drop(x, &l.counts.Invalid)
	}
}

// expire removes what has had its time, and what stands behind it.
func (l *Lane) expire() {
	var expired []*entry
	for _, e := range l.held.all {
		if l.height-e.height >= l.config.TTL || e.lastBlock(l.height) {
			expired = append(expired, e)
		}
	}
	for _, e := range expired {
		if !l.held.holds(e) {
			continue
		}
		for _, x := range append(l.held.descendants(e), e) {
			l.drop(x, &l.counts.Expired)
		}
	}
}

// touchSigners marks accounts whose transactions the next recheck tries first.
func (l *Lane) touchSigners(e *entry) {
	for _, s := range e.slots {
		if l.held.queues[s.account] != nil {
			l.touched[s.account] = true
		}
	}
}

// job is the recheck after one commit.
type job struct {
	commits uint64
	ctx     context.Context // ends with the job: when it is done, or when it is cancelled
	cancel  context.CancelFunc
}

func newJob(commits uint64) *job {
	ctx, cancel := context.WithCancel(context.Background())
	return &job{commits, ctx, cancel}
}

// Settle waits until the recheck of the latest commit has ended, for tests. It returns the error of ctx if that ends
// first.
func (l *Lane) Settle(ctx context.Context) error {
	for {
		l.mu.Lock()
		work := l.work
		l.mu.Unlock()
		if work == nil {
			return nil
		}
		select {
		case <-work.ctx.Done():
		case <-ctx.Done():
			return ctx.Err()
		}
		l.mu.Lock()
		latest := l.work == work
		l.mu.Unlock()
		if latest {
			return nil
		}
	}
}
