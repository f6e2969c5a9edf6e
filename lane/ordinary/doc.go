// Package ordinary is a node's mempool of ordinary transactions, for CometBFT's mempool `type = "app"`. CometBFT then keeps
// no transactions itself: it hands each to the application (CheckTx for RPC, InsertTx for neighbours), asks it for what to
// send on (ReapTxs), and leaves the choice for a block to PrepareProposal. No state transition reads a lane, and it is lost
// with the process.
//
// The package knows the Cosmos SDK and nothing of this chain. The handlers of the chain own a [Lane] and call
//
//	CheckTx          lane.Insert(tx, true).CheckTx()
//	InsertTx         lane.Insert(tx, false): answer code 0, or a code from abci.CodeTypeRetry if Result.Retry is set
//	ReapTxs          lane.Reap(maxBytes)
//	PrepareProposal  lane.Select(maxBytes, maxGas), with what votes have left of the block
//	after Commit     lane.Commit(height, txs with their results), from PrepareCheckState
//	queries          lane.Status, lane.Txs, lane.Find; lane.Counters for metrics
//
// # Admission
//
// [Lane.Insert] compares the size, decodes, and runs the chain's ante handler on a branch of the latest committed state, on
// which it has first run what the signers have pending. So sequence number n + 1 is admitted behind a pending n, and an
// account's balance has to pay for all that it has pending. What is pending is run as a recheck, without signatures. Messages
// are not executed.
//
// Each account has a queue of what it signs, without holes. A transaction with several signers is in the queues of all of
// them. An unordered one is in no order; its slot is its timestamp. A transaction in a slot that is taken
// replaces what is there if its fee per gas is at least [ReplacementPercent] higher; what stands behind stays if it
// still passes.
//
// # Order and bounds
//
// [Lane.Select] takes the highest fee per gas among the heads of all queues, again and again; of equals the one that came
// first. A full lane drops the tail that is worth least. A transaction's worth is the lowest fee per gas among itself and all
// that it needs: a high fee behind a low one, which the account may never have to pay, doesn't keep others out. A newcomer
// that isn't worth more than that tail is refused with the fee that it needs.
//
// # After a block
//
// [Lane.Commit] removes what the block held, what has lost its number to it, and what has had its [Config.TTL]. Then a worker
// rechecks within a budget: accounts that the block touched, then the others in turn. The worker holds no lock while the ante
// handler runs, and the next Commit cancels it. Until it has run, a proposal may hold a transaction that fails.
//
// # Concurrency
//
// The lane's one lock is held for moments and never while a function of [Chain] runs. Admissions with a common signer wait for
// each other. Each admission plans under the lock, runs the ante handler without it, plans again, and begins anew if the two
// plans differ, because of a block or another admission.
//
// # What it does not do
//
// It keeps no transaction whose predecessor is missing. It doesn't add up what different accounts ask of one fee granter:
// those that can't be paid go at the recheck. It has no ban for neighbours, since InsertTx names none.
package ordinary
