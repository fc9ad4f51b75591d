.DEFAULT_GOAL := help
.PHONY: help setup run test coverage test-external screenshots check types vendor audit format sellout bench bench-smoke bench-backlog prove lock clean

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links --no-emit-options
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Rounded; the README says the same.
SETUP_SIZE := about 180 MB to download, 770 MB on disk
TESTS_SIZE := about 12 minutes on two cores, 4 GB of memory and 3 GB of disk
BROWSER_TESTS := tests/external/browser
RUN_TESTS := pytest -n 3 --dist loadfile --no-loadscope-reorder
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
	@echo "Setting up $$($(PYTHON) --version) in .venv, once: $(SETUP_SIZE)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@# What pip warns of is of use where it fails: then all that it said is shown.
	@said=$$($(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r requirements.txt -r requirements-dev.txt 2>&1) || \
		{ printf "%s\n" "$$said"; echo 'seatline: the packages cannot be installed, see above: `make setup` tries again'; exit 1; }
	@touch $@

run: $(STAMP) ## run everything on this machine, until Ctrl-C (PORT=, FLOWER_PORT=, SANDBOX_PORT=)
	@exec $(BIN)/python -m local.run

test: $(STAMP) ## run the tests (ARGS="tests/core -k holds" for some)
	@$(if $(ARGS),,echo "All tests, on PostgreSQL and Valkey servers of their own: $(TESTS_SIZE)."; \
		echo "Some of them: make test ARGS=\"tests/core -k holds\"")
	@exec $(RUN_TESTS) $(ARGS)

coverage: $(STAMP) ## run the tests, a third slower, and tell which lines none of them runs
	@exec $(RUN_TESTS) --cov --cov-report term:skip-covered $(ARGS)

# What drives a browser leaves an event loop in its process, so other tests have processes of their own.
test-external: $(STAMP) ## run the tests that need more than Python and make
	@pytest $(or $(if $(ARGS),-m external $(ARGS)),-n 2 --dist loadfile -m external --ignore $(BROWSER_TESTS))
	@$(if $(ARGS),,pytest -n 2 --dist loadfile -m "external and not measures" $(BROWSER_TESTS))
	@$(if $(ARGS),,pytest -s -q -m measures $(BROWSER_TESTS))

screenshots: $(STAMP) ## take the pictures that the README shows
	@mkdir -p docs/images
	@SCREENSHOTS=docs/images pytest -m external $(BROWSER_TESTS)/test_screenshots.py

check: $(STAMP) ## lint, format, types, import contracts, migrations, bundles of others
	ruff check
	ruff format --check
	mypy
	lint-imports
	@echo "squawk (the migrations' SQL)"
	@sql=$$(alembic upgrade head --sql 2>/dev/null) && printf '%s\n' "$$sql" | squawk
	@echo "web/vendor"
	@$(BIN)/python -m local.vendor.check

types: $(STAMP) ## check the types of web/, by its JSDoc (with Node: the machine's, or PyPI's)
	@exec $(BIN)/python -m local.vendor.check_types

vendor: $(STAMP) ## bundle what web/ has of others, as locked (with Node; ARGS=--upgrade: the newest)
	@exec $(BIN)/python -m local.vendor.bring $(ARGS)

audit: $(STAMP) ## look up whether what the locks name has known vulnerabilities
	@exec $(BIN)/python -m local.audit

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

lock: $(STAMP) ## pin what requirements*.in ask for, with all they need, and their hashes (ARGS=--upgrade)
	$(COMPILE) --output-file requirements.txt $(ARGS) requirements.in
	$(COMPILE) --output-file requirements-dev.txt $(ARGS) requirements-dev.in
	$(COMPILE) --output-file tests/external/clients/requirements.txt $(ARGS) tests/external/clients/requirements.in
	$(COMPILE) --output-file local/vendor/requirements.txt $(ARGS) local/vendor/requirements.in

clean: ## delete what was made here, data of `make run` and .venv included
	rm -rf .venv .tools .seatline .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
