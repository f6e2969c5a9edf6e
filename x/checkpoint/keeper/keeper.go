// Package keeper is the chain of checkpoints: it proposes them, holds the justified and the finalized head, and keeps
// the Merkle history of block hashes. It knows nothing of voters but the hashes of their sets.
package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
	"github.com/dualchain/dualchain/x/checkpoint/types"
)

// Keeper owns the state of x/checkpoint.
type Keeper struct {
	authority string // the account that may change the parameters
	sets      types.VoterSets
	hooks     []types.Hooks

	Schema collections.Schema
	params collections.Item[types.Params]

	anchorHeight collections.Item[uint64] // height of epoch 0; absent before the anchor
	nextHeight   collections.Item[uint64] // where the next checkpoint is due
	head         collections.Item[uint64] // latest epoch
	justified    collections.Item[uint64] // latest justified epoch
	finalized    collections.Item[uint64] // latest finalized epoch

	records      collections.Map[uint64, types.Record] // by epoch
	heights      collections.Map[uint64, uint64]       // checkpoint height → epoch
	certified    collections.KeySet[uint64]            // epochs that the finalized head has moved to: each is the source of a finalizing link
	history      collections.Item[history.History]
	historyNodes collections.Map[collections.Pair[uint32, uint64], []byte] // perfect node (level, index) → hash
}

// NewKeeper returns the keeper; authority is the bech32 address that may change the parameters. Before the module's
// services are registered, SetVoterSets must have told it who decides the voter sets.
func NewKeeper(cdc codec.BinaryCodec, service store.KVStoreService, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(service)
	k := &Keeper{
		authority:    authority,
		params:       collections.NewItem(sb, types.ParamsPrefix, "params", codec.CollValue[types.Params](cdc)),
		anchorHeight: collections.NewItem(sb, types.AnchorPrefix, "anchor", collections.Uint64Value),
		nextHeight:   collections.NewItem(sb, types.NextHeightPrefix, "next_height", collections.Uint64Value),
		head:         collections.NewItem(sb, types.HeadPrefix, "head", collections.Uint64Value),
		justified:    collections.NewItem(sb, types.JustifiedPrefix, "justified", collections.Uint64Value),
		finalized:    collections.NewItem(sb, types.FinalizedPrefix, "finalized", collections.Uint64Value),
		records:      collections.NewMap(sb, types.RecordsPrefix, "records", collections.Uint64Key, types.RecordValue),
		heights:      collections.NewMap(sb, types.HeightsPrefix, "heights", collections.Uint64Key, collections.Uint64Value),
		certified:    collections.NewKeySet(sb, types.CertifiedPrefix, "certified", collections.Uint64Key),
		history:      collections.NewItem(sb, types.HistoryPrefix, "history", types.HistoryValue),
		historyNodes: collections.NewMap(sb, types.NodesPrefix, "nodes",
			collections.PairKeyCodec(collections.Uint32Key, collections.Uint64Key), collections.BytesValue),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err) // two collections share a prefix: a programming error, met by every test
	}
	k.Schema = schema
	return k
}

// SetVoterSets names the module that decides the voter sets.
func (k *Keeper) SetVoterSets(sets types.VoterSets) { k.sets = sets }

// CheckWiring returns ErrNoVoterSets if nobody has called SetVoterSets: the module can't start then.
func (k *Keeper) CheckWiring() error {
	if k.sets == nil {
		return types.ErrNoVoterSets
	}
	return nil
}

// AddHooks subscribes to the transitions of checkpoints.
func (k *Keeper) AddHooks(hooks ...types.Hooks) { k.hooks = append(k.hooks, hooks...) }

// HeadEpoch returns the latest epoch, or false before the anchor.
func (k *Keeper) HeadEpoch(ctx context.Context) (uint64, bool, error) {
	head, err := k.head.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, false, nil
	}
	return head, err == nil, err
}

// FinalizedEpoch returns the finalized head, or 0 before the anchor.
func (k *Keeper) FinalizedEpoch(ctx context.Context) (uint64, error) {
	epoch, err := k.finalized.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return epoch, err
}

// CertifiedEpoch returns the first kept epoch at or above another that the finalized head has moved to: some link from it
// has only justified epochs up to its target. It is false if no such epoch is kept.
func (k *Keeper) CertifiedEpoch(ctx context.Context, atOrAbove uint64) (epoch uint64, has bool, err error) {
	err = k.certified.Walk(ctx, new(collections.Range[uint64]).StartInclusive(atOrAbove), func(e uint64) (bool, error) {
		epoch, has = e, true
		return true, nil
	})
	if err != nil {
		return 0, false, fmt.Errorf("find a certified epoch: %w", err)
	}
	return epoch, has, nil
}

// Record returns the record of an epoch, or ErrNotFound if it was pruned or never existed.
func (k *Keeper) Record(ctx context.Context, epoch uint64) (types.Record, error) {
	r, err := k.records.Get(ctx, epoch)
	if errors.Is(err, collections.ErrNotFound) {
		return r, types.ErrNotFound.Wrapf("epoch %d", epoch)
	}
	if err != nil {
		return r, fmt.Errorf("read checkpoint %d: %w", epoch, err)
	}
	return r, nil
}

// CanonicalVote returns the only vote that honest voters cast for a target: from the source recorded with it (protocol §4).
// It reads one record, the source's.
func (k *Keeper) CanonicalVote(ctx context.Context, target types.Record) (ffg.Vote, error) {
	source, err := k.Record(ctx, target.Source)
	if err != nil {
		return ffg.Vote{}, fmt.Errorf("read source of epoch %d: %w", target.Epoch, err)
	}
	return ffg.Vote{Source: source.Ref(), Target: target.Ref()}, nil
}

// notify runs one hook of every subscriber, each in a cache context of its own.
func (k *Keeper) notify(ctx context.Context, name string, call func(context.Context, types.Hooks) error) {
	for _, h := range k.hooks {
		if err := notifyOne(ctx, h, call); err != nil {
			sdk.UnwrapSDKContext(ctx).Logger().Error("checkpoint hook", "hook", name, "subscriber", fmt.Sprintf("%T", h), "error", err)
		}
	}
}

func notifyOne(ctx context.Context, h types.Hooks, call func(context.Context, types.Hooks) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	cached, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	if err := call(cached, h); err != nil {
		return err
	}
	write()
	return nil
}
