# Every target does its own set-up: on a machine with git, GNU make and Python 3.11 or newer, any of them can be first.
PYTHON ?= python3
BIN := .venv/bin
ENV := .venv/.ready
HTML := _build/html/index.html
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# The arrays are small and two processes share two cores: threads inside the linear algebra only get in the way.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
# The notebooks run in .venv, whatever kernels the user has installed.
export JUPYTER_PREFER_ENV_PATH := 1
export PYDEVD_DISABLE_FILE_VALIDATION := 1

.DEFAULT_GOAL := help
.PHONY: help env book pdf test bench refresh lock serve clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

env: $(ENV) ## set up .venv from requirements.txt (the other targets do so by themselves)

$(ENV): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --requirement requirements.txt
	PYTHONWARNINGS=ignore $(PIP) install --no-build-isolation --no-deps --editable .
	$(BIN)/python -c 'import matplotlib.font_manager' # its font cache is built once, here, and not inside a notebook
	touch $@

# A build that follows a failed one reuses its pages and passes, so the book is always built from nothing.
define build-book
rm -rf _build/html _build/jupyter_execute _build/.doctrees
$(BIN)/jupyter-book build . -W -n --keep-going
endef

book: $(ENV) ## execute the notebooks and build the book: open _build/html/index.html
	$(build-book)

$(HTML): $(ENV)
	$(build-book)

serve: $(HTML) ## serve the built book on this machine, at port 8000
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

pdf: $(HTML) ## the built book on paper, _build/pdf/book.pdf: every figure as its still (needs Chromium)
	$(BIN)/python tools/pdf.py

test: book ## lint, types, a clean build of the book, then every test, notebook and built page
	$(BIN)/ruff check .
	$(BIN)/mypy lib figures
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile \
	  --nbval-lax --nbval-current-env --nbval-cell-timeout 300 --nbval-sanitize-with tests/nbval.cfg

bench: $(ENV) ## run every script of benchmarks/, which writes its table beside it
	@set -e; for script in benchmarks/*.py; do echo "$$script"; $(BIN)/python "$$script"; done

refresh: $(ENV) ## execute the notebooks in place and keep the outputs that nbval compares
	$(BIN)/python tools/refresh.py

lock: ## rewrite requirements.txt from pyproject.toml, with Python 3.11 (the oldest supported)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "the lock is made with the oldest supported Python: make lock PYTHON=python3.11"; exit 1; }
	rm -rf _build/lock && $(PYTHON) -m venv _build/lock
	_build/lock/bin/python -m pip --disable-pip-version-check --quiet install pip-tools
	_build/lock/bin/pip-compile --quiet --upgrade --all-extras --all-build-deps --allow-unsafe --strip-extras \
	  --no-annotate --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	  --output-file _build/lock/requirements.txt pyproject.toml
	{ echo '# Every package of the environment, pinned. Made from pyproject.toml by "make lock"; do not edit.'; \
	  cat _build/lock/requirements.txt; } > requirements.txt

clean: ## remove what was built, and the environment
	rm -rf _build .venv *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
