# Two commands matter: `make serve` and `make test`. Both install what they need, outside the checkout.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PORT ?= 8080
CACHE := $(or $(TIDEPOOL_CACHE),$(HOME)/.cache/tidepool)
IN := . '$(CACHE)/env';

.PHONY: help serve dist test test-native test-clients test-wasm test-types test-page test-size audit fresh search bench fmt lint broker setup setup-test

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

setup: ## install what building needs
	@scripts/setup.sh build

setup-test: ## install what testing needs
	@scripts/setup.sh test

serve: dist ## build the page and serve it on http://127.0.0.1:PORT/ (PORT=8080)
	@$(IN) exec node scripts/serve.mjs dist --port $(PORT)

dist: setup dist/index.html ## build the page into dist/

# Folders are among them, so that a file that went is noticed; the page is as old as the moment at which its build began.
PAGE := $(shell find src www) index.html Trunk.toml Cargo.toml Cargo.lock package.json scripts/check-size.mjs
dist/index.html: $(PAGE) | setup
	@mkdir -p target && touch target/page-began; \
	$(IN) cargo fetch --locked --quiet && trunk build --release && touch -r target/page-began $@

broker: setup ## build the native broker
	@$(IN) cargo build --locked --profile fast --bin tidepool && echo "built $$CARGO_TARGET_DIR/fast/tidepool"

STEPS := native clients wasm types page
test: setup-test ## everything: native tests, real Kafka clients, wasm tests, the page in a browser, sizes
	@failed=(); \
	for step in $(STEPS); do \
	  printf '\n=== %s\n' "$$step"; \
	  if $(MAKE) --no-print-directory test-$$step </dev/null; then :; else failed+=("$$step"); fi; \
	done; \
	echo; \
	if [ $${#failed[@]} -gt 0 ]; then echo "FAILED: $${failed[*]}"; exit 1; fi; \
	echo "all steps passed: $(STEPS)"

test-native: setup ## unit and integration tests of the floors that know no browser
	@$(IN) cargo test --locked

test-clients: setup-test ## the native broker against kcat, confluent-kafka, kafka-python, aiokafka, kafkajs, and with Maven Kafka's own clients and tools
	@$(IN) cargo build --locked --profile fast --bin tidepool; \
	TIDEPOOL_BIN="$$CARGO_TARGET_DIR/fast/tidepool" "$$TIDEPOOL_PYTHON" tests/clients/run.py

test-wasm: setup-test ## the tests that run as wasm in a headless browser (tests/browser*.rs)
	@$(IN) cargo test --locked --target wasm32-unknown-unknown --test 'browser*'

test-types: setup ## the types of the element against a page's own script
	@$(IN) tsc -p tests/types && echo 'element.d.ts fits its use'

test-page: setup-test dist test-size ## the built page in a headless browser
	@$(IN) node tests/browser/page.mjs dist

test-size: ## whether what is in dist/ has grown by more than a tenth
	@node scripts/check-size.mjs dist --check

# The advisories are a database of others, on GitHub: where it cannot be reached the rest is checked, and what was not is said.
audit: setup ## unused dependencies, licences, sources, known vulnerabilities (cargo-machete, cargo-deny: some minutes to install)
	@scripts/setup.sh audit; $(IN) cargo machete; cargo deny --log-level error check licenses bans sources; \
	if cargo deny --log-level error fetch db; then cargo deny --log-level error check --disable-fetch advisories; \
	else echo 'audit: NOT checked: advisories, whose database cannot be fetched here (github.com/RustSec/advisory-db)'; fi

fresh: ## make serve from a clone with empty caches, as on a machine that has never seen the project (ten minutes)
	@scripts/fresh.sh

search: setup ## search seeds of a base drawn at random for violations, until told to stop (BASE=n begins there)
	@$(IN) cargo build --locked --profile fast --bin tidepool; \
	base=$${BASE:-$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}; echo "seeds from $$base on"; \
	"$$CARGO_TARGET_DIR/fast/tidepool" simulate --seeds "$$base..$$((base + 1000000000))"

bench: setup-test dist ## benchmarks: the engine natively, and as wasm in a headless browser
	@$(IN) cargo bench --locked --bench engine; node tests/browser/bench.mjs dist; node tests/browser/frames.mjs dist

fmt: ## format the Rust code
	@cargo fmt; rustfmt --edition 2024 src/kafka/*/requests/*.rs src/world/operations/*.rs # lists of APIs and operations declare these modules, where cargo does not look

lint: setup ## clippy, natively and for wasm, warnings are errors
	@$(IN) cargo clippy --locked --all-targets -- -D warnings; \
	cargo clippy --locked --target wasm32-unknown-unknown --lib --bins -- -D warnings
