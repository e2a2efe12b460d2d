# Assay: what a checkout can do. `make help` lists it.
# Every target sets up what it needs first; a second run finds everything in place.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
ASSETS := src/assay/web/static/vendor/.built-from
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python

# Imports are two to four times slower without compiled files, so they are made even where the environment says not to.
unexport PYTHONDONTWRITEBYTECODE
export UV_COMPILE_BYTECODE := 1
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ----------------------------------------------------------------------------------------------------------- everyday use
.PHONY: up
up: setup ## Set up, train the demo's models, open the board (Ctrl-C stops it)
	@exec $(BIN)/assay demo up

# Many tests wait for a process or a disk: three workers keep two cores busy. Long files come first (tests/conftest.py).
.PHONY: test
test: setup-dev chromium ## Set up, pass all tests (SQLite, PostgreSQL, Chromium)
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: lint
lint: setup-dev ## Lint, format, types and import contracts
	@$(BIN)/python tools/check.py

.PHONY: check
check: ## What CI runs: `make lint` beside `make test`, each whatever the other one says
	@.ci/run

.PHONY: format
format: setup-dev ## Put the code into its format
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

.PHONY: bench
bench: setup-dev ## Run the benchmarks; each prints ratios against a peer of the same run
	@$(BIN)/python tools/bench.py $(ARGS)

.PHONY: scorecard
scorecard: setup-dev ## Measure how often decisions err, a tenth of the replicates (ARGS=--full: all; ARGS=G3: one line)
	@$(BIN)/python tools/scorecard.py $(ARGS)

.PHONY: verify
verify: ## Clone the committed state into an empty folder, run `make check` there as a newcomer would, then the whole scorecard
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && git clone --quiet . "$$folder/assay" \
	  && ASSAY_HOSTILE_EVERY=1 $(MAKE) --no-print-directory -C "$$folder/assay" check ARGS= \
	  && $(MAKE) --no-print-directory -C "$$folder/assay" scorecard ARGS=--full

.PHONY: lock
lock: setup-dev ## Write the lists of exact versions anew (ARGS=--upgrade takes newer ones)
	@$(BIN)/python tools/lock.py $(ARGS)

.PHONY: clean
clean: ## Remove what set-up and tests made; your projects' data stay
	@rm -rf $(VENV) node_modules $(dir $(ASSETS)) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ------------------------------------------------------------------------------------------------------------------ set-up
# What the product needs to run; `setup-dev` adds tests and checks. Each step leaves a stamp and runs again when its list changes.
.PHONY: setup
setup: $(VENV)/.project ## Set up the product only

.PHONY: setup-dev
setup-dev: $(VENV)/.packages-dev $(VENV)/.project

$(BIN)/python:
	@bash tools/make_venv.sh $(VENV)

$(VENV)/.installer: requirements-installer.lock | $(BIN)/python
	@echo "Setting up (1 of 4): the installer"
	@$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r $<
	@touch $@

$(VENV)/.packages: requirements-runtime.lock $(VENV)/.installer
	@echo "Setting up (2 of 4): packages, about a minute on a fresh machine"
	@$(INSTALL) --require-hashes -r $<
	@touch $@

$(VENV)/.packages-dev: requirements.lock $(VENV)/.installer
	@echo "Setting up: packages with tests and checks, about a minute on a fresh machine"
	@$(INSTALL) --require-hashes -r $<
	@touch $@ $(VENV)/.packages

$(ASSETS): package-lock.json tools/build_assets.py $(VENV)/.packages
	@echo "Setting up (3 of 4): browser files"
	@$(BIN)/python tools/build_assets.py
	@touch $@

$(VENV)/.project: pyproject.toml hatch_build.py $(VENV)/.packages $(ASSETS)
	@echo "Setting up (4 of 4): assay"
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: chromium
chromium:
	@bash tools/install_chromium.sh
