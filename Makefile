# SPDX-License-Identifier: Apache-2.0
# A thin front door for people; Meson does the building.  `make help` lists what there is.

BUILD ?= build
MESON_FLAGS ?=
TARGETS ?=
PREFIX ?= /usr/local
DESTDIR ?=
.DEFAULT_GOAL := build
.PHONY: build deps install uninstall test demo demo-check demo-clean bench bench-dataplane format check fuzz asan tsan test-linux61 clean help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

deps: ## install what building and testing need (Debian 12, root)
	@tools/install-deps build test

build: ## build everything into ./build
	@tools/install-deps --check build || { echo "some packages are missing: run 'make deps' as root"; exit 1; }
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) $(MESON_FLAGS) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@ninja -C $(BUILD) $(TARGETS)

install: ## build and install under PREFIX (/usr/local), below DESTDIR if given; as root, missing packages too
	@tools/install $(BUILD) "$(PREFIX)" "$(DESTDIR)"

uninstall: ## remove what install put there (same PREFIX and DESTDIR)
	@tools/install --remove $(BUILD) "$(PREFIX)" "$(DESTDIR)"

test: deps build ## run every suite; the last line counts passed, failed, skipped
	@tools/run-tests $(BUILD)

demo: ## the main job on this machine: a playground of namespaces, then a shell (root)
	@tools/demo/run interactive

demo-check: ## the same without a terminal: walks through changes, compares expected and observed
	@tools/demo/run check

demo-clean: ## remove what a crashed demo left behind
	@tools/demo/run clean

bench: deps build ## every benchmark, results as JSON in build/bench (root)
	@tools/run-bench $(BUILD)

bench-dataplane: deps build ## the data plane beside its peers in one run, into build/bench/dataplane.json (root); ROUNDS=15
	@tools/run-bench $(BUILD) dataplane

# Meson builds what the suites of these need; a build folder is only made for it.
asan: deps ## unit (with replayed corpora) and exhaustive suites under AddressSanitizer and UBSan
	@$(MAKE) build TARGETS=build.ninja BUILD=build-asan MESON_FLAGS="-Db_sanitize=address,undefined -Db_lundef=false -Dconsole=disabled"
	@tools/run-tests build-asan --suite unit --suite exhaustive

tsan: deps ## the suites with threads under ThreadSanitizer
	@$(MAKE) build TARGETS=build.ninja BUILD=build-tsan MESON_FLAGS="-Db_sanitize=thread -Db_lundef=false -Dconsole=disabled"
	@tools/run-tests build-tsan --suite threads

fuzz: deps ## every fuzzer for FUZZ_SECONDS (default 30) with clang and libFuzzer
	@CC=clang-14 $(MAKE) build TARGETS=fuzzers BUILD=build-fuzz MESON_FLAGS="-Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -Dconsole=disabled"
	@tools/run-fuzz build-fuzz $(or $(FUZZ_SECONDS),30)

test-linux61: deps build ## the data plane under Debian 12's kernel, 6.1, in an emulated machine, with VLANs and WireGuard; half an hour
	@tools/test-kernel $(BUILD)

check: ## formatting, layers, names, headers, licences
	@tools/check-format && tools/check-layers && tools/check-names && tools/check-headers && tools/check-console-licences

format: ## rewrite the sources in the house format (clang-format 14)
	@git ls-files 'src/*.[ch]' 'bpf/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]' | xargs clang-format-14 -i

clean: ## remove build folders
	rm -rf build build-* build.log
