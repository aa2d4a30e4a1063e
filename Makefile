# The commands of this project. `make` lists them.

PYTHON ?= python3
VENV := .venv
DEMO_VENV := .venv-demo
BENCH_VENV := .venv-bench
# What pip does with a package that it installs, and Python may have been told not to do with sources like ours.
COMPILED := $(VENV)/bin/python -m compileall -q archiver
SOAK := # more for pytest, as in: make soak SOAK="-k machine"
BENCH := # what `make bench` is to measure: make bench BENCH="--jobs 500x40 --databases postgresql"

.PHONY: help demo test soak contract bench bench-flat bench-report lint types format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(DEMO_VENV)/installed ## watch a simulated tenant being archived, in under a minute
	@$(DEMO_VENV)/bin/archiver demo

test: lint types ## lint, types and all tests: the one test command
	@$(VENV)/bin/pytest -n 2

soak: $(VENV)/installed ## the proofs of tests/proofs for long: crashes by the hundred, random stories; SOAK="-k machine" picks
	@ARCHIVER_TEST_SOAK=1 $(VENV)/bin/pytest -n 2 tests/proofs $(SOAK)

contract: $(VENV)/installed ## the vendor's TypeScript client reads the sandbox; brings Node where it's missing
	@$(VENV)/bin/python -m tests.contract.run

bench: $(VENV)/installed $(addprefix $(BENCH_VENV)/,$(addsuffix /installed,archiver ceiling dlt singer orm)) ## measure beside the peers, into docs/performance.md; BENCH="--help" tells more
	@$(COMPILED)
	@$(VENV)/bin/python -m bench $(BENCH)

bench-flat: $(VENV)/installed $(BENCH_VENV)/archiver/installed $(BENCH_VENV)/ceiling/installed ## measure how cost grows, into docs/performance.md
	@$(COMPILED)
	@$(VENV)/bin/python -m bench.flat $(BENCH)

bench-report: $(VENV)/installed ## docs/performance.md again, from the figures that are there
	@$(VENV)/bin/python -m bench --report
	@$(VENV)/bin/python -m bench.flat --report

lint: $(VENV)/installed ## ruff: format and rules
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .

types: $(VENV)/installed ## mypy --strict
	@$(VENV)/bin/mypy

format: $(VENV)/installed ## let ruff format and mend what it can
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

clean: ## remove what the other targets made
	rm -rf $(VENV) $(DEMO_VENV) $(BENCH_VENV) .bench tests/contract/node_modules dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Each environment holds what its target needs and is made again when pyproject.toml changes.
$(VENV)/installed: EXTRAS := [postgresql,mariadb,dev]
$(DEMO_VENV)/installed: EXTRAS :=
$(BENCH_VENV)/archiver/installed: EXTRAS := [postgresql,mariadb]
%/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@echo "making the virtual environment $* (once; needs the package index)"
	@$(PYTHON) -m venv --clear $*
	@$*/bin/python -m pip install --quiet --disable-pip-version-check --editable '.$(EXTRAS)'
	@touch $@

# The archiver's peers, each in an environment of its own.
$(BENCH_VENV)/%/installed: bench/requirements/%.txt
	@echo "making the virtual environment $(@D) (once; needs the package index)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
