// Package ffg holds the pure rules of the finality layer: checkpoints, votes, voter sets, quorum, k-finality and the
// slashing conditions (protocol §2–§8). It is modelled on Casper FFG (Buterin and Griffith, arXiv:1710.09437) with
// stitched voter sets.
//
// It imports the standard library only, keeps no state, reads no clock and never iterates over a map, so that the
// chain, the voters and an offline verifier all run the same code. Signatures are opaque bytes here: package bls
// verifies them.
//
// The data takes this way:
//
//	Checkpoint → Vote → AggregateVote → VoterSet.Quorum → Finalizes
//	                 ↘ Slashable → *Offence
package ffg
