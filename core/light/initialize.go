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

// ErrChainID is wrapped by Initialize if the caller has to give the chain's id: a wrong one, kept for good, would refuse every honest
// certificate.
var ErrChainID = errors.New("the chain's id has to be given")

// Initialize returns the trust in the checkpoint with this epoch and root, whose contents and members any provider may give. It also
// returns the chain's id: the verifier's, or if that is empty the one that all providers that answer agree on, provided that one of
// them proves it with votes. Errors wrap ErrChainID, or cert.ErrExpired for trust that is too old, or are the providers'.
func (v Verifier) Initialize(ctx context.Context, ref ffg.Ref, providers []Provider) (chainID string, trust cert.Trust, err error) {
	given, following := v.ChainID != "", v.Options.Mode == cert.Following
	if !given {
		if v.ChainID, err = v.agreedID(ctx, providers); err != nil {
			return "", trust, err
		}
	}
	if trust, err = v.trustPoint(ctx, ref, providers); err != nil {
		return "", trust, err
	}
	// One certificate is enough to prove the id, and that of a degraded chain proves it as well.
	v.Options.Mode, v.Options.AllowDegraded = cert.Skipping, true
	if err := v.fresh(trust); err != nil {
		return "", trust, fmt.Errorf("trust epoch %d: %w", ref.Epoch, err)
	}
	switch others, err := v.provesID(ctx, trust, providers); {
	case err == nil:
	case others == len(providers):
		return "", trust, fmt.Errorf("expected certificates of chain %q, found only others: %w", v.ChainID, err)
	case !given:
		return "", trust, fmt.Errorf("%w: expected a provider that proves %q, found none: %w", ErrChainID, v.ChainID, err)
	}
	if following {
		if err := v.keepsLinks(ctx, ref.Epoch, providers); err != nil {
			return "", trust, err
		}
	}
	return v.ChainID, trust, nil
}

// agreedID returns the chain's id if all providers that answer give the same.
func (v Verifier) agreedID(ctx context.Context, providers []Provider) (string, error) {
	ids := map[string]bool{}
	var answers []string
	var failed error
	for _, r := range allOf(ctx, v.Policy, providers, func(ctx context.Context, p Provider) (string, error) { return p.ChainID(ctx) }) {
		if r.err != nil {
			failed = errors.Join(failed, r.err)
			continue
		}
		ids[r.value] = true
		answers = append(answers, fmt.Sprintf("%q from %s", r.value, providers[r.from].Name()))
	}
	switch len(ids) {
	case 0:
		return "", fmt.Errorf("ask for the chain's id: %w", failed)
	case 1:
		for id := range ids {
			return id, nil
		}
	}
	return "", fmt.Errorf("%w: expected the same from all providers, found %s", ErrChainID, strings.Join(answers, ", "))
}

// ShortestUnbonding returns the shortest unbonding time that a provider reports, and that provider's name. Only a time shorter than
// the user's is of use: a lie that lengthens it would let voters of long ago sign another past, and one that shortens it can but
// refuse good trust.
func (p Policy) ShortestUnbonding(ctx context.Context, providers []Provider) (shortest time.Duration, from string, err error) {
	ask := func(ctx context.Context, provider Provider) (time.Duration, error) {
		return provider.UnbondingTime(ctx)
	}
	for _, r := range allOf(ctx, p, providers, ask) {
		switch {
		case r.err != nil:
			err = errors.Join(err, r.err)
		case from == "" || r.value < shortest:
			shortest, from = r.value, providers[r.from].Name()
		}
	}
	if from == "" {
		return 0, "", fmt.Errorf("ask for the unbonding time: %w", err)
	}
	return shortest, from, nil
}

// trustPoint returns the trust in a checkpoint from the first provider that gives it: the root binds everything else.
func (v Verifier) trustPoint(ctx context.Context, ref ffg.Ref, providers []Provider) (cert.Trust, error) {
	trust, err := firstOf(ctx, v.Policy, providers, func(ctx context.Context, p Provider) (cert.Trust, error) {
		trust, err := p.TrustPoint(ctx, ref.Epoch)
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

// keepsLinks returns nil once a provider has the links after an epoch: without them a following client would never advance.
func (v Verifier) keepsLinks(ctx context.Context, epoch uint64, providers []Provider) error {
	_, err := firstOf(ctx, v.Policy, providers, func(ctx context.Context, p Provider) (bool, error) {
		_, more, err := p.Follow(ctx, epoch)
		return more, err
	})
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("follow from epoch %d: no provider keeps the links after it; trust an epoch from which one keeps them, or don't follow: %w", epoch, err)
	}
	return err
}

// provesID returns nil once a provider has a certificate that the trusted voters, or later ones, signed for this chain: votes are
// bound to its id. Otherwise it returns the providers' errors, and how many have certificates whose signatures are not for this chain.
func (v Verifier) provesID(ctx context.Context, trust cert.Trust, providers []Provider) (others int, err error) {
	var count atomic.Int32
	_, err = firstOf(ctx, v.Policy, providers, func(ctx context.Context, p Provider) (ok bool, err error) {
		err = v.provesIDBy(ctx, trust, p)
		if step, _ := cert.FailedStep(err); step == cert.StepSignature {
			count.Add(1)
		}
		return err == nil, err
	})
	return int(count.Load()), err
}

func (v Verifier) provesIDBy(ctx context.Context, trust cert.Trust, p Provider) error {
	own, err := p.Certificate(ctx, trust.Checkpoint.Epoch)
	if final, ok := own.Finalized(); err == nil && ok && final == trust.Checkpoint {
		pair, err := cert.NewPair(trust.Voters, trust.Next, nil)
		if err != nil {
			return err
		}
		return cert.Verify(own, v.domain(), pair, true)
	}
	// The anchor has no certificate, and an old checkpoint's may be pruned. Then a later one does.
	t := newTrace(p, trust)
	page, _, err := v.fetchPage(ctx, p, trust.Checkpoint)
	if err == nil && len(page) > 0 {
		return v.extend(ctx, &t, page[:1])
	}
	if err := v.fetchNewest(ctx, &t); err != nil {
		return err
	}
	if len(t.HandOvers) == 0 {
		return fmt.Errorf("%w: a certificate from epoch %d on", ErrNotFound, trust.Checkpoint.Epoch)
	}
	return nil
}
