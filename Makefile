# Every target does all that it needs, set-up included.
.DEFAULT_GOAL := help
.PHONY: help setup native build test test-native test-python demo reports \
	reports-text reports-vision reports-speech features transcribe glyphs speech xls-r predict bench \
	lint format docs goldens fuzz clean

DOCUMENTED := Torch Transformers Preprocessing AdaptiveComputation Datasets Conversion Baselines Evaluation Hub

# Lays the native libraries beside the executables of a configuration.
define lay_libraries
@for library in libacm libacm_media; do \
	ln -sfn "$(CURDIR)/.build/native/$$library.so" "$$(swift build $(1) --show-bin-path)/$$library.so"; \
done
endef

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

setup: ## Install what is missing: Debian packages, libtorch (LIBTORCH=/path uses yours)
	@scripts/setup

native: setup ## Build libacm.so over libtorch, and libacm_media.so for images and audio
	@scripts/build-native

build: native ## Build the executable .build/release/acm
	swift build -c release
	$(call lay_libraries,-c release)

test: native test-native ## Build and run all tests
	swift build --build-tests
	$(call lay_libraries)
	# One at a time: libtorch's random generator belongs to the whole process.
	swift test --skip-build --no-parallel

test-native: setup ## Test the native library under the address and undefined-behaviour sanitizers
	@scripts/build-native --tests --sanitize address,undefined
	ctest --test-dir .build/native-address-undefined --output-on-failure

test-python: native .deps/goldens/ready ## Test from Python and beside its huggingface_hub and tensorboard
	.deps/goldens/bin/python Native/tests/library.py .build/native/libacm.so
	swift build --build-tests
	$(call lay_libraries)
	ACM_HUB_PYTHON="$(CURDIR)/.deps/goldens/bin/python" ACM_TENSORBOARD_PYTHON="$(CURDIR)/.deps/goldens/bin/python" \
		swift test --skip-build --no-parallel --filter InteropTests

demo: build ## Convert MiniLM on WordNet glosses and measure it; writes demo/
	@scripts/demo

reports: reports-text reports-vision reports-speech ## Convert three models and show where their compute went; writes demo/

reports-text: build ## MiniLM beside its uniform-width cut on one page
	@scripts/reports text

reports-vision: build ## A DINOv2-S-shaped ViT on drawings and photographs
	@scripts/reports vision

reports-speech: build .deps/goldens/ready ## Whisper tiny.en on telephone prompts
	@scripts/reports speech

features: build ## Tell images' classes by a pretrained ViT's features; writes features/
	@scripts/features

transcribe: build .deps/goldens/ready ## Transcribe telephone prompts with Whisper; writes transcripts/, results
	@scripts/transcribe

glyphs: .deps/goldens/ready ## Render letters and symbols of many fonts, to train and to test on; writes glyphs/
	@scripts/glyphs

speech: build ## Make speech to train a recogniser with, recorded and synthetic; writes speech/
	@scripts/speech

xls-r: build .deps/goldens/ready ## Run a random checkpoint of XLS-R-300M's size: time and peak memory
	@scripts/bench xls-r

predict: build .deps/goldens/ready ## Say what a text, an image and a recording are, and where the compute went
	@scripts/predict

bench: build .deps/goldens/ready ## Time us and our peers by turns; writes Benchmarks/results
	@scripts/build-native --benchmarks
	@scripts/bench

lint: ## Check the format of the Swift sources
	@scripts/setup --swift
	swift format lint --strict --recursive Sources Tests Fuzz Benchmarks Package.swift

format: ## Format the Swift sources
	@scripts/setup --swift
	swift format --in-place --recursive Sources Tests Fuzz Benchmarks Package.swift

docs: ## Build the documentation of all modules; a warning is an error
	@scripts/setup --swift
	swift package generate-documentation $(addprefix --target ,$(DOCUMENTED)) --warnings-as-errors

goldens: .deps/goldens/ready ## Write Tests/Goldens anew from Hugging Face's libraries
	@scripts/setup --packages libmagickwand-6.q16-6
	.deps/goldens/bin/python tools/goldens/write.py

.deps/goldens/ready: tools/goldens/requirements.txt
	@scripts/setup --python
	.deps/python/bin/python -m venv --clear .deps/goldens
	.deps/goldens/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@# Corruptions are compared with this package; its wheel lacks the photographs of frost.
	.deps/goldens/bin/python -m pip download --quiet --no-deps --no-binary :all: --dest .deps/goldens \
		imagenet-c==0.0.3
	tar -xzf .deps/goldens/imagenet_c-0.0.3.tar.gz -C .deps/goldens
	@touch $@

fuzz: ## Fuzz what reads files from strangers, SECONDS=60 each
	@scripts/setup --swift
	@scripts/fuzz $(or $(SECONDS),60)

clean: ## Remove what was built; the installed libtorch stays
	rm -rf .build .build-*
