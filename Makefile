# Go is all that 'build' and 'test' need. The rest says what it needs.
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 0
cache := $(CURDIR)/.cache
apache39 := $(cache)/zookeeper-3.9

help: ## print this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 12

build: ## build ./zooctl
	go build -trimpath -o zooctl ./cmd/zooctl

test: ## run the tests; needs Go alone, takes a minute or two
	go test -timeout 10m ./...

race: ## run the tests with the race detector; needs a C compiler
	CGO_ENABLED=1 go test -race -timeout 15m ./...

lint: ## check form and style; needs 'make tools'
	test -z "$$(gofmt -l .)"
	go vet ./...
	$(cache)/bin/golangci-lint run ./...

cross: ## build for every system
	GOOS=linux GOARCH=arm64 go build -trimpath -o /dev/null ./cmd/zooctl
	GOOS=darwin GOARCH=arm64 go vet -trimpath ./...
	GOOS=darwin GOARCH=arm64 go build -trimpath -o /dev/null ./cmd/zooctl
	GOOS=windows GOARCH=amd64 go vet -trimpath ./...
	GOOS=windows GOARCH=amd64 go build -trimpath -o /dev/null ./cmd/zooctl

apache: ## run what runs on Apache ZooKeeper, 3.8 and 3.9; needs 'make tools'
	ZOOCTL_TEST_APACHE=required go test -count=1 -timeout 10m ./localcluster ./scripts/...
	ZOOCTL_TEST_APACHE=required ZOOKEEPER_HOME=$(apache39) go test -count=1 -timeout 10m ./localcluster ./scripts/...
	ZOOCTL_TEST_ENGINE=apache go test -count=1 -timeout 10m -run TestScript ./cmd
	ZOOCTL_TEST_ENGINE=apache ZOOCTL_TEST_DIST=$(apache39) go test -count=1 -timeout 10m -run TestScript ./cmd

suites: ## run the tests of kazoo and go-zookeeper on embedded servers; needs 'make tools'
	ZOOCTL_TEST_SUITES=required go test -count=1 -timeout 20m -v -run TestSuites ./scripts/suites

tools: ## install what CI needs: Apache ZooKeeper, kazoo, the linter
	scripts/ci/install.sh

ci: tools lint cross race fuzz apache suites histories snapshot ## all that a change must pass besides 'test'

fuzz: ## fuzz the decoders and the line splitter for a while each
	go test -run '^$$' -fuzz FuzzDecode -fuzztime 300000x ./ops/wire
	go test -run '^$$' -fuzz FuzzParse -fuzztime 100000x ./localcluster/server/zoocfg
	go test -run '^$$' -fuzz FuzzJKS -fuzztime 50000x ./localcluster/server/keystore
	go test -run '^$$' -fuzz FuzzQuote -fuzztime 100000x ./shell
	go test -run '^$$' -fuzz FuzzOpen -fuzztime 5000x ./localcluster/server/consensus/wal

histories: ## record what clients see under faults, and check it, for two minutes
	HISTORY_SECONDS=$${HISTORY_SECONDS:-120} HISTORY_KILLS=$${HISTORY_KILLS:-60} go test -count=1 -timeout 20m -v ./scripts/histories

soak: ## the same for hours: HISTORY_SECONDS, HISTORY_SEED, HISTORY_KILLS; SOAK says how often other tests kill
	HISTORY_SECONDS=$${HISTORY_SECONDS:-14400} HISTORY_SEED=$${HISTORY_SEED:-$$(date +%s)} HISTORY_KILLS=$${HISTORY_KILLS:-500} go test -count=1 -timeout 0 -v ./scripts/histories
	go test -count=$${SOAK:-200} -timeout 0 -run 'TestKillAllUnderWrites|TestLife' ./localcluster

docs: ## rewrite the table of commands in the README
	go test ./cmd -run TestDocs -update

update: ## rewrite the expected output of the scripts; look at what changed
	go test ./cmd -run TestScript -update

bench: ## measure beside Apache ZooKeeper and rewrite the figures in the README
	go run ./scripts/bench -readme README.md

frames: ## record frames of other clients and a real server; needs 'make tools'
	go run ./scripts/capture $(cache)/venv/bin/python testdata/frames

picture: ## record the picture in the README
	go run ./scripts/picture testdata/demo.svg

snapshot: ## build archives as a release would have them, in dist
	$(cache)/bin/goreleaser release --snapshot --clean --skip=publish
	tar -tzf dist/zooctl_*_linux_amd64.tar.gz | sort > $(cache)/archive
	grep -qx zooctl $(cache)/archive && grep -q '^man/zooctl-lock-run.1' $(cache)/archive && grep -q '^completions/zooctl.bash' $(cache)/archive

.PHONY: help build test race lint cross apache suites tools ci fuzz histories soak docs update bench frames picture snapshot
