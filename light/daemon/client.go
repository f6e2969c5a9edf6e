// Package daemon runs a light client: it keeps a store up to date with what its providers prove, and serves that over HTTP. Two valid
// certificates that conflict stop it for good: it keeps both, says what they prove, and serves nothing else any more.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/light/store"
)

// keyCache is how many parsed keys a client remembers.
const keyCache = 20_000

// Client keeps a store's trust up to date. One goroutine calls Update; everything else may be called from any.
type Client struct {
	providers []light.Provider
	policy    light.Policy
	now       func() time.Time
	log       *slog.Logger
	keys      *bls.Cache

	examined []time.Time // when each provider was, of Update alone
	mu       sync.RWMutex
	store    *store.Store
	health   health
}

// New returns a client of at least one provider. Several are compared with each other.
func New(store *store.Store, providers []light.Provider, log *slog.Logger) *Client {
	return &Client{
		providers: providers, policy: light.DefaultPolicy(), now: time.Now, log: log, keys: bls.NewCache(keyCache),
		examined: make([]time.Time, len(providers)), store: store,
	}
}

// Initialize makes a store that trusts the checkpoint with this epoch and root: see light.Verifier.Initialize. Settings without a
// chain's id get the one that the providers prove. Errors are those of that function and of store.Create.
func Initialize(ctx context.Context, folder string, settings store.Settings, ref ffg.Ref, providers []light.Provider) (*store.Store, error) {
	options := cert.Options{Mode: settings.Mode(), Now: time.Now(), UnbondingTime: time.Duration(settings.UnbondingTime)}
	v := light.Verifier{ChainID: settings.ChainID, Options: options, Policy: light.DefaultPolicy()}
	chainID, trust, err := v.Initialize(ctx, ref, providers)
	if err != nil {
		return nil, err
	}
	settings.ChainID = chainID
	return store.Create(folder, settings, trust)
}

// Settings returns what was fixed when the client's store was created.
func (c *Client) Settings() store.Settings { return c.store.Settings() }

// Trust returns the newest trusted checkpoint, or the conflict that stopped the client.
func (c *Client) Trust() (cert.Trust, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if conflict := c.store.Conflict(); conflict != nil {
		return cert.Trust{}, c.stopped(conflict)
	}
	return c.store.Trust(), nil
}

func (c *Client) stopped(conflict *light.Conflict) error {
	return fmt.Errorf("%w; see %s", conflict, c.store.ConflictPath())
}

// verifier verifies at the present time.
func (c *Client) verifier() light.Verifier {
	settings := c.store.Settings()
	options := cert.Options{Mode: settings.Mode(), Now: c.now(), UnbondingTime: time.Duration(settings.UnbondingTime), Keys: c.keys}
	return light.Verifier{ChainID: settings.ChainID, Options: options, Policy: c.policy, Log: c.log}
}

// Prove returns the outcome of a proof that starts from the trusted checkpoint: see light.Verifier.Prove. Errors are those of that
// function, or the conflict that stopped the client.
func (c *Client) Prove(ctx context.Context, request light.Request) (cert.Outcome, cert.Proof, error) {
	trust, err := c.Trust()
	if err != nil {
		return cert.Outcome{}, cert.Proof{}, err
	}
	return c.verifier().Prove(ctx, trust, request, c.providers)
}

// Update advances to the newest checkpoint that a provider proves and no other contradicts; more says that it can advance further
// at once. Errors: a *light.Conflict, which stops the client for good; those of light.Verifier.Update and of the store.
func (c *Client) Update(ctx context.Context) (more bool, err error) {
	more, err = c.update(ctx)
	c.record(err)
	return more, err
}

func (c *Client) update(ctx context.Context) (more bool, err error) {
	trust, err := c.Trust()
	if err != nil {
		return false, err
	}
	v := c.verifier()
	update, err := v.Update(ctx, trust, c.providers)
	if err == nil {
		err = c.advance(trust, update)
	}
	var conflict *light.Conflict
	if !errors.As(err, &conflict) { // what is proven is served before a liar is examined
		err = errors.Join(err, c.examine(ctx, v, update.Diverging))
	}
	if errors.As(err, &conflict) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return false, errors.Join(c.stopped(conflict), c.store.Stop(conflict))
	}
	if err == nil { // half an unbonding time late, since each time rewrites the log
		err = c.prune(ctx, v, v.Options.UnbondingTime+v.Options.UnbondingTime/2)
	}
	return update.More && err == nil, err
}

func (c *Client) advance(trust cert.Trust, update light.Update) error {
	if update.Trust.Checkpoint == trust.Checkpoint {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.store.Advance(update.HandOvers, update.Trust)
}

// examine compares the store's log with the chains of diverging providers that were not examined lately.
func (c *Client) examine(ctx context.Context, v light.Verifier, diverging []int) error {
	var due []int
	for _, i := range diverging {
		if last := c.examined[i]; last.IsZero() || v.Options.Now.Sub(last) >= c.policy.Examine {
			due = append(due, i)
		}
	}
	if len(due) == 0 {
		return nil
	}
	if err := c.prune(ctx, v, v.Options.UnbondingTime); err != nil { // nobody can be punished for older votes
		return err
	}
	own := c.store.Record()
	if own.Base.Checkpoint == own.Trust.Checkpoint {
		return nil
	}
	errs := make([]error, len(due))
	var wg sync.WaitGroup
	for n, i := range due {
		c.examined[i] = v.Options.Now
		wg.Go(func() { errs[n] = v.Examine(ctx, own, c.providers[i]) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// prune drops the start of the store's log once it is older than an age.
func (c *Client) prune(ctx context.Context, v light.Verifier, age time.Duration) error {
	base, rest, changed, err := v.Prune(ctx, c.store.Record(), age)
	if _, refused := cert.FailedStep(err); refused {
		return fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	if err != nil || !changed {
		return err
	}
	return c.store.Rebase(base, rest)
}
