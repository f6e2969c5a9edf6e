package harness

import (
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"

	sdk "github.com/cosmos/cosmos-sdk/types"

	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
)

// Events returns the events of the block at a height: first those of the block itself, then those of its transactions.
func (n *Node) Events(height int64) []abci.Event {
	n.net.Helper()
	results, err := n.RPC.BlockResults(n.net.Context(), &height)
	if err != nil {
		n.net.Fatalf("%s: results of block %d: %v", n.Name, height, err)
	}
	events := results.FinalizeBlockEvents
	for _, tx := range results.TxsResults {
		events = append(events, tx.Events...)
	}
	return events
}

// Find returns the typed events of one kind among events.
func Find[S any, P interface {
	*S
	proto.Message
}](n *Net, events []abci.Event,
) []P {
	n.Helper()
	var found []P
	for _, event := range events {
		if event.Type != proto.MessageName(P(new(S))) {
			continue
		}
		message, err := sdk.ParseTypedEvent(bare(event))
		if err != nil {
			n.Fatalf("parse %s: %v", event.Type, err)
		}
		found = append(found, message.(P))
	}
	return found
}

// bare removes the attributes that the SDK adds to an event, which tell its place in the block.
func bare(event abci.Event) abci.Event {
	event.Attributes = slices.DeleteFunc(slices.Clone(event.Attributes), func(a abci.EventAttribute) bool {
		return a.Key == "mode" || a.Key == "msg_index"
	})
	return event
}

// FinalizedHeights returns, for each block in from..to, the height that was final after it according to the events, or 0.
// It reads every block instead of polling, so it misses nothing.
func (n *Node) FinalizedHeights(from, to int64) map[int64]int64 {
	n.net.Helper()
	heights := map[int64]int64{}
	var final int64
	for height := from; height <= to; height++ {
		for _, event := range Find[checkpointtypes.EventCheckpointFinalized](n.net, n.Events(height)) {
			final = int64(event.Height)
		}
		heights[height] = final
	}
	return heights
}
