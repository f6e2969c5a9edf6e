package genesis_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/staking"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/client/genesis"
	"github.com/dualchain/dualchain/x/finality/types"
)

// cdc is the codec of a chain with addresses and a denomination of its own.
var cdc = func() codec.Codec {
	config := sdk.GetConfig() // for the SDK's own validation
	config.SetBech32PrefixForAccount("toy", "toypub")
	config.SetBech32PrefixForValidator("toyvaloper", "toyvaloperpub")
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles:     proto.HybridResolver,
		SigningOptions: signing.Options{AddressCodec: toy, ValidatorAddressCodec: address.NewBech32Codec("toyvaloper")},
	})
	if err != nil {
		panic(err)
	}
	cryptocodec.RegisterInterfaces(registry)
	authtypes.RegisterInterfaces(registry)
	stakingtypes.RegisterInterfaces(registry)
	return codec.NewProtoCodec(registry)
}()

var toy = address.NewBech32Codec("toy")

func utoy(amount int64) sdk.Coin { return sdk.NewInt64Coin("utoy", amount) }

// newState returns the default genesis of a chain with this denomination.
func newState() genesis.State {
	finality := types.DefaultGenesis()
	finality.Params.BondDenom = "utoy"
	return genesis.State{
		"auth":     cdc.MustMarshalJSON(authtypes.DefaultGenesisState()),
		"bank":     cdc.MustMarshalJSON(banktypes.DefaultGenesisState()),
		"staking":  cdc.MustMarshalJSON(stakingtypes.DefaultGenesisState()),
		"finality": cdc.MustMarshalJSON(finality),
	}
}

// read decodes a module's genesis.
func read[S any, P interface {
	*S
	proto.Message
}](t *testing.T, state genesis.State, module string,
) P {
	t.Helper()
	part := P(new(S))
	if err := cdc.UnmarshalJSON(state[module], part); err != nil {
		t.Fatalf("%s: %v", module, err)
	}
	return part
}

// ceremony is a genesis with two accounts that may register a voter, and a key.
type ceremony struct {
	state           genesis.State
	operator, other sdk.AccAddress
	secret          *bls.SecretKey
}

