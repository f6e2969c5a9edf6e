package cert

import (
	"cmp"
	"fmt"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

// Verify checks that a certificate proves its checkpoint final on the chain with this domain, given the pair that votes on
// its first checkpoint. It doesn't know whether a conflicting checkpoint is final as well.
// The error is a *StepError of StepAnchor, StepSource, StepSet, StepDegraded (unless allowed), StepExtends, StepSigners,
// StepQuorum or StepSignature.
func Verify(c Certificate, domain ffg.Root, pair *Pair, allowDegraded bool) error {
	if err := c.checkAnchor(c.First.Anchor); err != nil {
		return err
	}
	_, err := verifier{domain: domain, allowDegraded: allowDegraded}.certificate(c, pair)
	return err
}

// verifier has what the verification of every certificate of a chain has in common.
type verifier struct {
	domain        ffg.Root
	allowDegraded bool
	keys          *bls.Cache
}

// certificate walks over the checkpoints of c and returns the pair of each.
func (v verifier) certificate(c Certificate, pair *Pair) ([]*Pair, error) {
	final, ok := c.finalized()
	if !ok {
		return nil, fail(StepSource, len(c.Links), "expected a last link from one of the certificate's checkpoints")
	}
	if err := cmp.Or(pair.checkVoters(c.First), pair.checkNext(c.First)); err != nil {
		return nil, &StepError{Step: StepSet, Err: err}
	}
	pairs := []*Pair{pair}
	for i, link := range c.Links {
		number := i + 1
		if link.Target.Degraded && !v.allowDegraded { // if First is, every target has to be
			return nil, fail(StepDegraded, number, "epoch %d: the inactivity leak has lowered powers, so trust has to be set anew", link.Target.Epoch)
		}
		var err error
		if pair, err = v.extend(c, number, pair); err != nil {
			return nil, err
		}
		pairs = append(pairs, pair)
		switch {
		case link.Justifies():
			err = v.link(c, number, pair)
		case number > final:
			err = fail(StepQuorum, number, "expected a link to epoch %d, found none", link.Target.Epoch)
		}
		if err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

// AnchorError says that a checkpoint does not descend from the anchor that the verifier trusts (protocol §7). If Found is
// the later one, governance has re-anchored the chain: votes don't lead there, and epoch Found has to be trusted anew.
type AnchorError struct {
	Trusted, Found uint64 // epochs
}

// Error names both anchors.
func (e *AnchorError) Error() string {
	if e.Found < e.Trusted {
		return fmt.Sprintf("expected a checkpoint under the anchor of epoch %d, found one under the earlier anchor of epoch %d", e.Trusted, e.Found)
	}
	return fmt.Sprintf("expected a checkpoint under the anchor of epoch %d, found one under the anchor of epoch %d: "+
		"governance has re-anchored the chain; take the checkpoint of epoch %d from a source you trust", e.Trusted, e.Found, e.Found)
}

// checkAnchor checks that all checkpoints of c descend from the anchor of this epoch.
func (c Certificate) checkAnchor(anchor uint64) error {
	for i := range len(c.Links) + 1 {
		if found := c.checkpoint(i).Anchor; found != anchor {
			return &StepError{Step: StepAnchor, Index: i, Err: &AnchorError{Trusted: anchor, Found: found}}
		}
	}
	return nil
}

// extend checks that a checkpoint follows the one before, and returns the pair that votes on it. A second installation in
// one certificate always fails, since the certificate lacks the set that follows the first: every quorum has to hold in the current side of
// the first checkpoint's pair, or else forks of the trusted checkpoint could be finalized by sets with nobody in common.
func (v verifier) extend(c Certificate, number int, pair *Pair) (*Pair, error) {
	before, target := c.checkpoint(number-1), c.checkpoint(number)
	if err := target.Extends(before); err != nil {
		return nil, &StepError{Step: StepExtends, Index: number, Err: err}
	}
	if target.Pair == before.Pair {
		return pair, nil
	}
	following, err := pair.follow(target, v.keys)
	if err != nil {
		return nil, &StepError{Step: StepSet, Index: number, Err: err}
	}
	return following, nil
}

// link verifies the votes for a checkpoint.
func (v verifier) link(c Certificate, number int, pair *Pair) error {
	link := c.Links[number-1]
	vote := link.Vote()
	if err := cmp.Or(vote.Validate(), c.justified(vote.Source)); err != nil {
		return fail(StepSource, number, "link to epoch %d: %w", vote.Target.Epoch, err)
	}
	if err := link.Signers.Validate(len(pair.voters)); err != nil {
		return &StepError{Step: StepSigners, Index: number, Err: err}
	}
	if !pair.voters.Quorum(link.Signers) {
		rear, current := pair.voters.Powers(link.Signers)
		allRear, allCurrent := pair.voters.Totals()
		return fail(StepQuorum, number, "expected two thirds of rear power %s and of current power %s, found %s and %s",
			allRear, allCurrent, rear, current)
	}
	err := pair.keys.VerifyAggregate(link.Signers.Indices(), link.Signers.Count(), vote.SigningRoot(v.domain), link.Signature)
	if err != nil {
		return &StepError{Step: StepSignature, Index: number, Err: err}
	}
	return nil
}

// justified checks that links may start from a checkpoint: one of the certificate's that is justified there, or one of an
// earlier epoch, about which the certificate says nothing. The latter does not help a coalition: a vote from there to beyond
// another fork's final checkpoint surrounds the votes that finalize it.
func (c Certificate) justified(source ffg.Ref) error {
	if source.Epoch < c.First.Epoch {
		return nil
	}
	number, inside := c.position(source)
	if !inside {
		return fmt.Errorf("expected a source on the certificate's chain, found %s of epoch %d", source.Root, source.Epoch)
	}
	if number > 0 && !c.Links[number-1].Justifies() {
		return fmt.Errorf("expected a justified source, found no link to epoch %d", source.Epoch)
	}
	return nil
}
