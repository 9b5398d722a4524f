# Everything a user or a developer does, from a fresh clone on a machine with Python 3.11 or newer.
PY ?= python3
TORCH = 2.13.0
CPU_INDEX = https://download.pytorch.org/whl/cpu
BIN = .venv/bin
PIP = $(BIN)/python -m pip install --disable-pip-version-check -q
# A test on each core at a time; a core that is through with its share takes over from the others.
PYTEST = $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
comma := ,
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup demo test test-all lint format bench-speed speedrun bench-quality bench-family bench-doctor bench-folders bench-fidelity bench-factors bench-ahead bench-gpu faults readme notebooks docs constraints clean bench-selection bench-imbalance

help: ## what there is to make
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 17

setup: .venv/.base ## the environment in .venv

demo: .venv/.base ## train on the embedded digits into runs/demo (anew: make demo FRESH=1)
	@$(BIN)/infogan train digits --run runs/demo $(if $(FRESH),--fresh)

test: .venv/.test ## the tests, but for those that train for long, count faults or need a browser (about 4 minutes)
	@$(PYTEST) -m "not slow and not browser"

test-all: .venv/.test ## every test (about 13 minutes)
	@$(PYTEST)

lint: .venv/.lint ## ruff and mypy
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: .venv/.lint ## let ruff put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench-speed: .venv/.base ## images per second against a textbook loop (about 3 minutes)
	@$(BIN)/python benchmarks/speed.py

speedrun: .venv/.base ## seconds until the classes are found (DATA_DIR=folder with MNIST's files, else downloaded)
	@$(BIN)/python benchmarks/speedrun.py $(if $(DATA_DIR),--data-dir $(DATA_DIR))

bench-quality: .venv/.base ## cluster accuracy over ten seeds, one process per core (about an hour)
	@$(BIN)/python benchmarks/quality.py mnist $(if $(DATA_DIR),--data-dir $(DATA_DIR))
	@$(BIN)/python benchmarks/quality.py digits --unseen mnist $(if $(DATA_DIR),--data-dir $(DATA_DIR))

bench-imbalance: .venv/.base ## rare digits: priors, many categories merged (DATA_DIR as above), about two hours
	@$(BIN)/python benchmarks/imbalance.py $(if $(DATA_DIR),--data-dir $(DATA_DIR))

bench-family: .venv/.base ## all objectives on MNIST (DATA_DIR=folder with its files), about three hours
	@$(BIN)/python benchmarks/family.py --data-dir $(DATA_DIR)

bench-doctor: .venv/.base ## the doctor on runs that are sound and broken on purpose (about half an hour)
	@$(BIN)/python benchmarks/doctor.py

bench-selection: .venv/.base ## which score without labels predicts accuracy (DATA_DIR=folder with MNIST's files)
	@for part in 1/2 2/2; do OMP_NUM_THREADS=1 $(BIN)/python benchmarks/selection.py train --part $$part & done; wait
	@$(BIN)/python benchmarks/selection.py score --data-dir $(DATA_DIR)

bench-folders: .venv/.base ## folders of pictures with the defaults (HANDS=, CIFAR10=, DATA_DIR=: folders), hours
	@$(BIN)/python benchmarks/folders.py $(if $(HANDS),--hands $(HANDS)) $(if $(CIFAR10),--cifar10 $(CIFAR10)) \
	  $(if $(DATA_DIR),--mnist $(DATA_DIR))

bench-fidelity: .venv/.base ## what the demo's generator covers (DATA_DIR=folder with MNIST's files), about 15 minutes
	@$(BIN)/python benchmarks/fidelity.py digits --seeds 20 21 22 --mnist $(DATA_DIR)

bench-factors: .venv/.base ## codes against the known factors of sprites, over seeds (about three hours)
	@$(BIN)/python benchmarks/factors.py

bench-ahead: .venv/.base ## the standard sets over ten fresh seeds (DATA_DIR=folder with MNIST's files), hours
	@$(BIN)/python benchmarks/ahead.py --data-dir $(DATA_DIR)

bench-gpu: .venv/.test ## CUDA: right numbers, exact resume, speed (DATA_DIR=folder with MNIST's files), 5 minutes
	@$(BIN)/python benchmarks/gpu.py $(if $(DATA_DIR),--mnist $(DATA_DIR))

faults: .venv/.test ## the fault harnesses at full count (about half an hour; make test-all runs them short)
	@OMP_NUM_THREADS=1 $(BIN)/python tests/faults/long.py

readme: .venv/.base ## write the tables of README and docs from the result files
	@$(BIN)/python benchmarks/readme.py

notebooks: .venv/.test ## run the notebooks of examples/ anew and keep what they show (about 5 minutes)
	@$(BIN)/python scripts/notebooks.py examples/*.ipynb

docs: .venv/.docs ## the documentation site in site/index.html
	@$(BIN)/python scripts/pages.py

constraints: .venv/.lint ## look up newer releases of all dependencies but torch
	@$(PIP) uv
	@(echo 'torch==$(TORCH)'; $(BIN)/uv pip compile -q --universal --no-header --no-annotate --no-emit-index-url \
	  --no-emit-find-links --python-version 3.11.5 --all-extras pyproject.toml \
	  | grep -vE '^(torch|nvidia-|cuda-|triton)') > constraints.new && mv constraints.new constraints.txt

clean: ## remove the environment and the site
	rm -rf .venv build site

# Linux without an NVIDIA GPU takes torch's CPU build: 0.2 GB instead of several. First a build that pip finds by
# itself, then PyTorch's own index, then whatever the registry has.
.venv/.base: pyproject.toml constraints.txt Makefile
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "infogan needs Python 3.11 or newer; $(PY) is older. Try: make PY=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PY) -c 'import ensurepip' 2>/dev/null \
	  || { echo "$(PY) cannot make environments; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "setting up .venv (about a minute)"
	@$(PY) -m venv .venv
	@$(BIN)/python -c 'import torch' 2>/dev/null || { \
	  if [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null; then \
	    $(PIP) torch==$(TORCH)+cpu 2>/dev/null \
	    || $(PIP) torch==$(TORCH) --index-url $(CPU_INDEX) 2>/dev/null; \
	  else false; fi || $(PIP) torch==$(TORCH); }
	@$(PIP) -c constraints.txt -e .
	@touch $@

.venv/.test: .venv/.base
	@$(PIP) -c constraints.txt -e '.[test,photos,notebooks$(if $(CHROMIUM),$(comma)browser)]'
	@touch $@

.venv/.lint: .venv/.test
	@$(PIP) -c constraints.txt -e '.[lint]'
	@touch $@

.venv/.docs: .venv/.base
	@$(PIP) -c constraints.txt -e '.[docs]'
	@touch $@
