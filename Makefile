# Every target does all that it needs, set-up included.
.DEFAULT_GOAL := help
.PHONY: help setup native build test demo lint format fuzz clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: ## Install what is missing: Debian packages, libtorch (LIBTORCH=/path uses yours)
	@scripts/setup

native: setup ## Build libacm.so, the native library over libtorch
	@scripts/build-native

build: native ## Build the executable .build/release/acm
	swift build -c release
	@ln -sfn "$(CURDIR)/.build/native/libacm.so" "$$(swift build -c release --show-bin-path)/libacm.so"

test: native ## Build and run all tests
	swift build --build-tests
	@ln -sfn "$(CURDIR)/.build/native/libacm.so" "$$(swift build --show-bin-path)/libacm.so"
	# One at a time: libtorch's random generator belongs to the whole process.
	swift test --skip-build --no-parallel

demo: build ## Convert MiniLM on WordNet glosses and measure it; writes demo/
	@scripts/demo

lint: ## Check the format of the Swift sources
	swift format lint --strict --recursive Sources Tests Fuzz Package.swift

format: ## Format the Swift sources
	swift format --in-place --recursive Sources Tests Fuzz Package.swift

fuzz: ## Fuzz the JSON and safetensors readers, SECONDS=60 each
	@scripts/fuzz $(or $(SECONDS),60)

clean: ## Remove what was built; the installed libtorch stays
	rm -rf .build .build-*
