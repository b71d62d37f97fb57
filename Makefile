# Everything that a person types here. `make help` lists it.
# Tools that are installed by a target go into .tools/, by package name, and are told.

SHELL := /bin/bash
.DEFAULT_GOAL := help
TOOLS := $(CURDIR)/.tools
export PATH := $(TOOLS)/bin:$(PATH)

CARGO_DENY := 0.20.2
CARGO_MACHETE := 0.9.2
CARGO_BOLERO := 0.13.5
CARGO_CYCLONEDX := 0.5.9

# Python tools, each set in an environment of its own.
DEPLOY := $(TOOLS)/deploy
CHECKOV := $(TOOLS)/checkov
EMULATOR := $(TOOLS)/emulator
DEPLOY_PACKAGES := aws-sam-cli==1.170.0 cargo-lambda==1.9.2
CHECKOV_PACKAGES := checkov==3.3.30
EMULATOR_PACKAGES := ministack[full]==1.5.33

# Where to deploy: the environment of samconfig.toml is `default` for dev, else the stage's own name.
STAGE ?= dev
CONFIG_ENV := $(if $(filter dev,$(STAGE)),default,$(STAGE))
export SAM_CLI_TELEMETRY := 0

FUNCTIONS := webhook api ingest deliver notify announce sweep
TEMPLATES := template.yaml infra/alerts.yaml infra/api.yaml infra/data.yaml infra/observability.yaml

# How long each fuzz target runs, and what drives it: `random` on the pinned toolchain, or `libfuzzer`, which needs a C++ compiler.
FUZZ_SECONDS ?= 20
FUZZ_ENGINE ?= random
FUZZ_TARGETS := signatures deliveries graph_answers threads cursors jobs requests

.PHONY: help run test faults burst fuzz bench lint lint-template fmt docs advisories sbom build deploy test-deploy browser connect redrive replay backfill templates export erase clean

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
	  cargo test --locked --workspace --test faults

burst: ## Tell of BURST (5,000) orders of one Page at once, and see that each customer gets one receipt, at the Page's pace
	@echo "make: the pace is five a second: it takes a quarter of an hour"
	BURST=$(or $(BURST),5000) cargo test --locked --workspace --test journeys -- --nocapture a_burst_of_orders

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
	@$(MAKE) --no-print-directory lint-template

lint-template: $(DEPLOY)/bin/sam $(CHECKOV)/bin/checkov ## Check the template: sam validate, cfn-lint, checkov
	AWS_DEFAULT_REGION=us-east-1 $(DEPLOY)/bin/sam validate --lint --template template.yaml
	$(DEPLOY)/bin/cfn-lint -r us-east-1 eu-central-1 -- $(TEMPLATES)
	@mkdir -p target
	$(DEPLOY)/bin/python infra/translate.py prod > target/prod.json
	$(DEPLOY)/bin/cfn-lint -r us-east-1 eu-central-1 --ignore-checks W7001 -- target/prod.json
	$(CHECKOV)/bin/checkov --config-file .checkov.yaml

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

# ---------------------------------------------------------------- AWS

# Cargo.lock is looked at first, because neither SAM nor cargo-lambda can be told `--locked`; paths of this machine stay out of the artifacts.
REPRODUCIBLE := CARGO_BUILD_RUSTFLAGS="--remap-path-prefix=$(HOME)/.cargo=/cargo --remap-path-prefix=$(CURDIR)=/shopbell"

build: $(DEPLOY)/bin/sam ## Build what deploys for STAGE (dev); the first time takes long
	cargo metadata --locked --format-version 1 > /dev/null
	@arch=$$(sed -n '/^\[$(CONFIG_ENV).global/,/^\[/s/.*Architecture=\([a-z0-9_]*\).*/\1/p' samconfig.toml | head -n 1); \
	  target=$$( [ "$$arch" = arm64 ] && echo aarch64 || echo x86_64 )-unknown-linux-gnu; \
	  [ -d "$$(rustc --print sysroot)/lib/rustlib/$$target" ] || { \
	    echo "make: Rust cannot build for $$arch yet. Type: rustup target add $$target"; exit 1; }
	PATH="$(DEPLOY)/bin:$$PATH" $(REPRODUCIBLE) sam build --config-env $(CONFIG_ENV)

