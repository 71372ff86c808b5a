# Two commands are all a newcomer needs:  make report   and   make test
# Everything runs in .venv, built once from requirements.lock and again only when that file or pyproject.toml changes.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXTRAS := postgres spark lakes publish linking lab samples docs dev
JOBS ?= 2
ROOMS ?=
SAMPLE ?= 40
# More options for JupyterLab, such as LAB="--no-browser --port=8890".
LAB ?=

# `make test` leaves the slow tests out; under CI (CI=true) all of them run.
ifdef CI
SELECTION :=
else
SELECTION := -m "not slow"
endif

.PHONY: help report test docs mutants lab check attack bench lock environment clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

report: $(READY) ## Run every applicable report on the sample studies; pages in reports/
	@$(BIN)/crm-research run --jobs $(JOBS)

# One thread a worker: several that each want all cores wait for each other longer than they compute.
test: $(READY) ## Run the tests, the notebooks among them
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist loadfile --nbval-lax --nbval-current-env --nbval-cell-timeout=300 $(SELECTION) tests notebooks

# Nothing is fetched. Pages open from the disk; search works there too.
docs: $(READY) ## Build the site of docs/ offline, with every link checked; open docs/_site/index.html
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --builder html --doctree-dir docs/_site/.doctrees docs docs/_site
	@echo "Open docs/_site/index.html"

mutants: $(READY) ## Break the code on purpose and count what no test notices (ROOMS="churn loyalty", SAMPLE=40)
	@$(BIN)/python scripts/mutants.py $(ROOMS) --sample $(SAMPLE) --jobs $(JOBS) --show

lab: $(READY) ## Open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --notebook-dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB)

check: $(READY) ## Lint, format, types, floors, environment agreement
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	@$(BIN)/python scripts/write_environment.py --check

attack: $(READY) ## Give the command line 700 malformed inputs (minutes); 0 tracebacks, 0 hangs, 0 silent is well
	@OMP_NUM_THREADS=1 $(BIN)/python scripts/attack.py

bench: $(READY) ## Run the benchmarks beside their peers (minutes)
	@for bench in benchmarks/*.py; do echo "== $$bench"; $(BIN)/python $$bench; done

lock: $(READY) ## Solve pyproject.toml again into requirements.lock and environment.yml
	@$(BIN)/uv pip compile pyproject.toml $(EXTRAS:%=--extra %) --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --no-emit-index-url --upgrade --quiet --output-file requirements.lock
	@$(BIN)/python scripts/write_environment.py

environment: $(READY) ## Build the environment only

clean: ## Remove the environment, caches, rendered pages and the site
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis data/cache docs/_site
	@find reports -mindepth 1 ! -name README.md -delete

# uv is installed first at its locked version; it then installs everything else with hashes checked.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 13); sys.exit(0 if ok else f"Python 3.11 or 3.12 is needed; found {sys.version.split()[0]}. Name another: make PYTHON=/path/to/python3.11")'
	@echo "Setting up the environment in $(VENV) (once; about a minute, longer where packages must be downloaded) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements.lock)"
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)
