#!/usr/bin/env bash
# Finds every Fuzz function of the module and runs each for FUZZTIME (10s), one after another. An argument limits it to
# the packages that match, as in scripts/fuzz.sh ./ffg/...
set -euo pipefail
cd "$(dirname "$0")/.."

found=0
while read -r dir; do
  for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null | awk '{ print $2 }'); do
    found=$((found + 1))
    echo "== ${dir#"$PWD"/} $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-10s}" "$dir"
  done
done < <(for module in . core; do (cd "$module" && go list -f '{{.Dir}}' "${1:-./...}"); done)
[ "$found" -gt 0 ] || { echo "fuzz: expected at least one Fuzz function, found none" >&2; exit 1; }
echo "ran $found fuzz tests"
