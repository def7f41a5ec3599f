# Everything a contributor types. `make` alone prints the list.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
# more than cores: much of the suite waits for sockets, browsers and other processes
PYTEST_WORKERS ?= 4
DEMO_FLAGS ?=
BENCH_FLAGS ?=
SOAK_FLAGS ?=
ATTACK_FLAGS ?=
MUTANTS_FLAGS ?=
SIGNING_KEY ?=
ROLLOVER_FLAGS ?=
ALERTS_FLAGS ?=
SURFACE_FLAGS ?=

# what it is made of comes by apt; elsewhere its tests are left out, and that is told
IMAGE := $(if $(shell command -v apt-get),image)

BIN := .venv/bin
STAMPS := .venv/stamps
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
LOCKED := install --require-hashes --no-deps
NPM_INPUTS := package.json package-lock.json .npmrc
# hatch_build.py writes it beside the browser files: where it stands, the checkout is installed
BROWSER_FILES := src/callboard/web/static/vendor/lock.sha256
# an npm that requirements-node.lock brought is found like the machine's own
WITH_VENV := PATH="$(CURDIR)/$(BIN):$$PATH"

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- use

.PHONY: demo
demo: $(BROWSER_FILES) ## the portal on http://127.0.0.1:7007, against a simulated fleet (DEMO_FLAGS="--clusters 8")
	$(BIN)/callboard demo $(DEMO_FLAGS)

# ---------------------------------------------------------------- prove

.PHONY: test
test: debian ## everything: lint, types, layers, the image, and the whole suite with kubectl and Chromium
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check $(IMAGE)
	IMAGE_LAYOUT=dist/image/oci $(MAKE) --no-print-directory suite

.PHONY: check
check: lint types layers ## lint, types and layers; no test

.PHONY: lint
lint: $(STAMPS)/dev ## ruff, as linter and as formatter
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: types
types: $(STAMPS)/dev $(BROWSER_FILES) ## mypy, strict
	$(BIN)/mypy

.PHONY: layers
layers: $(STAMPS)/dev $(BROWSER_FILES) ## import-linter: who may import whom
	$(BIN)/lint-imports --no-logo

.PHONY: suite
suite: $(STAMPS)/dev $(BROWSER_FILES) node_modules/.package-lock.json ## pytest alone (PYTEST_FLAGS="-k name")
	$(WITH_VENV) $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile $(PYTEST_FLAGS)

.PHONY: mutants
mutants: $(STAMPS)/mutants $(BROWSER_FILES) ## what no test would notice, in modules that only compute; half an hour, not in CI (MUTANTS_FLAGS="callboard.model.*")
	CI=1 nice -n 15 $(BIN)/mutmut run --max-children 1 $(MUTANTS_FLAGS)
	$(BIN)/python tools/mutants.py

.PHONY: conformance
conformance: $(STAMPS)/dev $(BROWSER_FILES) ## the client against a real cluster, reading only: make conformance KUBECONFIG=~/.kube/config
	@test -n "$(KUBECONFIG)" || { echo "Name a kubeconfig: make conformance KUBECONFIG=~/.kube/config" >&2; exit 1; }
	CONFORMANCE_KUBECONFIG="$(KUBECONFIG)" $(BIN)/python -m pytest tests/conformance -m conformance $(PYTEST_FLAGS)

.PHONY: bench
bench: $(STAMPS)/dev $(BROWSER_FILES) ## what Callboard costs, beside Backstage (BENCH_FLAGS="--only backstage --cells 40x10")
	$(WITH_VENV) $(BIN)/python -m bench $(BENCH_FLAGS)

.PHONY: page-check
page-check: $(STAMPS)/dev $(BROWSER_FILES) ## what a service's page costs in Chromium: bytes, first paint, layout shift, tasks
	$(WITH_VENV) $(BIN)/python -m bench --only page

.PHONY: soak
soak: $(STAMPS)/dev $(BROWSER_FILES) ## half an hour of churn, chaos and viewers (SOAK_FLAGS="--minutes 3")
	$(BIN)/python -m bench.soak $(SOAK_FLAGS)

