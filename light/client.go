package light

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/dualchain/dualchain/bls"
	"github.com/dualchain/dualchain/cert"
	"github.com/dualchain/dualchain/ffg"
)

// keyCache is how many parsed keys a client remembers.
const keyCache = 20_000

// nodeTimeout bounds what a node may take in one update: what it has proven until then counts.
const nodeTimeout = time.Minute

// ErrNoAnswer is wrapped by an update in which no node proved anything.
var ErrNoAnswer = errors.New("no node proved anything")

// Client keeps a store's trust up to date. One goroutine calls Update; the rest may be called from any.
type Client struct {
	nodes []Provider
	now   func() time.Time
	log   *slog.Logger
	keys  *bls.Cache

	mu    sync.RWMutex
	store *Store
}

// NewClient asks nodes, at least one. More than one are checked against each other.
func NewClient(store *Store, nodes []Provider, log *slog.Logger) *Client {
	return &Client{nodes: nodes, now: time.Now, log: log, keys: bls.NewCache(keyCache), store: store}
}

// Begin makes a store that trusts the checkpoint with this epoch and root, of which any node may give the contents and
// members. Errors wrap cert.ErrExpired for one that is too old, those of CreateStore, or say what each node answered.
func Begin(ctx context.Context, folder string, settings Settings, ref ffg.Ref, nodes []Provider) (*Store, error) {
	var failed error
	for _, node := range nodes {
		trust, err := node.TrustPoint(ctx, ref.Epoch)
		if err == nil {
			err = trust.At(ref)
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", node.Name(), err))
			continue
		}
		options := cert.Options{Now: time.Now(), UnbondingTime: time.Duration(settings.UnbondingTime)}
		if _, _, err := cert.VerifyChain(ffg.Domain(settings.ChainID), trust, nil, options); err != nil {
			return nil, fmt.Errorf("trust epoch %d: %w", ref.Epoch, err)
		}
		return CreateStore(folder, settings, trust)
	}
	return nil, fmt.Errorf("trust epoch %d with root %s: %w", ref.Epoch, ref.Root, failed)
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
	trust, err := c.Trust()
	if err != nil {
		return false, err
	}
	r := rules{chainID: c.store.Settings().ChainID, options: c.Options()}
	if _, _, err := cert.VerifyChain(ffg.Domain(r.chainID), trust, nil, r.options); err != nil {
		return false, err
	}
	best, err := c.best(ctx, r, trust)
	c.mu.Lock()
	defer c.mu.Unlock()
	var conflict *Conflict
	if errors.As(err, &conflict) {
		return false, errors.Join(fmt.Errorf("%w; see %s", conflict, c.store.ConflictPath()), c.store.Stop(conflict))
	}
	if err != nil || best.reached.Checkpoint == trust.Checkpoint {
		return false, err
	}
	if err := c.store.Advance(best.handOvers, best.reached); err != nil {
		return false, err
	}
	return best.more, c.forget(r)
}

// forget drops the start of the log when nobody can be held to account for it any more. It waits until there is a good
// deal to drop: the log is written anew.
func (c *Client) forget(r rules) error {
	if r.age(c.store.Base().Checkpoint) <= r.options.UnbondingTime*3/2 {
		return nil
	}
	base, rest, err := c.recent(r)
	if err != nil || base.Checkpoint == c.store.Base().Checkpoint {
		return err
	}
	return c.store.Rebase(base, rest)
}

func (r rules) age(of ffg.Checkpoint) time.Duration {
	return r.options.Now.Sub(time.UnixMilli(int64(of.Time)))
}

// recent returns the part of the log that somebody can still be held to account for, and where it starts: at a checkpoint
// that is not older than the unbonding time, or at the trusted one.
func (c *Client) recent(r rules) (base cert.Trust, rest []cert.HandOver, err error) {
	base = c.store.Base()
	kept, err := c.store.Log()
	if err != nil {
		return base, nil, err
	}
	from := base.Checkpoint
	old := 0
	for old < len(kept) && r.age(from) > r.options.UnbondingTime {
		from, _ = kept[old].Certificate.Finalized()
		old++
	}
	if old == 0 {
		return base, kept, nil
	}
	r.options.Now = time.UnixMilli(int64(base.Checkpoint.Time)) // what was fresh when we verified it
	base, _, err = cert.VerifyChain(ffg.Domain(r.chainID), base, kept[:old], r.options)
	if err != nil {
		return base, nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return base, kept[old:], nil
}

// best returns the claim that reaches furthest, once nothing contradicts it.
func (c *Client) best(ctx context.Context, r rules, trust cert.Trust) (claim, error) {
	claims, err := c.claims(ctx, r, trust)
	if err != nil {
		return claim{}, err
	}
	return r.choose(ctx, trust, claims, c.log)
}

// claims asks every node at the same time. A node that fails after it proved something counts for that.
func (c *Client) claims(ctx context.Context, r rules, trust cert.Trust) ([]claim, error) {
	found, errs := make([]claim, len(c.nodes)), make([]error, len(c.nodes))
	var wg sync.WaitGroup
	for i, node := range c.nodes {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
			defer cancel()
			found[i], errs[i] = r.ask(ctx, node, trust)
			unproven := r.goesOn(ctx, trust.Checkpoint, found[i])
			if _, refused := cert.FailedStep(errs[i]); refused || unproven != nil {
				errs[i] = errors.Join(errs[i], unproven, c.contest(ctx, r, node, trust))
			}
			if unproven != nil {
				found[i].handOvers = nil
			}
		})
	}
	wg.Wait()
	var claims []claim
	var failed error
	for i, err := range errs {
		var conflict *Conflict
		if errors.As(err, &conflict) {
			return nil, conflict
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", c.nodes[i].Name(), err)
			c.log.Warn("node did not prove its head", "error", err)
			failed = errors.Join(failed, err)
		}
		if err == nil || len(found[i].handOvers) > 0 {
			claims = append(claims, found[i])
		}
	}
	if len(claims) == 0 {
		return nil, fmt.Errorf("%w: %w", ErrNoAnswer, failed)
	}
	return claims, nil
}

// contest looks whether a node that doesn't go on from our checkpoint has a chain of its own that was final just as well,
// from where our log starts. Only then it is a *Conflict; a node that proves nothing is none.
func (c *Client) contest(ctx context.Context, r rules, node Provider, trust cert.Trust) error {
	c.mu.RLock()
	base, ours, err := c.recent(r)
	c.mu.RUnlock()
	if err != nil || len(ours) == 0 {
		return err
	}
	theirs, _ := r.ask(ctx, node, base)
	if len(theirs.handOvers) == 0 {
		return nil
	}
	own := claim{from: known{}, handOvers: ours, reached: trust}
	if theirs.reached.Checkpoint.Epoch < trust.Checkpoint.Epoch {
		// Nobody is asked to show how we went on: only what both have shown counts.
		dispute, err := cert.Compare(ffg.Domain(r.chainID), base, theirs.handOvers, ours, r.options)
		if errors.Is(err, cert.ErrNoDispute) {
			return nil
		}
		if err != nil {
			return err
		}
		return r.newConflict(base, dispute, theirs, own)
	}
	if err := r.agree(ctx, base, own, theirs); !errors.Is(err, errUnproven) {
		return err
	}
	return nil
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
		switch err := r.agree(ctx, trust, earlier, later); {
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

// known is the name of what the client itself verified before.
type known struct{ Provider }

// Name implements Provider; nothing else of it is called.
func (known) Name() string { return "this client's own record" }
