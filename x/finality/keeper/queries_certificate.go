package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Certificate returns the certificate of the first checkpoint at or above the epoch that has one of its own: that the
// finalized head has moved to. Of epochs that are not kept, only the archived ones have one.
func (q QueryServer) Certificate(ctx context.Context, req *types.QueryCertificateRequest) (*types.QueryCertificateResponse, error) {
	epoch, err := q.finalEpoch(ctx, req.GetEpoch())
	if err != nil {
		return nil, err
	}
	certificate, err := q.certificateAbove(ctx, epoch)
	if err != nil {
		return nil, err
	}
	canonical, err := certificate.Encode()
	if err != nil {
		return nil, err
	}
	return &types.QueryCertificateResponse{Certificate: types.CertificateFromCert(certificate), Canonical: canonical}, nil
}

// certificateAbove finds the certificate in O(log n) steps, then reads two records for each of its links.
func (q QueryServer) certificateAbove(ctx context.Context, epoch uint64) (cert.Certificate, error) {
	if _, err := q.checkpoints.Record(ctx, epoch); err == nil {
		certified, has, err := q.checkpoints.CertifiedEpoch(ctx, epoch)
		if err != nil {
			return cert.Certificate{}, err
		}
		if has {
			certificate, err := q.votes.Certificate(ctx, certified)
			if err == nil || !isPruned(err) {
				return certificate, err
			}
		} else if epoch == 0 {
			return cert.Certificate{}, refusal.New(reason.NoCertificate, "nothing but the anchor is final, which needs no certificate")
		}
	} else if !errors.Is(err, checkpointtypes.ErrNotFound) {
		return cert.Certificate{}, err
	}
	pair, archived, err := q.archive.Pair(ctx, epoch)
	if err != nil {
		return cert.Certificate{}, err
	}
	if !archived {
		return cert.Certificate{}, q.notKept(ctx, epoch)
	}
	h, err := q.archive.HandOver(ctx, pair)
	return h.Certificate, err
}

// finalEpoch resolves an epoch that must be final.
func (q QueryServer) finalEpoch(ctx context.Context, id string) (uint64, error) {
	epoch, err := q.checkpoints.ResolveEpoch(ctx, id)
	if err != nil {
		return 0, err
	}
	if _, anchored, err := q.checkpoints.HeadEpoch(ctx); err != nil || !anchored {
		return 0, orNotAnchored(err)
	}
	finalized, err := q.checkpoints.FinalizedEpoch(ctx)
	if err != nil {
		return 0, err
	}
	if epoch > finalized {
		return 0, refusal.New(reason.EpochNotFinal, "epoch %d is not final: the finalized head is %d", epoch, finalized)
	}
	return epoch, nil
}

// orNotAnchored returns err, or the refusal of a chain without checkpoints.
func orNotAnchored(err error) error {
	if err != nil {
		return err
	}
	return refusal.New(reason.NotAnchored, "%s", types.ErrNoEpochs)
}

// isPruned reports whether an error says that something is not kept any more.
func isPruned(err error) bool {
	return errors.Is(err, checkpointtypes.ErrNotFound) || errors.Is(err, collections.ErrNotFound)
}

// notKept says what there is in place of an epoch that was pruned.
func (q QueryServer) notKept(ctx context.Context, epoch uint64) error {
	oldest, _, err := q.votes.FirstRecord(ctx)
	if err != nil {
		return fmt.Errorf("read first record: %w", err)
	}
	text := fmt.Sprintf("epoch %d is not kept any more, only epochs from %d on and those in which a pair of voter sets became final", epoch, oldest)
	archived, pair, found, err := q.archive.Above(ctx, epoch)
	if err != nil {
		return err
	}
	if found {
		text += fmt.Sprintf("; the next of these is epoch %d, of pair %d", archived, pair)
	}
	return refusal.New(reason.NotKept, "%s", text)
}
