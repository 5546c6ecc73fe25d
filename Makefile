# The commands for working here. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

STACK ?= dev
# CONTEXT is a context of your kubeconfig. Without it, the local node is used.
CONTEXT ?=
# REGISTRY is where `make images` pushes the reference applications.
REGISTRY ?=

driver := bin/daprstack
target := --stack $(STACK) $(if $(CONTEXT),--context $(CONTEXT))
tool = go tool -modfile=toolchain/$(1)/go.mod

##@ Run

.PHONY: up
up: ## Bring everything up: the local node, then the stack (CONTEXT=… for your own cluster)
	@go run ./toolchain/bootstrap $(if $(CONTEXT),engine,all)
	@$(if $(CONTEXT),,$(driver) local up)
	@$(driver) up $(target) --yes

.PHONY: node
node: ## Start the local node alone, for a stack of your own
	@go run ./toolchain/bootstrap all
	@$(driver) local up

.PHONY: preview
preview: ## Show what `make up` would change on the cluster
	@go run ./toolchain/bootstrap engine
	@$(driver) preview $(target)

.PHONY: verify
verify: ## Check the running stack against its stack file, rule by rule
	@go run ./toolchain/bootstrap driver
	@$(driver) verify $(target)

.PHONY: outputs
outputs: ## Print the stack's outputs: how to open the page, app-ids, components
	@go run ./toolchain/bootstrap engine
	@$(driver) outputs $(target)

.PHONY: destroy
destroy: ## Remove the stack from its cluster; a local node stays up
	@go run ./toolchain/bootstrap engine
	@$(driver) destroy $(target) --yes

.PHONY: down
down: ## Remove the local node with everything on it; only the cache of built tools stays
	@go run ./toolchain/bootstrap driver
	@$(driver) local down

.PHONY: images
images: ## Build the reference applications' images without Docker and push them to REGISTRY=…
	@test -n "$(REGISTRY)" || { echo "say where to push: make images REGISTRY=<registry>/<path>" >&2; exit 1; }
	KO_DOCKER_REPO=$(REGISTRY) $(call tool,ko) ko build --base-import-paths --tags dev ./examples/todo/frontend ./examples/todo/backend ./examples/todo/activity

##@ Check

.PHONY: test
test: ## Unit tests with the race detector
	go test -race ./...

comma := ,

# The flags are those that Dapr and Pulumi are built with (toolchain/build.go):
# with others all of them would be compiled again. What is tested lies outside the
# module, so a cached result says nothing.
upstream = cd toolchain/$(1) && CGO_ENABLED=0 GOFLAGS=$(3) GOWORK=off go test -count 1 -mod=readonly -trimpath -buildvcs=false \
	-gcflags=all=-dwarf=false -ldflags='-s -w' -tags=$(2) ./upstream

.PHONY: test-upstream
test-upstream: ## Hold what daprstack knows about Dapr, Pulumi and Kubernetes against their own code
	@go run ./toolchain/bootstrap engine
	$(call upstream,manifests)
	$(call upstream,pulumi)
	$(call upstream,dapr,stablecomponents)
	$(call upstream,dapr,stablecomponents$(comma)dapr117,-modfile=$(CURDIR)/toolchain/dapr-1.17/go.mod)

.PHONY: e2e
e2e: ## End-to-end tests: local node, engine, Dapr and Redis (root, Linux)
	@go run ./toolchain/bootstrap all
	@command -v chromium >/dev/null || { echo "installing chromium, which the page is tested with"; apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }
	go test -tags e2e -count 1 -timeout 60m -v ./e2e/...

.PHONY: e2e-redis
e2e-redis: ## The shop on Redis behind sentinels, on a cluster of six, and where only pods reach it (8 minutes)
	@go run ./toolchain/bootstrap all
	EVERY_REDIS=1 go test -tags e2e -count 1 -timeout 60m -v -run 'TestRedis' ./e2e

.PHONY: e2e-init
e2e-init: ## Applications that were applied with kubectl, made a stack by init --from (2 minutes)
	@go run ./toolchain/bootstrap all
	INIT=1 go test -tags e2e -count 1 -timeout 15m -v -run TestInitFrom ./e2e

