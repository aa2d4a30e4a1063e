# The commands of this project. `make` lists them.

PYTHON ?= python3
VENV := .venv
DEMO_VENV := .venv-demo

.PHONY: help demo test contract lint types format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(DEMO_VENV)/installed ## watch a simulated tenant being archived, in under a minute
	@$(DEMO_VENV)/bin/archiver demo

test: lint types ## lint, types and all tests: the one test command
	@$(VENV)/bin/pytest -n 2

contract: $(VENV)/installed ## the vendor's TypeScript client reads the sandbox; brings Node where it's missing
	@$(VENV)/bin/python -m tests.contract.run

lint: $(VENV)/installed ## ruff: format and rules
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .

types: $(VENV)/installed ## mypy --strict
	@$(VENV)/bin/mypy

format: $(VENV)/installed ## let ruff format and mend what it can
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

clean: ## remove what the other targets made
	rm -rf $(VENV) $(DEMO_VENV) tests/contract/node_modules dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Each environment holds what its target needs and is made again when pyproject.toml changes.
$(VENV)/installed: EXTRAS := [postgresql,mariadb,dev]
$(DEMO_VENV)/installed: EXTRAS :=
%/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@echo "making the virtual environment $* (once; needs the package index)"
	@$(PYTHON) -m venv --clear $*
	@$*/bin/python -m pip install --quiet --disable-pip-version-check --editable '.$(EXTRAS)'
	@touch $@
