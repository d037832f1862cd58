# SPDX-License-Identifier: Apache-2.0
# `make` alone lists the targets.

GO ?= go
VENV := .venv
MOTO := $(VENV)/bin/moto_server

.PHONY: help run build test check lint race fuzz golden oracle test-gateways test-scale eval bench bench-base bench-diff clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## build ./bucketlid
	$(GO) build -trimpath -ldflags="-s -w" -o bucketlid ./cmd/bucketlid

run: build ## build, then hunt over the logs of a made-up company
	./bucketlid demo -o table

$(MOTO):
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check 'moto[server]==5.2.5'

test: $(MOTO) ## install what the tests need, and run them all
	BUCKETLID_MOTO=$(CURDIR)/$(MOTO) $(GO) test ./...

check: lint ## linters and tests that need nothing but Go
	$(GO) test -short ./...

lint: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run: gofmt -w .'; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff

race: ## tests under the race detector
	$(GO) test -race ./...

FUZZTIME ?= 20s
fuzz: ## each fuzz target for FUZZTIME
	@for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	  done; done

golden: ## accept the present output as the golden files
	$(GO) test ./report ./triage ./internal/eval -update
	UPDATE_SCRIPTS=1 $(GO) test ./cmd/bucketlid -run TestScripts

oracle: ## compare package policy with servers that enforce access
	internal/oracle/setup.sh $(CURDIR)/$(VENV)/bin
	BUCKETLID_VERSITYGW=$(CURDIR)/$(VENV)/bin/versitygw $(GO) test -tags oracle -count=1 -v ./internal/oracle

test-gateways: ## fixes on S3 servers that enforce access: the witness before, after, and after the rollback
	internal/oracle/setup.sh $(CURDIR)/$(VENV)/bin optional
	BUCKETLID_VERSITYGW=$(CURDIR)/$(VENV)/bin/versitygw $(GO) test ./cmd/bucketlid -run FixAgainst -count=1 -v -timeout 8m

TRINO := $(CURDIR)/$(VENV)/trino-435
$(TRINO)/plugin: internal/trinotest/pom.xml
	mvn -B -q -f $< -Dtrino.home=$(TRINO) package
	touch $@

test-scale: test-gateways $(MOTO) $(TRINO)/plugin ## hunts and queries on a real Trino server; needs Java 17 and Maven
	BUCKETLID_MOTO=$(CURDIR)/$(MOTO) BUCKETLID_TRINO=$(TRINO) $(GO) test ./cmd/bucketlid -run Scale -count=1 -v -timeout 30m

eval: ## how well triage judges labelled incidents
	$(GO) test ./internal/eval -run Eval -count=1 -v

bench: ## ratios of whole processes; needs igzip (isal), jq and GNU time
	bench/run.sh

BENCHES = $(GO) test -run '^$$' -bench 'Scan|Decode|Inflate$$|Analyse|Classify|Hunt' -benchtime 300ms -count 6 ./trail ./ingest ./policy ./cmd/bucketlid
bench-base: ## write bench/base.txt, the base that bench-diff compares with
	$(BENCHES) > bench/base.txt

bench-diff: ## the Go benchmarks against bench/base.txt
	$(BENCHES) > bench/new.txt
	$(GO) tool benchstat bench/base.txt bench/new.txt

clean: ## remove what was built
	rm -rf bucketlid $(VENV)
