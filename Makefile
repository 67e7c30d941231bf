# Entry points for people and for CI. `make` alone lists them.

CARGO ?= cargo
# Extra words for the program a target starts, e.g. make demo ARGS='--devices 100'.
ARGS ?=
# How the demonstration is built: `demo` is there first, `dev` shares what the tests built, `release` takes minutes more and
# runs faster.
PROFILE ?= demo

.DEFAULT_GOAL := help
.PHONY: help demo test build package check fmt advisories bench endurance fuzz

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r name text; \
	do printf '  make %-11s %s\n' "$$name" "$$text"; done

demo: ## Build, then run the server with 25 simulated PCs on loopback (Ctrl-C ends it)
	@scripts/prerequisites build
	@CARGO='$(CARGO)' scripts/demo $(PROFILE) $(ARGS)

# Doc tests come first, so that the last line is the summary of a test binary. The dashboard's types are checked here alone:
# who builds it to try it, or to run it, need not wait for that.
test: ## Install what the tests need, then run all of them
	@scripts/prerequisites test
	@scripts/dashboard
	@scripts/dashboard types
	@$(CARGO) build --locked --workspace --bins
	@$(CARGO) test --locked --workspace --doc
	@$(CARGO) test --locked --workspace --tests --no-fail-fast $(ARGS)

build: ## Build the programs, optimised, into target/release
	@scripts/prerequisites build
	@scripts/dashboard
	@$(CARGO) build --release --locked --workspace --bins

package: build ## Pack target/release/viaduct into a .deb and a .tar.gz, in target/package
	@scripts/prerequisites package
	@scripts/package

check: ## Formatting, lints, tidy, licences and sources, documentation, no_std
	@scripts/prerequisites check
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	@$(CARGO) xtask tidy
	@$(CARGO) xtask no-std
	@$(CARGO) deny --log-level error check bans licenses sources
	@RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --workspace --no-deps

fmt: ## Format the sources
	@$(CARGO) fmt --all

# Apart from `check`, because it fetches the advisory database from the network.
advisories: ## Compare the dependencies with the RustSec advisory database
	@scripts/prerequisites check
	@$(CARGO) deny check advisories

bench: ## Measure speed and cost beside a plain TLS relay (see bench/)
	@scripts/prerequisites test
	@test -x bench/run || { echo 'bench/run is missing: no benchmark is in this checkout' >&2; exit 1; }
	@bench/run $(ARGS)

# What `test` does with smaller numbers, and bench/attacks not at all there.
endurance: ## Attacks, foreign tenants and stalled PCs at full length (more than two hours)
	@scripts/prerequisites test
	@bench/attacks $(ARGS)
	@VIADUCT_TENANT_REQUESTS=100000 $(CARGO) test --locked --package viaduct-server --lib -- random_requests_never_cross
	@$(CARGO) build --locked --workspace --bins
	@VIADUCT_STALLED_SECONDS=60 $(CARGO) test --locked --package system-tests --test system a_pc_that_takes_nothing

SECONDS_EACH ?= 60
fuzz: ## Fuzz every target of fuzz/ for SECONDS_EACH seconds (needs nightly and cargo-fuzz)
	@scripts/fuzz $(SECONDS_EACH)