.PHONY: e2e-workloads
e2e-workloads: ## Autoscaled apps, StatefulSets, Jobs, an Ingress and raw objects, on the node (3 minutes)
	@go run ./toolchain/bootstrap all
	WORKLOADS=1 go test -tags e2e -count 1 -timeout 15m -v -run TestWorkloads ./e2e

.PHONY: e2e-workflows
e2e-workflows: ## The workflows for pull requests, deployments and drift, on the local node, without GitHub (5 minutes)
	@go run ./toolchain/bootstrap all
	@command -v node >/dev/null || { echo "installing nodejs, which act needs"; apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs; }
	WORKFLOWS=1 go test -tags e2e -count 1 -timeout 60m -v -run TestWorkflows ./e2e

.PHONY: bench
bench: ## Compare `up` with helm and kubectl on the same objects, in turns (PAIRS=5)
	@go run ./toolchain/bootstrap all
	YARDSTICK=$(or $(PAIRS),5) go test -tags e2e -count 1 -timeout 60m -v -run TestYardstick ./e2e

.PHONY: bench-stock
bench-stock: ## Compare preview and up with a stock Pulumi's, with the policy pack and without (TURNS=5, 25 minutes)
	@go run ./toolchain/bootstrap all
	SPEED=$(or $(TURNS),5) go test -tags e2e -count 1 -timeout 90m -v -run TestSpeed ./e2e

.PHONY: faults
faults: ## Publish 10,000 events while everything fails: none may be lost (RUNS=1, PLAIN=1 for plain Dapr as well; 25 minutes a run)
	@go run ./toolchain/bootstrap all
	FAULTS=$(or $(RUNS),1) FAULTS_PLAIN=$(PLAIN) FAULTS_REDIS=$(or $(RUNS),1) go test -tags e2e -count 1 -timeout 90m -v -run TestFaults ./e2e

.PHONY: bench-events
bench-events: ## Compare events through our pub/sub with a plain one beside it (TURNS=5)
	@go run ./toolchain/bootstrap all
	EVENTS=$(or $(TURNS),5) go test -tags e2e -count 1 -timeout 30m -v -run TestEvents ./e2e

.PHONY: mutation
mutation: ## Break config and contracts in 1,900 places and check that a test notices (ONLY=file:line, 40 minutes)
	go run ./internal/mutation $(if $(ONLY),-only '$(ONLY)')

.PHONY: generate
generate: ## Regenerate the pages of docs/reference and the schemas that follow from the code
	go run ./internal/docgen
	go test ./cmd/daprstack -run TestCommandsPage -update

.PHONY: lint
lint: ## Formatting, go vet, golangci-lint and the workflow files
	@test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	$(call tool,lint) golangci-lint run ./...
	$(call tool,actionlint) actionlint

.PHONY: clean-cache
clean-cache: ## Remove the cache of built tools and images
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/daprstack"

##@ Release

goreleaser = PATH="$(CURDIR)/bin:$$PATH" $(call tool,goreleaser) goreleaser

.PHONY: release-snapshot
release-snapshot: release-tools ## Build all that a release has into dist/, and publish nothing (20 minutes the first time)
	$(goreleaser) check
	$(goreleaser) release --snapshot --clean --skip=publish,ko

.PHONY: e2e-release
e2e-release: ## Make a release as the workflow does, for this platform and without GitHub, and look at it (2 minutes, 10 the first time)
	@go run ./toolchain/bootstrap engine
	RELEASE=1 go test -tags e2e -count 1 -timeout 60m -v -run TestRelease ./e2e

.PHONY: release-cut
release-cut: ## Make a section of the changelog of what is unreleased (VERSION=v1.2.3)
	go run ./internal/changelog cut "$(VERSION)"

.PHONY: release
release: release-tools ## Publish a version whose tag is checked out (VERSION=v1.2.3); release.yml runs it
	go run ./internal/changelog notes "$(VERSION)" > bin/notes.md
	$(goreleaser) release --clean --release-notes=bin/notes.md

.PHONY: release-tools
release-tools:
	GOBIN="$(CURDIR)/bin" go install -modfile=toolchain/goreleaser/go.mod github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

##@ Help

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "; printf "make <target>\n"} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-zA-Z0-9_-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
