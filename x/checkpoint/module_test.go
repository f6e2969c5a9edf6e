package checkpoint_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	corestore "cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/checkpoint"
	"github.com/dualchain/dualchain/x/checkpoint/keeper"
	"github.com/dualchain/dualchain/x/checkpoint/types"
)

// noStore fails the test if it is opened.
type noStore struct{ t *testing.T }

func (s noStore) OpenKVStore(context.Context) corestore.KVStore {
	require.Fail(s.t, "the store was opened")
	return nil
}

func TestAModuleWithoutVoterSetsDoesNotStart(t *testing.T) {
	k := keeper.NewKeeper(codec.NewProtoCodec(codectypes.NewInterfaceRegistry()), noStore{t}, "authority")
	require.ErrorIs(t, checkpoint.NewAppModule(k).RegisterServices(nil), types.ErrNoVoterSets)
	require.ErrorIs(t, k.InitGenesis(sdk.Context{}, *types.DefaultGenesis()), types.ErrNoVoterSets)
}
