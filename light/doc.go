// Package light follows finality from outside (protocol §13): it starts at a checkpoint that its user trusts, asks nodes
// over HTTP for what proves later ones final, believes nothing that it has not verified, and keeps what it verified.
//
//	Provider → claim (verified by package cert) → compared with the other nodes' → Store → Server
//
// It depends on neither the Cosmos SDK nor CometBFT. Two valid certificates that conflict stop it for good: it keeps
// both, says what they prove, and serves nothing more.
package light
