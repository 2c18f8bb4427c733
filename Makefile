# make run starts the app, make test runs all tests. Both are repeatable; stamp files in .venv make them quick the
# second time. Nothing here needs more than a POSIX shell, make and Python 3.11 or later.

PORT ?= 8501
ADDRESS ?= 127.0.0.1
PYTHON ?= python3
PYTEST_ARGS ?=
TEST_WORKERS ?= 2
VENV_PYTHON = .venv/bin/python
PIP = $(VENV_PYTHON) -m pip --disable-pip-version-check install

.PHONY: help setup weights run test lint types format bench clean

help:
	@echo "make setup    prepare everything, start nothing"
	@echo "make run      start the app on port $(PORT) (PORT=8600 for another; ADDRESS=0.0.0.0 for other computers too)"
	@echo "make test     all tests, in a real browser and on PostgreSQL too (PYTEST_ARGS='tests/core -k parsing' for some;"
	@echo "              TEST_WORKERS=0 for one after the other)"
	@echo "make lint     look at the style"
	@echo "make types    look at the types"
	@echo "make format   put the style right"
	@echo "make bench    all benchmarks, one after the other"
	@echo "make clean    remove .venv and what tools left behind; your data stays"

setup: .venv/installed weights

weights: .venv/installed
	@printf "Embedded model: "; $(VENV_PYTHON) -m synthgen_core.providers.weights

# The app runs without the embedded model too, and tries again to fetch it when it is needed.
run: .venv/installed
	@printf "Embedded model: "; $(VENV_PYTHON) -m synthgen_core.providers.weights || echo "Starting without the embedded model."
	@echo "SynthGen: http://localhost:$(PORT) (Ctrl-C stops it)"
	@exec $(VENV_PYTHON) -m streamlit run streamlit_app.py --server.address "$(ADDRESS)" --server.port "$(PORT)"

test: .venv/installed-dev weights
	@$(VENV_PYTHON) -m tests.tools.chromium --install
	@$(VENV_PYTHON) -m tests.tools.postgres --install
	$(VENV_PYTHON) -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: .venv/installed-dev
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .

types: .venv/installed-dev
	$(VENV_PYTHON) -m mypy

format: .venv/installed-dev
	$(VENV_PYTHON) -m ruff check --fix .
	$(VENV_PYTHON) -m ruff format .

bench: .venv/installed-dev weights
	@set -e; for script in benchmarks/[a-z]*.py; do \
		echo "== $$script"; PYTHONPATH=. $(VENV_PYTHON) "$$script"; done

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment whose making was interrupted has no pip yet.
.venv/installed: requirements.txt .venv/bin/python
	@$(VENV_PYTHON) -m pip --version >/dev/null 2>&1 || $(VENV_PYTHON) -m ensurepip
	$(PIP) -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	$(PIP) --quiet -r requirements-dev.txt
	@touch $@

# The first Python that is recent enough. Debian ships it without ensurepip, which the environment needs.
.venv/bin/python:
	@found=; \
	for python in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "SynthGen needs Python 3.11 or later, and python3 is: $$(python3 --version 2>&1)." >&2; \
		echo "Install a newer one; if it is not on the PATH, name it: make setup PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip' 2>/dev/null; then \
		package=$$("$$found" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$$package" || exit 1; \
		else \
			echo "Python's venv is not complete here. Run: sudo apt install $$package" >&2; exit 1; \
		fi; \
	fi; \
	echo "Making .venv with $$("$$found" --version)"; \
	"$$found" -m venv .venv
