package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	cmtabci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"
	"github.com/grpc-ecosystem/grpc-gateway/runtime"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/mempool"
	"github.com/cosmos/cosmos-sdk/types/module"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/dualchain/dualchain/x/finality/abci"
	"github.com/dualchain/dualchain/x/finality/ante"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
	"github.com/dualchain/dualchain/x/finality/wire"
)

// accounts and bank are fakes of x/auth and x/bank that know the module accounts.
type accounts map[string][]string

func (accounts) GetModuleAddress(name string) sdk.AccAddress     { return authtypes.NewModuleAddress(name) }
func (accounts) HasAccount(context.Context, sdk.AccAddress) bool { return true }

func (accounts) GetAccount(context.Context, sdk.AccAddress) sdk.AccountI { return nil }
func (accounts) SetAccount(context.Context, sdk.AccountI)                {}

func (a accounts) GetModuleAddressAndPermissions(name string) (sdk.AccAddress, []string) {
	permissions, has := a[name]
	if !has {
		return nil, nil
	}
	return authtypes.NewModuleAddress(name), permissions
}

type bank struct {
	finalitytypes.BankKeeper
	blocks accounts
}

func (b bank) BlockedAddr(addr sdk.AccAddress) bool {
	for name := range b.blocks {
		if addr.Equals(authtypes.NewModuleAddress(name)) {
			return true
		}
	}
	return false
}

// named is one of the chain's own modules.
type named string

func (n named) Name() string                                  { return string(n) }
func (named) IsAppModule()                                    {}
func (named) IsOnePerModuleType()                             {}
func (named) RegisterLegacyAminoCodec(*codec.LegacyAmino)     {}
func (named) RegisterInterfaces(codectypes.InterfaceRegistry) {}
func (named) ConsensusVersion() uint64                        { return 1 }

func (named) RegisterGRPCGatewayRoutes(client.Context, *runtime.ServeMux) {}

// chain is an application of a few fake modules, with one step left out.
type chain struct {
	app      *baseapp.BaseApp
	codec    codec.Codec
	manager  *module.Manager
	modules  wire.Modules
	handlers *wire.Handlers
}

func refuseAll(ctx sdk.Context, _ sdk.Tx, _ bool) (sdk.Context, error) {
	return ctx, errors.New("no signatures supplied")
}

// assemble goes through the moments of an app.go, up to Seal.
func assemble(omitted string) (chain, error) {
	omits := func(step string) bool { return step == omitted }
	options := signing.Options{AddressCodec: address.NewBech32Codec("toy"), ValidatorAddressCodec: address.NewBech32Codec("toyvaloper")}
	others := options // what the registry is made from if the step is left out
	signers := wire.Signers(&options)
	if omits("signers") {
		options = others
	}
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver, SigningOptions: options,
	})
	if err != nil {
		return chain{}, err
	}
	cdc := codec.NewProtoCodec(registry)
	app := baseapp.NewBaseApp("toy", log.NewNopLogger(), dbm.NewMemDB(), authtx.DefaultTxDecoder(cdc),
		baseapp.SetMempool(mempool.NewSenderNonceMempool()), baseapp.SetChainID("toy-1"))
	app.SetInterfaceRegistry(registry)
	if !omits("mempool") {
		app.SetMempool(wire.Mempool(app.Mempool()))
	}

	permissions := accounts{}
	finality := signers.Accounts(permissions)
	blocked := accounts{finalitytypes.ModuleName: nil, finalitytypes.RewardsName: nil}
	switch omitted {
	case "permissions":
		delete(permissions, finalitytypes.RewardsName)
	case "permissions: finality may not burn":
		permissions[finalitytypes.ModuleName] = []string{authtypes.Staking}
	case "permissions: anybody may send coins":
		delete(blocked, finalitytypes.ModuleName)
	}
	keepers := finality.Keepers(wire.Base{App: app, Codec: cdc, Account: permissions, Bank: bank{blocks: blocked}, Authority: "gov"})

	manager := module.NewManager(named("distribution"), named("auth"), named("bank"), named("mint"))
	manager.SetOrderBeginBlockers("mint", "distribution")
	if omitted == "nothing, with an order of migrations" {
		manager.SetOrderMigrations("bank", "distribution", "mint", "auth")
	}
	modules := keepers.Modules(manager)
	module.NewBasicManagerFromManager(manager, nil).RegisterInterfaces(registry)
	if !omits("services") {
		if err := manager.RegisterServices(module.NewConfigurator(cdc, app.MsgServiceRouter(), app.GRPCQueryRouter())); err != nil {
			return chain{}, err
		}
	}
	switch omitted {
	case "orders":
		manager.SetOrderEndBlockers("checkpoint", "finality")
	case "orders: distribution comes first":
		manager.SetOrderBeginBlockers("mint", "distribution", "finality", "checkpoint")
	case "orders: bank comes too late":
		manager.SetOrderInitGenesis("finality", "checkpoint", "bank", "mint", "auth", "distribution")
	case "orders: no migrations":
		manager.OrderMigrations = []string{"bank", "distribution", "mint", "finality", "auth"}
	case "orders may be alphabetical for migrations":
		manager.SetOrderMigrations("bank", "checkpoint", "distribution", "finality", "mint", "auth")
	}

	app.SetAnteHandler(ante.Wrap(refuseAll))
	if omits("ante") {
		app.SetAnteHandler(refuseAll)
	}
	c := chain{app: app, codec: cdc, manager: manager, modules: modules, handlers: modules.Handlers(abci.Own{})}
	if omits("handlers") {
		c.handlers = nil
	}
	return c, nil
}