deploy: build ## Deploy to AWS as STAGE (dev), with your AWS credentials and region
	$(DEPLOY)/bin/sam deploy --config-env $(CONFIG_ENV)
	@echo "make: deployed. Next: make connect PAGE=<id of your Facebook Page> STAGE=$(STAGE)"

test-deploy: $(DEPLOY)/bin/sam $(EMULATOR)/bin/ministack ## Deploy into an emulator of AWS and drive the line (REQUESTS=400; PROFILE=dev for quick artifacts)
	@$(MAKE) --no-print-directory artifacts-$(or $(PROFILE),release)
	cargo build --locked --workspace --bins
	BUILT=.aws-sam/$(if $(filter dev,$(PROFILE)),dev,build)/template.yaml SAM=$(DEPLOY)/bin/sam PYTHON=$(DEPLOY)/bin/python MINISTACK=$(EMULATOR)/bin/ministack target/debug/deployed-line

.PHONY: artifacts-release artifacts-dev
artifacts-release:
	@$(MAKE) --no-print-directory build STAGE=emulator

# The layout that `sam build` makes, of what `cargo test` has built already.
artifacts-dev:
	cargo build --locked --workspace --bins
	@rm -rf .aws-sam/dev && mkdir -p .aws-sam/dev
	@sed -e 's#Location: infra/#Location: ../../infra/#' -e 's#CodeUri: functions/#CodeUri: #' template.yaml > .aws-sam/dev/template.yaml
	@for function in $(FUNCTIONS); do \
	  mkdir -p .aws-sam/dev/$$function && strip -o .aws-sam/dev/$$function/bootstrap target/debug/$$function || exit 1; done

sbom: $(TOOLS)/bin/cargo-cyclonedx ## Write what each function is made of into target/sbom (CycloneDX)
	@rm -rf target/sbom && mkdir -p target/sbom
	cargo cyclonedx --quiet --format json --spec-version 1.5 --target all --override-filename bom
	@for function in $(FUNCTIONS); do sed 's#$(CURDIR)#/shopbell#g' functions/$$function/bom.json > target/sbom/$$function.json; done
	@find . -name bom.json -not -path './target/*' -delete
	@ls target/sbom

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

$(TOOLS)/bin/cargo-cyclonedx:
	@echo "make: installing cargo-cyclonedx $(CARGO_CYCLONEDX) into .tools (cargo)"
	cargo install --quiet --locked --debug --root $(TOOLS) cargo-cyclonedx@$(CARGO_CYCLONEDX)

# A set of Python packages; the marker is made last, so that a broken installation is made again.
define python_tools
	@echo "make: installing $(2) into .tools (pip)"
	@python3 -m venv $(1)
	@$(1)/bin/pip install --quiet --disable-pip-version-check $(2)
	@touch $@
endef

$(DEPLOY)/bin/sam: $(DEPLOY)/.$(subst ==,-,$(firstword $(DEPLOY_PACKAGES)))
$(CHECKOV)/bin/checkov: $(CHECKOV)/.$(subst ==,-,$(firstword $(CHECKOV_PACKAGES)))
$(EMULATOR)/bin/ministack: $(EMULATOR)/.ministack
$(DEPLOY)/.%:
	$(call python_tools,$(DEPLOY),$(DEPLOY_PACKAGES))
$(CHECKOV)/.%:
	$(call python_tools,$(CHECKOV),$(CHECKOV_PACKAGES))
$(EMULATOR)/.%:
	$(call python_tools,$(EMULATOR),'$(EMULATOR_PACKAGES)')

# ---------------------------------------------------------------- the operator

# The operator's command works on a deployed stack: stack_env.py gives it credentials and addresses. LOCAL=1 is the stack of `make run`.
LOCAL ?=
LOCAL_DATA ?= .shopbell
SAY_YES := $(if $(YES),--yes)
define OPERATE
set -euo pipefail; \
  if [ -n "$(LOCAL)" ]; then \
    [ -f "$(LOCAL_DATA)/stack.env" ] || { echo "make: $(LOCAL_DATA)/stack.env is not there; start \`make run\` first"; exit 1; }; \
    variables="$$(cat "$(LOCAL_DATA)/stack.env")"; \
  else variables="$$($(DEPLOY)/bin/python infra/operator/stack_env.py --config-env "$(CONFIG_ENV)")"; fi; \
  eval "$$variables"; cargo run --locked -q -p operator -- $(SAY_YES)
