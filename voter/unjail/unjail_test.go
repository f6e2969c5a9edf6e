package unjail_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/voter/unjail"
)

// account makes a keyring with one account, and returns what uses it.
func account(t *testing.T) (base client.Context, folder, address string) {
	t.Helper()
	encoding, err := app.NewEncoding()
	if err != nil {
		t.Fatal(err)
	}
	authtypes.RegisterInterfaces(encoding.InterfaceRegistry)
	folder = t.TempDir()
	ring, err := keyring.New(sdk.KeyringServiceName(), keyring.BackendTest, folder, nil, encoding.Codec)
	if err != nil {
		t.Fatal(err)
	}
	record, _, err := ring.NewMnemonic("operator", keyring.English, sdk.FullFundraiserPath, keyring.DefaultBIP39Passphrase, hd.Secp256k1)
	if err != nil {
		t.Fatal(err)
	}
	of, err := record.GetAddress()
	if err != nil {
		t.Fatal(err)
	}
	base = client.Context{}.WithCodec(encoding.Codec).WithInterfaceRegistry(encoding.InterfaceRegistry).
		WithTxConfig(encoding.TxConfig).WithAccountRetriever(authtypes.AccountRetriever{})
	return base, folder, of.String()
}

func TestTheOperatorsAccountIsFoundByNameOrAddress(t *testing.T) {
	base, folder, address := account(t)
	other := sdk.AccAddress(make([]byte, 20)).String()
	for name, tc := range map[string]struct {
		change func(*unjail.Config)
		want   error
		says   string
	}{
		"by name":            {func(c *unjail.Config) { c.From = "operator" }, nil, ""},
		"by address":         {func(c *unjail.Config) { c.From = address }, nil, ""},
		"as the operator":    {func(c *unjail.Config) { c.Operator = address }, nil, ""},
		"nobody":             {func(*unjail.Config) {}, unjail.ErrAccount, "found none"},
		"an unknown name":    {func(c *unjail.Config) { c.From = "nobody" }, unjail.ErrAccount, `"nobody"`},
		"not the operator's": {func(c *unjail.Config) { c.From, c.Operator = "operator", other }, unjail.ErrAccount, "expected the operator's, " + other},
		"no fee":             {func(c *unjail.Config) { c.From, c.Fees = "operator", "many" }, unjail.ErrFee, `found "many"`},
		"no price":           {func(c *unjail.Config) { c.From, c.GasPrice = "operator", "many" }, unjail.ErrFee, `found "many"`},
		"fee and price":      {func(c *unjail.Config) { c.From, c.Fees, c.GasPrice = "operator", "1udual", "1udual" }, unjail.ErrFee, "found 1udual and 1udual"},
		"a fee":              {func(c *unjail.Config) { c.From, c.Fees = "operator", "1udual" }, nil, ""},
		"an unknown keyring": {func(c *unjail.Config) { c.From, c.Backend = "operator", "paper" }, unjail.ErrAccount, "paper"},
	} {
		config := unjail.Config{ChainID: "test-1", Backend: keyring.BackendTest, Folder: folder, Nodes: []string{"tcp://127.0.0.1:1"}}
		tc.change(&config)
		sender, err := unjail.New(base, config, nil)
		if !errors.Is(err, tc.want) || err != nil && !strings.Contains(err.Error(), tc.says) || tc.want == nil && err != nil {
			t.Errorf("%s: expected %v with %q, found %v", name, tc.want, tc.says, err)
		}
		if err == nil && sender.Operator() != address {
			t.Errorf("%s: expected %s, found %s", name, address, sender.Operator())
		}
	}
}

func TestEveryNodeIsTried(t *testing.T) {
	base, folder, _ := account(t)
	sender, err := unjail.New(base, unjail.Config{
		ChainID: "test-1", From: "operator", Backend: keyring.BackendTest, Folder: folder,
		Nodes: []string{"tcp://127.0.0.1:1", "tcp://127.0.0.1:2"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sender.Unjail(t.Context())
	for _, node := range []string{"127.0.0.1:1:", "127.0.0.1:2:"} {
		if err == nil || !strings.Contains(err.Error(), node) {
			t.Errorf("expected a failure of %s, found %v", node, err)
		}
	}
}
