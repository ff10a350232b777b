# Needs Python 3.11 or newer, and git; uses uv where it is on the PATH. `make help` lists all.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV := $(shell command -v uv 2>/dev/null)
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto
ARGS ?=

# Imports cost several times more where bytecode may not be kept.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help run test bench check fix openapi lock install clean

help: ## what can be made here
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: $(VENV)/run.stamp ## the service with demo data and its own PostgreSQL (ARGS="--port 8080")
	@exec $(BIN)/feedback demo $(ARGS)

test: $(VENV)/dev.stamp ## lint, types, contracts and the whole suite
	@$(CHECKS) \
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS) || tested=1; \
	[ $$failed -eq 0 ] || echo "make check found something: see above the tests" >&2; \
	exit $$((failed + tested))

bench: $(VENV)/dev.stamp ## measure what the README promises, in one run
	@$(BIN)/python -m benchmarks $(ARGS)

check: $(VENV)/dev.stamp ## lint, types and contracts only
	@$(CHECKS) exit $$failed

# A text and no target: `make test --dry-run` would run whatever calls make again.
define CHECKS
failed=0; tested=0; \
$(BIN)/ruff format --check --quiet . || { echo "not formatted: make fix" >&2; failed=1; }; \
$(BIN)/ruff check . || failed=1; \
$(BIN)/mypy || failed=1; \
$(BIN)/lint-imports || failed=1;
endef

fix: $(VENV)/dev.stamp ## format, and mend what can be mended without asking
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

openapi: $(VENV)/dev.stamp ## write the contract, docs/reference/openapi.json, anew
	@mkdir -p docs/reference
	@$(BIN)/feedback openapi >docs/reference/openapi.json.new
	@mv docs/reference/openapi.json.new docs/reference/openapi.json

install: $(VENV)/dev.stamp ## the environment of a developer, without running anything

# The largest first: the smaller ones take its versions, so that one environment serves all.
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock" pyproject.toml
lock: ## choose versions anew within pyproject.toml (needs uv; ARGS=--upgrade for the newest)
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH" >&2; exit 1; }
	@mkdir -p requirements
	$(LOCK) $(ARGS) --all-extras --group build --group dev -o requirements/dev.txt
	$(LOCK) --extra embedded --extra analytics --extra reports --group build -c requirements/dev.txt -o requirements/run.txt
	$(LOCK) --extra otel --extra analytics --extra reports --group build -c requirements/dev.txt -o requirements/serve.txt

clean: ## remove what was installed and the caches; the demo's data stays in .feedback
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find app tests migrations benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed / 需要 Python 3.11 或更高版本" >&2; exit 1; }
ifdef UV
	@uv venv --quiet --allow-existing --python "$(PYTHON)" $(VENV)
else
	@"$(PYTHON)" -m venv $(VENV)
endif

# Hashes say what is installed; where it comes from is the machine's own setting.
$(VENV)/%.stamp: requirements/%.txt pyproject.toml | $(BIN)/python
	@echo "Installing requirements/$*.txt / 正在安装依赖" >&2
ifdef UV
	@uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r $<
	@uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable .
else
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade >/dev/null
	@$(BIN)/python -m pip install --quiet --require-hashes -r $<
	@$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
endif
	@touch $@ $(if $(filter dev,$*),$(VENV)/run.stamp) # dev.txt holds all of run.txt
