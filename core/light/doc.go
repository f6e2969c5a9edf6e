// Package light verifies finality from outside (protocol §13). It starts at a checkpoint that its user trusts, asks several
// providers for what proves later checkpoints final, verifies everything that they return, and compares their chains.
//
//	Provider → Trace (verified by package cert) → compared with the other providers' → Update, or a *Conflict
//
// It needs neither the Cosmos SDK nor CometBFT, no network and no files: a Provider brings the one, and its caller keeps the
// other. A chain's own light client daemon is built on it, and an IBC client or a wallet can be.
package light
