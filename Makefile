# Two commands: `make demo` and `make test`. Each installs what is missing, builds, and runs.
PRESET ?= dev
BUILD  := build/$(PRESET)
ONLY   ?=
JOBS   ?= $(shell nproc)

.PHONY: demo test build all deps acceptance bench fuzz torture check format plain asan clean help

help:        ## this list
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

demo: build  ## text -> tokenizer -> GPT -> evaluation -> server -> cost -> one HTML report
	$(BUILD)/ingot demo

test: all    ## quick: unit, property, golden, CLI and short end-to-end tests
	ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

build: deps $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS) --target ingot

all: build
	cmake --build $(BUILD) -j $(JOBS)

$(BUILD)/build.ninja: CMakeLists.txt CMakePresets.json
	cmake --preset $(PRESET)

deps:
	@tools/install_dependencies.sh

acceptance: all    ## quality bars on real data; ONLY=gpt for one capability
	@tools/install_dependencies.sh peers
	tools/bars.py acceptance --build $(BUILD) --only "$(ONLY)"

bench: all         ## speed bars beside their peers; ONLY=tokenizer for one area
	@tools/install_dependencies.sh peers
	tools/bars.py bench --build $(BUILD) --only "$(ONLY)"

fuzz:              ## every parser for FUZZ_SECONDS (60) under libFuzzer, ASan and UBSan
	@tools/install_dependencies.sh fuzz
	cmake --preset fuzz
	cmake --build build/fuzz -j $(JOBS) --target fuzzers
	tools/fuzz.sh build/fuzz

torture: all       ## long fault runs: kill -9 at every system call, full disks, I/O errors
	@tools/install_dependencies.sh torture
	tools/bars.py torture --build $(BUILD) --only "$(ONLY)"

check:             ## includes point down, sources are formatted, torch-free headers compile alone
	tools/check_includes.py
	tools/check_format.sh

plain:             ## the torch-free part: builds and tests in seconds
	@tools/install_dependencies.sh
	cmake --preset plain
	cmake --build build/plain -j $(JOBS)
	ctest --test-dir build/plain --output-on-failure -j $(JOBS)

asan:              ## the torch-free part under AddressSanitizer and UBSan
	@tools/install_dependencies.sh
	cmake --preset asan
	cmake --build build/asan -j $(JOBS)
	ctest --test-dir build/asan --output-on-failure -j $(JOBS)

format:            ## clang-format everything
	git ls-files '*.h' '*.cpp' | xargs clang-format -i

clean:
	rm -rf build
