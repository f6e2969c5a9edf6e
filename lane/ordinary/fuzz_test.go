package ordinary

import (
	"testing"

	gogoproto "github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	txsigning "github.com/cosmos/cosmos-sdk/x/tx/signing"
)

// FuzzInsert feeds bytes to the SDK's decoder and to the fake one. Nothing panics, and what is held is within the
// bounds.
func FuzzInsert(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x0a, 0x00, 0x12, 0x00, 0x1a, 0x00})
	f.Add(send("a", 0, 10).bytes())
	f.Add([]byte(`{"From":["a","a"],"Seq":[0,0]}`))
	f.Add([]byte(`{"From":["a"],"Seq":[18446744073709551615],"Unordered":-9223372036854775808,"Fee":-1}`))
	f.Add([]byte(`{"From":[],"Seq":[]}`))
	decode := sdkDecoder(f)
	f.Fuzz(func(t *testing.T, bytes []byte) {
		for _, decoder := range []func([]byte) (sdkTx, error){decodeFake, decode} {
			c := newFakeChain()
			chain := c.chain()
			chain.Decode = decoder
			chain.Ante = func(ctx sdkContext, tx sdkTx, simulate bool) (sdkContext, error) {
				if _, fake := tx.(fakeTx); fake {
					return c.ante(ctx, tx, simulate)
				}
				return ctx, nil
			}
			lane, err := New(chain, Config{MaxTxs: 2})
			if err != nil {
				t.Fatal(err)
			}
			lane.Insert(send("a", 0, 10).bytes(), false)
			lane.Insert(bytes, true)
			lane.Insert(bytes, false)
			lane.Select(-1, -1)
			lane.Txs(0, 10)
			lane.Reap(0)
			lane.Commit(101, []Committed{{Tx: bytes, OK: true}})
			if n := lane.Status().Txs; n > 2 {
				t.Errorf("expected at most 2, found %d", n)
			}
			lane.Close()
		}
	})
}

// sdkDecoder returns the SDK's decoder of transactions, for the messages of x/bank.
func sdkDecoder(f *testing.F) sdk.TxDecoder {
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: gogoproto.HybridResolver,
		SigningOptions: txsigning.Options{
			AddressCodec: address.NewBech32Codec("dual"), ValidatorAddressCodec: address.NewBech32Codec("dualvaloper"),
		},
	})
	if err != nil {
		f.Fatal(err)
	}
	cryptocodec.RegisterInterfaces(registry)
	banktypes.RegisterInterfaces(registry)
	return authtx.NewTxConfig(codec.NewProtoCodec(registry), authtx.DefaultSignModes).TxDecoder()
}
