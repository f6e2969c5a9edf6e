// Package localnet is the library behind `dualchaind localnet`, `dualchaind testnet init-files` and
// `dualchaind genesis add-voter`: it writes genesis and homes, and runs one OS process per validator and per voter.
//
// The data takes this way:
//
//	Spec → Create (keys, ports, genesis, homes) → Network → Supervisor (processes) ⇄ Client (commands)
//
// A network lives in one home directory. network.json says what it is and never changes its shape; state.json says
// which processes run; control.sock is where the one supervisor of the home answers. Everything listens on loopback.
package localnet