.PHONY: rollover
rollover: $(STAMPS)/dev $(BROWSER_FILES) ## an upgrade while fifty people look: how long each is without a stream (needs PostgreSQL)
	PYTHONPATH=tests $(BIN)/python -m bench.rollover $(ROLLOVER_FLAGS)

.PHONY: people
people: $(STAMPS)/dev $(BROWSER_FILES) ## a thousand people signed in, through restarts, a database away and changed keys (needs PostgreSQL)
	PYTHONPATH=tests $(BIN)/python -m bench.people $(PEOPLE_FLAGS)

.PHONY: alerts
alerts: $(STAMPS)/dev $(BROWSER_FILES) ## each alert made to fire, by a real Prometheus (needs Debian's prometheus and postgresql)
	PYTHONPATH=tests $(BIN)/python -m bench.alerts $(ALERTS_FLAGS)

.PHONY: attack
attack: $(STAMPS)/dev $(BROWSER_FILES) ## hostile clusters and readers, and what they cost everybody else (ATTACK_FLAGS="--seconds 5")
	$(BIN)/python -m bench.attack $(ATTACK_FLAGS)

.PHONY: debian
debian: ## the Debian packages the tests need: installed, or the line to run named
	tools/debian-packages

# ---------------------------------------------------------------- release

.PHONY: build
build: $(STAMPS)/dev ## sdist and wheel, in dist/
	rm -rf dist
	$(BIN)/python -m build

.PHONY: image
image: $(STAMPS)/dev $(BROWSER_FILES) ## the container image as an OCI layout, in dist/image/; no container engine needed
	$(BIN)/python -m tools.image dist/image

.PHONY: image-check
image-check: image ## the image's own tests, on what was built
	IMAGE_LAYOUT=dist/image/oci $(BIN)/python -m pytest tests/image $(PYTEST_FLAGS)

.PHONY: release
release: $(STAMPS)/dev $(BROWSER_FILES) ## wheel, sdist, image, chart, bills of materials, notes, checksums, in dist/ (SIGNING_KEY=FILE signs)
	SIGNING_KEY="$(SIGNING_KEY)" tools/release

.PHONY: format
format: $(STAMPS)/dev ## let ruff write what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: docs
docs: $(BROWSER_FILES) ## write the reference pages that come from the code
	$(BIN)/python -m callboard.app.references docs/reference

.PHONY: surface
surface: $(BROWSER_FILES) ## write what callboard.extend offers, and say whether its version fits what changed (SURFACE_FLAGS=--released)
	$(BIN)/python tools/surface.py $(SURFACE_FLAGS)

.PHONY: screenshots
screenshots: $(STAMPS)/dev $(BROWSER_FILES) ## take the pictures of the documents from the demo, in Chromium
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/screenshots.py

.PHONY: lock
lock: $(STAMPS)/dev ## resolve the lock files anew, within pyproject.toml and package.json
	tools/lock

# ---------------------------------------------------------------- set up, keyed on what decides it

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Callboard needs Python 3.11 or newer; name it with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "Python's venv is missing. Run: sudo apt-get install --yes python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv

$(STAMPS)/runtime: requirements.lock | $(BIN)/python
	$(PIP) $(LOCKED) -r requirements.lock
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements-dev.lock $(STAMPS)/runtime
	$(PIP) $(LOCKED) -r requirements-dev.lock
	@touch $@

$(STAMPS)/mutants: requirements-mutants.lock $(STAMPS)/dev
	$(PIP) $(LOCKED) -r requirements-mutants.lock
	@touch $@

$(BROWSER_FILES): pyproject.toml hatch_build.py $(NPM_INPUTS) $(STAMPS)/runtime
	$(PIP) install --no-deps --editable .
	@touch $@

node_modules/.package-lock.json: $(NPM_INPUTS) | $(BIN)/python
	command -v npm >/dev/null || $(PIP) $(LOCKED) -r requirements-node.lock
	$(WITH_VENV) npm ci --ignore-scripts --no-audit --no-fund
	@touch $@