endef
NEED = @[ -n "$($(1))" ] || { echo "make: say $(1)=$(2), as in: make $@ $(3)"; exit 1; }
WHOSE = $(if $(CONVERSATION),--conversation "$(CONVERSATION)",--page "$(PAGE)" --person "$(PERSON)")
NEED_WHOSE = @[ -n "$(CONVERSATION)" ] || [ -n "$(PAGE)" -a -n "$(PERSON)" ] || { \
  echo "make: say CONVERSATION=cnv_…, or PAGE=<id> PERSON=<id>"; exit 1; }
# What reads the stack: the Python of the SAM CLI.
OPERATOR_NEEDS := $(if $(LOCAL),,$(DEPLOY)/bin/sam)

connect: $(OPERATOR_NEEDS) ## Connect a Page: secrets, callback, subscriptions, profile, proof (PAGE=<id>, SHOP=<name>, STAGE=dev)
	$(call NEED,PAGE,<id>,PAGE=108234567890123)
	@$(OPERATE) connect --page "$(PAGE)" $(if $(SHOP),--name "$(SHOP)")

redrive: $(OPERATOR_NEEDS) ## Bring dead letters back (QUEUE=inbound|orders|events|outbound, STAGE=dev or LOCAL=1)
	$(call NEED,QUEUE,inbound|orders|events|outbound,QUEUE=inbound)
	@$(OPERATE) redrive --queue "$(QUEUE)"

replay: $(OPERATOR_NEEDS) ## Put parked work back into its queue (DAY=<yyyy-mm-dd>, KIND=, ID=, STAGE=dev or LOCAL=1)
	$(call NEED,DAY,<yyyy-mm-dd>,DAY=2026-11-21)
	@$(OPERATE) replay --day "$(DAY)" $(if $(KIND),--kind "$(KIND)") $(if $(ID),--id "$(ID)")

backfill: $(OPERATOR_NEEDS) ## Read what was missed from Meta's record (PAGE=<id>, SINCE=<RFC 3339>, AFTER=, STAGE=dev or LOCAL=1)
	$(call NEED,PAGE,<id>,PAGE=108234567890123 SINCE=2026-11-20T08:00:00Z)
	$(call NEED,SINCE,<RFC 3339>,PAGE=108234567890123 SINCE=2026-11-20T08:00:00Z)
	@$(OPERATE) backfill --page "$(PAGE)" --since "$(SINCE)" $(if $(AFTER),--after "$(AFTER)")

templates: $(OPERATOR_NEEDS) ## Create the notices' utility templates (PAGE=<id>, LANGUAGES=de,en, ORDER_URL=, TRACKING_URL=, STAGE=dev or LOCAL=1)
	$(call NEED,PAGE,<id>,PAGE=108234567890123 ORDER_URL=https://shop.example/orders/)
	@$(OPERATE) templates --page "$(PAGE)" $(if $(LANGUAGES),--language "$(LANGUAGES)") $(if $(ORDER_URL),--order-url "$(ORDER_URL)") \
	  $(if $(TRACKING_URL),--tracking-url "$(TRACKING_URL)")

export: $(OPERATOR_NEEDS) ## Write what is stored of a person into FILE= (CONVERSATION=cnv_…, or PAGE= PERSON=; STAGE=dev or LOCAL=1)
	$(NEED_WHOSE)
	$(call NEED,FILE,<new file>,CONVERSATION=cnv_… FILE=person.jsonl)
	@$(OPERATE) export $(WHOSE) --file "$(FILE)"

erase: $(OPERATOR_NEEDS) ## Erase what is stored of a person for ever (CONVERSATION=cnv_…, or PAGE= PERSON=; ASKED_AT=, STAGE=dev or LOCAL=1)
	$(NEED_WHOSE)
	@$(OPERATE) erase $(WHOSE) $(if $(ASKED_AT),--asked-at "$(ASKED_AT)")

clean: ## Remove what was built; the data of `make run` stays
	cargo clean
