# SPDX-License-Identifier: Apache-2.0
# Thin: the presets of CMakePresets.json do the work. Every target first installs the Debian packages that are missing.

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)

DEMOS := items manifest candles weather clan

.PHONY: help setup build demo $(DEMOS:%=demo-%) test sanitize soak bench install format clean

help:
	@echo "make demo              build, and run the weather pipeline offline against the test twin into SQLite"
	@echo "make demo-NAME         another one; NAME is one of $(DEMOS)"
	@echo "make test              build with warnings as errors, and run all tests"
	@echo "make sanitize          the tests under AddressSanitizer and UBSan, those with threads under ThreadSanitizer"
	@echo "make soak              thousands of kills instead of hundreds (KILLS=5000)"
	@echo "make bench             measure; the results are explained in docs/benchmarks.md"
	@echo "make install PREFIX=DIR"
	@echo "make format            clang-format everything"

setup:
	@.ci/setup

build: setup
	cmake --preset release
	cmake --build --preset release -j $(JOBS)

demo: demo-weather
	@echo
	@echo "Further demos, each from nothing into SQLite, offline:"
	@echo "  make demo-items      every item of World of Warcraft, known ones never asked for again"
	@echo "  make demo-manifest   the definitions of Destiny 2 in three languages, build by build"
	@echo "  make demo-candles    minute candles of Binance, old months from its archive"
	@echo "  make demo-clan       the history of a RuneScape clan from Wise Old Man"

demo-items: plugins := blizzard
demo-manifest: plugins := bungie
demo-candles: plugins := binance
demo-weather: plugins := dwd
demo-clan: plugins := wiseoldman
$(DEMOS:%=demo-%): demo-%: setup
	cmake --preset release
	cmake --build --preset release -j $(JOBS) --target sluice sluice-twin sluice_plugin_sqlite $(plugins:%=sluice_plugin_%)
	tests/demo/$* build/release build/demo

test: setup
	cmake --preset ci
	cmake --build --preset ci -j $(JOBS)
	ctest --preset ci

sanitize: setup
	cmake --preset asan
	cmake --build --preset asan -j $(JOBS)
	SLUICE_KILLS=20 ctest --preset asan
	cmake --preset tsan
	cmake --build --preset tsan -j $(JOBS)
	SLUICE_KILLS=20 ctest --preset tsan -L "unit|ledger|http|pipeline|twin"

KILLS ?= 5000
soak: setup
	cmake --preset release
	cmake --build --preset release -j $(JOBS) --target crash_test
	SLUICE_KILLS=$(KILLS) build/release/tests/crash/crash_test "[kill]"

bench: setup
	cmake --preset release
	cmake --build --preset release -j $(JOBS)
	tests/bench/run build/release

install: build
	cmake --install build/release --prefix $(PREFIX)

format:
	git ls-files '*.cpp' '*.hpp' '*.h' '*.c' | xargs clang-format -i

clean:
	rm -rf build
