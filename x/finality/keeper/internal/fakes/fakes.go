// Package fakes is a chain in memory for tests of the keeper's components: a store that counts, a bank, and checkpoints.
package fakes

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"
	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// ChainID is the name of every chain under test.
const ChainID = "fake"

// Denom is the coin that voters bond.
const Denom = "stake"

// Store is a key-value store in memory that counts the bytes that are read from it and written to it.
type Store struct {
	*dbm.MemDB
	Read, Written int
}

// OpenKVStore returns the store.
func (s *Store) OpenKVStore(context.Context) corestore.KVStore { return s }

// Get returns a value, and counts it.
func (s *Store) Get(key []byte) ([]byte, error) {
	value, err := s.MemDB.Get(key)
	s.Read += len(key) + len(value)
	return value, err
}

// Set writes a value, and counts it.
func (s *Store) Set(key, value []byte) error {
	s.Written += len(key) + len(value)
	return s.MemDB.Set(key, value)
}

// Iterator counts the values that are read through it.
func (s *Store) Iterator(start, end []byte) (corestore.Iterator, error) {
	it, err := s.MemDB.Iterator(start, end)
	return iterator{it, s}, err
}

type iterator struct {
	corestore.Iterator
	store *Store
}

func (i iterator) Value() []byte {
	value := i.Iterator.Value()
	i.store.Read += len(value)
	return value
}

// World is a chain under test.
type World struct {
	Ctx         sdk.Context
	Store       *Store
	Schema      *collections.SchemaBuilder
	Transient   *collections.SchemaBuilder
	Codec       codec.BinaryCodec
	Params      types.Params
	Bank        *Bank
	Checkpoints *Checkpoints
	KeyCache    *bls.Cache
}

// New returns a chain with default parameters and an empty bank.
func New() *World {
	store, transient := &Store{MemDB: dbm.NewMemDB()}, &Store{MemDB: dbm.NewMemDB()}
	params := types.DefaultParams()
	params.BondDenom = Denom
	return &World{
		Ctx: sdk.NewContext(rootmulti.NewStore(dbm.NewMemDB(), log.NewNopLogger()).CacheMultiStore(), cmtproto.Header{ChainID: ChainID}, false, log.NewNopLogger()).
			WithBlockTime(time.Unix(1_000_000, 0).UTC()),
		Store:       store,
		Schema:      collections.NewSchemaBuilder(store),
		Transient:   collections.NewSchemaBuilder(transient),
		Codec:       codec.NewProtoCodec(codectypes.NewInterfaceRegistry()),
		Params:      params,
		Bank:        &Bank{Balances: map[string]math.Int{}, Blocked: map[string]bool{}, Deleted: map[string]bool{}},
		Checkpoints: &Checkpoints{Reads: map[uint64]int{}},
		KeyCache:    bls.NewCache(1 << 10),
	}
}

// ReadParams returns the chain's parameters.
func (w *World) ReadParams(context.Context) (types.Params, error) { return w.Params, nil }

// Save remembers the stored state and the balances, and returns a function that restores them, as a failed transaction does.
func (w *World) Save() (restore func()) {
	store, balances := dbm.NewMemDB(), maps.Clone(w.Bank.Balances)
	copyAll(w.Store.MemDB, store)
	return func() { w.Store.MemDB, w.Bank.Balances = store, balances }
}

func copyAll(from, to *dbm.MemDB) {
	it, err := from.Iterator(nil, nil)
	if err != nil {
		panic(err)
	}
	defer it.Close()
	for ; it.Valid(); it.Next() {
		if err := to.Set(it.Key(), it.Value()); err != nil {
			panic(err)
		}
	}
}

// Wait lets time pass.
func (w *World) Wait(d time.Duration) { w.Ctx = w.Ctx.WithBlockTime(w.Ctx.BlockTime().Add(d)) }

// Coin returns an amount of what voters bond.
func Coin(amount int64) sdk.Coin { return sdk.NewInt64Coin(Denom, amount) }

// Voter is an operator with its key.
type Voter struct {
	Operator sdk.AccAddress
	Secret   *bls.SecretKey
	Key      ffg.PublicKey
}

// NewVoter returns the voter with this number.
func NewVoter(i int) Voter {
	secret, err := bls.KeyFromSeed(binary.BigEndian.AppendUint64(make([]byte, bls.MinSeedSize), uint64(i)))
	if err != nil {
		panic(err)
	}
	return Voter{Operator: sdk.AccAddress(fmt.Sprintf("operator %011d", i)), Secret: secret, Key: secret.PublicKey().Bytes()}
}

// Registers returns the message by which an operator registers the voter's key, with its proof of possession.
func (v Voter) Registers(t testing.TB, operator sdk.AccAddress, amount sdk.Coin) *types.MsgRegisterVoter {
	root, err := ffg.Possession(ffg.Domain(ChainID), operator, v.Key)
	require.NoError(t, err)
	proof := v.Secret.ProvePossession(root)
	return &types.MsgRegisterVoter{
		Operator: operator.String(), PubKey: v.Key.String(), Possession: proof[:], Amount: amount,
		MaxCommissionPpm: types.Million, MaxCommissionChangePpm: types.Million,
	}
}

// Accounts has every account.
type Accounts struct{}

// GetModuleAddress returns the address of a module's account.
func (Accounts) GetModuleAddress(name string) sdk.AccAddress { return authtypes.NewModuleAddress(name) }

// GetModuleAddressAndPermissions returns the address of a module's account.
func (Accounts) GetModuleAddressAndPermissions(name string) (sdk.AccAddress, []string) {
	return authtypes.NewModuleAddress(name), nil
}

// GetAccount finds no account at a module's address.
func (Accounts) GetAccount(context.Context, sdk.AccAddress) sdk.AccountI { return nil }

// SetAccount does nothing.
func (Accounts) SetAccount(context.Context, sdk.AccountI) {}

// HasAccount is always true.
func (Accounts) HasAccount(context.Context, sdk.AccAddress) bool { return true }

var _ types.AccountKeeper = Accounts{}
