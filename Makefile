# Everything that a developer or CI runs. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT   := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
FUZZTIME ?= 10s

version_pkg := github.com/cosmos/cosmos-sdk/version
ldflags := -X $(version_pkg).Name=dualchain -X $(version_pkg).AppName=dualchaind \
	-X $(version_pkg).Version=$(VERSION) -X $(version_pkg).Commit=$(COMMIT)
build_flags := -ldflags '$(ldflags)'
# The Go modules of this repository: every target loops over them. A go.mod that is missing here fails internal/repo's tests.
modules := . core tests/importcost
# End-to-end tests start processes and have their own targets.
unit_packages = $$(go list ./... | grep -v '/tests/e2e')
each_module = set -e; for module in $(modules); do ( cd $$module;

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build build/dualchaind
	go build $(build_flags) -o build/dualchaind ./cmd/dualchaind

install: ## install dualchaind into GOBIN
	go install $(build_flags) ./cmd/dualchaind

test: ## run every test except the end-to-end tests
	@$(each_module) go test -timeout 20m $(unit_packages) ); done

test-race: ## run the same tests with the race detector (a second full build)
	@$(each_module) go test -race -timeout 40m $(unit_packages) ); done

test-long: build ## run what is too long for CI: twenty times the properties, the race detector, all end-to-end tests, a twentieth of the mutants in TypeScript
	@$(each_module) DUALCHAIN_LONG=1 go test -count=1 -timeout 240m $(unit_packages) ); done
	$(MAKE) test-race test-e2e
	cd clients/js && npm ci --no-audit --no-fund --loglevel=error && npm run --silent mutation -- --sample 20

test-e2e: build ## run the end-to-end tests on real processes
	go test -count=1 -timeout 45m ./tests/e2e/...

test-e2e-short: build ## run the end-to-end tests that CI has time for
	go test -count=1 -short -timeout 20m ./tests/e2e/...

test-js: ## run the tests of clients/js (needs Node 20 or later, and npm)
	@command -v npm > /dev/null || { echo "make test-js: expected Node 20 or later with npm, found none" >&2; exit 1; }
	cd clients/js && npm ci --no-audit --no-fund --loglevel=error && npm test --silent

test-browser: ## run the vectors of clients/js in headless Chromium as well
	@command -v npm > /dev/null || { echo "make test-browser: expected Node 20 or later with npm, found none" >&2; exit 1; }
	cd clients/js && npm ci --no-audit --no-fund --loglevel=error && npm run --silent test-browser

fuzz: ## run every fuzz test for FUZZTIME (10s) each
	FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

mutation: ## change the verifiers in one place at a time; fail if no vector or test notices. Takes minutes, and writes build/mutation.md and build/ts-mutation.md
	mkdir -p build
	go run ./tests/mutate -report build/mutation.md
	cd clients/js && npm ci --no-audit --no-fund --loglevel=error && npm run --silent mutation -- --report ../../build/ts-mutation.md

bench: build ## run the benchmarks; print tables, write build/bench.json, and fail if work is too cheap or too long for its price
	go run ./bench -out build/bench.json
	go test -run '^$$' -bench 'CPUPerGas|FreeRequests' -benchtime 1x -timeout 30m ./bench

lint: ## check style, common mistakes and which package imports which
	scripts/tools.sh lint
	@$(each_module) $(CURDIR)/.tools/golangci-lint run ./... ); done

format: ## format the code
	scripts/tools.sh lint
	@$(each_module) $(CURDIR)/.tools/golangci-lint fmt ./... ); done

tools: ## install the pinned tools into .tools/
	scripts/tools.sh all

proto: ## generate code and the OpenAPI document from proto/
	scripts/tools.sh proto
	.tools/buf lint
	scripts/proto-gen.sh

proto-check: ## fail if generated code is stale or proto/ has lint errors
	scripts/tools.sh proto
	.tools/buf lint
	scripts/proto-gen.sh --check

proto-deps: ## copy the .proto dependencies of the pinned modules into third_party/proto
	scripts/third-party-proto.sh

localnet: build ## start validators and voters on this machine until Ctrl-C
	./build/dualchaind localnet start

clean: ## remove build output (the tools in .tools/ stay)
	rm -rf build dist

.PHONY: help build install test test-long test-js test-browser test-race test-e2e test-e2e-short fuzz mutation bench lint format tools proto proto-check \
	proto-deps localnet clean
