# `make run` and `make test` need Python 3.11 or later with venv, and nothing else. Everything lands in .venv.

SHELL := /bin/sh
VENV ?= .venv
# the first Python that works: a pyenv shim may exist and fail
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
LOCK_PYTHON ?= python3.13
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check install --quiet
ARGS ?=
SECONDS ?= 120

.PHONY: help run test interop check format readme bench chaos fuzz lock audit clean

help:
	@echo "make run     the bridge with a sandbox vendor behind it (ARGS='--vendor node --port 9587')"
	@echo "make test    the tests (ARGS='-k phone')"
	@echo "make interop clients of other toolchains, and their matrix (ARGS='-k php')"
	@echo "make check   format, lint and types"
	@echo "make format  formats the code"
	@echo "make readme  writes the README's tables anew from the code"
	@echo "make bench   the bridge beside other servers; see tests/bench/README.md (ARGS='growth')"
	@echo "make fuzz    looks for input that breaks an oracle (SECONDS=120, ARGS='codec vendors response')"
	@echo "make chaos   kill -9, outages and restarts under load; see tests/chaos/README.md (SECONDS=120, SEED=, DATABASE=sqlite|postgresql)"
	@echo "make lock    pins what pyproject.toml asks for, with hashes (ARGS=--upgrade: the newest of all)"
	@echo "make audit   asks for known holes in what is pinned (needs the way to the package index)"
	@echo "make clean   removes what these made"

run: $(VENV)/.runtime
	@exec $(VENV)/bin/python -m bridge demo $(ARGS)

test: $(VENV)/.development
	$(VENV)/bin/python -m pytest $(ARGS)

interop: $(VENV)/.development
	@$(VENV)/bin/python -m pytest tests/interop --deselect tests/interop/test_clients.py::test_the_readme_shows_what_came_of_it $(ARGS) && \
		$(VENV)/bin/python -m tests.interop.matrix --write || { $(VENV)/bin/python -m tests.interop.matrix; exit 1; }

check: $(VENV)/.development
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m mypy

format: $(VENV)/.development
	$(VENV)/bin/python -m ruff check --fix .
	$(VENV)/bin/python -m ruff format .

readme: $(VENV)/.development
	$(VENV)/bin/python -m tests.readme

bench: $(VENV)/.runtime
	@exec $(VENV)/bin/python tests/bench/run.py $(ARGS)

# atheris is only for this, and not for every machine: without it the command says so
fuzz: $(VENV)/.development
	@$(PIP) --require-hashes --only-binary :all: -r .ci/requirements-fuzz.txt || true
	@exec $(VENV)/bin/python -m tests.fuzz $(if $(SECONDS),$(SECONDS),120) $(ARGS)

chaos: $(VENV)/.development
	@exec $(VENV)/bin/python -m tests.chaos --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(if $(DATABASE),--database $(DATABASE))

# An environment whose Python is gone is made anew. Programs are run as modules: their scripts would not survive a moved folder.
$(VENV)/.runtime: .ci/requirements.txt .ci/requirements-build.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed (Debian: apt install python3 python3-venv)" >&2; exit 1; }
	@$(VENV)/bin/python -m pip --version >/dev/null 2>&1 || { echo "making $(VENV) with $(PYTHON)"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "installing what runs"
	@$(PIP) --require-hashes -r .ci/requirements.txt -r .ci/requirements-build.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: $(VENV)/.runtime .ci/requirements-dev.txt
	@echo "installing what tests and checks"
	@$(PIP) --require-hashes -r .ci/requirements-dev.txt
	@touch $@

# Made with the newest Python: its packages are a superset (legacy-cgi is there from 3.13 on, with a marker), so that one file
# serves all. Where packages come from is left to the pip of whoever installs them.
LOCK = CUSTOM_COMPILE_COMMAND="make lock" .venv-lock/bin/pip-compile --quiet $(ARGS) --generate-hashes --strip-extras \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

lock:
	$(LOCK_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 13))'
	test -x .venv-lock/bin/pip-compile || { $(LOCK_PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet pip-tools==7.6.2; }
	$(LOCK) --output-file .ci/requirements.txt pyproject.toml
	$(LOCK) --extra dev --constraint .ci/requirements.txt --output-file .ci/requirements-dev.txt pyproject.toml
	$(LOCK) --only-build-deps --build-deps-for wheel --allow-unsafe --output-file .ci/requirements-build.txt pyproject.toml

# --strict: where the index cannot be asked, nothing was audited, and that is an error
audit:
	test -x .venv-audit/bin/pip-audit || { $(PYTHON) -m venv .venv-audit && .venv-audit/bin/pip install --quiet pip-audit==2.10.1; }
	for file in requirements requirements-build requirements-dev; do \
		.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r .ci/$$file.txt || exit 1; done

clean:
	rm -rf .venv .venv-* build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis tests/bench/build tests/interop/build tests/interop/*/node_modules
	find bridge tests -name __pycache__ -type d -prune -exec rm -rf {} +
