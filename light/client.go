package light

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
)

// keyCache is how many parsed keys a client remembers.
const keyCache = 20_000

// How long a node is waited for in one update. What it has proven until then counts.
const (
	nodeTimeout = time.Minute
	patience    = 10 * time.Second // once another node has answered, and to show how two heads are connected
)

// ErrNoAnswer is wrapped by an update in which no node proved anything.
var ErrNoAnswer = errors.New("no node proved anything")

// Client keeps a store's trust up to date. One goroutine calls Update; the rest may be called from any.
type Client struct {
	nodes []Provider
	now   func() time.Time
	log   *slog.Logger
	keys  *bls.Cache

	contested []time.Time // when each node was, of Update alone
	mu        sync.RWMutex
	store     *Store
	health    health
}

// NewClient asks nodes, at least one. More than one are checked against each other.
func NewClient(store *Store, nodes []Provider, log *slog.Logger) *Client {
	return &Client{
		nodes: nodes, now: time.Now, log: log, keys: bls.NewCache(keyCache), contested: make([]time.Time, len(nodes)), store: store,
	}
}

// Settings returns what the client's store was made with.
func (c *Client) Settings() Settings { return c.store.Settings() }

// Trust returns the newest trusted checkpoint, or the conflict that stopped the client.
func (c *Client) Trust() (cert.Trust, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if conflict := c.store.Conflict(); conflict != nil {
		return cert.Trust{}, fmt.Errorf("%w; see %s", conflict, c.store.ConflictPath())
	}
	return c.store.Trust(), nil
}

// Options returns how the client verifies, now.
func (c *Client) Options() cert.Options {
	settings := c.store.Settings()
	return cert.Options{Mode: settings.Mode(), Now: c.now(), UnbondingTime: time.Duration(settings.UnbondingTime), Keys: c.keys}
}

// Update asks all nodes once for what is final after the trusted checkpoint, and moves to the newest that one of them
// proves and none contradicts; more says that there is more already. Errors: a *Conflict stops the client for good;
// cert.ErrExpired for trust that is too old; ErrNoAnswer with what each node said; those of the store.
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
	r := rules{chainID: c.store.Settings().ChainID, options: c.Options()}
	if _, _, err := cert.VerifyChain(ffg.Domain(r.chainID), trust, nil, r.options); err != nil {
		return false, err
	}
	claims, suspects, err := c.claims(ctx, r, trust)
	if err == nil {
		more, err = c.advance(ctx, r, trust, claims)
	}
	var conflict *Conflict
	if !errors.As(err, &conflict) { // what is proven counts before anybody looks into who lied
		err = errors.Join(err, c.contest(ctx, r, suspects))
	}
	if errors.As(err, &conflict) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return false, errors.Join(fmt.Errorf("%w; see %s", conflict, c.store.ConflictPath()), c.store.Stop(conflict))
	}
	if err == nil { // seldom: the log is written anew
		err = c.forget(ctx, r, r.options.UnbondingTime+r.options.UnbondingTime/2)
	}
	return more && err == nil, err
}

// advance moves to the claim that reaches furthest, once it is compared with the others.
func (c *Client) advance(ctx context.Context, r rules, trust cert.Trust, claims []claim) (more bool, err error) {
	best, err := r.choose(ctx, trust, claims, c.log)
	if err != nil || best.reached.Checkpoint == trust.Checkpoint {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return best.more, c.store.Advance(best.handOvers, best.reached)
}

// claims asks every node at the same time, and returns what they have proven and the nodes that didn't go on from our
// checkpoint. A node that fails, or is too slow, after it proved something counts for that.
func (c *Client) claims(ctx context.Context, r rules, trust cert.Trust) (claims []claim, suspects []int, err error) {
	asking, enough := context.WithTimeout(ctx, nodeTimeout)
	defer enough()
	found, errs, unproven := make([]claim, len(c.nodes)), make([]error, len(c.nodes)), make([]error, len(c.nodes))
	var wg sync.WaitGroup
	for i, node := range c.nodes {
		wg.Go(func() {
			if found[i], errs[i] = r.ask(asking, node, trust); errs[i] == nil {
				time.AfterFunc(patience, enough)
			}
			showing, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			unproven[i] = r.goesOn(showing, trust.Checkpoint, found[i])
		})
	}
	wg.Wait()
	var failed error
	for i := range c.nodes {
		if _, refused := cert.FailedStep(errs[i]); refused || unproven[i] != nil {
			suspects = append(suspects, i)
		}
		err := errors.Join(errs[i], unproven[i])
		if err != nil {
			err = fmt.Errorf("%s: %w", c.nodes[i].Name(), err)
			c.log.Warn("node did not prove its head", "error", err)
			failed = errors.Join(failed, err)
		}
		if err == nil || unproven[i] == nil && len(found[i].handOvers) > 0 {
			claims = append(claims, found[i])
		}
	}
	if len(claims) == 0 {
		return nil, suspects, fmt.Errorf("%w: %w", ErrNoAnswer, failed)
	}
	return claims, suspects, nil
}

// choose returns the claim that reaches furthest, after comparing it with all others. A later one that doesn't show that
// it goes on from an earlier one is left out: its node has the proof if it is honest.
func (r rules) choose(ctx context.Context, trust cert.Trust, claims []claim, log *slog.Logger) (claim, error) {
	best := claims[0]
	for _, other := range claims[1:] {
		earlier, later := best, other
		if other.reached.Checkpoint.Epoch < best.reached.Checkpoint.Epoch {
			earlier, later = other, best
		}
		showing, cancel := context.WithTimeout(ctx, patience)
		err := r.agree(showing, trust, earlier, later)
		cancel()
		switch {
		case errors.Is(err, errUnproven):
			log.Error("ALARM: left a node out", "node", later.from.Name(), "error", err)
			best = earlier
		case err != nil:
			return claim{}, err
		default:
			best = later
		}
	}
	return best, nil
}
