package paging_test

import (
	"strings"
	"testing"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/dualchain/dualchain/internal/paging"
)

func TestPagesAreBounded(t *testing.T) {
	for name, tc := range map[string]struct {
		page *query.PageRequest
		err  string // "" for none
	}{
		"none":             {nil, ""},
		"the default":      {new(query.PageRequest), ""},
		"the largest":      {&query.PageRequest{Limit: paging.MaxLimit, Offset: paging.MaxOffset}, ""},
		"one entry more":   {&query.PageRequest{Limit: paging.MaxLimit + 1}, "pagination.limit: expected at most 1000, found 1001"},
		"one more skipped": {&query.PageRequest{Offset: paging.MaxOffset + 1}, "pagination.offset: expected at most 10000, found 10001"},
	} {
		if err := paging.Check(tc.page); (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: expected %q, found %v", name, tc.err, err)
		}
	}
}
