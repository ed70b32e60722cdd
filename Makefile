# Ferry's tasks. `make` alone lists them. Everything built goes to .ferry/; nothing is installed except, as root on
# Debian, PostgreSQL's server programs and litecoind (deploy/bootstrap.sh).
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS   += --no-builtin-rules

BIN := .ferry/bin
# The nodes that are built. The fourth, litecoind, is a package that deploy/bootstrap.sh sees to.
NODES := $(addprefix .ferry/bin/,btcd bchd geth)
# Without VCS stamps: they fail in a checkout that belongs to another user.
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false)

.PHONY: help demo test test-liquidity test-long test-chains fuzz kafka test-kafka sweep simulate acceptance lint bench generate generate-check contracts clean tools bootstrap daemons

help: ## list these tasks
	@echo 'Usage: make <task>'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: bootstrap $(NODES) $(if $(filter apache,$(KAFKA)),$(BIN)/apache-kafka/complete) daemons ## run everything with embedded parts (ONCE=1: every asset is swapped, proved, then stop)
	@exec $(BIN)/ferry demo $(if $(ONCE),--once)

test: bootstrap $(NODES) $(BIN)/testcount $(BIN)/withpostgres ## run every test, on real PostgreSQL, Kafka protocol and nodes
	@FERRY_BIN='$(CURDIR)/$(BIN)' $(BIN)/withpostgres .ferry/test $(BIN)/testcount -count=1 -timeout 9m ./...

# Needs no node: PostgreSQL, the Kafka protocol and the venues' simulator are all that is played.
test-liquidity: bootstrap $(BIN)/testcount $(BIN)/withpostgres ## test prices, locks, venues and hedges, on the simulator: faults, Porcupine, crashes of hedging, days from seeds
	@FERRY_BIN='$(CURDIR)/$(BIN)' $(BIN)/withpostgres .ferry/test $(BIN)/testcount -count=1 -timeout 9m \
	  ./liquidity/... ./cmd/liquidityd ./cmd/internal/admin/desk

sweep: bootstrap $(NODES) $(if $(filter apache,$(KAFKA)),$(BIN)/apache-kafka/complete) | $(BIN) ## kill every daemon at every step that stores or sends (SAMPLE=10: ten of them; SOAK=1m, SEED=1, KAFKA=apache)
	@go build -o $(BIN)/sweep ./deploy/sweep
	@exec $(BIN)/sweep $(if $(SAMPLE),-sample $(SAMPLE)) $(if $(SOAK),-soak $(SOAK)) $(if $(SEED),-seed $(SEED)) $(if $(KAFKA),-kafka $(KAFKA))

acceptance: $(if $(MUTATE),,bootstrap $(NODES) daemons) | $(BIN) ## play every scenario in this process and on real nodes (ONLY=text, DRIVERS=simulated, WINDOW=2m; MUTATE=1 removes the policy rows one by one, MUTATE=tagged playing only what is about each, ROW=text some of them)
	@go build -o $(BIN)/acceptance ./deploy/acceptance
	@exec $(BIN)/acceptance $(if $(ONLY),-only '$(ONLY)') $(if $(DRIVERS),-drivers $(DRIVERS)) $(if $(WINDOW),-window $(WINDOW)) $(if $(MUTATE),-mutate) $(if $(filter tagged,$(MUTATE)),-tagged) $(if $(ROW),-row '$(ROW)')

simulate: | $(BIN) ## play a deployment from seeds, all its parts in one process (SEEDS=1000, FIRST=0; SEED=n tells one seed's story; BUG=name)
	@go build -o $(BIN)/simulate ./deploy/simulate
	@exec $(BIN)/simulate $(if $(SEED),-seed $(SEED)) $(if $(SEEDS),-seeds $(SEEDS)) $(if $(FIRST),-first $(FIRST)) $(if $(BUG),-bug $(BUG))

lint: $(BIN)/golangci-lint ## gofmt, go vet and golangci-lint over all of it
	@unformatted=$$(find . \( -name '.?*' -o -name node_modules \) -prune -o -name '*.go' -print | xargs -r gofmt -l); \
	  if [ -n "$$unformatted" ]; then printf 'lint: not as gofmt writes it (run gofmt -w):\n%s\n' "$$unformatted" >&2; exit 1; fi
	@go vet ./...
	@$(BIN)/golangci-lint run ./...

