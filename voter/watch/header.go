package watch

import (
	"fmt"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/dualchain/dualchain/core/ffg"
)

// Header holds the fields of a block header that a voter needs.
type Header struct {
	ChainID string
	Height  uint64
	Time    uint64 // in milliseconds since 1970
	Hash    ffg.Root
}

// headerOf computes the hash from the header's contents. It wraps ErrInconsistent for an invalid header.
func headerOf(h *cmttypes.Header) (Header, error) {
	if h == nil {
		return Header{}, fmt.Errorf("%w: expected a header, found none", ErrInconsistent)
	}
	hash, ms := h.Hash(), h.Time.UnixMilli()
	if h.Height < 1 || ms < 0 || len(hash) != len(ffg.Root{}) {
		return Header{}, fmt.Errorf("%w: expected a header with height, time and hash, found height %d, time %s, hash %s",
			ErrInconsistent, h.Height, h.Time, hash)
	}
	return Header{ChainID: h.ChainID, Height: uint64(h.Height), Time: uint64(ms), Hash: ffg.Root(hash)}, nil
}
