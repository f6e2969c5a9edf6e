#!/usr/bin/env bash
# Generates all code and documents from proto/. It needs the plugins that `make tools` installs, and no network:
#   x/*/types/*.pb.go           the chain's own types, gogoproto
#   api/                        google-protobuf types, gRPC clients, grpc-gateway v2 handlers
#   docs/openapi/dualchain.swagger.json
# With --check it changes nothing and fails if a committed file is stale, third_party/proto included.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/.tools:$PATH"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/raw" "$tmp/new/docs/openapi" x api docs/openapi

buf generate --template buf.gen.gogo.yaml --output "$tmp/raw"
mv "$tmp/raw/github.com/dualchain/dualchain/x" "$tmp/new/x"
buf generate --template buf.gen.api.yaml --output "$tmp/new/api"
buf generate --template buf.gen.openapi.yaml --output "$tmp/raw"
go run ./scripts/openapi < "$tmp/raw/dualchain.swagger.json" > "$tmp/new/docs/openapi/dualchain.swagger.json"

# generated FOLDER   lists the generated files that a tree holds
generated() {
  (cd "$1" && find x api docs/openapi \( -name '*.pb.go' -o -name '*.pb.gw.go' -o -name '*.swagger.json' \) | LC_ALL=C sort)
}

if [ "${1:-}" = --check ]; then
  scripts/third-party-proto.sh "$tmp/new/third_party/proto"
  stale=0
  diff -rq third_party/proto "$tmp/new/third_party/proto" || stale=1
  diff <(generated .) <(generated "$tmp/new") || stale=1
  while read -r file; do
    cmp -s "$file" "$tmp/new/$file" || { echo "stale: $file"; stale=1; }
  done < <(generated "$tmp/new")
  [ "$stale" = 0 ] || { echo "generated files differ from proto/: run make proto" >&2; exit 1; }
  echo "generated files are up to date"
  exit 0
fi

generated . | while read -r file; do
  [ -e "$tmp/new/$file" ] || rm "$file"
done
generated "$tmp/new" | while read -r file; do
  cmp -s "$file" "$tmp/new/$file" || install -D -m 0644 "$tmp/new/$file" "$file"
done
