# Two commands do everything, set-up included: `make demo` and `make test`. They need Python >= 3.11 and make.
PYTHON ?= python3
PY := .venv/bin/python
BIN := .venv/bin
# make demo LOG=events.csv MAP=map.toml replays a log of your own.
LOG ?=
MAP ?=
# make test ARGS="tests/kernel -x" runs a part.
ARGS ?=
# make mutants PART="approvals timers"; ARGS="--sample 300 --seed 1" draws some. The parts: tests/mutants/parts.toml.
PART ?=
WORKERS ?= 2
export PYTHONUTF8 := 1
# Compiled modules are kept: each start of pytest would compile a thousand of them again, for two seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test coverage faults deep mutants check docs bench clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## everything that uv.lock names, into .venv (quick when nothing changed)
	@$(PYTHON) tools/bootstrap.py --group docs

demo: setup  ## replay a help desk's log (LOG=… MAP=…), then tell a quality complaint until nothing of it is open
	@$(PY) tools/demo.py $(if $(LOG),--log "$(LOG)") $(if $(MAP),--map "$(MAP)")

test: setup  ## all tests, with real PostgreSQL and MariaDB servers started for them
	@$(PY) tools/run_tests.py --workers $(WORKERS) -- $(ARGS)

coverage: setup  ## all tests with fewer examples, and which branches they reach: fails below the bound
	@$(PY) tools/run_tests.py --workers $(WORKERS) --coverage -- $(ARGS)

faults: setup  ## processes killed at every call, servers restarted, many clerks at once: the short versions
	@$(PY) tools/run_tests.py --workers $(WORKERS) -- -m "faults and not deep" $(ARGS)

deep: setup  ## the long versions of property, fault and simulation tests
	HYPOTHESIS_PROFILE=deep $(PY) -m pytest -n $(WORKERS) -m "deep or faults or not deep" $(ARGS)

mutants: setup  ## changes the code of PART in one place after another; prints the changes that its tests do not notice
	@$(PY) tools/mutate.py $(PART) $(ARGS)

check: setup  ## every gate: lint, types, architecture, dependencies, docstrings, references, docs
	@$(PY) tools/check.py

docs: setup  ## the documentation site, into site/
	@$(PY) tools/generate_reference.py
	@$(PY) tools/build_docs.py

bench:  ## every benchmark, one after the other
	@$(PYTHON) tools/bootstrap.py --group docs --group bench
	@missed=0; for file in $(sort $(wildcard benchmarks/bench_*.py)); do \
	  echo "== $$file"; $(PY) $$file || missed=1; done; exit $$missed

clean:  ## what the tools left behind; .venv and .uv stay
	rm -rf site htmlcov build dist mutants .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
