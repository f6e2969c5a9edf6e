package ordinary

import (
	"testing"

	dbm "github.com/cosmos/cosmos-db"

	"cosmossdk.io/log/v2"

	"github.com/dualchain/dualchain/app"
)

// FuzzInsert feeds bytes to the application's own decoder and to the fake one. Nothing panics, and what is held is within the
// bounds.
func FuzzInsert(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x0a, 0x00, 0x12, 0x00, 0x1a, 0x00})
	f.Add(send("a", 0, 10).bytes())
	f.Add([]byte(`{"From":["a","a"],"Seq":[0,0]}`))
	f.Add([]byte(`{"From":["a"],"Seq":[18446744073709551615],"Unordered":-9223372036854775808,"Fee":-1}`))
	f.Add([]byte(`{"From":[],"Seq":[]}`))
	a, err := app.New(log.NewNopLogger(), dbm.NewMemDB(), true, noOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = a.Close() })
	decode := a.Encoding().TxConfig.TxDecoder()
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

type noOptions struct{}

func (noOptions) Get(string) any { return nil }
