# Two commands do everything on a fresh machine: `make audit` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN ?= runs/enforcer

.PHONY: audit test lint types browser clean

# What is installed depends on these files alone, so a second call installs nothing.
$(VENV)/audit.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[audit]'
	touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(VENV)/audit.stamp $@

audit: $(VENV)/audit.stamp
	$(BIN)/gaugeblock audit builtin/enforcer --out $(RUN)

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m "not browser"

browser: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m browser

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

clean:
	rm -rf $(VENV) runs build
