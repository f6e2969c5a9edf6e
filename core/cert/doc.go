// Package cert verifies finality offline (protocol §13): certificates, chains of hand-overs between voter sets, and proofs
// that a block, a transaction or a piece of state is final. It needs a checkpoint that the caller trusts and bytes from
// anyone; it knows neither a network, a clock, the Cosmos SDK nor CometBFT.
//
// The data takes this way:
//
//	Trust → HandOver{Certificate, NextSet} → … → Trust → Proof → Outcome
//	                        ↘ Compare → Dispute{Evidence}
//
// Every failure is a *StepError that names the step that failed. Other implementations use the same names: protocol §13
// specifies encodings and steps, testdata/v1 has vectors for both, genuine and forged.
package cert
