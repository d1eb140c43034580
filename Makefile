# Every target sets up what it needs. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

help: ## List the targets
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F':.*?## ' '{printf "  %-12s %s\n", $$1, $$2}'

.venv/.installed: requirements.txt requirements-dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "Missing: Python 3.11 or newer (set PYTHON=/path/to/python3)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Missing: Python 3.11 or newer; $$($(PYTHON) --version) is too old (set PYTHON=/path/to/python3)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Missing: Python's venv module (on Debian: apt-get install python3-venv)"; exit 1; }
	@echo "Installing the pinned packages into .venv (once, about a minute) ..."
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt \
		|| { rm -rf .venv; echo "Missing: a package could not be installed; is the package index reachable?"; exit 1; }
	@touch $@

setup: .venv/.installed ## Install everything the other targets need

run: setup ## Start the application, with a payment simulator when no key is set
	@exec $(BIN)/python manage.py run

dev: setup ## The same, reloading pages when a file changes
	@exec $(BIN)/python manage.py run --reload

chromium: setup
	@$(BIN)/python -m tests.chromium

test: setup chromium ## Run every test
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

faults: setup ## Run the fault tests with their large numbers (an hour) and write docs/faults.md
	@$(BIN)/python -m pytest tests/faults --faults=large -n 2 --dist worksteal -o faulthandler_timeout=0

security: setup chromium ## Run the security probes with their large numbers and write docs/security_report.md
	@$(BIN)/python -m pytest tests/security --security=large -n 2 --dist worksteal -o faulthandler_timeout=0

journeys: setup chromium ## Walk every journey at both gateways on both screens and write docs/journeys.md
	@$(BIN)/python -m pytest tests/e2e -m journey --journeys=large -n 2 --dist loadfile

slow-pages: setup chromium ## Run the browser tests with slow pages: what does not wait for its page fails
	@$(BIN)/python -m pytest tests/e2e tests/security tests/simulator tests/web --pages=slow -n 2 --dist loadfile

conformance: setup chromium ## Run every test that a line of docs/conformance.md names, and write the page
	@$(BIN)/python -m tests.contract.conformance -n 2 --dist loadfile

check: setup ## Format, lint, types, layers, security rules, wording, secrets
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@PYTHONPATH=. $(BIN)/lint-imports --no-logo
	@$(BIN)/python -m checks.layers && echo "Layers: imports go downwards only."
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive . && echo "Bandit: nothing found."
	@$(BIN)/python -m checks.rules && echo "Rules: SQL is constant, HTML escaped, coroutines do not block, secrets meet compare_digest."
	@$(BIN)/python -m checks.wording && echo "Wording: no page and no mail says buy, sell, target, recommend or will outperform."
	@$(BIN)/python -m checks.floors && echo "Floors: no pinned package is below a release that closed a known hole."
	@$(BIN)/python -m checks.leaks && echo "Leaks: no secret in the files or the history."

format: setup ## Write the format that `check` wants
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

screenshots: setup chromium ## Take the screenshots of the README again
	@$(BIN)/python -m tests.e2e.screenshots

bench: setup chromium ## Print times of the analyzer, start and pages on this machine
	@$(BIN)/python -m benchmarks.analyzer
	@$(BIN)/python -m benchmarks.panel
	@$(BIN)/python -m benchmarks.start
	@$(BIN)/python -m benchmarks.pages

audit: setup ## Look the pinned packages up for known vulnerabilities
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit >/dev/null 2>&1 \
		&& $(BIN)/pip-audit --require-hashes --disable-pip -r requirements.txt || echo "audit: not run (no advisory source answers) or findings above"

lock: setup ## Write both lock files from pyproject.toml
	@$(BIN)/uv pip compile --quiet pyproject.toml --universal --generate-hashes --no-header --output-file requirements.txt
	@$(BIN)/uv pip compile --quiet --group dev --universal --generate-hashes --no-header --constraint requirements.txt --output-file requirements-dev.txt

.PHONY: help setup run dev chromium test faults security journeys slow-pages conformance check format screenshots bench audit lock
