module github.com/dualchain/dualchain/core

go 1.23

require (
	github.com/cosmos/ics23/go v0.11.0
	github.com/stretchr/testify v1.11.1
	github.com/supranational/blst v0.3.17
	github.com/transparency-dev/merkle v0.0.2
	google.golang.org/protobuf v1.36.11
	pgregory.net/rapid v1.3.0
)

require (
	github.com/cosmos/gogoproto v1.7.0 // indirect
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/google/go-cmp v0.7.0 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	golang.org/x/crypto v0.26.0 // indirect
	golang.org/x/sys v0.23.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
