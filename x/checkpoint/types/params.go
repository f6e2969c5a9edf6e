package types

// DefaultInterval is the number of blocks between checkpoints.
const DefaultInterval = 5

// DefaultParams returns the parameters of a new chain.
func DefaultParams() Params { return Params{Interval: DefaultInterval} }

// Validate checks the parameters' bounds.
func (p Params) Validate() error {
	if p.Interval < 1 || p.Interval > maxInterval {
		return ErrInvalidParams.Wrapf("interval: expected 1 to %d blocks, found %d", maxInterval, p.Interval)
	}
	return nil
}

// maxInterval keeps the next checkpoint's height far from overflow.
const maxInterval = 1_000_000
