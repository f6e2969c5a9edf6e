package fakenode

import (
	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

func (n *Node) fault(set func(*faults)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	set(&n.faults)
}

// Lie lets f change each answer about duties; nil ends it.
func (n *Node) Lie(f func(*types.QueryDutyResponse)) { n.fault(func(is *faults) { is.lies = f }) }

// Misreport lets f change each checkpoint that the node tells of; nil ends it. The headers of its blocks stay true.
func (n *Node) Misreport(f func(*ffg.Checkpoint)) { n.fault(func(is *faults) { is.misreports = f }) }

// Lose makes the node take votes and forget them, or stops that.
func (n *Node) Lose(lose bool) { n.fault(func(is *faults) { is.lose = lose }) }

// Refuse gives this answer to all transactions; nil ends it.
func (n *Node) Refuse(answer *tx.BroadcastTxResponse) {
	n.fault(func(is *faults) { is.refusal = answer })
}

// Mute refuses new listeners to events.
func (n *Node) Mute() { n.fault(func(is *faults) { is.noEvents = true }) }

// Delay makes the next n answers about duties come from a state that is one block behind.
func (n *Node) Delay(answers uint64) { n.fault(func(is *faults) { is.delay = answers }) }

// CatchingUp makes the node say that it replays blocks, or that it has them all.
func (n *Node) CatchingUp(catchingUp bool) { n.fault(func(is *faults) { is.catchingUp = catchingUp }) }

// Isolate cuts the node off from its peers, or connects it again. Blocks that it missed come by Replay.
func (n *Node) Isolate(isolated bool) { n.fault(func(is *faults) { is.isolated = isolated }) }

// Hang makes the node take all questions without answering them, until it stops hanging.
func (n *Node) Hang(hang bool) {
	n.fault(func(is *faults) {
		if is.hung != nil {
			close(is.hung)
			is.hung = nil
		}
		if hang {
			is.hung = make(chan struct{})
		}
	})
}

// await returns when the node doesn't hang, or when nobody waits for the answer any more.
func (n *Node) await(done <-chan struct{}) {
	n.mu.Lock()
	hung := n.hung
	n.mu.Unlock()
	if hung == nil {
		return
	}
	select {
	case <-hung:
	case <-done:
	}
}

// Adopt puts the peer's chain in place of this one.
func (n *Node) Adopt(peer *Node) {
	chain := peer.copyChain()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.chain, n.mempool = chain.clone(), nil
}

// Fork puts another chain in place of this one, and forgets the votes that are not in a block.
func (n *Node) Fork(chainID string, interval uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.chain, n.mempool = newChain(chainID, n.public.Bytes(), interval), nil
}
