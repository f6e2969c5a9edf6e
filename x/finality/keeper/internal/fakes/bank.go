package fakes

import (
	"context"
	"errors"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/x/finality/types"
)

// Bank is balances of one coin.
type Bank struct {
	Balances map[string]math.Int // by address, as raw bytes
	Blocked  map[string]bool
	Deleted  map[string]bool // accounts that don't exist
	Extra    math.Int        // supply that no account here has
}

var _ types.BankKeeper = (*Bank)(nil)

// Fund mints coins to an account.
func (b *Bank) Fund(addr sdk.AccAddress, amount math.Int) { b.add(addr, amount) }

// Of returns an account's balance.
func (b *Bank) Of(addr sdk.AccAddress) math.Int {
	if balance, has := b.Balances[string(addr)]; has {
		return balance
	}
	return math.ZeroInt()
}

// OfModule returns the balance of a module's account.
func (b *Bank) OfModule(name string) math.Int { return b.Of(authtypes.NewModuleAddress(name)) }

func (b *Bank) add(addr sdk.AccAddress, amount math.Int) {
	b.Balances[string(addr)] = b.Of(addr).Add(amount)
}

func (b *Bank) move(from, to sdk.AccAddress, coins sdk.Coins) error {
	amount := coins.AmountOf(Denom)
	if b.Of(from).LT(amount) {
		return errors.New("insufficient funds")
	}
	b.add(from, amount.Neg())
	b.add(to, amount)
	return nil
}

// BlockedAddr reports whether an account may not receive coins.
func (b *Bank) BlockedAddr(addr sdk.AccAddress) bool { return b.Blocked[string(addr)] }

// GetBalance returns an account's balance.
func (b *Bank) GetBalance(_ context.Context, addr sdk.AccAddress, denom string) sdk.Coin {
	return sdk.NewCoin(denom, b.Of(addr))
}

// GetSupply returns the sum of all balances.
func (b *Bank) GetSupply(_ context.Context, denom string) sdk.Coin {
	sum := math.ZeroInt()
	if !b.Extra.IsNil() {
		sum = b.Extra
	}
	for _, balance := range b.Balances {
		sum = sum.Add(balance)
	}
	return sdk.NewCoin(denom, sum)
}

// DelegateCoinsFromAccountToModule moves coins.
func (b *Bank) DelegateCoinsFromAccountToModule(_ context.Context, from sdk.AccAddress, module string, coins sdk.Coins) error {
	return b.move(from, authtypes.NewModuleAddress(module), coins)
}

// UndelegateCoinsFromModuleToAccount moves coins. It fails halfway if the account does not exist, as x/bank's does.
func (b *Bank) UndelegateCoinsFromModuleToAccount(ctx context.Context, module string, to sdk.AccAddress, coins sdk.Coins) error {
	if b.Deleted[string(to)] {
		spend(ctx)
		return errors.New("account does not exist")
	}
	return b.move(authtypes.NewModuleAddress(module), to, coins)
}

// spend leaves what half a send leaves that can be seen in a context.
func spend(ctx context.Context) {
	sdk.UnwrapSDKContext(ctx).EventManager().EmitEvent(sdk.NewEvent("coin_spent"))
}

// SendCoinsFromModuleToAccount moves coins, unless the account may not receive any: then it fails halfway.
func (b *Bank) SendCoinsFromModuleToAccount(ctx context.Context, module string, to sdk.AccAddress, coins sdk.Coins) error {
	if b.BlockedAddr(to) {
		spend(ctx)
		return errors.New("not allowed to receive funds")
	}
	return b.move(authtypes.NewModuleAddress(module), to, coins)
}

// SendCoinsFromModuleToModule moves coins.
func (b *Bank) SendCoinsFromModuleToModule(_ context.Context, from, to string, coins sdk.Coins) error {
	return b.move(authtypes.NewModuleAddress(from), authtypes.NewModuleAddress(to), coins)
}

// BurnCoins destroys coins.
func (b *Bank) BurnCoins(_ context.Context, module string, coins sdk.Coins) error {
	from := authtypes.NewModuleAddress(module)
	if b.Of(from).LT(coins.AmountOf(Denom)) {
		return errors.New("insufficient funds")
	}
	b.add(from, coins.AmountOf(Denom).Neg())
	return nil
}
