package ordinary

import (
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Config bounds a lane. A field that is 0 has the value of [DefaultConfig].
type Config struct {
	// MaxTxs is the number of transactions that are held.
	MaxTxs int
	// MaxBytes is the sum of their sizes. No decoded transaction is held.
	MaxBytes int64
	// MaxTxBytes is the size of one transaction. It is compared before anything is decoded.
	MaxTxBytes int
	// MaxPerSender is the number of transactions that one account has signed and that are pending.
	MaxPerSender int
	// TTL is the number of blocks that a transaction has for getting into one of them.
	TTL int64
	// RecheckTime and RecheckTxs bound the recheck after each block.
	RecheckTime time.Duration
	RecheckTxs  int
	// RefillBlocks and RefillBytes: every RefillBlocks blocks a random share of what is held is sent again, at most
	// RefillBytes of it, so that neighbours that were restarted get what they have lost.
	RefillBlocks int64
	RefillBytes  int64
}

// DefaultConfig returns the default bounds.
func DefaultConfig() Config {
	return Config{
		MaxTxs: 5_000, MaxBytes: 64 << 20, MaxTxBytes: 1 << 20, MaxPerSender: 16, TTL: 60,
		RecheckTime: 100 * time.Millisecond, RecheckTxs: 2_000, RefillBlocks: 5, RefillBytes: 64 << 10,
	}
}

// withDefaults returns c with defaults for what is 0, and an error if a bound is negative or contradicts another.
func (c Config) withDefaults() (Config, error) {
	d := DefaultConfig()
	c.MaxTxs, c.MaxBytes, c.MaxTxBytes = orDefault(c.MaxTxs, d.MaxTxs), orDefault(c.MaxBytes, d.MaxBytes), orDefault(c.MaxTxBytes, d.MaxTxBytes)
	c.MaxPerSender, c.TTL = orDefault(c.MaxPerSender, d.MaxPerSender), orDefault(c.TTL, d.TTL)
	c.RecheckTime, c.RecheckTxs = orDefault(c.RecheckTime, d.RecheckTime), orDefault(c.RecheckTxs, d.RecheckTxs)
	c.RefillBlocks, c.RefillBytes = orDefault(c.RefillBlocks, d.RefillBlocks), orDefault(c.RefillBytes, d.RefillBytes)
	bounds := []int64{
		int64(c.MaxTxs), c.MaxBytes, int64(c.MaxTxBytes), int64(c.MaxPerSender), c.TTL,
		int64(c.RecheckTime), int64(c.RecheckTxs), c.RefillBlocks, c.RefillBytes,
	}
	if lowest := slices.Min(bounds); lowest < 0 {
		return c, fmt.Errorf("bounds of the ordinary lane: expected no negative one, found %d", lowest)
	}
	if int64(c.MaxTxBytes) > c.MaxBytes {
		return c, fmt.Errorf("bounds of the ordinary lane: expected MaxTxBytes <= MaxBytes %d, found %d", c.MaxBytes, c.MaxTxBytes)
	}
	return c, nil
}

func orDefault[T int | int64 | time.Duration](value, fallback T) T {
	if value == 0 {
		return fallback
	}
	return value
}

// Chain is what a lane asks of the chain. Every function is called from several goroutines at once, and never while
// the lane holds its lock. Panics in Decode, Ante, Route and State are caught.
type Chain struct {
	// Decode reads a transaction.
	Decode sdk.TxDecoder
	// Ante is the chain's ante handler.
	Ante sdk.AnteHandler
	// State returns the latest committed state, with its consensus parameters and the node's minimum gas prices. The lane
	// works on branches of it and writes nothing to it. [CommittedState] makes one of a BaseApp.
	State func() (sdk.Context, error)
	// FeeDenom is the denomination whose amount decides on the order. Fees in others count as 0 there.
	FeeDenom string
	// Route reports whether a message has a handler. Without it, all have one.
	Route func(sdk.Msg) bool
	// Now is the clock of the recheck's budget.
	Now func() time.Time
	// Random returns random numbers, such as rand.Uint64 of math/rand/v2. Nothing but the refill depends on them.
	Random func() uint64
}

func (c Chain) validate() error {
	switch {
	case c.Decode == nil:
		return errors.New("ordinary lane: expected a Chain with Decode")
	case c.Ante == nil:
		return errors.New("ordinary lane: expected a Chain with Ante")
	case c.State == nil:
		return errors.New("ordinary lane: expected a Chain with State")
	case c.FeeDenom == "":
		return errors.New("ordinary lane: expected a Chain with FeeDenom")
	case c.Now == nil:
		return errors.New("ordinary lane: expected a Chain with Now")
	case c.Random == nil:
		return errors.New("ordinary lane: expected a Chain with Random")
	}
	if err := sdk.ValidateDenom(c.FeeDenom); err != nil {
		return fmt.Errorf("ordinary lane: expected a Chain with a valid FeeDenom: %w", err)
	}
	return nil
}

// MaxSigners bounds the signers of one transaction: what an admission costs before the ante handler knows whether they
// have signed grows with them.
const MaxSigners = 32

// stripes is the number of locks that serialise the senders.
const stripes = 256

// Lane holds ordinary transactions. All methods may be called at once.
type Lane struct {
	chain  Chain
	config Config

	seed    maphash.Seed        // says which signer has which of senders, so that nobody outside knows
	senders [stripes]sync.Mutex // held during admission, one for each signer

	mu      sync.Mutex // short: never held while anything of Chain runs
	held    pool
	height  int64  // of the latest commit
	commits uint64 // a plan that was made before the latest commit is made again
	fresh   int    // transactions that were never reaped
	refill  bool   // the next reap sends some again
	touched map[string]bool
	counts  Counters
	work    *job // the recheck of the latest commit
	closed  bool

	wake    chan struct{}
	stop    chan struct{}
	stopped chan struct{}
}

// New returns an empty lane with a worker that rechecks. The caller ends it with [Lane.Close].
func New(chain Chain, config Config) (*Lane, error) {
	if err := chain.validate(); err != nil {
		return nil, err
	}
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	l := &Lane{
		chain: chain, config: config, seed: maphash.MakeSeed(), held: newPool(), touched: map[string]bool{}, counts: newCounters(),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	go l.worker()
	return l, nil
}

// Close ends the recheck and waits until its worker has ended. A closed lane admits nothing.
func (l *Lane) Close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		if l.work != nil {
			l.work.cancel()
		}
		close(l.stop)
	}
	l.mu.Unlock()
	<-l.stopped
}
