// Package types holds the messages, stored values and interfaces of x/finality.
package types

import "cosmossdk.io/collections"

const (
	// ModuleName is the module's name, and that of the account that holds all bonded and unbonding stake.
	ModuleName = "finality"
	// StoreKey is the module's key in the multistore.
	StoreKey = ModuleName
	// TransientStoreKey is the key of what lives for one block.
	TransientStoreKey = "transient_" + ModuleName
	// RewardsName is the account of the finality pool: rewards that no era has paid yet.
	RewardsName = "finality_rewards"
)

// Million is the denominator of fractions in parts per million.
const Million = 1_000_000

// Store prefixes, one per collection.
var (
	ParamsPrefix                 = collections.NewPrefix(0)
	VotersPrefix                 = collections.NewPrefix(1)
	VotersByOperatorPrefix       = collections.NewPrefix(2)
	VotersByKeyPrefix            = collections.NewPrefix(3)
	VoterSequencePrefix          = collections.NewPrefix(4)
	RankingPrefix                = collections.NewPrefix(5)
	TombstonesPrefix             = collections.NewPrefix(6)
	DelegationsPrefix            = collections.NewPrefix(7)
	DelegationsByDelegatorPrefix = collections.NewPrefix(8)
	UnbondingsPrefix             = collections.NewPrefix(9)
	UnbondingSequencePrefix      = collections.NewPrefix(10)
	UnbondingsByDelegatorPrefix  = collections.NewPrefix(11)
	UnbondingQueuePrefix         = collections.NewPrefix(12)
	ClocksPrefix                 = collections.NewPrefix(13)
	PairsPrefix                  = collections.NewPrefix(14)
	InForcePrefix                = collections.NewPrefix(15)
	SetsPrefix                   = collections.NewPrefix(16)
	SetUsesPrefix                = collections.NewPrefix(17)
	NextSetPrefix                = collections.NewPrefix(18)
	TalliesPrefix                = collections.NewPrefix(19)
	FirstRecordPrefix            = collections.NewPrefix(20)
	EraPrefix                    = collections.NewPrefix(21)
	ClosedErasPrefix             = collections.NewPrefix(22)
	SettlementPrefix             = collections.NewPrefix(23)
	ScoresPrefix                 = collections.NewPrefix(24)
	EvidencePrefix               = collections.NewPrefix(25)
	EvidenceSequencePrefix       = collections.NewPrefix(26)
	PossessionsPrefix            = collections.NewPrefix(27)
	ArchivePrefix                = collections.NewPrefix(28)
	ArchivedEpochsPrefix         = collections.NewPrefix(29)
	ArchivedAnchorPrefix         = collections.NewPrefix(30)
	ClockEndsPrefix              = collections.NewPrefix(31)
	UnbondingTimesPrefix         = collections.NewPrefix(32)
	PromotionsPrefix             = collections.NewPrefix(33)
	LastPairsPrefix              = collections.NewPrefix(34)

	TouchedPrefix = collections.NewPrefix(0) // transient
)
