package types

// Gas of verification, from its measured cost: a bank send costs about 3 ns of CPU for a unit of gas, and `make bench` fails if a
// message costs more than twice as much (docs/operations.md, "What strangers can make a node compute"). The price never
// depends on what a node remembers: it is that of the first time, but for keys of the voter sets in force, which every node
// has loaded before its first block.
const (
	// GasAggregate is the gas of one aggregate signature.
	GasAggregate = 300_000
	// GasSigner is that of one key in an aggregate that a node has loaded.
	GasSigner = 100
	// GasColdKey is that of reading a registered key that is in no voter set in force.
	GasColdKey = 40_000
	// GasPossession is that of one proof of possession and its key.
	GasPossession = 350_000
	// GasForkSigner is that of one key of evidence that only a fork has registered: its proof is verified with many others.
	GasForkSigner = 200_000
)

// MaxForkSigners bounds the signers of one vote of evidence that only a fork has registered. By the rule of protocol §7.3 the
// first votes that conflict have none: what a fork registered votes only after the fork has finalized something of its own.
const MaxForkSigners = 128
