package ordinary

import (
	"errors"
	"hash/maphash"

	abci "github.com/cometbft/cometbft/abci/types"

	errorsmod "cosmossdk.io/errors"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

// attempts is how often an admission begins anew because a block or another admission changed what it was checked on.
const attempts = 4

// Result is the answer to an insertion.
type Result struct {
	Err       error  // nil if the transaction is held now
	Reason    string // one of the Reason constants if it is not
	GasWanted uint64
	GasUsed   uint64
	Events    []abci.Event
	// Retry means that the same transaction may be admitted later. A node that answers InsertTx with a code from
	// abci.CodeTypeRetry then gets it again when a neighbour repeats it; after any other code CometBFT drops repetitions.
	Retry bool
}

// CheckTx returns the result as CheckTx answers it.
func (r Result) CheckTx() *abci.ResponseCheckTx {
	if r.Err == nil {
		return &abci.ResponseCheckTx{GasWanted: int64(r.GasWanted), GasUsed: int64(r.GasUsed), Events: r.Events}
	}
	resp := sdkerrors.ResponseCheckTxWithEvents(r.Err, r.GasWanted, r.GasUsed, nil, false)
	var registered *errorsmod.Error
	if errors.As(r.Err, &registered) { // the SDK finds only what its own Wrap wrapped
		resp.Codespace, resp.Code, resp.Log = registered.Codespace(), registered.ABCICode(), r.Err.Error()
	}
	return resp
}

// Insert admits a transaction, or says why not. own says that it came by this node's RPC and not from a neighbour. The
// caller doesn't change the bytes afterwards.
func (l *Lane) Insert(bytes []byte, own bool) Result {
	result := l.insert(bytes, own)
	if result.Err != nil {
		l.mu.Lock()
		l.counts.Refused[result.Reason]++
		l.mu.Unlock()
	}
	return result
}

func (l *Lane) insert(bytes []byte, own bool) Result {
	if len(bytes) == 0 || len(bytes) > l.config.MaxTxBytes {
		return Result{Reason: ReasonSize, Err: sdkerrors.ErrTxTooLarge.Wrapf("expected 1 to %d bytes, found %d", l.config.MaxTxBytes, len(bytes))}
	}
	if l.Has(bytes) {
		return refuseKnown(bytes)
	}
	e, reason, err := l.parse(bytes)
	if err != nil {
		return Result{Reason: reason, Err: err}
	}
	e.own = own
	defer l.lockSenders(e)()
	for range attempts {
		if result, done := l.attempt(e); done {
			return result
		}
	}
	return Result{Reason: ReasonState, Retry: true, Err: sdkerrors.ErrConflict.Wrapf("the state changed %d times during the check", attempts)}
}

// lockSenders makes admissions with a signer in common wait for each other, and returns what ends that.
func (l *Lane) lockSenders(e *entry) (unlock func()) {
	var wanted [stripes]bool
	for _, s := range e.slots {
		wanted[maphash.String(l.seed, s.account)%stripes] = true
	}
	for i := range wanted { // always in this order, so that two of them never wait for each other
		if wanted[i] {
			l.senders[i].Lock()
		}
	}
	return func() {
		for i := range wanted {
			if wanted[i] {
				l.senders[i].Unlock()
			}
		}
	}
}

// attempt plans under the lock, checks without it, and places the transaction if the plan is still the same. It reports
// whether that was so.
func (l *Lane) attempt(e *entry) (result Result, done bool) {
	l.mu.Lock()
	before, refusal := l.plan(e)
	l.mu.Unlock()
	if refusal != nil {
		return *refusal, true
	}
	b, err := l.branch()
	if err != nil {
		return Result{Reason: ReasonState, Retry: true, Err: errorsmod.Wrap(err, "read the committed state")}, true
	}
	height := b.ctx.BlockHeight()
	if e.lastBlock(height) {
		return Result{Reason: ReasonTimeout, Err: sdkerrors.ErrTxTimeoutHeight.Wrapf("expected a timeout height above block %d, found %d", height, e.timeout)}, true
	}
	checked := before.run(b, e)

	l.mu.Lock()
	defer l.mu.Unlock()
	now, refusal := l.plan(e)
	if refusal != nil {
		return *refusal, true
	}
	if !now.equal(before) {
		return Result{}, false
	}
	for _, stale := range checked.stale {
		l.touchSigners(stale)
	}
	out := checked.newcomer
	result = Result{GasWanted: out.gasWanted, GasUsed: out.gasUsed, Events: out.events}
	if out.err != nil {
		result.Err, result.Reason, result.Retry = out.err, ReasonAnte, errors.Is(out.err, sdkerrors.ErrWrongSequence)
		return result, true
	}
	if refusal := l.place(e, now, checked.dropped, height); refusal != nil {
		result.Err, result.Reason, result.Retry = refusal.Err, refusal.Reason, refusal.Retry
	}
	return result, true
}

// removal is a transaction that makes room for another.
type removal struct {
	*entry
	count *uint64
}

// place adds a checked transaction and removes what it replaces, what fails behind it, and the lowest tails until the
// bounds hold. If it isn't worth that, everything is as before.
func (l *Lane) place(e *entry, p plan, dropped []*entry, height int64) *Result {
	var removed []removal
	remove := func(x *entry, count *uint64) {
		l.held.unlink(x)
		removed = append(removed, removal{x, count})
	}
	undo := func() {
		if l.held.holds(e) {
			l.held.unlink(e)
		}
		for i := len(removed) - 1; i >= 0; i-- {
			if removed[i].entry != e {
				l.held.link(removed[i].entry)
			}
		}
	}
	for _, x := range p.conflicts {
		remove(x, &l.counts.Replaced)
	}
	for _, x := range dropped {
		remove(x, &l.counts.Invalid)
	}
	l.held.arrivals++
	e.arrival, e.height, e.tx = l.held.arrivals, height, nil
	l.held.link(e)
	for _, x := range l.held.behindHoles(append(p.conflicts, dropped...)) {
		remove(x, &l.counts.Invalid)
	}
	if !l.held.holds(e) {
		undo()
		return &Result{Reason: ReasonSequence, Err: sdkerrors.ErrWrongSequence.Wrap("it replaces a transaction that it needs")}
	}
	for l.over() {
		lowest := l.held.tails[0]
		if lowest == e || !p.behind[lowest] && lowest.worth.compare(e.worth) >= 0 {
			if lowest == e {
				lowest = l.secondTail()
			}
			worth := e.worth
			undo()
			return l.refuseFull(e, worth, lowest)
		}
		remove(lowest, &l.counts.Evicted)
	}
	for _, r := range removed {
		l.forget(r.entry)
		*r.count++
	}
	l.fresh++
	l.counts.Inserted++
	return nil
}

func (l *Lane) over() bool {
	return len(l.held.all) > l.config.MaxTxs || l.held.bytes > l.config.MaxBytes
}

// secondTail returns the lowest tail but the first, or nil.
func (l *Lane) secondTail() *entry {
	var second *entry
	for i := 1; i < min(3, len(l.held.tails)); i++ { // a child of the heap's root
		if second == nil || l.held.tails.Less(i, second.tail) {
			second = l.held.tails[i]
		}
	}
	return second
}
