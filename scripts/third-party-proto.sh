#!/usr/bin/env bash
# Copies the .proto files that ours import, and those of every service that the node serves over REST, from the modules
# pinned in go.mod into a folder (default third_party/proto). Generation then needs no network.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-third_party/proto}

module_dir() {
  local dir
  dir=$(go list -mod=readonly -m -f '{{.Dir}}' "$1")
  if [ -z "$dir" ]; then
    go mod download "$1"
    dir=$(go list -mod=readonly -m -f '{{.Dir}}' "$1")
  fi
  printf '%s' "$dir"
}

# copy MODULE FOLDER-IN-MODULE PATH...   copies the .proto files under each path, except module wiring descriptors
copy() {
  local root
  root="$(module_dir "$1")/$2"
  shift 2
  (cd "$root" && find "$@" -name '*.proto' ! -path '*/module/v1/*' ! -path '*/module/v1beta1/*' ! -path '*/tx/config/*') | while read -r file; do
    install -D -m 0644 "$root/$file" "$out/$file"
  done
}

rm -rf "$out"
copy github.com/cosmos/gogoproto . gogoproto/gogo.proto
copy github.com/cosmos/cosmos-proto proto cosmos_proto
copy github.com/grpc-ecosystem/grpc-gateway third_party/googleapis google/api
copy github.com/cosmos/cosmos-sdk proto amino tendermint cosmos/app/v1alpha1/module.proto \
  cosmos/{auth,authz,bank,base,consensus,crypto,distribution,evidence,feegrant,gov,mint,msg,query,slashing,staking,tx,upgrade,vesting}
# IBC connections are left out: they import cosmos/ics23, whose .proto file no Go module carries.
copy github.com/cosmos/ibc-go/v11 proto ibc/core/{client,channel} ibc/core/commitment/v2 ibc/applications/transfer