bench: bootstrap $(BIN)/geth ## measure against baselines run beside; report in bench/out (BENCH=quick: one short round each)
	@BENCH='$(BENCH)' go run ./bench

kafka: $(BIN)/apache-kafka/complete $(BIN)/apachekafka ## run Apache Kafka on loopback (PORT=n); `make demo KAFKA=apache` has one of its own
	@exec $(BIN)/apachekafka $(if $(PORT),-port $(PORT))

test-long: bootstrap $(NODES) $(BIN)/testcount $(BIN)/withpostgres ## what takes minutes: chains that misbehave, parts that go away, tampering
	@FERRY_TEST_LONG=1 FERRY_BIN='$(CURDIR)/$(BIN)' $(BIN)/testcount -count=1 -timeout 25m \
	  -run '^(TestPartsGoAway|TestReorganisations|TestEthereumMisbehaves|TestTamperingOnRealNodes)$$' ./deploy/cluster

test-chains: bootstrap $(NODES) $(BIN)/withpostgres ## play the attacks on deposits on four real nodes, and SEEDS=10000 random chain trees (FIRST=0); prints case, node, outcome
	@FERRY_BIN='$(CURDIR)/$(BIN)' $(BIN)/withpostgres .ferry/test go -C hotwallet/chaincases test -count=1 -timeout 20m -cases
	@go -C hotwallet/chaincases/trees test -count=1 -timeout 60m -seeds $(or $(SEEDS),1000) -first $(or $(FIRST),0) -tell

fuzz: ## fuzz every parser in turn (FUZZTIME=1m each; FUZZ='bitcoin FuzzReadBlock' some of them; KEEP=12 inputs to testdata/fuzz)
	@go run ./tools/fuzz -time '$(or $(FUZZTIME),1m)' $(if $(FUZZ),-only '$(FUZZ)') $(if $(KEEP),-keep $(KEEP))

test-kafka: bootstrap $(NODES) $(BIN)/testcount $(BIN)/withpostgres $(BIN)/apache-kafka/complete $(BIN)/apachekafka ## swaps end to end, and the bus, on Apache Kafka
	@FERRY_BIN='$(CURDIR)/$(BIN)' $(BIN)/testcount -count=1 -timeout 8m -run ApacheKafka ./deploy/parts
	@$(BIN)/apachekafka $(BIN)/withpostgres .ferry/test $(BIN)/testcount -count=1 -timeout 5m ./swap/bus/...
	@FERRY_BIN='$(CURDIR)/$(BIN)' KAFKA=apache $(BIN)/testcount -count=1 -timeout 9m -run '^TestSwapsOnRealNodes$$' ./deploy/cluster

clean: ## remove everything built and all data of the demo (.ferry/); stop a running demo first
	@if [ -e .ferry/run/supervisor.lock ] && ! flock --nonblock .ferry/run/supervisor.lock true; then \
	  echo 'clean: a demo is running on .ferry; stop it first (Ctrl-C where it runs)' >&2; exit 1; fi
	rm -rf .ferry
	@# deploy/parts puts PostgreSQL's data here when its user cannot reach the checkout (see parts.Elsewhere)
	@for data in .ferry/pg .ferry/sweep/forth/pg .ferry/sweep/back/pg .ferry/sweep/broken/pg; do \
	  rm -rf "/var/tmp/ferry-$$(printf %s "$(CURDIR)/$$data" | sha256sum | cut -c1-16)"; done

tools: $(addprefix $(BIN)/,btcd bchd geth golangci-lint oapi-codegen protoc-gen-go protoc-gen-connect-go) ## build every pinned tool

bootstrap:
	@deploy/bootstrap.sh litecoin

daemons: | $(BIN)
	@echo 'building the daemons (a minute the first time)'
	@go build -o $(BIN)/ ./cmd/...

# --- code that is generated and committed ------------------------------------------------------------------------------
# protoc writes next to each .proto file; everything else is a go:generate line beside what it writes.

GENERATORS := $(BIN)/oapi-codegen $(BIN)/protoc-gen-go $(BIN)/protoc-gen-connect-go
PROTO_ROOT := swap/rpc