func newCeremony(t *testing.T) ceremony {
	t.Helper()
	c := ceremony{state: newState(), operator: sdk.AccAddress("operator------------"), other: sdk.AccAddress("other---------------")}
	err := genesis.AddAccounts(cdc, c.state,
		genesis.Account{Address: c.operator, Coins: sdk.NewCoins(utoy(10), sdk.NewInt64Coin("other", 5))},
		genesis.Account{Address: c.other, Coins: sdk.NewCoins(utoy(10))})
	if err != nil {
		t.Fatal(err)
	}
	if c.secret, err = bls.KeyFromSeed([]byte(strings.Repeat("seed", 8))); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c ceremony) operatorText(t *testing.T) string {
	t.Helper()
	text, err := toy.BytesToString(c.operator)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// voter makes a registration for an operator of a chain.
func (c ceremony) voter(t *testing.T, chainID string, operator sdk.AccAddress, stake sdk.Coin) genesis.Voter {
	t.Helper()
	key := ffg.PublicKey(c.secret.PublicKey().Bytes())
	root, err := ffg.Possession(ffg.Domain(chainID), operator, key)
	if err != nil {
		t.Fatal(err)
	}
	return genesis.Voter{
		Operator: c.operator, PubKey: key, Possession: c.secret.ProvePossession(root), Stake: stake,
		CommissionPPM: 100_000, MaxCommissionPPM: 200_000,
	}
}

func TestAVoterMovesTheStake(t *testing.T) {
	c := newCeremony(t)
	before := read[banktypes.GenesisState](t, c.state, "bank").Supply
	if err := genesis.AddVoters(cdc, c.state, "genesis-test-1", c.voter(t, "genesis-test-1", c.operator, utoy(10))); err != nil {
		t.Fatal(err)
	}
	finality := read[types.GenesisState](t, c.state, "finality")
	if err := finality.Validate(); err != nil {
		t.Fatal(err)
	}
	if len(finality.Voters) != 1 || finality.Delegations[0].Delegator != c.operatorText(t) ||
		finality.Voters[0].PubKey != c.secret.PublicKey().String() {
		t.Fatalf("unexpected registration: %+v", finality)
	}
	bank := read[banktypes.GenesisState](t, c.state, "bank")
	if err := bank.Validate(); err != nil {
		t.Fatal(err)
	}
	if owned := bank.Balances[0]; owned.Address != c.operatorText(t) || !owned.Coins.Equal(sdk.NewCoins(sdk.NewInt64Coin("other", 5))) {
		t.Fatalf("expected the operator to have lost its stake alone, found %s", owned)
	}
	if !bank.Supply.Equal(before) {
		t.Fatalf("expected the supply to stay %s, found %s", before, bank.Supply)
	}
}

func TestVotersRefuses(t *testing.T) {
	const chainID = "genesis-test-1"
	stranger := sdk.AccAddress("stranger------------")
	tests := []struct {
		name  string
		voter func(ceremony, *testing.T) genesis.Voter
		want  error
	}{
		{"a proof for another chain", func(c ceremony, t *testing.T) genesis.Voter {
			return c.voter(t, "other-1", c.operator, utoy(1))
		}, bls.ErrInvalidPossession},
		{"a proof for another operator", func(c ceremony, t *testing.T) genesis.Voter {
			return c.voter(t, chainID, stranger, utoy(1))
		}, bls.ErrInvalidPossession},
		{"the identity key", func(c ceremony, t *testing.T) genesis.Voter {
			v := c.voter(t, chainID, c.operator, utoy(1))
			v.PubKey = [48]byte{0: 0xc0}
			return v
		}, bls.ErrIdentity},
		{"no stake", func(c ceremony, t *testing.T) genesis.Voter {
			return c.voter(t, chainID, c.operator, utoy(0))
		}, genesis.ErrVoter},
		{"stake in another denomination", func(c ceremony, t *testing.T) genesis.Voter {
			return c.voter(t, chainID, c.operator, sdk.NewInt64Coin("other", 1))
		}, genesis.ErrVoter},
		{"more stake than the operator has", func(c ceremony, t *testing.T) genesis.Voter {
			return c.voter(t, chainID, c.operator, utoy(11))
		}, genesis.ErrStake},
		{"an operator without a balance", func(c ceremony, t *testing.T) genesis.Voter {
			v := c.voter(t, chainID, stranger, utoy(1))
			v.Operator = stranger
			return v
		}, genesis.ErrStake},
		{"a commission above its bound", func(c ceremony, t *testing.T) genesis.Voter {
			v := c.voter(t, chainID, c.operator, utoy(1))
			v.CommissionPPM = v.MaxCommissionPPM + 1
			return v
		}, genesis.ErrVoter},
		{"a bound above the whole", func(c ceremony, t *testing.T) genesis.Voter {
			v := c.voter(t, chainID, c.operator, utoy(1))
			v.MaxCommissionPPM = types.Million + 1
			return v
		}, genesis.ErrVoter},
		{"a moniker too long", func(c ceremony, t *testing.T) genesis.Voter {
			v := c.voter(t, chainID, c.operator, utoy(1))
			v.Moniker = strings.Repeat("x", types.MaxMoniker+1)
			return v
		}, genesis.ErrVoter},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCeremony(t)
			before := fmt.Sprintf("%s", c.state)
			if err := genesis.AddVoters(cdc, c.state, chainID, tt.voter(c, t)); !errors.Is(err, tt.want) {
				t.Fatalf("expected %v, found %v", tt.want, err)
			}
			if after := fmt.Sprintf("%s", c.state); after != before {
				t.Fatalf("expected an unchanged genesis, found %s", after)
			}
		})
	}
}

