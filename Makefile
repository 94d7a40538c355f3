# Every target does its own set-up: Python 3.11+ and make are all that must be there.
# Options are passed on: make demo ARGS=--keep · make test ARGS="-k swap"

.POSIX:
.PHONY: help demo test laws lint check bench lock clean

ARGS =
PYTHON =
VENV = .venv
BIN = $(VENV)/bin
# Neighbours stay with one worker, and so does what they share, until another has nothing left to do.
PARALLEL = --numprocesses auto --maxprocesses 4 --dist worksteal

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile

demo: $(VENV)/run.stamp  ## a shop refreshed into staging, then migrated, on two servers of its own
	$(BIN)/dbtool demo $(ARGS)

test: $(VENV)/dev.stamp  ## all tests, on every PostgreSQL in DBTOOL_TEST_MAJORS (18,17)
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

laws: $(VENV)/dev.stamp  ## what must hold of any input, with twenty times as many examples, other ones each time
	DBTOOL_TEST_EXAMPLES=20 $(BIN)/python -m pytest $(PARALLEL) tests/laws $(ARGS)

lint: $(VENV)/dev.stamp  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## what a change must pass

bench: $(VENV)/dev.stamp  ## a refresh against pg_dump and pg_restore, at 10 million rows; subsets of them; rows that staging keeps; 500 tables; a rehearsal against alembic; each mask
	$(BIN)/python bench/run.py $(ARGS)
	$(BIN)/python bench/subset.py
	$(BIN)/python bench/preserve.py
	$(BIN)/python bench/tables.py
	$(BIN)/python bench/migrate.py
	$(BIN)/python bench/masks.py

lock: $(VENV)/dev.stamp  ## pin the newest versions that pyproject.toml allows
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile $(COMPILE) --group dev --output-file requirements-dev.lock
	$(BIN)/uv pip compile $(COMPILE) --group build --constraints requirements-dev.lock --output-file requirements.lock

clean:  ## remove what was installed and generated
	rm -rf $(VENV) .dbtool .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build demo-output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

COMPILE = pyproject.toml --extra embedded --universal --python-version 3.11 \
	--upgrade --generate-hashes --no-header --no-annotate --quiet
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(VENV)/run.stamp: requirements.lock pyproject.toml
	@$(MAKE) --no-print-directory environment LOCK=requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml
	@$(MAKE) --no-print-directory environment LOCK=requirements-dev.lock
	@touch $@

# The project itself is built by the locked hatchling: nothing that is not in a lock file is run.
.PHONY: environment
environment:
	@test -x $(BIN)/python || { \
		for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
			$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
			python=; \
		done; \
		test -n "$$python" || { echo "make: Python 3.11 or newer was not found; name it with PYTHON=" >&2; exit 1; }; \
		echo "making $(VENV) with $$python"; \
		$$python -m venv $(VENV) || { rm -rf $(VENV); exit 1; }; \
	}
	@echo "installing $(LOCK)"
	@$(INSTALL) --require-hashes --requirement $(LOCK)
	@$(INSTALL) --no-deps --no-build-isolation --editable .
