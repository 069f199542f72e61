# Every target does its own set-up: on a machine with git, GNU make and Python 3.11 or newer, any of them can be first.
PYTHON ?= python3
BIN := .venv/bin
ENV := .venv/.ready
HTML := _build/html/index.html
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 8
# nbval executes every notebook, each in a kernel of its own, and compares the marked cells.
NOTEBOOKS := book --dist loadfile --nbval-lax --nbval-current-env --nbval-cell-timeout 300 \
  --nbval-sanitize-with tests/nbval.cfg

# The arrays are small and two processes share two cores: threads inside the linear algebra only get in the way.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
# The notebooks run in .venv, whatever kernels the user has installed.
export JUPYTER_PREFER_ENV_PATH := 1
export PYDEVD_DISABLE_FILE_VALIDATION := 1

.DEFAULT_GOAL := help
.PHONY: help env book pdf picture test unit lint kernels lowest bench refresh lock serve clean

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

# The notebooks run once, side by side, and the build takes their outputs (book/_ext/executed.py). It starts from nothing:
# after a failed build the same command would reuse its pages and pass.
clear := rm -rf _build/executed _build/html _build/jupyter_execute _build/.doctrees
build := $(BIN)/jupyter-book build . -W -n --keep-going

# A notebook whose output is not the committed one is reported, and a reader has the book all the same: the build executes
# it again, and fails if it raises. In `make test` the report is a failure.
define make-book
$(clear)
-$(PYTEST) --quiet $(NOTEBOOKS)
$(build)
endef

book: $(ENV) ## execute the notebooks and build the book: open _build/html/index.html
	$(make-book)

$(HTML): $(ENV)
	$(make-book)

serve: $(HTML) ## serve the built book on this machine, at port 8000
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

pdf: $(HTML) ## the built book on paper, _build/pdf/book.pdf: every figure as its still (needs Chromium)
	$(BIN)/python tools/pdf.py

picture: $(ENV) ## compute and draw the picture of the README, book/_static/picture.svg
	$(BIN)/python tools/picture.py

test: lint ## lint and types, every notebook and its outputs, a clean build of the book, every test and every built page
	$(clear)
	$(PYTEST) $(NOTEBOOKS)
	$(build)
	$(PYTEST) --dist worksteal tests

unit: lint ## lint, types and the fast tests: for whoever changes a line
	$(PYTEST) --dist worksteal --quiet tests -m "not slow and not pages"

lint: $(ENV)
	$(BIN)/ruff check .
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/mypy lib figures

kernels: $(ENV) ## the unit tests as older processors compute, with one thread and with two: a table
	$(BIN)/python tools/kernels.py

lowest: ## the unit tests with the lowest versions that pyproject.toml admits (with Python 3.11, the oldest supported)
	rm -rf _build/lowest && $(PYTHON) -m venv _build/lowest
	$(PYTHON) tools/lowest.py > _build/lowest/requirements.txt
	_build/lowest/bin/python -m pip --disable-pip-version-check --quiet install -r _build/lowest/requirements.txt
	_build/lowest/bin/python -m pytest --numprocesses logical --maxprocesses 8 --dist worksteal tests -m "not pages"

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
