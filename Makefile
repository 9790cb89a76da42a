# Every target but `chaos` works as the only command on a fresh machine that has Swift: what is missing is installed first,
# where that is possible. `chaos` also needs a program that starts Kafka clusters (FRESHET_KAFKA_TOOL; freshet-chaos --help
# says what it has to understand).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build demo picture test simulate chaos bench lint sanitize libraries clean

# The C libraries that the program is built with (README, "Dependencies"), by their names for pkg-config and for apt.
MODULES := 'rdkafka >= 2.0.2' libmicrohttpd yaml-0.1 sqlite3 zlib
PACKAGES := librdkafka-dev libmicrohttpd-dev libyaml-dev libsqlite3-dev zlib1g-dev pkg-config

DEMO ?=
BENCH ?=
TEST ?=
SANITIZER ?= thread address
SEEDS ?= 10000
FIRST ?= 1
MINUTES ?= 5
CHAOS ?=
SEED ?= 1

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

libraries:
	@command -v swift >/dev/null || { \
	    echo 'Swift 6.2 or later is missing: https://www.swift.org/install/linux'; exit 1; }
	@if command -v pkg-config >/dev/null && pkg-config --exists $(MODULES); then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then \
	    echo 'These C libraries are needed, with their headers, and pkg-config:'; \
	    echo '  librdkafka 2.0.2 or later, libmicrohttpd, libyaml, SQLite, zlib'; \
	    echo '  Fedora: sudo dnf install librdkafka-devel libmicrohttpd-devel libyaml-devel sqlite-devel zlib-devel pkgconf'; \
	    exit 1; \
	fi; \
	if [ "$$(id -u)" = 0 ]; then root=; \
	elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then root=sudo; \
	else \
	    echo 'Some C libraries are missing, and installing them takes rights that you do not have here. Run:'; \
	    echo '  sudo apt-get install $(PACKAGES)'; \
	    exit 1; \
	fi; \
	echo 'installing $(PACKAGES)'; \
	export DEBIAN_FRONTEND=noninteractive; \
	install="$$root apt-get install --yes --quiet --no-install-recommends $(PACKAGES)"; \
	$$install || { $$root apt-get update --quiet && $$install; }; \
	pkg-config --exists $(MODULES) || { \
	    pkg-config --print-errors --exists $(MODULES) || true; \
	    echo 'librdkafka has to be 2.0.2 or later, which Debian 12 has'; \
	    exit 1; }

build: libraries ## The program, in .build/release/freshet
	swift build --configuration release --product freshet

demo: build ## The whole job live, with a broker inside the program (DEMO='--follow', DEMO='--input FILE')
	@.build/release/freshet demo $(DEMO)

picture: build ## The README's picture, recorded by the demo
	.build/release/freshet demo --svg Config/demo.svg

test: libraries ## The tests; on a real Kafka too where KAFKA_BOOTSTRAP is set (TEST='--filter EventsTests')
	swift build --build-tests
	swift test --skip-build $(TEST)

simulate: libraries ## The simulation over many seeds, optimised (SEEDS=10000 FIRST=1)
	@# A folder of its own, since code that tests can look into is built otherwise than the program.
	FRESHET_SEEDS=$(SEEDS) FRESHET_FIRST_SEED=$(FIRST) swift test --configuration release -Xswiftc -enable-testing \
	    --scratch-path .build/simulate --filter everySeedKeepsThePromises

chaos: libraries ## Instances and brokers killed and frozen on a real cluster (MINUTES=5 SEED=1; needs FRESHET_KAFKA_TOOL)
	swift build --configuration release --product freshet
	swift build --configuration release --product freshet-chaos
	.build/release/freshet-chaos --minutes $(MINUTES) --seed $(SEED) $(CHAOS)

# Sizes can be set, for instance `make bench BENCH=restore FRESHET_BENCH_RESTORE_USERS=1000000`; the others are
# FRESHET_BENCH_CATCHUP_EVENTS, FRESHET_BENCH_SCALE_EVENTS and FRESHET_BENCH_LATENCY_SECONDS.
bench: libraries ## The figures of the README; those of the running program need KAFKA_BOOTSTRAP (BENCH='start latency')
	swift build --configuration release --product freshet
	swift build --configuration release --product freshet-bench
	.build/release/freshet-bench $(BENCH)

lint: ## Format and deployment files
	swift format lint --strict --configuration .swift-format --recursive Sources Tests Package.swift
	$(MAKE) --no-print-directory -C Docker lint

sanitize: libraries ## The tests under the thread and address sanitizers (SANITIZER=thread)
	for sanitizer in $(SANITIZER); do \
	    swift build --build-tests --sanitize=$$sanitizer --scratch-path .build/$$sanitizer; \
	    LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/leaks.txt \
	        swift test --skip-build --sanitize=$$sanitizer --scratch-path .build/$$sanitizer $(TEST); \
	done

clean: ## Remove what was built
	rm -rf .build
