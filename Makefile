# Everything needs only make and python3; the first `make run` or `make test` sets up the rest.
SHELL := /bin/bash
BIN := .venv/bin
SETUP := .ci/setup.sh .ci/common.sh .ci/web_assets.py .ci/web-assets.json .ci/web-test-assets.json pyproject.toml hatch_build.py requirements/build.txt

# Where CI is true nothing may be skipped.
ifeq ($(CI),true)
export BASKETGEX_REQUIRE_ALL := 1
endif

.DEFAULT_GOAL := help
.PHONY: run run-web test check bench lock wheel windows-installer proto templates pictures functions clean help

run: .venv/.installed-run ## Start the server, fill a workbook in LibreOffice Calc, leave it in out/
	@$(BIN)/python .ci/web_assets.py || true
	@.ci/ensure-libreoffice.sh
	$(BIN)/basketgex demo --out out

run-web: .venv/.installed-run ## A workbook in the browser, on the home of make run
	@$(BIN)/python .ci/web_assets.py || true
	$(BIN)/basketgex --home out/home web

test: .venv/.installed-dev ## All tests, with a real Calc where there is one
	@.ci/ensure-libreoffice.sh
	@.ci/ensure-chromium.sh
	@.ci/ensure-postgres.sh
	@.ci/ensure-wine.sh
	@$(BIN)/python .ci/web_assets.py || true
	@$(BIN)/python .ci/web_assets.py --tests || true
	@$(BIN)/python -m basketgex_addin.excel.xlam
	$(BIN)/pytest -n 2 $(ARGS)

check: .venv/.installed-dev ## Lint, formatting, types, imports, the contract, drift of what is generated
	@.ci/check.sh

bench: .venv/.installed-dev .venv-bench/.installed ## Measure; the figures are printed and written to benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

lock: .venv/.installed-dev ## Lock the packages again after a change of pyproject.toml; ARGS=--upgrade takes newer releases
	$(BIN)/python -m tools.lock $(ARGS)

wheel: .venv/.installed-dev ## The wheel in dist/, and beside it the list of its parts (CycloneDX)
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	$(BIN)/python -m tools.sbom dist/*.whl

windows-installer: wheel ## dist/basketgex-setup.exe, for a Windows without Python, and its SHA-256
	@BASKETGEX_REQUIRE_ALL=1 .ci/ensure-wine.sh
	$(BIN)/python -m deploy.windows

proto: .venv/.installed-dev ## Generate the Python of the gRPC contract again
	.ci/generate-protos.sh protos

templates: .venv/.installed-dev ## Build the workbook templates again
	$(BIN)/python -m workbook_templates.build

pictures: .venv/.installed-dev ## Take the pictures of the templates in docs/ again, from a real Calc window
	@.ci/ensure-libreoffice.sh
	$(BIN)/python -m tools.pictures

functions: .venv/.installed-dev ## Make what comes from the function table again: docs/functions.md and basketgex.xlam
	$(BIN)/python -m basketgex_addin.reference
	$(BIN)/python -m basketgex_addin.excel.xlam

clean: ## Remove all that make made, the virtual environment too
	rm -rf .venv .venv-bench .web-test-cache out dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf addin/basketgex_addin/excel/basketgex.xlam addin/basketgex_addin/web/vendor
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' Makefile

# What others' ways are measured with: beside pandas xlwings would not be itself.
.venv-bench/.installed: .venv/.installed-dev
	$(BIN)/python -m venv --clear .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check numpy pandas
	@touch $@

.venv/.installed-run: $(SETUP) requirements/run.txt
	@.ci/setup.sh run

.venv/.installed-dev: $(SETUP) requirements/dev.txt
	@.ci/setup.sh dev
