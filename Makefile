# The two commands: `make demo` and `make test`. Each sets up what it needs; what is there is not done again.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BIN := .venv/bin
ARGS ?=
NAME ?=
ROUNDS ?=

# Each process that a test starts would compile what it loads.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test lint style types tests bench prove schemas contract lock clean

help:
	@printf '%s\n' \
	  'make demo  [ARGS="--once -o json"]   play a real machine tool through the whole corridor' \
	  'make test                            lint, types, import law and all tests, with real servers' \
	  'make lint                            lint, types and import law only' \
	  'make bench [NAME=mazak01]            benchmarks: each ends in one JSON line' \
	  'make prove [NAME=kill9-store] [ROUNDS=10]   fault proofs: each ends in one JSON line' \
	  'make schemas                         write configs/schema from the models' \
  'make contract                        write docs/openapi.json, the page'"'"'s client and docs/problems.md from the API' \
	  'make lock                            pin all dependencies again'

demo: .venv/demo.done
	@$(BIN)/parkline demo $(ARGS)

# What waits for a network goes beside what computes; mypy, which works on one processor, goes beside the tests.
test:
	@$(MAKE) --no-print-directory --jobs=2 style .venv/servers.done
	@$(MAKE) --no-print-directory --jobs=2 types tests

lint: style types

style: .venv/test.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/test.done
	$(BIN)/mypy

# One worker more than processors: tests with real servers wait a good part of their time. Who has nothing left to do
# takes from the others, so that all end together.
tests: .venv/test.done .venv/servers.done
	$(BIN)/pytest -n $$(( $$(nproc) + 1 )) --dist worksteal $(ARGS)

bench: .venv/test.done .venv/servers.done
	@$(BIN)/python -m tests.bench $(NAME)

prove: .venv/test.done .venv/servers.done
	@$(BIN)/python -m tests.prove $(NAME) $(if $(ROUNDS),--rounds $(ROUNDS))

schemas: .venv/demo.done
	$(BIN)/parkline check --write-schemas configs/schema

contract: .venv/test.done .venv/servers.done
	@$(BIN)/python -m tests.client

# Versions and hashes only: a lock names no place to download from.
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-annotate --no-header --quiet
lock: .venv/test.done
	$(LOCK) --group build --output-file requirements.txt
	$(LOCK) --group build --group dev --constraint requirements.txt --output-file requirements-dev.txt

clean:
	rm -rf .venv tests/servers/node/node_modules tests/client/node_modules

.venv/made.done:
	@.ci/venv >&2
	@touch $@

.venv/demo.done: .venv/made.done requirements.txt pyproject.toml
	@echo 'setting up: Python packages for the product' >&2
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.txt >&2
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable . >&2
	@$(BIN)/python -m compileall -q adapters collector analytics api >&2
	@touch $@

.venv/test.done: .venv/demo.done requirements-dev.txt
	@echo 'setting up: Python packages for tests' >&2
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.txt >&2
	@touch $@

.venv/servers.done: .venv/made.done .ci/servers tests/servers/node/package-lock.json tests/client/package-lock.json tests/servers/moto/requirements.txt
	@.ci/servers >&2
	@touch $@
