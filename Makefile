# make ask q="…"   sets everything up the first time, then answers
# make serve      the API and the page on http://127.0.0.1:8000
# make test, make faults, make lint, make bench, make bench-full, make lock (after changing pyproject.toml), make clean
# make screenshots   the page in every state, theme, width and language, as build/screenshots/*.png

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode
HASHED := --require-hashes --no-deps

# uv does not read pip's settings: hand it the registry and the folders of wheels that pip would use.
empty :=
comma := ,
pip_setting = $(strip $(shell $(PYTHON) -m pip config get global.$(1) 2>/dev/null))
find_links := $(or $(UV_FIND_LINKS),$(PIP_FIND_LINKS),$(call pip_setting,find-links))
default_index := $(or $(UV_DEFAULT_INDEX),$(PIP_INDEX_URL),$(call pip_setting,index-url))
ifneq ($(find_links),)
export UV_FIND_LINKS := $(subst $(empty) $(empty),$(comma),$(find_links))
endif
ifneq ($(default_index),)
export UV_DEFAULT_INDEX := $(default_index)
endif

# The question goes through the environment, unexpanded, so that quotes, apostrophes and dollar signs survive.
unexport q
export ASKPRESS_QUESTION := $(value q)
MAKEOVERRIDES :=

.PHONY: ask serve test faults screenshots lint bench bench-full lock clean

# "The articles do not say" is an answer, and no failure of make.
ask: $(VENV)/.run
	@printf '%s' "$$ASKPRESS_QUESTION" | $(BIN)/ask || [ $$? -eq 3 ]

serve: $(VENV)/.run
	@exec $(BIN)/rag serve

test: $(VENV)/.test $(VENV)/.browser
	$(BIN)/pytest

# The long version of tests/faults, with new faults each time.
faults: $(VENV)/.test
	$(BIN)/pytest tests/faults --faults long --faults-seed $$(date +%s)

screenshots: $(VENV)/.test $(VENV)/.browser
	@mkdir -p build/screenshots
	ASKPRESS_SCREENSHOTS=build/screenshots $(BIN)/pytest tests/web/test_matrix.py

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Beside other programs, each in an environment of its own under build/peers; minutes.
bench: $(VENV)/.run
	$(BIN)/python -m bench.questions
	$(BIN)/python -m bench.stages
	$(BIN)/python -m bench.limits
	$(BIN)/python -m bench.serving 2

# The same with more rounds, and the growth with the passages; then the tables of docs/performance.md. Half an hour.
# set=FOLDER measures quality on a question set (docs/evaluation.md). of=COLLECTION, of real articles, measures the growth;
# growth="1000 1000000" names other sizes.
growth := 1000 10000 100000
bench-full: $(VENV)/.run
	$(BIN)/python -m bench.questions --full $(if $(set),--eval $(set))
	$(BIN)/python -m bench.stages 1000
	$(BIN)/python -m bench.limits
	$(BIN)/python -m bench.serving 5
	$(if $(of),$(BIN)/python -m bench.growth --of $(of) --sizes $(growth) --json build/growth.json)
	$(BIN)/python -m bench.page

$(BIN)/uv: .ci/requirements/uv.txt
	@echo "Setting up: a virtual environment in $(VENV) …" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements/uv.txt
	@touch $@

# torch for the CPU where it can be had; the registry's own build for Linux brings 3 GB of CUDA libraries along.
$(VENV)/.run: .ci/requirements/run.txt .ci/requirements/torch-cpu.txt .ci/requirements/torch.txt .ci/requirements/cuda.txt pyproject.toml $(BIN)/uv
	@echo "Setting up: the libraries (1.4 GB, a minute or two) …" >&2
	@$(UV) $(HASHED) -r .ci/requirements/run.txt
	@$(UV) $(HASHED) -r .ci/requirements/torch-cpu.txt 2>/dev/null \
		|| UV_HTTP_RETRIES=0 $(UV) $(HASHED) --torch-backend cpu -r .ci/requirements/torch-cpu.txt 2>/dev/null \
		|| $(UV) $(HASHED) -r .ci/requirements/torch.txt
	@$(BIN)/python -c "import torch" 2>/dev/null || $(UV) $(HASHED) -r .ci/requirements/cuda.txt
	@$(UV) --no-deps --editable .
	@touch $@

$(VENV)/.test: .ci/requirements/test.txt $(VENV)/.run
	@echo "Setting up: what the tests need …" >&2
	@$(UV) $(HASHED) -r .ci/requirements/test.txt
	@touch $@

# The page is tested in a browser: Debian's where apt may install it, else Playwright's own, else not, which pytest tells.
$(VENV)/.browser: $(VENV)/.test
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || { \
		echo "Setting up: a browser …" >&2; \
		{ [ "$$(id -u)" = 0 ] && apt-get -qq update && apt-get -qq install -y chromium-headless-shell fonts-noto-cjk; } \
			>/dev/null 2>&1 || $(BIN)/playwright install --with-deps chromium-headless-shell >&2 \
			|| echo "No browser can be installed here." >&2; }
	@touch $@

# Pins everything that is installed above, with hashes; run after changing pyproject.toml.
lock: $(BIN)/uv
	BIN=$(BIN) sh .ci/requirements/lock.sh

clean:
	rm -rf $(VENV) build *.egg-info
