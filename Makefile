.DEFAULT_GOAL := help
.PHONY: help setup run test test-external check format sellout bench bench-smoke bench-backlog prove lock clean

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
COMPILE := $(BIN)/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links --no-emit-options
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Where someone has set it, it makes pip refuse to install into .venv.
unexport PIP_USER

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make the Python environment in .venv, exactly as locked

$(STAMP): requirements.txt requirements-dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "seatline: $(PYTHON) is missing: install Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "seatline: $$($(PYTHON) --version) is too old: Python 3.11 or newer is needed (make PYTHON=python3.12 …)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "seatline: $(PYTHON) lacks venv: install it (Debian: apt-get install python3-venv)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.txt -r requirements-dev.txt
	@touch $@

run: $(STAMP) ## run everything on this machine, until Ctrl-C
	@exec $(BIN)/python -m local.run

test: $(STAMP) ## run the tests, with coverage
	@exec pytest -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report term:skip-covered $(ARGS)

test-external: $(STAMP) ## run the tests that need more than Python and make
	@pytest -m external $(ARGS) || { code=$$?; test $$code -eq 5 && echo "no test needs more than Python and make yet" || exit $$code; }

check: $(STAMP) ## lint, format, types, import contracts, migrations
	ruff check
	ruff format --check
	mypy
	lint-imports
	@echo "squawk (the migrations' SQL)"
	@sql=$$(alembic upgrade head --sql 2>/dev/null) && printf '%s\n' "$$sql" | squawk

format: $(STAMP) ## put the code into its format
	ruff check --fix
	ruff format

sellout: $(STAMP) ## sell a show out under load, and see that nothing is sold twice
	@exec $(BIN)/python -m bench.sellout $(ARGS)

bench: $(STAMP) ## measure everything, and write docs/performance.md (ONLY=, SCALE=, ROUNDS=)
	@exec $(BIN)/python -m bench.measure $(if $(ONLY),--only "$(ONLY)") $(if $(SCALE),--scale $(SCALE)) \
		$(if $(ROUNDS),--rounds $(ROUNDS)) $(ARGS)

bench-smoke: $(STAMP) ## a minute and a half: the most telling figures, and whether one is under a third of its bar
	@exec $(BIN)/python -m bench.measure --smoke $(ARGS)

bench-backlog: $(STAMP) ## settle a backlog in one process, to profile it (ARGS=--profile)
	@exec $(BIN)/python -m bench.backlog $(ARGS)

prove: $(STAMP) ## shake the real processes and check that nothing is lost or sold twice (SEED=, ROUNDS=, FAULT=, SECONDS=, MUTANTS=1)
	@exec $(BIN)/python -m proof.prove $(if $(SEED),--seed "$(SEED)") $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(FAULT),--fault "$(FAULT)") $(if $(SECONDS),--seconds $(SECONDS)) $(if $(MUTANTS),--mutants) $(ARGS)

lock: $(STAMP) ## pin what requirements*.in ask for, with all they need (ARGS=--upgrade)
	$(COMPILE) --output-file requirements.txt $(ARGS) requirements.in
	$(COMPILE) --output-file requirements-dev.txt $(ARGS) requirements-dev.in

clean: ## delete what was made here, data of `make run` and .venv included
	rm -rf .venv .seatline .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
