# One command each: run, test, check, bench.  `make help` lists them.
PYTHON ?= python3
VENV := .venv
DATA ?= data
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install dev local run chat test check bench data-report example-report lock clean

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-14s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Sarah needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.developing: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

install: $(VENV)/.installed ## the environment in .venv, from pinned and hashed requirements

dev: $(VENV)/.developing ## install, and what tests and checks need

$(VENV)/.local: requirements-local.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-local.txt
	@touch $@

local: $(VENV)/.local ## install, and what tunes and serves models on this machine (torch: several GB where there is a GPU)

run: install ## Sarah on http://127.0.0.1:7860 and every platform whose tokens are in .env
	@exec $(BIN)/sarah run

chat: install ## Sarah in this terminal
	@exec $(BIN)/sarah chat

test: dev ## the whole suite, in two processes
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: dev ## ruff, pyright, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --project pyproject.toml
	$(BIN)/lint-imports

bench: dev ## the figures in README
	$(BIN)/python -m tests.benchmarks

data-report: install ## what is in DATA, a company's folder, and every problem with it
	@$(BIN)/python -m training.report $(DATA)

example-report: dev ## docs/example-report, computed anew: three models on every scenario
	$(BIN)/python -m tests.example_report

lock: dev ## pin every dependency again, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --extra build --upgrade -o requirements.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --extra build --extra dev --constraints requirements.txt -o requirements-dev.txt pyproject.toml
# torch is left to each machine: builds differ, and one for a GPU brings several gigabytes that no other needs.
	echo "torch==2.13.0 ; sys_platform == 'never'" > $(VENV)/without-torch.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --extra build --extra local --extra qlora --constraints requirements.txt --override $(VENV)/without-torch.txt \
	  --no-emit-package torch -o requirements-local.txt pyproject.toml

clean: ## remove the environment (never what is kept in SARAH_HOME)
	rm -rf $(VENV) build *.egg-info
