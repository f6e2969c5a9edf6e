package light

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// ErrChainID is wrapped by Begin if the chain's id has to be named: a wrong one, kept for good, would refuse every honest certificate.
var ErrChainID = errors.New("which chain it is has to be named")

// Begin makes a store that trusts the checkpoint with this epoch and root, of which any node may give the contents and
// members. The chain's id is that of the settings; if they have none, what all nodes say that answer, provided that one of
// them proves it with votes. Errors wrap ErrChainID, cert.ErrExpired for trust that is too old, those of CreateStore, or say
// what each node answered.
func Begin(ctx context.Context, folder string, settings Settings, ref ffg.Ref, nodes []Provider) (*Store, error) {
	named := settings.ChainID != ""
	if !named {
		var err error
		if settings.ChainID, err = agreedID(ctx, nodes); err != nil {
			return nil, err
		}
	}
	trust, err := trustPoint(ctx, ref, nodes)
	if err != nil {
		return nil, err
	}
	// Also a chain that is degraded has an id.
	options := cert.Options{AllowDegraded: true, Now: time.Now(), UnbondingTime: time.Duration(settings.UnbondingTime)}
	r := rules{chainID: settings.ChainID, options: options}
	if _, _, err := cert.VerifyChain(ffg.Domain(r.chainID), trust, nil, options); err != nil {
		return nil, fmt.Errorf("trust epoch %d: %w", ref.Epoch, err)
	}
	switch unsigned, err := r.signed(ctx, trust, nodes); {
	case err == nil:
	case unsigned == len(nodes):
		return nil, fmt.Errorf("expected certificates of chain %q, found only others: %w", settings.ChainID, err)
	case !named:
		return nil, fmt.Errorf("%w: expected a node that proves %q, found none: %w", ErrChainID, settings.ChainID, err)
	}
	if settings.Following {
		if err := followed(ctx, ref.Epoch, nodes); err != nil {
			return nil, err
		}
	}
	return CreateStore(folder, settings, trust)
}

// agreedID returns the id that all nodes say that answer.
func agreedID(ctx context.Context, nodes []Provider) (string, error) {
	said := map[string]bool{}
	var answers []string
	var failed error
	for _, r := range allOf(ctx, nodes, func(ctx context.Context, node Provider) (string, error) { return node.ChainID(ctx) }) {
		if r.err != nil {
			failed = errors.Join(failed, r.err)
			continue
		}
		said[r.value] = true
		answers = append(answers, fmt.Sprintf("%q from %s", r.value, nodes[r.from].Name()))
	}
	switch len(said) {
	case 0:
		return "", fmt.Errorf("ask for the chain's id: %w", failed)
	case 1:
		for id := range said {
			return id, nil
		}
	}
	return "", fmt.Errorf("%w: expected the same from all nodes, found %s", ErrChainID, strings.Join(answers, ", "))
}

// ShortestUnbonding returns the shortest unbonding time that a node says, and which says it. Only a shorter one than the user
// has is of use: one that says more would let voters of long ago sign another past.
func ShortestUnbonding(ctx context.Context, nodes []Provider) (shortest time.Duration, from string, err error) {
	ask := func(ctx context.Context, node Provider) (time.Duration, error) { return node.UnbondingTime(ctx) }
	for _, r := range allOf(ctx, nodes, ask) {
		switch {
		case r.err != nil:
			err = errors.Join(err, r.err)
		case from == "" || r.value < shortest:
			shortest, from = r.value, nodes[r.from].Name()
		}
	}
	if from == "" {
		return 0, "", fmt.Errorf("ask for the unbonding time: %w", err)
	}
	return shortest, from, nil
}

// trustPoint returns the trust in a checkpoint from the first node that gives it: its root binds everything else.
func trustPoint(ctx context.Context, ref ffg.Ref, nodes []Provider) (cert.Trust, error) {
	trust, err := firstOf(ctx, nodes, func(ctx context.Context, node Provider) (cert.Trust, error) {
		trust, err := node.TrustPoint(ctx, ref.Epoch)
		if err != nil {
			return trust, err
		}
		return trust, trust.At(ref)
	})
	if err != nil {
		return cert.Trust{}, fmt.Errorf("trust epoch %d with root %s: %w", ref.Epoch, ref.Root, err)
	}
	return trust, nil
}

// followed returns nil once a node has the links from an epoch on: without them a following client would never move.
func followed(ctx context.Context, epoch uint64, nodes []Provider) error {
	_, err := firstOf(ctx, nodes, func(ctx context.Context, node Provider) (bool, error) {
		_, more, err := node.Follow(ctx, epoch)
		return more, err
	})
	if errors.Is(err, ErrNotThere) {
		return fmt.Errorf("follow from epoch %d: expected a node that keeps the links after it, found none; take trust from an epoch that one keeps, or don't follow: %w", epoch, err)
	}
	return err
}

// signed returns nil once a node has a certificate that voters from trust on signed for this chain: votes are bound to its
// id. Otherwise it says what each node has, and how many have one with signatures that are not for this chain.
func (r rules) signed(ctx context.Context, trust cert.Trust, nodes []Provider) (unsigned int, err error) {
	var others atomic.Int32
	_, err = firstOf(ctx, nodes, func(ctx context.Context, node Provider) (ok bool, err error) {
		err = r.signedBy(ctx, trust, node)
		if step, _ := cert.FailedStep(err); step == cert.StepSignature {
			others.Add(1)
		}
		return err == nil, err
	})
	return int(others.Load()), err
}

func (r rules) signedBy(ctx context.Context, trust cert.Trust, node Provider) error {
	own, err := node.Certificate(ctx, trust.Checkpoint.Epoch)
	if final, ok := own.Finalized(); err == nil && ok && final == trust.Checkpoint {
		pair, err := cert.NewPair(trust.Voters, trust.Next, nil)
		if err != nil {
			return err
		}
		return cert.Verify(own, ffg.Domain(r.chainID), pair, true)
	}
	// The anchor has no certificate, and that of a checkpoint of long ago may be pruned: then one after it.
	c := begin(node, trust)
	batch, _, err := r.next(ctx, node, trust.Checkpoint)
	if err == nil && len(batch) > 0 {
		return r.take(ctx, &c, batch[:1])
	}
	if err := r.askNewest(ctx, &c); err != nil {
		return err
	}
	if len(c.handOvers) == 0 {
		return fmt.Errorf("%w: a certificate from epoch %d on", ErrNotThere, trust.Checkpoint.Epoch)
	}
	return nil
}
