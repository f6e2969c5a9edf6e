// Package importcost is a program of somebody else: a Go module of its own that imports the verifier. Its test lists the modules
// that this import brings along.
package importcost

import (
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/light"
)

// Verifier verifies what providers return for a chain with an unbonding time of three weeks.
func Verifier(chainID string) light.Verifier {
	options := cert.Options{Now: time.Now(), UnbondingTime: 21 * 24 * time.Hour}
	return light.Verifier{ChainID: chainID, Options: options, Policy: light.DefaultPolicy()}
}
