package types

import "math"

// validateEras checks that the eras follow each other: those that are closed, oldest first, and then the open one. A settlement is of
// the oldest that is closed.
func (r RunningState) validateEras() error {
	if r.Era.LastEpoch != 0 {
		return ErrInvalidGenesis.Wrapf("era %d: expected an open era without a last epoch, found %d", r.Era.Index, r.Era.LastEpoch)
	}
	if r.Settlement != nil && (len(r.Closed) == 0 || r.Settlement.Era != r.Closed[0]) {
		return ErrInvalidGenesis.Wrapf("settlement: expected the oldest closed era, found era %d", r.Settlement.Era.Index)
	}
	for i, e := range r.Closed {
		following := r.Era
		if i+1 < len(r.Closed) {
			following = r.Closed[i+1]
		}
		if e.LastEpoch < e.FirstEpoch || e.LastEpoch-e.FirstEpoch >= MaxEraLength {
			return ErrInvalidGenesis.Wrapf("era %d: expected 1 to %d epochs, found epochs %d to %d", e.Index, MaxEraLength, e.FirstEpoch, e.LastEpoch)
		}
		if e.LastEpoch == math.MaxUint64 || following.Index != e.Index+1 || following.FirstEpoch != e.LastEpoch+1 {
			return ErrInvalidGenesis.Wrapf("era %d ends with epoch %d: expected the next era to follow it, found era %d from epoch %d",
				e.Index, e.LastEpoch, following.Index, following.FirstEpoch)
		}
	}
	return nil
}

// validateClocks checks that unbonding clocks ascend, each that of a pair: clock 1 is that of pair 0.
func (r RunningState) validateClocks() error {
	pairs := r.Pairs[len(r.Pairs)-1].Index
	var before uint64
	for _, c := range r.Clocks {
		if c.Clock <= before || c.Clock > pairs {
			return ErrInvalidGenesis.Wrapf("clocks: expected ascending clocks from 1 to %d, those of pairs that have been replaced; found %d after %d",
				pairs, c.Clock, before)
		}
		before = c.Clock
	}
	return nil
}
