.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): .config/requirements.lock .config/stubs.lock pyproject.toml proto/build_hook.py $(wildcard proto/*.proto)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "python3 -m venv failed; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .config/requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
	  --upgrade --target $(VENV)/typings -r .config/stubs.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(READY) ## install everything into .venv (the other targets do this by themselves)

demo: $(READY) ## pair, unlock and lock a simulated car with the real firmware
	@$(BIN)/fob demo

sim: $(READY) ## the same bench, with your fingers on the buttons
	@$(BIN)/fob sim

test: $(READY) ## run every test
	@$(BIN)/python -m pytest

test-device: $(READY) ## the same with a real board, which it erases: PORT=...
	@test -n "$(PORT)" || { echo "name the board's port: make test-device PORT=... ('$(BIN)/fob ports' lists them)"; exit 2; }
	@$(BIN)/python -m tests.device --port "$(PORT)"

check: $(READY) ## lint, type checks, and a compile of the firmware for the boards
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy --config-file .config/firmware.mypy.ini
	@$(BIN)/python -m host_tools.installation.compile --check

SECTIONS ?=
bench: $(READY) ## measure what a press costs: make bench SECTIONS="press size" QUICK=1
	@$(BIN)/python -m tests.bench $(if $(QUICK),--quick) $(SECTIONS)

report: $(READY) ## the same as a page of charts: make report QUICK=1
	@$(BIN)/python -m tests.bench.report $(if $(QUICK),--quick)

powercut: $(READY) ## cut the power at every flash operation of a fob's life
	@$(BIN)/python -m tests.trials.powercut

faults: $(READY) ## every fault on the air at every step of pairing and of a press
	@$(BIN)/python -m tests.trials.faults

N ?= 1000
SEED ?= 1
soak: $(READY) ## N presses of random lives from SEED: make soak N=10000 SEED=7
	@$(BIN)/python -m tests.trials.soak --presses $(N) --seed $(SEED)

SECONDS ?= 600
fuzz: $(READY) ## hostile input for every reader: make fuzz SECONDS=60 TARGETS="decode boards" SEED=7
	@$(BIN)/python -m tests.fuzz $(if $(COUNT),--count $(COUNT),--seconds $(SECONDS)) --seed $(SEED) $(TARGETS)

lock: ## renew the pinned versions
	@$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/pip install --quiet uv
	@$(VENV)/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	  --python-version 3.11 --extra dev pyproject.toml -o .config/requirements.lock
	@$(VENV)/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	  --python-version 3.11 --no-deps .config/stubs.in -o .config/stubs.lock

clean: ## remove what the targets made
	rm -rf $(VENV) host_tools/protocol/*_pb2.py* build dist \
	  .hypothesis .mypy_cache .pytest_cache .ruff_cache

.PHONY: help setup demo sim test test-device check bench report powercut faults soak fuzz lock clean
