#!/usr/bin/env bash
# Installs the pinned development tools into .tools/ and skips the tools that are installed in the pinned version.
#   scripts/tools.sh proto   the generators        scripts/tools.sh lint   the linter
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-all}" in
  proto | lint | all) ;;
  *) echo "tools: expected proto, lint or all, found $1" >&2; exit 2 ;;
esac
mkdir -p .tools
while read -r group package version; do
  [ "${1:-all}" = all ] || [ "$1" = "$group" ] || continue
  name=$(basename "$package")
  stamp=".tools/.$name@$version"
  if [ -e "$stamp" ] && [ -x ".tools/$name" ]; then continue; fi
  echo "installing $name $version"
  rm -f .tools/."$name"@*
  GOBIN="$PWD/.tools" go install "$package@$version"
  touch "$stamp"
done <<'TABLE'
proto github.com/bufbuild/buf/cmd/buf v1.75.0
proto github.com/cosmos/gogoproto/protoc-gen-gocosmos v1.7.2
proto google.golang.org/protobuf/cmd/protoc-gen-go v1.36.11
proto google.golang.org/grpc/cmd/protoc-gen-go-grpc v1.6.0
proto github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway v2.29.0
proto github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2 v2.29.0
lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint v2.6.0
lint mvdan.cc/gofumpt v0.8.0
TABLE
