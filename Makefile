# `make demo` and `make test` are all a new machine needs; both install first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install demo sandbox sandbox-up test lint bench clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install
	$(BIN)/iort-cds demo

sandbox: install
	$(BIN)/python sandbox/server.py try

sandbox-up: install
	$(BIN)/python sandbox/server.py up

test: install lint
	$(BIN)/python -m pytest --cov --cov-report=term
	$(BIN)/coverage report --include='cds_service/guideline/*,fhir_mappings/*' --fail-under=100

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV)
