# On a machine with python3 and make each target sets itself up. `make study DATA=…` takes a folder or archive of
# finished FEFF runs, or a dataset (.parquet).
PYTHON ?= python3
VENV ?= .venv
LOWEST ?= .venv-minimums
OUT ?= study
BIN = $(VENV)/bin
# Neighbouring tests share models and servers, so a worker keeps to its half until it has nothing left to do.
WORKERS = -n 2 --dist worksteal
QUICK = $(WORKERS) -m "not slow and not browser and not shared"

# Compiled modules and tests are kept, whatever the environment says: each worker would compile them anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: study test quick minimums lint types docs links bench validate clean

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
	$(BIN)/python -m pytest $(WORKERS) --durations=25

# The tests that take less than a second, without browser and reference material.
quick: $(VENV)/ready-dev
	$(BIN)/python -m pytest $(QUICK)

# The same with the lowest version of every dependency that pyproject.toml allows. Old packages warn of what is newer.
minimums: $(LOWEST)/ready
	$(LOWEST)/bin/python -m pytest $(QUICK) -W default

lint: types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready-dev
	$(BIN)/mypy

# Ends in build/docs/index.html. A link to nowhere is an error. Notebooks are run, in some minutes, where they changed.
docs: $(VENV)/ready-dev
	rm -rf docs/api
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs build/docs

# Asks every address outside of the project that the documentation links to, and lists those that do not answer; it
# needs the network. Links within the project are checked by `make docs` and tests/test_docs.py.
links: $(VENV)/ready-dev
	$(BIN)/sphinx-build --quiet --keep-going -b linkcheck -D nb_execution_mode=off docs build/links

bench: $(VENV)/ready-dev
	$(BIN)/python bench/pdf.py
	$(BIN)/python bench/run.py overhead
	$(BIN)/python bench/predict.py
	OMP_NUM_THREADS=1 $(BIN)/python bench/xanes.py presets --presets fast
ifdef DATA
	$(BIN)/python $(INSTALL) constraints.txt -e '.[fast]'
	$(BIN)/python bench/forest.py $(DATA)
endif
	$(BIN)/python bench/tables.py

# Fails where a documented figure is no longer met. STANDARDS="TRUTH.csv FOLDER …", CROSS=TEST.parquet and FEFF=FOLDER
# name the data of the checks that are skipped without.
validate: $(VENV)/ready-dev
	$(BIN)/python validation/run.py $(if $(STANDARDS),--standards "$(STANDARDS)") \
	  $(if $(CROSS),--cross "$(CROSS)") $(if $(FEFF),--feff "$(FEFF)")

clean:
	rm -rf $(VENV) $(LOWEST) build .mypy_cache .ruff_cache .pytest_cache

# A file marks each finished installation, so that an interrupted one is done again. pip reads groups since 25.1.
INSTALL = -m pip install --quiet --disable-pip-version-check -c

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(INSTALL) constraints.txt -e .
	touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/python $(INSTALL) constraints.txt 'pip>=25.1'
	$(BIN)/python $(INSTALL) constraints.txt --group dev
	touch $@

$(LOWEST)/ready: pyproject.toml constraints-minimums.txt
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python $(INSTALL) constraints-minimums.txt 'pip>=25.1'
	$(LOWEST)/bin/python $(INSTALL) constraints-minimums.txt -e '.[cluster]' --group test
	touch $@
