package abci

import (
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/gossip"
)

// A chain that orders transactions itself gives its handler to Install, which BaseApp then calls through ours.
func ExampleNew() {
	own := Own{PrepareProposal: func(_ sdk.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
		fmt.Println("the chain chooses among", len(req.Txs), "transactions")
		return &abci.ResponsePrepareProposal{Txs: req.Txs}, nil
	}}
	n := newNode(newWorld(4)) // fakes of a keeper and of a context
	handlers := New(n.world, txConfig.TxDecoder(), func() sdk.Context { return n.ctx }, own)

	pack, err := gossip.Single(n.sign(canonical(15), n.now, 0))
	if err != nil {
		fmt.Println(err)
		return
	}
	vote, err := pack.Encode()
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := handlers.CheckTx(nil, &abci.RequestCheckTx{Tx: vote}); err != nil { // gossiped by a voter
		fmt.Println(err)
		return
	}
	resp, err := handlers.PrepareProposal(n.ctx, &abci.RequestPrepareProposal{MaxTxBytes: maxBytes, Txs: [][]byte{vote}})
	fmt.Println("the block has", len(resp.Txs), "transaction:", err)
	// Output:
	// the chain chooses among 0 transactions
	// the block has 1 transaction: <nil>
}
