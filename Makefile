# Everything that a person types here. `make help` lists it.
# Tools that are installed by a target go into .tools/, by package name, and are told.

SHELL := /bin/bash
.DEFAULT_GOAL := help
TOOLS := $(CURDIR)/.tools
export PATH := $(TOOLS)/bin:$(PATH)

CARGO_DENY := 0.20.2
CARGO_MACHETE := 0.9.2
CARGO_BOLERO := 0.13.5

# How long each fuzz target runs, and what drives it: `random` on the pinned toolchain, or `libfuzzer`, which needs a C++ compiler.
FUZZ_SECONDS ?= 20
FUZZ_ENGINE ?= random
FUZZ_TARGETS := signatures deliveries graph_answers threads cursors jobs requests

.PHONY: help run test faults fuzz bench lint fmt docs advisories browser clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build and start the whole stack on this machine
	@echo "make: building; the first time takes some minutes"
	cargo run --locked -p local-stack

test: browser ## Run every test; installs Chromium (apt) when it is missing
	cargo test --workspace --locked

faults: ## Inject every fault in full and write the table into docs/RELIABILITY.md
	@echo "make: building; then it takes some minutes"
	FAULTS=full FAULTS_REPORT="$(CURDIR)/docs/RELIABILITY.md" FAULTS_COMMAND="\`make faults\`, $$(date -u +%F)" \
	  cargo test --locked -p shopbell-tests --test faults

fuzz: ## Throw any bytes at every reader, FUZZ_SECONDS (20) each; FUZZ_ENGINE=libfuzzer for coverage
	@echo "make: engine $(FUZZ_ENGINE), $(FUZZ_SECONDS) seconds a target, $$(rustc --version)"
	@$(MAKE) --no-print-directory fuzz-$(FUZZ_ENGINE)

.PHONY: fuzz-random fuzz-libfuzzer
fuzz-random:
	cargo test --locked -p shopbell-fuzz --test targets --no-run
	@for target in $(FUZZ_TARGETS); do \
	  BOLERO_RANDOM_ITERATIONS=1000000000 BOLERO_RANDOM_TEST_TIME_MS=$(FUZZ_SECONDS)000 \
	    cargo test --quiet --locked -p shopbell-fuzz --test targets -- --exact $$target || exit 1; \
	done

fuzz-libfuzzer: $(TOOLS)/bin/cargo-bolero
	@for target in $(FUZZ_TARGETS); do \
	  cargo bolero test -p shopbell-fuzz $$target --engine libfuzzer --sanitizer NONE -T $(FUZZ_SECONDS)s --target-dir target/fuzz || exit 1; \
	done

lint: ## Check format, lints, docs, dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
	@$(MAKE) --no-print-directory $(TOOLS)/bin/cargo-deny $(TOOLS)/bin/cargo-machete
	cargo deny --log-level error check bans licenses sources
	cargo machete

advisories: $(TOOLS)/bin/cargo-deny ## Check dependencies against the advisory database (downloads it)
	cargo deny check advisories

fmt: ## Format the code
	cargo fmt --all

docs: ## Build the documentation of the code
	cargo doc --workspace --no-deps --locked

# Each function is built by itself: built together, they would share features that none of them deploys with.
bench: ## Measure the built functions beside a floor and a plain peer into docs/PERFORMANCE.md (ROUNDS=8; ONLY=webhook prints)
	@echo "make: building what deploys and its peers; the first time takes long"
	for function in webhook ingest deliver; do cargo build --release --locked -p $$function || exit 1; done
	cargo build --release --locked --manifest-path tests/bench/peers/Cargo.toml --target-dir target/peers
	BENCH_FUNCTIONS=target/release BENCH_PEERS=target/peers/release $(if $(ONLY),,BENCH_DOCUMENT=docs/PERFORMANCE.md) \
	  BENCH_HEADING='`make bench`'" on $$(date -u +%F), $$(uname -m), $$(nproc) cores" cargo run --locked -p shopbell-bench

# The browser test drives the simulator's page as a person does.
browser:
	@{ command -v chromium && command -v chromedriver; } > /dev/null || { \
	  echo "make: installing Chromium and its driver for the browser test (apt: chromium chromium-driver)"; \
	  if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends chromium chromium-driver > /dev/null; }

$(TOOLS)/bin/cargo-deny:
	@echo "make: installing cargo-deny $(CARGO_DENY) into .tools (cargo)"
	cargo install --quiet --locked --root $(TOOLS) cargo-deny@$(CARGO_DENY)

$(TOOLS)/bin/cargo-machete:
	@echo "make: installing cargo-machete $(CARGO_MACHETE) into .tools (cargo)"
	cargo install --quiet --locked --root $(TOOLS) cargo-machete@$(CARGO_MACHETE)

$(TOOLS)/bin/cargo-bolero:
	@echo "make: installing cargo-bolero $(CARGO_BOLERO) into .tools (cargo)"
	cargo install --quiet --locked --root $(TOOLS) cargo-bolero@$(CARGO_BOLERO)

clean: ## Remove what was built; the data of `make run` stays
	cargo clean
