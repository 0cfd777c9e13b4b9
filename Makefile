# make demo   the main job: sweep a small grid here and draw its heatmaps (about two minutes)
# make test   everything the project checks of itself
# make bench  speed beside OpenBLAS, faer, gemm and libgomp, as far as they are installed (about five minutes)
# make setup  libhwloc, pkg-config and a C toolchain, where they are missing

CARGO ?= cargo
.DEFAULT_GOAL := help
.PHONY: help setup setup-tests rust build demo test fmt lint doc unit smoke bench install

help:
	@sed -n 's/^# //p' Makefile

setup: rust
	@sh setup.sh

setup-tests: rust
	@sh setup.sh tests

rust:
	@command -v $(CARGO) >/dev/null 2>&1 || { \
	  echo "error: Rust is missing. Install it by rustup (https://rustup.rs) or your distribution's rustup package, then run make again." >&2; \
	  exit 1; }

build: setup
	$(CARGO) build --release

demo: build
	@target/release/oversub sweep experiments/demo/experiment.toml

test: setup-tests fmt lint doc unit smoke

fmt:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --workspace --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps

unit:
	$(CARGO) test

smoke:
	@sh tests/smoke.sh

bench: setup
	$(CARGO) run --release -p oversub-benches

install: build
	$(CARGO) install --path . --locked