func TestVotersRefusesDuplicatesAndRunningChains(t *testing.T) {
	const chainID = "genesis-test-1"
	c := newCeremony(t)
	v := c.voter(t, chainID, c.operator, utoy(1))
	if err := genesis.AddVoters(cdc, c.state, chainID, v); err != nil {
		t.Fatal(err)
	}
	sameKey := c.voter(t, chainID, c.other, utoy(1))
	sameKey.Operator = c.other
	secret, err := bls.KeyFromSeed([]byte(strings.Repeat("other", 8)))
	if err != nil {
		t.Fatal(err)
	}
	c.secret = secret
	sameOperator := c.voter(t, chainID, c.operator, utoy(1))
	for what, again := range map[string]genesis.Voter{"everything": v, "the key": sameKey, "the operator": sameOperator} {
		if err := genesis.AddVoters(cdc, c.state, chainID, again); !errors.Is(err, genesis.ErrDuplicateVoter) || !strings.Contains(err.Error(), c.operatorText(t)) {
			t.Fatalf("%s again: expected ErrDuplicateVoter with the operator, found %v", what, err)
		}
	}
	c = newCeremony(t)
	err = genesis.Change(cdc, c.state, "finality", func(g *types.GenesisState) error {
		g.Running = &types.RunningState{ChainId: chainID}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := genesis.AddVoters(cdc, c.state, chainID, v); !errors.Is(err, genesis.ErrGenesis) {
		t.Fatalf("expected ErrGenesis, found %v", err)
	}
}

func TestAddVoterReadsKeyAndProofInHexadecimal(t *testing.T) {
	c := newCeremony(t)
	voter := c.voter(t, "toy-1", c.operator, utoy(1))
	key, proof := voter.PubKey, voter.Possession
	voter.CommissionPPM, voter.MaxCommissionPPM = 0, 0 // they are flags
	args := func() []string {
		return []string{c.operatorText(t), hex.EncodeToString(key[:]), hex.EncodeToString(proof[:]), "1utoy"}
	}
	if found, err := genesis.ParseVoter(cdc, args()); err != nil || !reflect.DeepEqual(found, voter) {
		t.Fatalf("expected %+v, found %+v and %v", voter, found, err)
	}
	for name, tc := range map[string]struct {
		argument int
		change   func(text string) string
		says     string
	}{
		"another chain's operator": {0, func(text string) string { return "dual" + text[3:] }, "read OPERATOR"},
		"a short key":              {1, func(text string) string { return text[2:] }, "read PUB_KEY: public key: expected 96 lower-case"},
		"no proof":                 {2, func(string) string { return "" }, "read POSSESSION: signature: expected 192 lower-case"},
		"a short proof":            {2, func(text string) string { return text[2:] }, "read POSSESSION: signature: expected 192 lower-case"},
		"a long proof":             {2, func(text string) string { return text + "00" }, "read POSSESSION: signature: expected 192 lower-case"},
		"a proof in capitals":      {2, strings.ToUpper, "read POSSESSION: signature: expected lower-case"},
		"a proof with a prefix":    {2, func(text string) string { return "0x" + text[2:] }, "read POSSESSION: signature: expected lower-case"},
		"no amount":                {3, func(string) string { return "" }, "read AMOUNT"},
	} {
		changed := args()
		changed[tc.argument] = tc.change(changed[tc.argument])
		if _, err := genesis.ParseVoter(cdc, changed); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: expected an error with %q, found %v", name, tc.says, err)
		}
	}
}

func TestValidatorsAreWrittenUnbonded(t *testing.T) {
	c := newCeremony(t)
	v := genesis.Validator{Operator: c.operator, PubKey: ed25519.GenPrivKeyFromSecret([]byte("validator")).PubKey(), Moniker: "first", Stake: utoy(7)}
	if err := genesis.AddValidators(cdc, c.state, v); err != nil {
		t.Fatal(err)
	}
	state := read[stakingtypes.GenesisState](t, c.state, "staking")
	if err := staking.ValidateGenesis(state); err != nil {
		t.Fatal(err)
	}
	if found := state.Validators[0]; found.Status != stakingtypes.Unbonded || !strings.HasPrefix(found.OperatorAddress, "toyvaloper1") || found.Tokens.Int64() != 7 {
		t.Fatalf("unexpected validator: %+v", found)
	}
	v.Stake = utoy(4) // 3 are left
	if err := genesis.AddValidators(cdc, c.state, v); !errors.Is(err, genesis.ErrStake) {
		t.Fatalf("expected %v, found %v", genesis.ErrStake, err)
	}
}

func TestAGenesisWithoutTheModuleIsRefused(t *testing.T) {
	c := newCeremony(t)
	delete(c.state, "finality")
	if err := genesis.AddVoters(cdc, c.state, "toy-1", c.voter(t, "toy-1", c.operator, utoy(1))); !errors.Is(err, genesis.ErrGenesis) {
		t.Fatalf("expected %v, found %v", genesis.ErrGenesis, err)
	}
}

func ExampleAddVoters() {
	secret, err := bls.KeyFromSeed([]byte(strings.Repeat("seed", 8)))
	if err != nil {
		panic(err)
	}
	operator, state := sdk.AccAddress("operator------------"), newState()
	key := secret.PublicKey().Bytes()
	root, err := ffg.Possession(ffg.Domain("toy-1"), operator, key)
	if err != nil {
		panic(err)
	}
	err = errors.Join(
		genesis.AddAccounts(cdc, state, genesis.Account{Address: operator, Coins: sdk.NewCoins(utoy(3_000_000))}),
		genesis.AddVoters(cdc, state, "toy-1", genesis.Voter{
			Operator: operator, PubKey: key, Possession: secret.ProvePossession(root), Moniker: "first", Stake: utoy(2_000_000),
		}),
	)
	if err != nil {
		panic(err)
	}
	var finality struct {
		Voters []struct {
			Operator string
			Bonded   struct{ Tokens string }
		}
	}
	if err := json.Unmarshal(state["finality"], &finality); err != nil {
		panic(err)
	}
	fmt.Println(finality.Voters)
	// Output: [{toy1dacx2unpw3hhytfd95kj6tfd95kj6tfdy68yjl {2000000}}]
}
