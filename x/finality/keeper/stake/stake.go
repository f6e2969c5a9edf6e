// Package stake is what stands behind the voters: registrations, delegations and unbonding entries, penalties and rewards. It
// knows nothing of voter sets, votes or eras: the caller passes what it needs to know of them.
package stake

import (
	"cosmossdk.io/collections"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Keeper owns the state of voters and their stake.
type Keeper struct {
	params   state.Params
	accounts types.AccountKeeper
	bank     types.BankKeeper
	keys     *bls.Cache // node-local: parsed keys by their bytes

	// voters.go
	voters      collections.Map[uint64, types.Voter]
	byOperator  collections.Map[[]byte, uint64]
	byKey       collections.Map[[]byte, uint64] // every key ever used
	voterSeq    collections.Sequence
	ranking     collections.Map[collections.Pair[[]byte, uint64], []byte] // (counted stake inverted, index) → key; voters with some, neither jailed nor tombstoned
	tombstones  collections.KeySet[collections.Pair[uint64, []byte]]      // (clock of the tombstone, key)
	possessions collections.Map[uint64, []byte]                           // proofs of possession, until the anchor

	// delegations.go, unbonding.go
	delegations           collections.Map[collections.Pair[uint64, []byte], types.Positions]
	promotions            collections.Map[collections.Pair[uint64, uint64], types.Promotion] // (voter, pool)
	delegationsByOwner    collections.KeySet[collections.Pair[[]byte, uint64]]
	unbondings            collections.Map[uint64, types.Unbonding]
	unbondingSeq          collections.Sequence
	unbondingsByDelegator collections.KeySet[collections.Pair[[]byte, uint64]]
	unbondingQueue        collections.KeySet[collections.Pair[uint64, uint64]] // (clock, id), of clocks above 0
	unbondingTimes        collections.KeySet[collections.Pair[int64, uint64]]  // (completion time, id), of clock 0
}

// New adds the component's collections to a schema.
func New(
	sb *collections.SchemaBuilder, cdc codec.BinaryCodec, params state.Params,
	accounts types.AccountKeeper, bank types.BankKeeper, keys *bls.Cache,
) *Keeper {
	owned := collections.PairKeyCodec(collections.BytesKey, collections.Uint64Key)
	return &Keeper{
		params: params, accounts: accounts, bank: bank, keys: keys,

		voters:     collections.NewMap(sb, types.VotersPrefix, "voters", collections.Uint64Key, codec.CollValue[types.Voter](cdc)),
		byOperator: collections.NewMap(sb, types.VotersByOperatorPrefix, "voters_by_operator", collections.BytesKey, collections.Uint64Value),
		byKey:      collections.NewMap(sb, types.VotersByKeyPrefix, "voters_by_key", collections.BytesKey, collections.Uint64Value),
		voterSeq:   collections.NewSequence(sb, types.VoterSequencePrefix, "voter_sequence"),
		ranking:    collections.NewMap(sb, types.RankingPrefix, "ranking", owned, collections.BytesValue),
		tombstones: collections.NewKeySet(sb, types.TombstonesPrefix, "tombstones",
			collections.PairKeyCodec(collections.Uint64Key, collections.BytesKey)),
		possessions: collections.NewMap(sb, types.PossessionsPrefix, "possessions", collections.Uint64Key, collections.BytesValue),

		delegations: collections.NewMap(sb, types.DelegationsPrefix, "delegations",
			collections.PairKeyCodec(collections.Uint64Key, collections.BytesKey), codec.CollValue[types.Positions](cdc)),
		promotions: collections.NewMap(sb, types.PromotionsPrefix, "promotions",
			collections.PairKeyCodec(collections.Uint64Key, collections.Uint64Key), codec.CollValue[types.Promotion](cdc)),
		delegationsByOwner:    collections.NewKeySet(sb, types.DelegationsByDelegatorPrefix, "delegations_by_delegator", owned),
		unbondings:            collections.NewMap(sb, types.UnbondingsPrefix, "unbondings", collections.Uint64Key, codec.CollValue[types.Unbonding](cdc)),
		unbondingSeq:          collections.NewSequence(sb, types.UnbondingSequencePrefix, "unbonding_sequence"),
		unbondingsByDelegator: collections.NewKeySet(sb, types.UnbondingsByDelegatorPrefix, "unbondings_by_delegator", owned),
		unbondingQueue: collections.NewKeySet(sb, types.UnbondingQueuePrefix, "unbonding_queue",
			collections.PairKeyCodec(collections.Uint64Key, collections.Uint64Key)),
		unbondingTimes: collections.NewKeySet(sb, types.UnbondingTimesPrefix, "unbonding_times",
			collections.PairKeyCodec(collections.Int64Key, collections.Uint64Key)),
	}
}
