# Everything here installs what it needs by itself. `make demo` and `make test` are the two to know.

.DEFAULT_GOAL := help
.PHONY: help demo evening test check bench bench-slices bench-screens bench-fetch bench-writer docs screenshots template static lock \
	deps deploy-web clean

# Any Python from 3.11 on can start things; local/bootstrap.py then chooses the one to run them with.
# Name another with PYTHON=… on the command line.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 /usr/bin/python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
LOCAL := $(PYTHON) -m local
BIN := .venv/bin
SAM := .local/venvs/sam/bin/sam
SOURCES := layers/connectors:functions

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

demo: ## Start everything on this machine, sync six invented districts, and stay up
	@$(LOCAL) demo

evening: ## Let a rollover arrive at one district: held, looked at, approved, undone
	@$(LOCAL) evening

test: template check ## Everything that CI runs
	$(BIN)/pytest -m e2e

check: static ## What needs no deployed stack: a few minutes less than test
	$(BIN)/pytest -m "not e2e" -n auto

bench: deps ## Measure against peers and a hand-written floor (BENCH="--people 100000"; WRITE_DOCS=1 for docs/performance.md)
	PYTHONPATH=.:$(SOURCES) $(BIN)/python -m bench $(BENCH)

bench-slices: deps ## Run a district of any size under limits like Lambda's (BENCH="--people 700000")
	PYTHONPATH=.:$(SOURCES) $(BIN)/python -m bench.slices $(BENCH)

bench-screens: deps ## Tell how soon each screen of the console can be used, on the local stack (BENCH="--people 10000")
	@$(LOCAL) web --browser
	PYTHONPATH=.:$(SOURCES) $(BIN)/python -m bench.screens $(BENCH)

bench-fetch: deps ## Read pages from a slow host, and from one that refuses (BENCH="--pages 200 --seconds 0.15")
	PYTHONPATH=.:$(SOURCES) $(BIN)/python -m bench.fetch $(BENCH)

bench-writer: deps ## Write a generated district to a table that keeps nothing (BENCH="--people 10000")
	PYTHONPATH=.:$(SOURCES) $(BIN)/python -m bench.writer $(BENCH)

docs: deps ## Write docs/fields.md and docs/issues.md anew: which system carries which field, and every issue code
	WRITE_DOCS=1 $(BIN)/pytest -q tests/sync/test_carries.py tests/engine/test_issue_codes.py

screenshots: deps ## Take the pictures in docs/screens anew (with the font Inter, Debian's fonts-inter)
	@$(LOCAL) web --browser
	SCREENSHOTS=1 $(BIN)/pytest -q tests/web/test_looks.py

template:
	@$(LOCAL) bootstrap --stack
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint

static: deps
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	@$(LOCAL) web --check --browser
	PYTHONPATH=$(SOURCES) $(BIN)/lint-imports

deps:
	@$(LOCAL) bootstrap

lock: deps ## Write the pinned requirements anew
	for name in layer:layers/connectors/requirements dev:requirements/dev emulator:requirements/emulator \
			sam:requirements/sam tools:requirements/tools bench:requirements/bench; do \
		.local/venvs/tools/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
			--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
			requirements/$${name%%:*}.in --output-file $${name#*:}.txt || exit 1; \
	done

deploy-web: ## Put the console where a deployed stack serves it (STACK=rollcall)
	@$(LOCAL) web --publish dist/web
	$(PYTHON) -m local.webdeploy $(or $(STACK),rollcall) dist/web

clean: ## Delete everything that was made here
	@$(LOCAL) clean
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
