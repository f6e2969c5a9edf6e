// Package localnet is the library behind `dualchaind localnet`, `dualchaind testnet init-files` and
// `dualchaind genesis add-voter`: it writes genesis and homes, and runs one OS process per validator and per voter.
//
// The data flows like this:
//
//	Spec → Create (keys, ports, genesis, homes) → Network → Supervisor (processes) ⇄ Client (commands)
//
// A network lives in one home directory. network.json describes the network, whose shape never changes; state.json lists
// the processes that run; the one supervisor of the home answers at control.sock. Everything listens on loopback.
package localnet
