# make demo   the main job: sweep a small grid here and draw its heatmaps (about two minutes)
# make test   everything the project checks of itself
# make labelled  how often `oversub explain` is right, on cells made to have a cause (about three minutes)
# make test-machines  virtual machines of other shapes and kernels (about ten minutes); writes docs/machines.md
# make gallery  every picture of plots/ again, from committed runs and simulations (about a minute)
# make bench  speed beside OpenBLAS, faer, gemm and libgomp, as far as they are installed (about five minutes)
# make peers  the tutorials' Python programs beside our own cells, with figures of both (about a quarter of an hour; needs python3-venv)
# make loom   every order in which the threads of a fork-join team can run, by loom (a few minutes, most of it its build)
# make msrv   whether the oldest Rust that Cargo.toml names still builds everything (rustup fetches it)
# make setup  libhwloc, pkg-config and a C toolchain, where they are missing
# make install  the program, its man pages and completions, below PREFIX (~/.local)

CARGO ?= cargo

# Where the pinned toolchain neither is nor can be fetched, the default one builds as well.
ifeq ($(shell command -v rustup >/dev/null 2>&1 && ! $(CARGO) --version >/dev/null 2>&1 && echo lacking),lacking)
export RUSTUP_TOOLCHAIN := stable
endif

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests rust build demo test loom msrv test-machines fmt lint doc unit smoke machines gallery bench peers labelled install uninstall

# The oldest Rust that Cargo.toml allows.
MSRV = $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

# Prints the path of the program, which it builds first.
PROGRAM = CARGO="$(CARGO)" sh program.sh

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
	@$(PROGRAM) >/dev/null

demo: build
	@program=$$($(PROGRAM)) && "$$program" sweep experiments/demo/experiment.toml

test: setup-tests fmt lint doc unit smoke machines

fmt:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --workspace --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps

unit:
	$(CARGO) test
	$(CARGO) test -p oversub-machines

smoke:
	@sh tests/smoke.sh

# Everything is built anew for it, in a folder of its own; only loom itself has to be fast.
loom: setup
	RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom $(CARGO) test --lib \
	  --config profile.dev.package.loom.opt-level=3 --config profile.dev.package.generator.opt-level=3 \
	  interleavings -- --nocapture --test-threads 1

# The machines that boot in a minute; none where there is no QEMU.
machines:
	@program=$$($(PROGRAM)) && $(CARGO) run --quiet -p oversub-machines -- --quick --program "$$program"

test-machines: build setup-tests
	@program=$$($(PROGRAM)) && $(CARGO) run --quiet -p oversub-machines -- --program "$$program" $(MACHINES)

msrv: setup
	rustup toolchain install $(MSRV) --profile minimal --no-self-update
	$(CARGO) +$(MSRV) check --all-targets

gallery: build
	@program=$$($(PROGRAM)) && sh plots/gallery.sh "$$program"

bench: setup
	$(CARGO) run --release -p oversub-benches

# Everything below PREFIX; packagers set DESTDIR. `make install PREFIX=/usr/local` for all users.
PREFIX ?= $(HOME)/.local
ROOT = $(DESTDIR)$(PREFIX)

peers: build
	@program=$$($(PROGRAM)) && OVERSUB="$$program" sh peers/run.sh $(EXPERIMENTS)

labelled: build
	$(CARGO) run --release -p oversub-benches -- labelled

install: build
	@set -e; program=$$($(PROGRAM)); set -x; \
	install -d "$(ROOT)/bin" "$(ROOT)/share/man/man1" "$(ROOT)/share/bash-completion/completions" \
	  "$(ROOT)/share/zsh/site-functions" "$(ROOT)/share/fish/vendor_completions.d" "$(ROOT)/share/oversub/completions"; \
	install -m 755 "$$program" "$(ROOT)/bin/oversub"; \
	"$$program" manual "$(ROOT)/share/man/man1"; \
	"$$program" completions bash > "$(ROOT)/share/bash-completion/completions/oversub"; \
	"$$program" completions zsh > "$(ROOT)/share/zsh/site-functions/_oversub"; \
	"$$program" completions fish > "$(ROOT)/share/fish/vendor_completions.d/oversub.fish"; \
	"$$program" completions powershell > "$(ROOT)/share/oversub/completions/oversub.ps1"; \
	"$$program" completions elvish > "$(ROOT)/share/oversub/completions/oversub.elv"
	@case ":$$PATH:" in *":$(PREFIX)/bin:"*) ;; *) [ -n "$(DESTDIR)" ] || \
	  echo "note: $(PREFIX)/bin is not on your PATH; add it, or: make install PREFIX=/usr/local" >&2 ;; esac

uninstall:
	rm -f "$(ROOT)/bin/oversub" "$(ROOT)"/share/man/man1/oversub.1 "$(ROOT)"/share/man/man1/oversub-*.1 \
	  "$(ROOT)/share/bash-completion/completions/oversub" "$(ROOT)/share/zsh/site-functions/_oversub" \
	  "$(ROOT)/share/fish/vendor_completions.d/oversub.fish"
	rm -rf "$(ROOT)/share/oversub/completions"
