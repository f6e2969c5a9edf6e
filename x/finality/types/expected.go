package types

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
)

// Checkpoints is what x/finality asks of x/checkpoint, and the one thing that it tells it.
type Checkpoints interface {
	HeadEpoch(ctx context.Context) (uint64, bool, error)
	FinalizedEpoch(ctx context.Context) (uint64, error)
	Record(ctx context.Context, epoch uint64) (checkpointtypes.Record, error)
	CertifiedEpoch(ctx context.Context, atOrAbove uint64) (epoch uint64, has bool, err error)
	// CanonicalVote returns the only vote that counts for a target.
	CanonicalVote(ctx context.Context, target checkpointtypes.Record) (ffg.Vote, error)
	ResolveEpoch(ctx context.Context, id string) (uint64, error)
	// AddLink reports that the votes for an epoch reached quorum. It returns the checkpoints between which the finalized
	// head moved, if it moved.
	AddLink(ctx context.Context, epoch uint64) (from, to checkpointtypes.Record, moved bool, err error)
	// Prune drops checkpoints below an epoch that nobody needs for evidence any more.
	Prune(ctx context.Context, below uint64) error
}

// AccountKeeper names module accounts, and makes them such.
type AccountKeeper interface {
	GetModuleAddress(name string) sdk.AccAddress
	GetModuleAddressAndPermissions(name string) (sdk.AccAddress, []string)
	GetAccount(ctx context.Context, addr sdk.AccAddress) sdk.AccountI
	SetAccount(ctx context.Context, acc sdk.AccountI)
	HasAccount(ctx context.Context, addr sdk.AccAddress) bool
}

// BankKeeper moves stake and rewards.
type BankKeeper interface {
	BlockedAddr(addr sdk.AccAddress) bool
	GetBalance(ctx context.Context, addr sdk.AccAddress, denom string) sdk.Coin
	GetSupply(ctx context.Context, denom string) sdk.Coin
	DelegateCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, amount sdk.Coins) error
	UndelegateCoinsFromModuleToAccount(ctx context.Context, module string, to sdk.AccAddress, amount sdk.Coins) error
	SendCoinsFromModuleToAccount(ctx context.Context, module string, to sdk.AccAddress, amount sdk.Coins) error
	SendCoinsFromModuleToModule(ctx context.Context, from, to string, amount sdk.Coins) error
	BurnCoins(ctx context.Context, module string, amount sdk.Coins) error
}

// StakingKeeper tells who runs the proposal layer.
type StakingKeeper interface {
	GetValidator(ctx context.Context, addr sdk.ValAddress) (stakingtypes.Validator, error)
}
