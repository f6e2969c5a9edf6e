package archive

import (
	"context"
	"fmt"

	"cosmossdk.io/collections"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
)

// sides are the three sets of a pair. The pair after has the second as its first, the third as its second (protocol §7).
type sides struct{ rear, current, next ffg.Side }

func (s sides) then(next ffg.Side) sides { return sides{rear: s.current, current: s.next, next: next} }

// Trust rebuilds the trust in the checkpoint that an archived hand-over proves final. The sets before it are those
// of the hand-overs before it, since what lies between changed nothing.
func (k *Keeper) Trust(ctx context.Context, pair uint64) (cert.Trust, error) {
	back, start, err := k.handOversBack(ctx, pair)
	if err != nil {
		return cert.Trust{}, err
	}
	at := start
	for i := len(back) - 1; i >= 0; i-- {
		next, err := back[i].Next.Apply(at.next)
		if err != nil {
			return cert.Trust{}, fmt.Errorf("archived set after pair %d: %w", back[i].Certificate.First.Pair, err)
		}
		at = at.then(next)
	}
	return cert.NewTrust(back[0].Certificate.First, ffg.Stitch(at.rear, at.current), at.next)
}

// handOversBack reads hand-overs from a pair's backwards until the sets can be rebuilt from them: to one with a full set that
// has two after it, or to the anchor, whose sets it returns.
func (k *Keeper) handOversBack(ctx context.Context, pair uint64) (back []cert.HandOver, start sides, err error) {
	rebuilt := false
	down := new(collections.Range[uint64]).EndInclusive(pair).Descending()
	err = k.handOvers.Walk(ctx, down, func(_ uint64, encoded []byte) (bool, error) {
		h, err := cert.DecodeHandOver(encoded)
		if err != nil {
			return true, err
		}
		back = append(back, h)
		rebuilt = h.Next.Full && len(back) > 2
		return rebuilt, nil
	})
	if err != nil {
		return nil, start, fmt.Errorf("read the archive below pair %d: %w", pair, err)
	}
	if rebuilt {
		return back, start, nil
	}
	anchor, err := k.Anchor(ctx)
	return back, sides{rear: anchor.Voters.RearSide(), current: anchor.Voters.CurrentSide(), next: anchor.Next}, err
}

// Anchor returns the archived trust in epoch 0.
func (k *Keeper) Anchor(ctx context.Context) (cert.Trust, error) {
	encoded, err := k.anchorTrust.Get(ctx)
	if err != nil {
		return cert.Trust{}, fmt.Errorf("read the archived anchor: %w", err)
	}
	return cert.DecodeTrust(encoded)
}

// Checkpoint returns a checkpoint that is kept for ever, and whether that of this epoch is one: the anchor, and those
// that hand-overs prove final.
func (k *Keeper) Checkpoint(ctx context.Context, epoch uint64) (c ffg.Checkpoint, archived bool, err error) {
	if epoch == 0 {
		encoded, archived, err := state.Found(k.anchorTrust.Get(ctx))
		if err != nil || !archived {
			return c, false, err
		}
		anchor, err := cert.DecodeTrust(encoded)
		return anchor.Checkpoint, err == nil, err
	}
	pair, archived, err := state.Found(k.archivedEpochs.Get(ctx, epoch))
	if err != nil || !archived {
		return c, false, err
	}
	h, err := k.HandOver(ctx, pair)
	return h.Certificate.First, err == nil, err
}
