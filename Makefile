# Everything that a person types here. `make help` lists it.
# Tools that are installed by a target go into .tools/, by package name, and are told.

SHELL := /bin/bash
.DEFAULT_GOAL := help
TOOLS := $(CURDIR)/.tools
export PATH := $(TOOLS)/bin:$(PATH)

CARGO_DENY := 0.20.2
CARGO_MACHETE := 0.9.2

.PHONY: help run test lint fmt docs advisories browser clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build and start the whole stack on this machine
	@echo "make: building; the first time takes some minutes"
	cargo run --locked -p local-stack

test: browser ## Run every test; installs Chromium (apt) when it is missing
	cargo test --workspace --locked

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

clean: ## Remove what was built; the data of `make run` stays
	cargo clean
