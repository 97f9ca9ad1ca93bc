# Everything is installed into .venv, nothing outside this folder. Without make: see README.md.
PORT ?= 8000
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
CATALOGUES := coopgov/translations

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types lock translations clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## Install everything into .venv

demo: $(READY) ## Serve a co-op to play with on http://127.0.0.1:8000 (PORT=… for another port)
	@$(BIN)/coopgov serve --demo --port $(PORT)

test: $(READY) ## Run all tests (browser tests need Chromium)
	@$(BIN)/pytest -n 2 --dist worksteal -W error

lint: $(READY) ## Check style, format and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(READY) ## Check types
	@$(BIN)/mypy

lock: ## Renew requirements.lock after a change of pyproject.toml (needs uv)
	uv pip compile --universal --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -o requirements.lock --quiet

translations: $(READY) ## Collect the texts of code and templates into the catalogues
	$(BIN)/pybabel -q extract -F babel.cfg -k N_ -k lazy --no-location --sort-output --omit-header -o messages.pot .
	for catalogue in $(CATALOGUES)/*/LC_MESSAGES/messages.po; do \
		[ -e $$catalogue ] || continue; \
		language=$$(basename $$(dirname $$(dirname $$catalogue))); \
		$(BIN)/pybabel -q update -N --no-wrap -l $$language -i messages.pot -o $$catalogue || exit 1; \
	done
	rm -f messages.pot

clean: ## Remove .venv and caches; var/ with its data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements.lock
	@if uv --version >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python '>=3.11' .venv && \
		uv pip install --quiet --python .venv --require-hashes -r requirements.lock && \
		uv pip install --quiet --python .venv --no-deps -e . ; \
	else \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
			{ echo "coopgov needs Python 3.11 or newer: install it, or name it with make PYTHON=/path/to/python3.12."; exit 1; } && \
		$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
			{ echo "Python's venv module is missing: install the package python3-venv (apt install python3-venv)."; exit 1; } && \
		$(PYTHON) -m venv .venv && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e . ; \
	fi
	@touch $@
