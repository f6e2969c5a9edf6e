package cert_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// reanchored returns a hand-over from epoch 2 to a checkpoint of the same sets under another anchor, signed by everybody.
func reanchored(r rotation, anchor uint64) cert.HandOver {
	h := r.HandOver(2, 4, 5)
	h.Certificate.First.Anchor = anchor
	target := h.Certificate.Links[0].Target
	target.Anchor, target.ParentRoot = anchor, h.Certificate.First.Root()
	h.Certificate.Links[0] = r.Sign(h.Certificate.First.Ref(), target, r.Set(4))
	return h
}

func TestARefusedCertificateNamesTheNewAnchor(t *testing.T) {
	r := newRotation()
	trust := r.Trust(2)
	verify := func(h cert.HandOver) error {
		o := cert.Options{Now: time.UnixMilli(int64(trust.Checkpoint.Time)), UnbondingTime: time.Hour}
		_, _, err := cert.VerifyChain(ffg.Domain(vectorChain), trust, []cert.HandOver{h}, o)
		return err
	}
	require.NoError(t, verify(reanchored(r, 0)))
	err := verify(reanchored(r, 4))
	requireStep(t, cert.StepAnchor, err)
	var other *cert.AnchorError
	require.ErrorAs(t, err, &other)
	require.Equal(t, cert.AnchorError{Trusted: 0, Found: 4}, *other)
	require.ErrorContains(t, err, "governance has re-anchored the chain; take the checkpoint of epoch 4 from a source you trust")

	trust.Checkpoint.Anchor = 2
	err = verify(reanchored(r, 0))
	requireStep(t, cert.StepAnchor, err)
	require.ErrorContains(t, err, "expected a checkpoint under the anchor of epoch 2, found one under the earlier anchor of epoch 0")
}
