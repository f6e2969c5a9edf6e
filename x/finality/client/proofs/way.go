package proofs

import (
	"cmp"
	"context"
	"strconv"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// way leads from a checkpoint that the verifier trusts to one that a proof is under.
type way struct {
	chainID   string
	trust     cert.Trust
	members   bool // put trust into the proof
	handOvers []cert.HandOver
	under     ffg.Checkpoint
}

// maxHandOvers bounds the hand-overs of a proof. Who is further behind catches up with HandOvers first.
const maxHandOvers = 1_000

// way finds the shortest way from a start to a final checkpoint at or above a height: none if the start is one; else the
// archived hand-overs from there, up to one that will do, or else a certificate in the pair that these have reached. The proof needs
// the blocks from lowest to height.
func (s *Server) way(ctx context.Context, start types.TrustStart, lowest, height uint64) (way, error) {
	heads, err := s.checkpoints.Status(ctx, &checkpointtypes.QueryStatusRequest{})
	if err != nil {
		return way{}, err
	}
	if heads.Finalized != nil && lowest <= heads.Finalized.Height {
		anchor, err := s.anchorHeight(ctx)
		if err != nil {
			return way{}, err
		}
		if lowest <= anchor {
			return way{}, refusal.New(reason.BeforeAnchor, "block %d can never be proven: no vote is about a block that is not above the anchor, block %d",
				lowest, anchor)
		}
	}
	if heads.Finalized == nil || heads.Finalized.Height < height {
		return way{}, s.notFinal(ctx, heads, height)
	}
	trust, err := s.trustPoint(ctx, cmp.Or(start.Epoch, "0"))
	if err != nil {
		return way{}, err
	}
	w := way{chainID: heads.ChainId, trust: trust, members: start.Members, under: trust.Checkpoint}
	if w.under.Height >= height {
		return w, nil
	}
	if err := s.catchUp(ctx, &w, height); err != nil || w.under.Height >= height {
		return w, err
	}
	certificate, err := s.certificate(ctx, height, w.under.Epoch+1)
	if err != nil {
		return way{}, err
	}
	w.handOvers, w.under = append(w.handOvers, cert.HandOver{Certificate: certificate}), certificate.First
	return w, nil
}

func (s *Server) trustPoint(ctx context.Context, epoch string) (cert.Trust, error) {
	found, err := s.finality.TrustPoint(ctx, &types.QueryTrustPointRequest{Epoch: epoch})
	if err != nil {
		return cert.Trust{}, err
	}
	return cert.DecodeTrust(found.Canonical)
}

// catchUp adds archived hand-overs until one leads to the height or there are no more.
func (s *Server) catchUp(ctx context.Context, w *way, height uint64) error {
	size := 0 // in bytes; more than a proof may have is not even collected
	for more := true; more; {
		found, err := s.finality.HandOvers(ctx, &types.QueryHandOversRequest{Pair: w.under.Pair})
		if err != nil {
			return err
		}
		for _, message := range found.HandOvers {
			h, err := cert.DecodeHandOver(message.Canonical)
			if err != nil {
				return err
			}
			size += len(message.Canonical)
			if len(w.handOvers) == maxHandOvers || size > maxProof {
				return refusal.New(reason.ProofTooLarge, "from epoch %d there are more than %d hand-overs or %d bytes of them to block %d, a proof's maximum; "+
					"follow the chain to pair %d or later first, and start there", w.trust.Checkpoint.Epoch, maxHandOvers, maxProof, height, w.under.Pair)
			}
			w.handOvers, w.under = append(w.handOvers, h), h.Certificate.First
			if w.under.Height >= height {
				return nil
			}
		}
		more = found.More
	}
	return nil
}

// certificate returns the first that is kept of a checkpoint at or above both a height and an epoch.
func (s *Server) certificate(ctx context.Context, height, epoch uint64) (cert.Certificate, error) {
	covering, err := s.checkpoints.CheckpointByHeight(ctx, &checkpointtypes.QueryCheckpointByHeightRequest{Height: height})
	if err != nil {
		return cert.Certificate{}, err
	}
	found, err := s.finality.Certificate(ctx, &types.QueryCertificateRequest{
		Epoch: strconv.FormatUint(max(epoch, covering.Record.Checkpoint.Epoch), 10),
	})
	if refusal.Reason(err) == reason.NotKept { // its source has just been pruned
		found, err = s.finality.Certificate(ctx, &types.QueryCertificateRequest{Epoch: "finalized"})
	}
	if err != nil {
		return cert.Certificate{}, err
	}
	return cert.DecodeCertificate(found.Canonical)
}
