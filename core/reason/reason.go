// Package reason lists why a node refuses a query, as codes that programs can tell apart. They travel in a
// google.rpc.ErrorInfo among the details of a gRPC status, over REST too. The texts of errors are for people and may change.
package reason

// Domain is the domain of every ErrorInfo with one of these reasons.
const Domain = "dualchain"

// Reason is the reason of an ErrorInfo.
type Reason string

// The reasons. Table says what each means.
const (
	InvalidRequest Reason = "INVALID_REQUEST"
	OutOfRange     Reason = "OUT_OF_RANGE"
	BeforeAnchor   Reason = "BEFORE_ANCHOR"
	OutOfGas       Reason = "OUT_OF_GAS"
	NotAnchored    Reason = "NOT_ANCHORED"
	NoOpenEpoch    Reason = "NO_OPEN_EPOCH"
	NothingFinal   Reason = "NOTHING_FINAL"
	NoCertificate  Reason = "NO_CERTIFICATE"
	EpochNotFinal  Reason = "EPOCH_NOT_FINAL"
	BlockNotFinal  Reason = "BLOCK_NOT_FINAL"
	BlockToCome    Reason = "BLOCK_TO_COME"
	NotCovered     Reason = "NOT_COVERED"
	NotKept        Reason = "NOT_KEPT"
	NodeLacks      Reason = "NODE_LACKS"
	TxNotFound     Reason = "TX_NOT_FOUND"
	TxNotIndexed   Reason = "TX_NOT_INDEXED"
	ProofTooLarge  Reason = "PROOF_TOO_LARGE"
	TooManyLinks   Reason = "TOO_MANY_LINKS"
	VoterNotFound  Reason = "VOTER_NOT_FOUND"
	NotFound       Reason = "NOT_FOUND"
)

// Codes of google.rpc.Code that the reasons come with.
const (
	invalidArgument    = 3
	notFound           = 5
	resourceExhausted  = 8
	failedPrecondition = 9
	outOfRange         = 11
)

// Entry describes a reason.
type Entry struct {
	Reason Reason
	Code   uint32 // google.rpc.Code of the status
	Later  bool   // the same request succeeds once the chain has advanced
	// Meaning is one sentence.
	Meaning string
}

// Table describes every reason. docs/errors.md shows it.
var Table = []Entry{
	{InvalidRequest, invalidArgument, false, "A field of the request is malformed."},
	{OutOfRange, outOfRange, false, "A height or a size lies outside the history that the request names."},
	{BeforeAnchor, outOfRange, false, "The block is not above the anchor, the first checkpoint: no vote is about it, and it can never be proven."},
	{OutOfGas, resourceExhausted, false, "The query used more gas than the node's `query-gas-limit`."},
	{NotAnchored, notFound, true, "There is no checkpoint yet: no voter has been eligible."},
	{NoOpenEpoch, failedPrecondition, true, "No epoch is open to votes yet: no voter has been eligible."},
	{NothingFinal, failedPrecondition, true, "No block above the anchor is final yet."},
	{NoCertificate, notFound, true, "Only the anchor is final, which has no certificate."},
	{EpochNotFinal, notFound, true, "The epoch is not final yet."},
	{BlockNotFinal, failedPrecondition, true, "A block that the proof needs is committed but not final yet."},
	{BlockToCome, failedPrecondition, true, "A block that the request needs is not committed yet."},
	{NotCovered, notFound, true, "No checkpoint covers the height yet."},
	{NotKept, notFound, false, "The chain keeps no record of the epoch: it was pruned, or has not been proposed."},
	{NodeLacks, failedPrecondition, false, "This node was pruned or state-synced and lacks a block, a result or a state; another node may have it."},
	{TxNotFound, notFound, false, "No block of this node has the transaction; it may still be committed."},
	{TxNotIndexed, failedPrecondition, false, "This node does not index transactions."},
	{ProofTooLarge, failedPrecondition, false, "The proof would exceed its maximum size; start it at a later trusted checkpoint."},
	{TooManyLinks, failedPrecondition, false, "Finality was interrupted for more epochs than a certificate has links; set trust anew."},
	{VoterNotFound, notFound, false, "No such voter is registered."},
	{NotFound, notFound, false, "There is no such era, voter set, tally or evidence."},
}

// Find returns the entry of a reason, and whether the table has one.
func Find(r Reason) (Entry, bool) {
	for _, entry := range Table {
		if entry.Reason == r {
			return entry, true
		}
	}
	return Entry{}, false
}
