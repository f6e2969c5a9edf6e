package localnet

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cmtconfig "github.com/cometbft/cometbft/config"
	"github.com/cosmos/gogoproto/proto"
	"github.com/spf13/viper"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	"github.com/cosmos/cosmos-sdk/x/staking"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/dualchain/dualchain/voter/home"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/client/genesis"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// testChain has the modules whose genesis this package writes.
func testChain(t *testing.T) Chain {
	t.Helper()
	prefix := sdk.GetConfig().GetBech32AccountAddrPrefix()
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver,
		SigningOptions: signing.Options{
			AddressCodec: addresscodec.NewBech32Codec(prefix), ValidatorAddressCodec: addresscodec.NewBech32Codec(prefix + "valoper"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	cryptocodec.RegisterInterfaces(registry)
	authtypes.RegisterInterfaces(registry)
	stakingtypes.RegisterInterfaces(registry)
	cdc := codec.NewProtoCodec(registry)
	return Chain{Codec: cdc, Name: "dualchain", Defaults: genesis.State{
		"auth":       cdc.MustMarshalJSON(authtypes.DefaultGenesisState()),
		"bank":       cdc.MustMarshalJSON(banktypes.DefaultGenesisState()),
		"staking":    cdc.MustMarshalJSON(stakingtypes.DefaultGenesisState()),
		"gov":        cdc.MustMarshalJSON(govv1.DefaultGenesisState()),
		"checkpoint": cdc.MustMarshalJSON(checkpointtypes.DefaultGenesis()),
		"finality":   cdc.MustMarshalJSON(finalitytypes.DefaultGenesis()),
	}}
}

// read decodes a module's genesis.
func read[S any, P interface {
	*S
	proto.Message
}](t *testing.T, chain Chain, state genesis.State, module string,
) P {
	t.Helper()
	genesis := P(new(S))
	if err := chain.Codec.UnmarshalJSON(state[module], genesis); err != nil {
		t.Fatalf("%s: %v", module, err)
	}
	return genesis
}

func readGenesis(t *testing.T, path string) (*genutiltypes.AppGenesis, genesis.State) {
	t.Helper()
	file, err := genutiltypes.AppGenesisFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	state := genesis.State{}
	if err := json.Unmarshal(file.AppState, &state); err != nil {
		t.Fatal(err)
	}
	return file, state
}

func testSpec() Spec {
	spec := DefaultSpec()
	spec.ChainID, spec.RandomPorts = "genesis-test-1", true
	spec.Validators, spec.Voters, spec.VoterPower = 2, 3, []uint64{34, 33, 33}
	spec.Interval, spec.SetPeriod, spec.EraLength = 7, 3, 11
	return spec
}

func TestGenesisHoldsWhatTheSpecSays(t *testing.T) {
	chain := testChain(t)
	n, err := Create(filepath.Join(t.TempDir(), "net"), testSpec(), chain)
	if err != nil {
		t.Fatal(err)
	}
	genesis, state := readGenesis(t, filepath.Join(n.NodeHome("validator-0"), "config", "genesis.json"))
	if genesis.ChainID != "genesis-test-1" {
		t.Fatalf("unexpected header: %+v", genesis)
	}
	if params := genesis.Consensus.Params; params.ValidateBasic() != nil || params.Block.MaxGas != 100_000_000 || params.Block.MaxBytes != 2<<20 ||
		params.Evidence.MaxAgeDuration != n.Spec.UnbondingTime || params.Evidence.MaxAgeNumBlocks != int64(n.Spec.UnbondingTime/n.Spec.BlockTime) {
		t.Fatalf("unexpected consensus parameters: %+v", params)
	}
	other, err := os.ReadFile(filepath.Join(n.NodeHome("validator-1"), "config", "genesis.json"))
	if err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(filepath.Join(n.NodeHome("validator-0"), "config", "genesis.json"))
	if err != nil || string(first) != string(other) {
		t.Fatalf("the validators' genesis files differ (%v)", err)
	}

	finality := read[finalitytypes.GenesisState](t, chain, state, "finality")
	if err := finality.Validate(); err != nil {
		t.Fatal(err)
	}
	if len(finality.Voters) != 3 || len(finality.Possessions) != 3 || len(finality.Delegations) != 3 {
		t.Fatalf("expected three voters, proofs and delegations, found %+v", finality)
	}
	for i, want := range []uint64{34, 33, 33} {
		if v := finality.Voters[i]; !v.BondedTokens().Equal(power(want)) || v.Operator != n.Voters[i].Operator || v.PubKey != n.Voters[i].PubKey {
			t.Fatalf("voter %d: expected power %d and the identity of %+v, found %+v", i, want, n.Voters[i], v)
		}
	}
	if p := finality.Params; p.SetPeriod != 3 || p.EraLength != 11 || p.UnbondingTime != n.Spec.UnbondingTime || p.JailDuration != n.Spec.JailDuration {
		t.Fatalf("unexpected parameters: %+v", p)
	}
	if c := read[checkpointtypes.GenesisState](t, chain, state, "checkpoint"); c.Params.Interval != 7 {
		t.Fatalf("expected interval 7, found %d", c.Params.Interval)
	}

	st := read[stakingtypes.GenesisState](t, chain, state, "staking")
	if err := staking.ValidateGenesis(st); err != nil {
		t.Fatal(err)
	}
	if len(st.Validators) != 2 || len(st.Delegations) != 2 {
		t.Fatalf("expected two validators with a delegation each, found %+v", st)
	}

	gov := read[govv1.GenesisState](t, chain, state, "gov")
	if err := govv1.ValidateGenesis(gov); err != nil {
		t.Fatal(err)
	}
}

func TestGenesisBalancesAddUp(t *testing.T) {
	chain := testChain(t)
	n, err := Create(filepath.Join(t.TempDir(), "net"), testSpec(), chain)
	if err != nil {
		t.Fatal(err)
	}
	_, state := readGenesis(t, filepath.Join(n.NodeHome("validator-0"), "config", "genesis.json"))
	bank := read[banktypes.GenesisState](t, chain, state, "bank")
	if err := bank.Validate(); err != nil { // the supply is the sum of the balances
		t.Fatal(err)
	}
	of := func(address string) math.Int {
		i := slices.IndexFunc(bank.Balances, func(b banktypes.Balance) bool { return b.Address == address })
		if i < 0 {
			return math.ZeroInt()
		}
		return bank.Balances[i].Coins.AmountOf(sdk.DefaultBondDenom)
	}
	for _, tt := range []struct {
		who, address string
		want         math.Int
	}{
		{"the voters' pool", authtypes.NewModuleAddress(finalitytypes.ModuleName).String(), power(100)},
		{"the pool of unbonded validators", authtypes.NewModuleAddress(stakingtypes.NotBondedPoolName).String(), power(200)},
		{"a validator's operator", n.Nodes[0].Operator, operatorBalance},
		{"a voter's operator", n.Voters[2].Operator, operatorBalance},
	} {
		if got := of(tt.address); !got.Equal(tt.want) {
			t.Errorf("%s: expected %s, found %s", tt.who, tt.want, got)
		}
	}
	if got := of(stakingBonded); !got.IsZero() {
		t.Errorf("expected nothing bonded before the first block, found %s", got)
	}
}

var stakingBonded = authtypes.NewModuleAddress(stakingtypes.BondedPoolName).String()

func TestHomesAreComplete(t *testing.T) {
	n, err := Create(filepath.Join(t.TempDir(), "net"), testSpec(), testChain(t))
	if err != nil {
		t.Fatal(err)
	}
	reopened, err := Open(n.Home())
	if err != nil || reopened.Spec.Diff(n.Spec) != "" || len(reopened.Nodes) != 2 || len(reopened.Voters) != 3 {
		t.Fatalf("expected to read back %+v, found %+v, %v", n, reopened, err)
	}
	for i, node := range n.Nodes {
		v := viper.New()
		v.SetConfigFile(filepath.Join(n.NodeHome(node.Name), "config", "config.toml"))
		if err := v.ReadInConfig(); err != nil {
			t.Fatal(err)
		}
		comet := cmtconfig.DefaultConfig()
		if err := v.Unmarshal(comet); err != nil {
			t.Fatal(err)
		}
		if err := comet.ValidateBasic(); err != nil {
			t.Fatal(err)
		}
		peer := n.Nodes[1-i].ID + "@" + address(n.Nodes[1-i].Ports.P2P)
		if comet.P2P.PersistentPeers != peer || comet.Consensus.TimeoutCommit != time.Second || !comet.P2P.AllowDuplicateIP || comet.P2P.AddrBookStrict {
			t.Fatalf("%s: unexpected config.toml: %+v %+v", node.Name, comet.P2P, comet.Consensus)
		}
		v.SetConfigFile(filepath.Join(n.NodeHome(node.Name), "config", "app.toml"))
		if err := v.ReadInConfig(); err != nil {
			t.Fatal(err)
		}
		server, err := serverconfig.ParseConfig(v)
		if err != nil {
			t.Fatal(err)
		}
		if !server.API.Enable || !server.API.Swagger || server.GRPC.Address != address(node.Ports.GRPC) {
			t.Fatalf("%s: unexpected app.toml: %+v", node.Name, server)
		}
	}
	for i, v := range n.Voters {
		config, err := home.Dir(n.NodeHome(v.Name)).LoadConfig()
		if err != nil {
			t.Fatal(err)
		}
		if err := config.Validate(); err != nil {
			t.Fatal(err)
		}
		if config.ChainID != "genesis-test-1" || config.Nodes[0].GRPC != address(n.Nodes[i%2].Ports.GRPC) {
			t.Fatalf("%s: unexpected voter.toml: %+v", v.Name, config)
		}
		secret, err := n.voterKey(v.Name)
		if err != nil || secret.PublicKey().String() != v.PubKey {
			t.Fatalf("%s: expected the key %s, found %v, %v", v.Name, v.PubKey, secret.PublicKey(), err)
		}
	}
}

func TestCreateLeavesNothingBehindWhenItFails(t *testing.T) {
	parent := t.TempDir()
	chain := testChain(t)
	delete(chain.Defaults, "finality")
	if _, err := Create(filepath.Join(parent, "net"), testSpec(), chain); !errors.Is(err, genesis.ErrGenesis) {
		t.Fatalf("expected ErrGenesis, found %v", err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Fatalf("expected an empty directory, found %v, %v", left, err)
	}
}

func TestCreateRefusesAHomeThatHoldsSomething(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, testSpec(), testChain(t)); !errors.Is(err, ErrHomeTaken) || !strings.Contains(err.Error(), "precious") {
		t.Fatalf("expected ErrHomeTaken with what was found, found %v", err)
	}
}

func TestDevAccountsNeverChange(t *testing.T) {
	for name, want := range map[string]string{
		Alice: "garment learn payment keep invest crisp security scare rabbit rug cute cause husband write rabbit stumble clerk service style hero kidney lab expand chalk",
		Bob:   "assume kit grit head hotel survey vocal motor violin alien crime parrot dinner cave adjust tube atom enjoy refuse cricket success oppose enemy between",
	} {
		if got := Mnemonic(name); got != want {
			t.Errorf("%s: expected %q, found %q", name, want, got)
		}
	}
}

func TestTestnetKeysAreRandom(t *testing.T) {
	chain := testChain(t)
	spec := testSpec()
	hosts := []string{"10.0.0.1", "node.example"}
	nodes, voters, err := InitFiles(filepath.Join(t.TempDir(), "a"), spec, hosts, chain)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := InitFiles(filepath.Join(t.TempDir(), "b"), spec, hosts, chain)
	if err != nil {
		t.Fatal(err)
	}
	if nodes[0].Operator == again[0].Operator || nodes[0].PubKey == again[0].PubKey {
		t.Fatal("two testnets share a key")
	}
	if voters[1].Node != "validator-1" || nodes[1].Ports != UsualPorts {
		t.Fatalf("unexpected network: %+v, %+v", nodes, voters)
	}
	if _, _, err := InitFiles(filepath.Join(t.TempDir(), "c"), spec, hosts[:1], chain); !errors.Is(err, ErrSpec) {
		t.Fatalf("expected ErrSpec for a missing host, found %v", err)
	}
}
