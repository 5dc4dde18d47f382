# dynode: the few commands one needs. Everything is built in build/<preset>/ (see CMakePresets.json).
FUZZ_SECONDS ?= 300
JOBS         := $(shell nproc)
BUILD        := build/release

.PHONY: help demo test fuzz bench python clean

help:
	@echo "make demo    install what is missing, build, train a network on Fashion-MNIST, write report.html"
	@echo "make test    install what is missing, build, run all tests"
	@echo "make fuzz    fuzz the readers with clang and sanitizers, $(FUZZ_SECONDS) s each (FUZZ_SECONDS=)"
	@echo "make bench   build and run the benchmarks"
	@echo "make python  install what is missing, build the Python package into build/python (or: pip install .)"
	@echo "make clean   remove build/ (runs/ is kept)"

demo:
	@scripts/install-packages demo
	@cmake --preset release
	@cmake --build $(BUILD) --parallel $(JOBS) --target dynode_cli
	@scripts/demo $(BUILD)/dynode

test:
	@scripts/install-packages test
	@cmake --preset release -DDYNODE_TESTS=ON
	@cmake --build $(BUILD) --parallel $(JOBS)
	@ctest --test-dir $(BUILD) --output-on-failure --parallel $(JOBS)

fuzz:
	@scripts/install-packages fuzz
	@scripts/run-fuzz $(FUZZ_SECONDS)

bench:
	@scripts/install-packages bench
	@cmake --preset release -DDYNODE_BENCH=ON
	@cmake --build $(BUILD) --parallel $(JOBS) --target benches
	@scripts/run-bench $(BUILD)

python:
	@scripts/install-packages python
	@cmake -S . -B build/python -G Ninja -DCMAKE_BUILD_TYPE=Release -DDYNODE_UNITY=ON -DDYNODE_TESTS=OFF -DDYNODE_PYTHON=ON
	@cmake --build build/python --parallel $(JOBS) --target python_package
	@echo "export PYTHONPATH=$(CURDIR)/build/python/python"

clean:
	rm -rf build
