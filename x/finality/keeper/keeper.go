// Package keeper is the finality layer: voters and their stake, the sets that they form, their votes, and what happens to
// those that sign two conflicting ones or none. Each component, a package below this one, owns a part of the state. This package
// says what happens in a block, in order, and passes on messages and queries.
package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/keeper/archive"
	"github.com/dualchain/dualchain/x/finality/keeper/eras"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/keeper/sets"
	"github.com/dualchain/dualchain/x/finality/keeper/stake"
	"github.com/dualchain/dualchain/x/finality/keeper/votes"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Keeper puts the components together. Each uses only those above it; the archive uses none.
type Keeper struct {
	authority   string // the account that may change the parameters
	staking     types.StakingKeeper
	checkpoints types.Checkpoints

	Schema collections.Schema
	params collections.Item[types.Params]

	stake   *stake.Keeper   // voters, delegations, unbonding, penalties, rewards
	sets    *sets.Keeper    // pairs of voter sets, unbonding clocks
	votes   *votes.Keeper   // tallies, evidence
	eras    *eras.Keeper    // what participation earns and absence costs
	archive *archive.Keeper // hand-overs for light clients
}

// maxCachedKeys bounds the parsed keys that a node remembers, at 350 bytes each.
const maxCachedKeys = 1 << 17

// NewKeeper returns the keeper; authority is the bech32 address that may change the parameters. Like the SDK's keepers it panics if the
// account keeper lacks a module account: the chain would halt at its first fee or its first bond.
func NewKeeper(
	cdc codec.BinaryCodec,
	service store.KVStoreService,
	transient store.TransientStoreService,
	accounts types.AccountKeeper,
	bank types.BankKeeper,
	staking types.StakingKeeper,
	checkpoints types.Checkpoints,
	authority string,
) *Keeper {
	for _, name := range []string{types.ModuleName, types.RewardsName} {
		if accounts.GetModuleAddress(name) == nil {
			panic(fmt.Sprintf("x/finality: expected module account %s among the permissions of the account keeper, found none", name))
		}
	}
	sb := collections.NewSchemaBuilder(service)
	tb := collections.NewSchemaBuilderFromAccessor(func(ctx context.Context) store.KVStore { return transient.OpenTransientStore(ctx) })
	keys := bls.NewCache(maxCachedKeys)
	k := &Keeper{
		authority: authority, staking: staking, checkpoints: checkpoints,
		params: collections.NewItem(sb, types.ParamsPrefix, "params", codec.CollValue[types.Params](cdc)),
	}
	k.stake = stake.New(sb, cdc, k.Params, accounts, bank, keys)
	k.sets = sets.New(sb, cdc, k.Params, k.stake, keys)
	k.votes = votes.New(sb, tb, cdc, k.Params, k.stake, k.sets, bank, checkpoints, keys)
	k.eras = eras.New(sb, cdc, k.Params, k.stake, k.sets, k.votes, checkpoints)
	k.archive = archive.New(sb)
	schema, err := sb.Build()
	if err == nil {
		_, err = tb.Build()
	}
	if err != nil {
		panic(err) // two collections share a prefix: a programming error, met by every test
	}
	k.Schema = schema
	return k
}

// Params returns the parameters.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) {
	p, err := k.params.Get(ctx)
	if err != nil {
		return p, fmt.Errorf("read params: %w", err)
	}
	return p, nil
}

// LoadKeys reads the keys of the voter sets that count now or will into the node's memory, which takes about 0.1 ms each. A node
// calls it before its first block, which would wait for them otherwise. It changes no state.
func (k *Keeper) LoadKeys(ctx context.Context) error {
	oldest, head, anchored, err := k.Window(ctx)
	if err != nil || !anchored {
		return err
	}
	var hash string
	for epoch := oldest; epoch <= head; epoch++ {
		r, err := k.checkpoints.Record(ctx, epoch)
		if err != nil {
			return err
		}
		if r.VoterSetHash.String() == hash {
			continue
		}
		hash = r.VoterSetHash.String()
		if _, err := k.sets.Set(ctx, r.VoterSetHash); err != nil {
			return err
		}
	}
	_, err = k.sets.Voting(ctx)
	return err
}

// Domain returns the domain that this chain's votes are signed for.
func (k *Keeper) Domain(ctx context.Context) ffg.Root { return state.Domain(ctx) }

// BeginBlock runs after x/mint and before x/distribution: it watches the supply, and takes the finality layer's share of fees
// and inflation. Before the anchor nobody could earn a share.
func (k *Keeper) BeginBlock(ctx context.Context) error {
	if err := k.stake.WatchSupply(ctx); err != nil {
		return fmt.Errorf("watch the supply: %w", err)
	}
	if anchored, err := k.sets.Anchored(ctx); err != nil || !anchored {
		return err
	}
	return k.stake.CollectRewards(ctx)
}

