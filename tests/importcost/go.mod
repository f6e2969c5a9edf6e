module github.com/dualchain/dualchain/tests/importcost

go 1.23

require github.com/dualchain/dualchain/core v0.0.0

require (
	github.com/cosmos/gogoproto v1.7.0 // indirect
	github.com/cosmos/ics23/go v0.11.0 // indirect
	github.com/google/go-cmp v0.7.0 // indirect
	github.com/supranational/blst v0.3.17 // indirect
	github.com/transparency-dev/merkle v0.0.2 // indirect
	golang.org/x/crypto v0.26.0 // indirect
	golang.org/x/sys v0.23.0 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)

replace github.com/dualchain/dualchain/core => ../../core
