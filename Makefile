# On a machine with python3 and make: `make study` and `make test` set themselves up. `make study DATA=…` takes a folder
# or archive of finished FEFF runs, or a dataset (.parquet).
PYTHON ?= python3
VENV ?= .venv
OUT ?= study
BIN = $(VENV)/bin

.PHONY: study test lint bench clean

ifndef DATA
study: $(VENV)/ready
	$(BIN)/firstshell study --out "$(OUT)"
else ifeq ($(suffix $(DATA)),.parquet)
study: $(VENV)/ready
	$(BIN)/firstshell study "$(DATA)" --out "$(OUT)"
else
study: $(VENV)/ready
	$(BIN)/firstshell import-feff "$(DATA)" --out "$(OUT)/data.parquet"
	$(BIN)/firstshell study "$(OUT)/data.parquet" --out "$(OUT)"
endif

test: $(VENV)/ready-dev
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/ready-dev
	$(BIN)/python bench/pdf.py
	$(BIN)/python bench/run.py overhead
	OMP_NUM_THREADS=1 $(BIN)/python bench/xanes.py presets --presets fast
ifdef DATA
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fast]'
	$(BIN)/python bench/forest.py $(DATA)
endif

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

# A file marks each finished installation, so that an interrupted one is done again.
$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@
