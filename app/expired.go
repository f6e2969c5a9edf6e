package app

import (
	"fmt"
	"slices"
	"time"

	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/x/authz"
	"github.com/cosmos/cosmos-sdk/x/feegrant"

	"github.com/dualchain/dualchain/x/finality/client/genesis"
)

// dropExpired removes grants that have expired at the time of a chain's start. Any user can make a grant that expires between
// an export and the start of the chain that imports it, and x/feegrant and x/authz refuse to import such a grant.
func dropExpired(cdc codec.JSONCodec, state GenesisState, now time.Time) error {
	if _, found := state[authz.ModuleName]; found {
		err := genesis.Change(cdc, state, authz.ModuleName, func(g *authz.GenesisState) error {
			g.Authorization = slices.DeleteFunc(g.Authorization, func(grant authz.GrantAuthorization) bool {
				return grant.Expiration != nil && !grant.Expiration.After(now)
			})
			return nil
		})
		if err != nil {
			return err
		}
	}
	if _, found := state[feegrant.ModuleName]; !found {
		return nil
	}
	return genesis.Change(cdc, state, feegrant.ModuleName, func(g *feegrant.GenesisState) error {
		kept := g.Allowances[:0]
		for _, grant := range g.Allowances {
			allowance, err := grant.GetGrant()
			if err != nil {
				return fmt.Errorf("read the fee allowance of %s for %s: %w", grant.Granter, grant.Grantee, err)
			}
			expiration, err := allowance.ExpiresAt()
			if err != nil {
				return fmt.Errorf("read the expiration of the fee allowance of %s for %s: %w", grant.Granter, grant.Grantee, err)
			}
			if expiration == nil || expiration.After(now) {
				kept = append(kept, grant)
			}
		}
		g.Allowances = kept
		return nil
	})
}
