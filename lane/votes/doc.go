// Package votes is a node's lane for votes, for CometBFT's mempool `type = "app"` (protocol §12). It takes packs of votes (package
// gossip) from voters by RPC and from neighbours, verifies what is wanted in batches within a budget of CPU time, puts it into the
// node's vote pool, and says what to send on. No state transition reads a lane, and it is lost with the process.
//
// A vote's way through the lane:
//
//	Submit, Offer   lane.go     decode the pack, place it, drop what is not wanted, queue the rest
//	Place           view.go     is it the target's vote, an early one, or a stray one? which keys sign it?
//	intake          intake.go   one queue and one worker for RPC, and one for neighbours, each with a budget
//	verify          verify.go   batches; a batch that fails is verified pack by pack, and a pack that fails is dropped whole
//	group           group.go    which positions of a voter set have a verified vote, and what was not sent yet
//	Reap            outbox.go   own votes at once, others after a moment unless a neighbour was faster, both again after two blocks
//
// # What a stranger can make a node do
//
// A pack costs its sender bytes and the node a look at bits. Signatures are verified for votes that a tally lacks and the pool
// doesn't hold, newest target first, at most [Config.GossipCPU] and [Config.RPCCPU] of a core over any long time. A pool holds two
// votes of a key for each target, so nobody gets more in than that. Votes that don't count for their target (stray votes, which may
// be halves of a proof) have a budget of their own, travel singly, and are sent once.
package votes