// EndBlock runs before x/checkpoint's (protocol §3): first the links, then everything that is spread over blocks.
func (k *Keeper) EndBlock(ctx context.Context) error {
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"count votes", k.countVotes},
		{"settle era", k.eras.Settle},
		{"pay unbondings", func(ctx context.Context) error { return k.stake.PayUnbondings(ctx, k.sets) }},
		{"prune", k.prune},
	} {
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// countVotes reports the links of this block, and archives what they make final.
func (k *Keeper) countVotes(ctx context.Context) error {
	moves, err := k.votes.Count(ctx)
	if err != nil {
		return err
	}
	for _, move := range moves {
		if err := k.archiveMove(ctx, move); err != nil {
			return err
		}
	}
	return nil
}

// archiveMove keeps what a move of the finalized head makes worth keeping: the anchor, when the head leaves it, and the hand-over to
// a pair that changed something.
func (k *Keeper) archiveMove(ctx context.Context, move votes.Move) error {
	if move.From.Epoch == 0 {
		trust, err := k.sets.Trust(ctx, move.From)
		if err != nil {
			return fmt.Errorf("archive the anchor: %w", err)
		}
		if err := k.archive.KeepAnchor(ctx, trust); err != nil {
			return fmt.Errorf("archive the anchor: %w", err)
		}
	}
	if move.To.VoterSetHash == move.From.VoterSetHash && move.To.NextVoterSetHash == move.From.NextVoterSetHash {
		return nil
	}
	certificate, err := k.votes.Certificate(ctx, move.To.Epoch)
	if err != nil {
		return fmt.Errorf("archive the hand-over to pair %d: %w", move.To.Pair, err)
	}
	trust, err := k.sets.Trust(ctx, move.To)
	if err != nil {
		return fmt.Errorf("archive the hand-over to pair %d: %w", move.To.Pair, err)
	}
	if err := k.archive.KeepHandOver(ctx, certificate, trust); err != nil {
		return fmt.Errorf("archive the hand-over to pair %d: %w", move.To.Pair, err)
	}
	return nil
}

var _ checkpointtypes.VoterSets = (*Keeper)(nil)

// Anchor forms pair 0 of the eligible voters and begins records and eras; false while nobody is eligible. An upgrade that adds both
// modules may initialize x/checkpoint, which asks for an anchor, before this one: nobody is eligible then.
func (k *Keeper) Anchor(ctx context.Context) (checkpointtypes.Commitment, bool, error) {
	if initialized, err := k.params.Has(ctx); err != nil || !initialized {
		return checkpointtypes.Commitment{}, false, err
	}
	pair, anchored, err := k.sets.Anchor(ctx)
	if err != nil || !anchored {
		return pair, false, err
	}
	for _, begin := range []func(context.Context) error{k.stake.ForgetPossessions, k.votes.Begin, k.eras.Begin} {
		if err := begin(ctx); err != nil {
			return pair, false, err
		}
	}
	return pair, true, nil
}

// InForce returns what the latest checkpoint commits to, or false before the anchor.
func (k *Keeper) InForce(ctx context.Context) (checkpointtypes.Commitment, bool, error) {
	return k.sets.InForce(ctx)
}

// CheckKept returns an error wrapping types.ErrInvalidGenesis unless votes and eras lie within the checkpoints from oldest to head.
func (k *Keeper) CheckKept(ctx context.Context, oldest, head uint64) error {
	first, _, err := k.votes.FirstRecord(ctx)
	if err != nil {
		return err
	}
	unsettled, err := k.eras.OldestUnsettled(ctx)
	if err != nil {
		return err
	}
	open, err := k.eras.Open(ctx)
	if err != nil {
		return err
	}
	if first < oldest || unsettled.FirstEpoch < first || open.FirstEpoch > max(1, head) { // era 0 begins with epoch 1, after the anchor
		return types.ErrInvalidGenesis.Wrapf("expected votes and unsettled eras within the kept epochs %d to %d, found votes from epoch %d, "+
			"eras from epoch %d and an open era from epoch %d", oldest, head, first, unsettled.FirstEpoch, open.FirstEpoch)
	}
	return nil
}

// Propose answers with the pair that an epoch commits to. It closes the open era and installs the next pair, each if it is time.
func (k *Keeper) Propose(ctx context.Context, epoch, finalized uint64) (checkpointtypes.Commitment, error) {
	if err := k.eras.Close(ctx, epoch); err != nil {
		return checkpointtypes.Commitment{}, err
	}
	return k.sets.Propose(ctx, epoch, finalized)
}

// CheckInvariants returns an error unless the books add up, the settlement under way is covered and the archive leads to the finalized head. Genesis checks it once, tests
// after every block.
func (k *Keeper) CheckInvariants(ctx context.Context) error {
	if err := errors.Join(k.stake.CheckInvariants(ctx), k.eras.CheckInvariants(ctx)); err != nil {
		return fmt.Errorf("finality invariants: %w", err)
	}
	finalized, err := k.checkpoints.FinalizedEpoch(ctx)
	if err != nil || finalized == 0 {
		return err
	}
	head, err := k.checkpoints.Record(ctx, finalized)
	if err != nil {
		return err
	}
	if err := k.archive.CheckLeadsTo(ctx, head.Checkpoint); err != nil {
		return fmt.Errorf("finality invariants: %w", err)
	}
	return nil
}
