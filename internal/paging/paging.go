// Package paging bounds the pages of queries.
package paging

import (
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
)

// MaxLimit bounds the entries of a page, and MaxOffset those that are passed over before it, which costs as much.
const (
	MaxLimit  = 1_000
	MaxOffset = 10_000
)

// Check refuses a page that is too much work for one query. Errors: reason.InvalidRequest.
func Check(p *query.PageRequest) error {
	if p == nil {
		return nil
	}
	if p.Limit > MaxLimit {
		return refusal.New(reason.InvalidRequest, "pagination.limit: expected at most %d, found %d", MaxLimit, p.Limit)
	}
	if p.Offset > MaxOffset {
		return refusal.New(reason.InvalidRequest, "pagination.offset: expected at most %d, found %d: continue with pagination.key", MaxOffset, p.Offset)
	}
	return nil
}
