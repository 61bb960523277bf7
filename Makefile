# Everything below makes its own .venv; the only thing needed is Python 3.11 or newer.

# The first of these that runs, is new enough and can make a virtual environment. A name being
# there is not enough: pyenv's shims exist for versions that are not in use here and then fail,
# which is also why the system's Python is asked for by its path at the end.
PYTHON ?= python3.12 python3.11 python3.13 python3.14 python3 python /usr/bin/python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Passed on: make test ARGS="tests/webapp -x", make demo ARGS="--students 100"
ARGS ?=
# Which story make pipeline tells: good, wrong, slow, settings, stale, or all of them
STORY ?= all

.DEFAULT_GOAL := help
.PHONY: help demo pipeline dev test lint format bench install clean

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/grader.stamp ## Grade a sample class on this machine and write its report
	@$(BIN)/python -m grader demo $(ARGS)

pipeline: .venv/pipeline.stamp ## Tell five stories of releases on their way; one with STORY=slow
	@$(BIN)/python -m grader pipeline --story $(STORY) $(ARGS)

dev: .venv/grader.stamp ## Run the web app on http://localhost:3000
	@$(BIN)/python -m webapp

# loadscope: what a module builds for all its tests, such as the Vercel function, is built once.
# The slow modules begin first (tests/conftest.py), in place of those with the most tests.
test: .venv/dev.stamp ## Run all tests, installing a browser and platform tools where they are missing
	@$(BIN)/python -m tests.components
	@$(BIN)/python -m pytest -n auto --dist loadscope --no-loadscope-reorder $(ARGS)

lint: .venv/dev.stamp ## Check formatting, style, types and the direction of imports
	@$(BIN)/python -m ruff format --check
	@$(BIN)/python -m ruff check
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports

format: .venv/dev.stamp ## Format the code and fix what can be fixed
	@$(BIN)/python -m ruff check --fix-only
	@$(BIN)/python -m ruff format

bench: .venv/dev.stamp ## Measure what is claimed about speed and fairness
	@$(BIN)/python -m benchmarks.webapp
	@$(BIN)/python -m benchmarks.asking
	@$(BIN)/python -m benchmarks.beside
	@$(BIN)/python -m benchmarks.batch
	@$(BIN)/python -m benchmarks.hostile
	@$(BIN)/python -m benchmarks.fairness
	@$(BIN)/python -m benchmarks.delivery
	@$(BIN)/python -m benchmarks.watch
	@$(BIN)/python -m benchmarks.pipelines

install: .venv/dev.stamp ## Make .venv with everything that contributors need

clean: ## Remove .venv and all that tests and builds left behind; never results
	rm -rf .venv .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf .vercel build dist test-results uv.lock *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@for python in $(PYTHON); do \
	  if $$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making .venv with $$($$python --version)"; \
	    exec $$python -m venv --clear .venv; \
	  fi; \
	done; \
	echo "Python 3.11 or newer that can make virtual environments is needed. None of these is it:"; \
	echo "  $(PYTHON)"; \
	echo "Install it, then run make again:"; \
	echo "  Debian, Ubuntu:  sudo apt-get install python3 python3-venv"; \
	echo "  Fedora:          sudo dnf install python3"; \
	echo "  macOS:           brew install python@3.12"; \
	echo "  anything else:   an installer from python.org"; \
	exit 1

# The demo and the web app start from the lighter of the two, so that a fresh clone shows something
# within seconds: no browser driver, no linters.
.venv/grader.stamp: pyproject.toml | $(BIN)/python
	@echo "Installing what the grader needs (this may take a minute)"
	@$(PIP) install --editable ".[grader]"
	@touch $@

# A proxy as a wheel, which is large: only who asks for the pipeline needs it.
.venv/pipeline.stamp: pyproject.toml | $(BIN)/python
	@echo "Installing what the pipeline needs (this may take a minute)"
	@$(PIP) install --editable ".[grader,pipeline]"
	@touch .venv/grader.stamp $@

.venv/dev.stamp: pyproject.toml | $(BIN)/python
	@echo "Installing what contributors need (this may take a few minutes)"
	@$(PIP) install --editable ".[dev]"
	@touch .venv/grader.stamp .venv/pipeline.stamp $@
