#!/usr/bin/env bash
# Finds every Fuzz function of the Makefile's modules and runs each for FUZZTIME (10s), one after another. An argument limits it
# to the packages that match, as in scripts/fuzz.sh ./ffg/... With --list it only prints them.
set -euo pipefail
cd "$(dirname "$0")/.."

list=
if [ "${1:-}" = --list ]; then list=1; shift; fi
found=0
while read -r dir; do
  for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null | awk '{ print $2 }'); do
    found=$((found + 1))
    echo "== ${dir#"$PWD"/} $target"
    [ -n "$list" ] || (cd "$dir" && go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-10s}" .)
  done
done < <(for module in $(sed -n 's/^modules := //p' Makefile); do (cd "$module" && go list -f '{{.Dir}}' "${1:-./...}"); done)
[ "$found" -gt 0 ] || { echo "fuzz: expected at least one Fuzz function, found none" >&2; exit 1; }
[ -n "$list" ] || echo "ran $found fuzz tests"
