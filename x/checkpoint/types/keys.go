// Package types holds the messages, stored values and interfaces of x/checkpoint.
package types

import "cosmossdk.io/collections"

const (
	// ModuleName is the module's name, also in routes and errors.
	ModuleName = "checkpoint"
	// StoreKey is the module's key in the multistore.
	StoreKey = ModuleName
)

// Store prefixes, one per collection.
var (
	ParamsPrefix     = collections.NewPrefix(0)
	AnchorPrefix     = collections.NewPrefix(1)
	NextHeightPrefix = collections.NewPrefix(2)
	HeadPrefix       = collections.NewPrefix(3)
	JustifiedPrefix  = collections.NewPrefix(4)
	FinalizedPrefix  = collections.NewPrefix(5)
	RecordsPrefix    = collections.NewPrefix(6)
	HeightsPrefix    = collections.NewPrefix(7)
	HistoryPrefix    = collections.NewPrefix(8)
	NodesPrefix      = collections.NewPrefix(9)
	CertifiedPrefix  = collections.NewPrefix(10)
)
