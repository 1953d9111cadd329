# SPDX-License-Identifier: GPL-2.0-only
# For people; the kernel's build reads module/Kbuild.

help: ## lists the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 24

demo: ## boots a stock kernel in QEMU and shows the module at work
	@scripts/demo

check: ## runs every test on every kernel in QEMU (KERNELS=5.10 TESTS=upcall)
	@scripts/check

check-all: ## the same, and on the flavours of the kernels (-rt, -cloud)
	@scripts/check --all

check-configs: ## a short choice, on kernels configured as Debian's are not
	@scripts/check --configs

check-debug: ## runs every guest test on debug kernels, which are built once
	@scripts/check --debug

bench: ## counts the instructions of a call, in QEMU
	@scripts/bench

bench-host: ## times a call on this machine, where the module is installed
	@scripts/bench-host

module: ## builds the module for the running kernel: build/running/sud.ko
	@scripts/build-module running

tools: ## builds sudctl, the libraries, and with scdoc the man pages: build/
	@mkdir -p build
	@$(MAKE) -C tools O=$(CURDIR)/build
	@if command -v scdoc >/dev/null; then $(MAKE) man; else \
		echo "no man pages: scdoc is not installed"; fi

man: ## builds the man pages: build/sud.4, build/sudctl.1 and build/libsud.3
	@mkdir -p build
	scdoc <docs/sud.4.scd >build/sud.4
	scdoc <docs/sudctl.1.scd >build/sudctl.1
	scdoc <tools/libsud/libsud.3.scd >build/libsud.3

picture: ## draws docs/data-path.svg again (needs graphviz)
	dot -Tsvg docs/data-path.dot >docs/data-path.svg

install: ## installs the module (by dkms) and the tools on this machine
	@scripts/install

uninstall: ## removes them
	@scripts/uninstall

dist: ## packs the tree into build/sud-VERSION.tar.gz, which builds without git
	@scripts/dist

deb: ## builds Debian's packages in build roots: build/deb/SUITE (SUITES=bookworm)
	@scripts/build-deb $(SUITES)

check-system: ## installs, upgrades and purges the packages in whole systems (SUITES=)
	@scripts/check-system

check-packaging: ## builds what packaging/ has for other distributions, with their tools
	@scripts/check-packaging

style: ## runs checkpatch, sparse, clang-format and shellcheck
	@scripts/style

clean: ## removes what was built here; the roots stay in the cache
	rm -rf build

.PHONY: help demo check check-all check-configs check-debug bench bench-host module tools man \
	picture install uninstall dist deb check-system check-packaging style clean
