package harness

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
)

// Address returns an account of the network's keyring.
func (n *Net) Address(name string) string {
	n.Helper()
	var key struct {
		Address string `json:"address"`
	}
	out := n.Run("keys", "show", name, "--home", n.ClientHome(), "--keyring-backend", "test", "--output", "json")
	if err := json.Unmarshal(out, &key); err != nil {
		n.Fatal(err)
	}
	return key.Address
}

// Included is a transaction in a block.
type Included struct {
	Height int64
	Events []abci.Event
}

// Tx signs a transaction with an account, sends it and waits until it is in a block; it must succeed there.
func (n *Net) Tx(node *Node, from string, args ...string) Included {
	n.Helper()
	args = append([]string{"tx"}, args...)
	args = append(args, "--from", from, "--home", n.ClientHome(), "--gas", "2000000", "--yes", "--output", "json")
	var sent struct {
		TxHash string `json:"txhash"`
		Code   uint32 `json:"code"`
		RawLog string `json:"raw_log"`
	}
	if err := json.Unmarshal(n.Run(args...), &sent); err != nil {
		n.Fatal(err)
	}
	if sent.Code != 0 {
		n.Fatalf("%v: refused with code %d: %s", args, sent.Code, sent.RawLog)
	}
	hash, err := hex.DecodeString(sent.TxHash)
	if err != nil {
		n.Fatal(err)
	}
	var included Included
	n.Await("transaction "+sent.TxHash, 30*time.Second, func(ctx context.Context) (bool, error) {
		result, err := node.RPC.Tx(ctx, hash, false)
		if err != nil {
			return false, err
		}
		if result.TxResult.Code != 0 {
			n.Fatalf("%v: failed with code %d: %s", args, result.TxResult.Code, result.TxResult.Log)
		}
		included = Included{Height: result.Height, Events: result.TxResult.Events}
		return true, nil
	})
	return included
}