func TestSealNamesTheStepThatIsMissing(t *testing.T) {
	for _, step := range []string{
		"signers", "services", "permissions", "permissions: finality may not burn", "permissions: anybody may send coins",
		"orders", "orders: distribution comes first", "orders: bank comes too late", "orders: no migrations", "mempool", "ante", "handlers",
	} {
		t.Run(step, func(t *testing.T) {
			c, err := assemble(step)
			if err != nil {
				t.Fatal(err)
			}
			err = wire.Seal(c.handlers)
			name, _, _ := strings.Cut(step, ":")
			if !errors.Is(err, wire.ErrUnwired) || !strings.HasPrefix(err.Error(), wire.ErrUnwired.Error()+": "+name+": ") {
				t.Fatalf("expected a refusal that names %s, found %v", name, err)
			}
		})
	}
}

func TestSealAcceptsAnApplicationThatLacksNothing(t *testing.T) {
	for _, variant := range []string{"nothing", "nothing, with an order of migrations", "orders may be alphabetical for migrations"} {
		c, err := assemble(variant)
		if err != nil {
			t.Fatal(err)
		}
		if err := wire.Seal(c.handlers); err != nil {
			t.Errorf("%s: expected no refusal, found %v", variant, err)
		}
	}
}

// begin loads the state and begins a block as BaseApp does: the pre-blocker first.
func (c chain) begin(t *testing.T, maxGas int64) error {
	t.Helper()
	if !c.app.IsSealed() {
		if err := c.app.LoadLatestVersion(); err != nil {
			t.Fatal(err)
		}
	}
	ctx := sdk.NewContext(c.app.CommitMultiStore().CacheMultiStore(), cmtproto.Header{Height: 1}, false, log.NewNopLogger()).
		WithConsensusParams(cmtproto.ConsensusParams{Block: &cmtproto.BlockParams{MaxBytes: 1 << 20, MaxGas: maxGas}})
	if preBlocker := c.app.PreBlocker(); preBlocker != nil {
		if _, err := preBlocker(ctx, &cmtabci.RequestFinalizeBlock{Height: 1}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.manager.BeginBlock(ctx)
	return err
}

func TestTheFirstBlockNamesTheStepThatIsMissing(t *testing.T) {
	for _, tc := range []struct {
		name, expected string
		prepare        func(*testing.T, chain)
		maxGas         int64
	}{
		{"nothing is missing", "", sealed, 1},
		{"never sealed", "handlers: ", func(*testing.T, chain) {}, 1},
		{"other orders since", "orders: ", func(t *testing.T, c chain) {
			sealed(t, c)
			slices.Reverse(c.manager.OrderInitGenesis)
		}, 1},
		{"another pre-blocker since", "handlers: the pre-blocker ", func(t *testing.T, c chain) {
			sealed(t, c)
			c.app.SetPreBlocker(func(sdk.Context, *cmtabci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
				return new(sdk.ResponsePreBlock), nil
			})
		}, 1},
		{"no pre-blocker since", "handlers: the pre-blocker ", func(t *testing.T, c chain) {
			sealed(t, c)
			c.app.SetPreBlocker(nil)
		}, 1},
		{"a pre-blocker around ours since", "", func(t *testing.T, c chain) {
			sealed(t, c)
			ours := c.app.PreBlocker()
			c.app.SetPreBlocker(func(ctx sdk.Context, req *cmtabci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
				return ours(ctx, req)
			})
		}, 1},
		{"another CheckTx since", "handlers: the CheckTx handler ", func(t *testing.T, c chain) {
			sealed(t, c)
			c.app.SetCheckTxHandler(func(sdk.RunTx, *cmtabci.RequestCheckTx) (*cmtabci.ResponseCheckTx, error) {
				return new(cmtabci.ResponseCheckTx), nil
			})
		}, 1},
		{"no CheckTx since", "handlers: ", func(t *testing.T, c chain) {
			sealed(t, c)
			c.app.SetCheckTxHandler(nil)
		}, 1},
		{"no gas limit", "max_gas: ", sealed, -1},
		{"no gas limit to the SDK", "max_gas: ", sealed, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := assemble("")
			if err != nil {
				t.Fatal(err)
			}
			tc.prepare(t, c)
			err = c.begin(t, tc.maxGas)
			if tc.expected == "" { // the keeper's own BeginBlock finds no genesis
				if errors.Is(err, wire.ErrUnwired) {
					t.Fatalf("expected no refusal, found %v", err)
				}
				return
			}
			for range 2 { // a node that is asked again refuses again
				if !errors.Is(err, wire.ErrUnwired) || !strings.HasPrefix(err.Error(), wire.ErrUnwired.Error()+": "+tc.expected) {
					t.Fatalf("expected a refusal that names %s, found %v", tc.expected, err)
				}
				err = c.begin(t, tc.maxGas)
			}
		})
	}
}

func sealed(t *testing.T, c chain) {
	t.Helper()
	if err := wire.Seal(c.handlers); err != nil {
		t.Fatal(err)
	}
}

func TestThePreBlockerOfTheChainRuns(t *testing.T) {
	for name, set := range map[string]func(c *chain, preBlocker sdk.PreBlocker){
		"set on the application": func(c *chain, p sdk.PreBlocker) { c.app.SetPreBlocker(p) },
		"given to Handlers":      func(c *chain, p sdk.PreBlocker) { c.handlers = c.modules.Handlers(abci.Own{PreBlocker: p}) },
	} {
		c, err := assemble("")
		if err != nil {
			t.Fatal(err)
		}
		ran := 0
		set(&c, func(sdk.Context, *cmtabci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
			ran++
			return new(sdk.ResponsePreBlock), nil
		})
		sealed(t, c)
		if err := c.begin(t, 1); errors.Is(err, wire.ErrUnwired) || ran != 1 {
			t.Errorf("%s: expected it to run once, found %d times (%v)", name, ran, err)
		}
	}
}

// foreign is a transaction in an encoding that the SDK doesn't know.
var foreign = []byte("foreign")

// paying is a transaction that wants gas.
type paying struct{ sdk.FeeTx }

func (paying) GetMsgs() []sdk.Msg { return nil }
func (paying) GetGas() uint64     { return 1 }

// A chain whose transactions are in an encoding of its own gives its decoder to BaseApp, which is enough.
func TestTheChainsOwnDecoderReadsItsTransactions(t *testing.T) {
	for name, reads := range map[string]bool{"its own": true, "the SDK's": false} {
		c, err := assemble("")
		if err != nil {
			t.Fatal(err)
		}
		if reads {
			decode := authtx.DefaultTxDecoder(c.codec)
			c.app.SetTxDecoder(func(txBytes []byte) (sdk.Tx, error) {
				if bytes.Equal(txBytes, foreign) {
					return paying{}, nil
				}
				return decode(txBytes)
			})
		}
		sealed(t, c)
		if err := c.app.LoadLatestVersion(); err != nil {
			t.Fatal(err)
		}
		block, err := c.app.PrepareProposal(&cmtabci.RequestPrepareProposal{Height: 1, MaxTxBytes: 1 << 20, Txs: [][]byte{foreign}})
		if err != nil {
			t.Fatal(err)
		}
		if proposed := len(block.Txs) == 1; proposed != reads {
			t.Errorf("%s: expected the transaction to be proposed: %t; found %d transactions", name, reads, len(block.Txs))
		}
	}
}

func TestBothModulesStandInEachOrder(t *testing.T) {
	c, err := assemble("nothing, with an order of migrations")
	if err != nil {
		t.Fatal(err)
	}
	for name, order := range map[string]struct{ expected, found []string }{
		"BeginBlock":  {[]string{"mint", "finality", "distribution", "checkpoint"}, c.manager.OrderBeginBlockers},
		"EndBlock":    {[]string{"distribution", "auth", "bank", "mint", "finality", "checkpoint"}, c.manager.OrderEndBlockers},
		"InitGenesis": {[]string{"distribution", "auth", "bank", "mint", "finality", "checkpoint"}, c.manager.OrderInitGenesis},
		"export":      {[]string{"distribution", "auth", "bank", "mint", "finality", "checkpoint"}, c.manager.OrderExportGenesis},
		"migrations":  {[]string{"bank", "distribution", "mint", "finality", "checkpoint", "auth"}, c.manager.OrderMigrations},
	} {
		if !slices.Equal(order.expected, order.found) {
			t.Errorf("%s: expected %v, found %v", name, order.expected, order.found)
		}
	}
}

// pool counts what reaches it.
type pool struct {
	mempool.Mempool
	inserted, removed int
}

func (p *pool) Insert(context.Context, sdk.Tx, mempool.InsertOption) error { p.inserted++; return nil }
func (p *pool) Remove(sdk.Tx) error                                        { p.removed++; return nil }

type tx struct {
	sdk.Tx
	msgs []sdk.Msg
}

func (t tx) GetMsgs() []sdk.Msg { return t.msgs }

func TestUnsignedTransactionsNeverReachTheChainsMempool(t *testing.T) {
	p := new(pool)
	guarded := wire.Mempool(p)
	use := func(msg sdk.Msg) {
		t.Helper()
		err := errors.Join(
			guarded.Insert(t.Context(), tx{msgs: []sdk.Msg{msg}}, mempool.InsertOption{}),
			guarded.Remove(tx{msgs: []sdk.Msg{msg}}),
			guarded.RemoveWithReason(t.Context(), tx{msgs: []sdk.Msg{msg}}, mempool.RemoveReason{}))
		if err != nil {
			t.Fatal(err)
		}
	}
	use(&finalitytypes.MsgSubmitVotes{})
	use(&finalitytypes.MsgSubmitEvidence{})
	if p.inserted != 0 || p.removed != 0 {
		t.Errorf("unsigned: expected nothing to reach the mempool, found %+v", p)
	}
	use(&finalitytypes.MsgSubmitVotes{Submitter: "toy1"})
	if p.inserted != 1 || p.removed != 2 {
		t.Errorf("signed: expected one insertion and two removals, found %+v", p)
	}
	if _, same := wire.Mempool(mempool.NoOpMempool{}).(mempool.NoOpMempool); !same {
		t.Error("the SDK's proposal handlers look for a NoOpMempool: expected to find it")
	}
}

func ExampleSeal() {
	c, err := assemble("ante") // goes through the moments of an app.go, on fakes, and forgets one
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(wire.Seal(c.handlers))
	// Output: the finality layer is not wired: ante: wrap the ante handler with ante.Wrap: an unsigned vote was refused: no signatures supplied
}