generate: $(GENERATORS) ## write the generated code again (OpenAPI, Connect, go generate)
	@protos=$$([ ! -d $(PROTO_ROOT) ] || find $(PROTO_ROOT) -name '*.proto' | sort); if [ -n "$$protos" ]; then \
	  deploy/bootstrap.sh protoc; echo 'generate: protoc'; \
	  PATH="$(CURDIR)/$(BIN):$$PATH" protoc -I $(PROTO_ROOT) \
	    --go_out=$(PROTO_ROOT) --go_opt=paths=source_relative \
	    --connect-go_out=$(PROTO_ROOT) --connect-go_opt=paths=source_relative $$protos; \
	  find $(PROTO_ROOT) -name '*.pb.go' -exec sed -i -E '/^\/\/[ \t]*protoc +[v(]/d' {} +; fi
	@if [ -n "$$(go list ./... 2>/dev/null)" ]; then echo 'generate: go generate'; \
	  PATH="$(CURDIR)/$(BIN):$$PATH" go generate ./...; fi

# Needs Node.js and npm; nothing else does. What it writes is committed, and a test holds it to the sources.
CONTRACTS := hotwallet/chain/ethereum/testdata/contracts
contracts: ## compile the Solidity contracts of the tests again (npm's solc)
	@mkdir -p .ferry/contracts && cp $(CONTRACTS)/package.json $(CONTRACTS)/package-lock.json .ferry/contracts/
	@npm --prefix .ferry/contracts ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@cd $(CONTRACTS) && node build.mjs '$(CURDIR)/.ferry/contracts/package.json'

generate-check: $(GENERATORS) ## fail if committed generated code is not what its inputs give
	@tools/generate-check.sh

# --- pinned tools: one module each, rebuilt when its go.mod or go.sum is newer ------------------------------------------

$(BIN):
	@mkdir -p $@

# $(1) file, $(2) module folder under tools/, $(3) package, $(4) how long a cold build takes, $(5) environment
define tool
$(BIN)/$(1): tools/$(2)/go.mod tools/$(2)/go.sum | $(BIN)
	@echo 'building $(1), about $(4) the first time…'
	@$(5) go -C tools/$(2) build -o '$$(CURDIR)/$$@' $(3)
	@touch $$@
endef

$(eval $(call tool,btcd,btcd,github.com/btcsuite/btcd,half a minute))
$(eval $(call tool,bchd,bchd,github.com/gcash/bchd,half a minute))
$(eval $(call tool,geth,geth,github.com/ethereum/go-ethereum/cmd/geth,two minutes))
$(eval $(call tool,golangci-lint,golangci-lint,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,a minute and a half))
$(eval $(call tool,oapi-codegen,oapi-codegen,github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen,half a minute))
$(eval $(call tool,protoc-gen-go,protoc-gen,google.golang.org/protobuf/cmd/protoc-gen-go,ten seconds))
$(eval $(call tool,protoc-gen-connect-go,protoc-gen,connectrpc.com/connect/cmd/protoc-gen-connect-go,ten seconds))

# Apache Kafka is not built but fetched, as jars; Maven checks each against its checksum.
$(BIN)/apache-kafka/complete: deploy/kafka/pom.xml deploy/kafka/log4j2.properties | $(BIN)
	@deploy/bootstrap.sh kafka
	@echo 'fetching Apache Kafka (43 MB), about half a minute the first time…'
	@rm -rf '$(@D)'
	@mvn --quiet --batch-mode --strict-checksums -f deploy/kafka/pom.xml dependency:copy-dependencies \
	  -DincludeScope=runtime -DoutputDirectory='$(CURDIR)/$(@D)'
	@cp deploy/kafka/log4j2.properties '$(@D)/'
	@touch $@

$(BIN)/apachekafka: FORCE | $(BIN)
	@go build -o $@ ./deploy/kafka

# Our own helpers of `make test`; go's build cache decides what there is to do.
$(BIN)/testcount: FORCE | $(BIN)
	@go build -o $@ ./tools/testcount

$(BIN)/withpostgres: FORCE | $(BIN)
	@go build -o $@ ./deploy/withpostgres

FORCE:
