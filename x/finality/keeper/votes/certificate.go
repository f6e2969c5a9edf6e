package votes

import (
	"context"
	"fmt"

	"github.com/dualchain/dualchain/core/cert"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Certificate returns the certificate of an epoch that the finalized head has moved to: its links up to the first one from it.
// Every epoch of them is justified.
func (k *Keeper) Certificate(ctx context.Context, epoch uint64) (cert.Certificate, error) {
	first, err := k.checkpoints.Record(ctx, epoch)
	if err != nil {
		return cert.Certificate{}, err
	}
	return k.CertificateFrom(ctx, first, epoch)
}

// CertificateFrom returns the certificate of an epoch that begins with an earlier checkpoint, or with its own.
func (k *Keeper) CertificateFrom(ctx context.Context, first checkpointtypes.Record, epoch uint64) (cert.Certificate, error) {
	c := cert.Certificate{First: first.Checkpoint}
	for target := first.Epoch + 1; len(c.Links) < types.MaxLinks; target++ {
		r, err := k.checkpoints.Record(ctx, target)
		if err != nil {
			return c, err
		}
		if !r.Justified {
			c.Links = append(c.Links, cert.Link{Target: r.Checkpoint})
			continue
		}
		votes, err := k.Recorded(ctx, r)
		if err != nil {
			return c, err
		}
		c.Links = append(c.Links, cert.NewLink(r.Checkpoint, votes))
		if r.Source == epoch {
			return c, nil
		}
	}
	return c, fmt.Errorf("certificate of epoch %d from %d on: %w", epoch, first.Epoch, errTooManyLinks)
}

var errTooManyLinks = fmt.Errorf("expected at most %d links", types.MaxLinks)
