# CineLibre: `make up` starts everything, `make help` lists the rest. Needs make and Python 3.11 or later.

PYTHON ?= python3
ARGS ?=
BASE ?= origin/main

bin := .venv/bin
installed := .venv/.installed
spark := .venv/.spark
contract := .cache/contract.binpb

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup up test lint gen vectors breaking bench bench-scale evaluate wheel clean

help: ## List these targets
	@awk -F ': [^#]*## ' '/^[a-z-]+: .*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(installed) ## Make .venv with pinned versions; does nothing when it is up to date

up: setup ## Start PostgreSQL, the server and Envoy; options: make up ARGS='--http-port 9000'
	@exec $(bin)/cinelibre up $(ARGS)

test: setup $(spark) ## Run the tests; some of them: make test ARGS='tests/sql -k popular'
	$(bin)/python -m pytest $(ARGS)

lint: setup $(contract) ## Check style, types, the contract, and that generated files are current
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	cd proto && ../$(bin)/python -m codegen --check
	cd proto && ../$(bin)/buf lint ../$(contract)
	cd proto && ../$(bin)/buf format --diff --exit-code

gen: setup ## Generate gen/ and the clients' types from proto/
	cd proto && ../$(bin)/python -m codegen

vectors: setup ## Make the embeddings that ship with the starter catalogue, after its texts were changed
	$(bin)/python -m cinelibre_server.ingest.starter_vectors

breaking: setup $(contract) ## Compare the contract with another commit's: make breaking BASE=v0.1.0
	@rm -rf .cache/base && mkdir -p .cache/base
	@git archive --output .cache/base/proto.tar $(BASE) proto && tar -x -C .cache/base -f .cache/base/proto.tar
	@$(call compile_contract,.cache/base/proto,.cache/base/contract.binpb)
	cd proto && ../$(bin)/buf breaking ../$(contract) --against ../.cache/base/contract.binpb

bench: setup ## Measure speed and memory of the running product: a table, and bench.json
	$(bin)/python -m benchmarks $(ARGS)

bench-scale: setup ## Measure import, training and answers with 1 and 25 million ratings: an hour and 12 GB of disk
	$(bin)/python -m benchmarks.scale $(ARGS)

evaluate: setup ## Measure quality: make evaluate ARGS='recommendations --data DIR', or ARGS='search --help'
	$(bin)/cinelibre evaluate $(ARGS)

wheel: setup ## Build the wheels of the server and of the Python client into dist/
	rm -rf dist
	$(bin)/python -m build --wheel --no-isolation --outdir dist .
	$(bin)/python -m build --wheel --no-isolation --outdir dist clients/python

clean: ## Remove all that was installed or built here; data folders stay
	rm -rf .venv .cache dist build bench.json evaluate.json .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# Of what pip says, the packages with their sizes are shown; on a terminal they take turns in one line.
$(installed): pyproject.toml
	@rm -f $@
	@test -x $(bin)/pip || { $(require_python) && echo "Making .venv" && $(PYTHON) -m venv --clear .venv; }
	@echo "Installing the pinned packages into .venv"
	@if test -t 1; then line='\r\033[K  %s'; end='\r\033[K'; else line='  %s\n'; end=''; fi; \
	{ $(bin)/python -m pip install --disable-pip-version-check --no-input --progress-bar off \
	    --editable '.[dev]' && touch $@; } | \
	while read -r word name rest; do \
	  case "$$word $$name" in "Using cached") name=$${rest%% *}; rest=$${rest#* };; esac; \
	  case "$$word $$name" in \
	    *.metadata) ;; \
	    Downloading*|Using*) printf "$$line" "$${name%-*-*-*} $$rest";; \
	    "Installing collected") printf "$$line" "unpacking them, which takes a while";; \
	  esac; \
	done; printf "$$end"; test -f $@

# Only its own tests need it, and it is as large as all the rest.
$(spark): $(installed)
	@echo "Installing Apache Spark into .venv for the tests: 450 MB, about a minute"
	@$(bin)/python -m pip install --disable-pip-version-check --no-input --progress-bar off --quiet \
	    --editable '.[spark]' && touch $@

define require_python
{ command -v $(PYTHON) >/dev/null || \
    { echo "There is no $(PYTHON): install Python 3.11 or later, or name one: make setup PYTHON=python3.12" >&2; exit 1; }; } && \
{ $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
    { echo "$(PYTHON) is older than 3.11: install a later one and name it: make setup PYTHON=python3.12" >&2; exit 1; }; } && \
{ $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
    { echo "$(PYTHON) lacks venv: install it, on Debian and Ubuntu with: apt-get install python3-venv" >&2; exit 1; }; }
endef

# Comments included: buf lint wants them on everything.
define compile_contract
$(bin)/python -m grpc_tools.protoc -I$(1) -I"$$($(bin)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
    --include_imports --include_source_info --descriptor_set_out=$(2) $$(find $(1)/cinelibre -name '*.proto' | sort)
endef

$(contract): $(installed) $(shell find proto -name '*.proto')
	@mkdir -p $(@D)
	@$(call compile_contract,proto,$@)
