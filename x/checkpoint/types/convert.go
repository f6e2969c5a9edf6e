package types

import "github.com/dualchain/dualchain/core/ffg"

// CheckpointFromFFG returns the message form of a checkpoint, with its root.
func CheckpointFromFFG(c ffg.Checkpoint) Checkpoint {
	return Checkpoint{
		Epoch:            c.Epoch,
		Root:             c.Root().String(),
		ParentRoot:       c.ParentRoot.String(),
		Height:           c.Height,
		TimeMs:           c.Time,
		BlockHash:        c.BlockHash.String(),
		HistorySize:      c.HistorySize,
		HistoryRoot:      c.HistoryRoot.String(),
		Pair:             c.Pair,
		Degraded:         c.Degraded,
		Anchor:           c.Anchor,
		VoterSetHash:     c.VoterSetHash.String(),
		NextVoterSetHash: c.NextVoterSetHash.String(),
	}
}

// ToFFG returns the checkpoint that the message describes. It recomputes the root from the contents and refuses a
// message whose root field says something else.
func (c Checkpoint) ToFFG() (ffg.Checkpoint, error) {
	out := ffg.Checkpoint{
		Epoch:       c.Epoch,
		Height:      c.Height,
		Time:        c.TimeMs,
		HistorySize: c.HistorySize,
		Pair:        c.Pair,
		Degraded:    c.Degraded,
		Anchor:      c.Anchor,
	}
	for _, field := range []struct {
		name  string
		value string
		to    *ffg.Root
	}{
		{"parent_root", c.ParentRoot, &out.ParentRoot},
		{"block_hash", c.BlockHash, &out.BlockHash},
		{"history_root", c.HistoryRoot, &out.HistoryRoot},
		{"voter_set_hash", c.VoterSetHash, &out.VoterSetHash},
		{"next_voter_set_hash", c.NextVoterSetHash, &out.NextVoterSetHash},
	} {
		root, err := ParseRoot(field.value)
		if err != nil {
			return ffg.Checkpoint{}, ErrInvalidRoot.Wrapf("%s: %s", field.name, err)
		}
		*field.to = root
	}
	if root := out.Root().String(); root != c.Root {
		return ffg.Checkpoint{}, ErrInvalidRoot.Wrapf("root of epoch %d: expected %s from the contents, found %q", c.Epoch, root, c.Root)
	}
	return out, nil
}

// RefFromFFG returns the message form of a reference.
func RefFromFFG(r ffg.Ref) Ref { return Ref{Epoch: r.Epoch, Root: r.Root.String()} }

// ToFFG returns the reference. Errors: ErrInvalidRoot.
func (r Ref) ToFFG() (ffg.Ref, error) {
	root, err := ParseRoot(r.Root)
	return ffg.Ref{Epoch: r.Epoch, Root: root}, err
}

// ParseRoot reads exactly 64 lower-case hexadecimal digits. Errors: ErrInvalidRoot.
func ParseRoot(s string) (ffg.Root, error) {
	root, err := ffg.ParseRoot(s)
	if err != nil {
		return ffg.Root{}, ErrInvalidRoot.Wrap(err.Error())
	}
	return root, nil
}
