# `make help` lists the commands. Each of them sets up what it needs, in .venv and node_modules.

PYTHON ?= python3
export PYTHON MAKE

# An activated .venv cannot rebuild itself: the Python that builds it is looked for outside.
export PATH := $(subst $(CURDIR)/.venv/bin:,,$(PATH))
run := PATH="$$PWD/.venv/bin:$$PWD/node_modules/.bin:$$PATH" exec

# Options reach a recipe through its environment, so that any file name will do, and only from
# make's own command line: in the caller's environment PORT and ENV may mean something else.
given = $(if $(filter command,$(firstword $(origin $1))),$(value $1))
export GIVEN_DATA := $(call given,DATA)
export GIVEN_SET := $(call given,SET)
export GIVEN_PREFIX := $(call given,PREFIX)
export GIVEN_FILES := $(call given,FILES)
export GIVEN_UPLOADS := $(call given,UPLOADS)
export GIVEN_PORT := $(call given,PORT)
export GIVEN_FORMAT := $(call given,FORMAT)
export GIVEN_SHORT := $(call given,SHORT)
export GIVEN_ENV := $(call given,ENV)
export GIVEN_YES := $(call given,YES)
export GIVEN_STACK := $(call given,STACK)
export GIVEN_ALLOW := $(call given,ALLOW)
export GIVEN_NEW := $(call given,NEW)
export GIVEN_CHECKSUM := $(call given,CHECKSUM)
export GIVEN_FILE := $(call given,FILE)
export GIVEN_SEED := $(call given,SEED)
export GIVEN_MINUTES := $(call given,MINUTES)
export GIVEN_PLANT := $(call given,PLANT)
# ENV and VAULT_ENV are one thing: two different ones on one command line are a mistake.
ifneq (,$(and $(call given,ENV),$(call given,VAULT_ENV)))
ifneq ($(call given,ENV),$(call given,VAULT_ENV))
$(error ENV is $(call given,ENV) and VAULT_ENV is $(call given,VAULT_ENV): give one of them)
endif
endif
# Options that have one valid value. Without this check, NEW=no would act like NEW=yes.
only = $(if $(filter-out $2,$(call given,$1)),$(error $1 is '$(call given,$1)': write $1=$(firstword $2), or leave it out))
$(call only,NEW,yes 1)
$(call only,SHORT,yes 1)
$(call only,YES,1 yes)
$(call only,LOCK,no)
$(call only,FORMAT,json text)
# Variables that a recipe needs, and the error without one of them.
need = $(foreach each,$1,$(if $(call given,$(each)),,$(error $2)))
unexport DATA SET PREFIX FILES UPLOADS PORT FORMAT ENV YES SHORT STACK ALLOW NEW FILE
unexport SEED MINUTES PLANT
data := $${GIVEN_DATA:+--data="$$GIVEN_DATA"} $${GIVEN_SET:+--set="$$GIVEN_SET"}
where := $${GIVEN_PORT:+--port="$$GIVEN_PORT"} $${GIVEN_SHORT:+--short}
file := $${GIVEN_SET:+--set="$$GIVEN_SET"} $${GIVEN_FILE:+--file="$$GIVEN_FILE"}
# A name in the shell's ENV was meant for make; a path there is the startup file of a shell.
misplaced = $(if $(filter environment,$(origin ENV)),$(if $(findstring /,$(ENV))$(VAULT_ENV),,$(ENV)))
checked = $(if $(misplaced),$(error ENV is '$(ENV)' in the shell, where it selects nothing: write make $@ ENV=$(ENV), or set VAULT_ENV))
in_env = $(checked)env $${GIVEN_ENV:+VAULT_ENV="$$GIVEN_ENV"}
# The environment local is the system that make local-up runs.
place = $(checked)$(if $(filter local,$(call given,ENV)),--local,$${GIVEN_ENV:+--env="$$GIVEN_ENV"})
format := $${GIVEN_FORMAT:+--format="$$GIVEN_FORMAT"}

shell_scripts := scripts/*.sh tools/*.sh .ci/run tests/scripts/*.bats tests/scripts/*.bash

export CHECKPOINT_DISABLE := 1
# With it, each of a hundred processes compiles every module anew, which costs a tenth of the time of the tests.
unexport PYTHONDONTWRITEBYTECODE
# jsii warns at every start that Node 20 is old, but it works.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

.PHONY: help demo local-up vault hold-back release local-status local-down
.PHONY: plan plan-local preflight deploy destroy bootstrap state-policy deploy-policy reconcile smoke
.PHONY: synth architecture format lint hooks check test audit setup bench simulate chaos lock hcl try-cdktn clean
.PHONY: screenshot

help:
	@awk -F ' ## ' '/^## / { print "\n" substr($$0, 4) } \
		/^[a-z-]+:.* ## / { sub(/:.*/, "", $$1); printf "  make %-14s %s\n", $$1, $$2 } \
		/^#  / { printf "  %-19s %s\n", substr($$1, 4), $$2 }' Makefile

## Run it on this machine, without an AWS account
demo: setup ## Deploy to a local AWS, vault a dataset, show its outcome; show one that times out
	@$(run) python -m local demo $(data) $(where)

screenshot: ## Take the README's picture of a report that the demo kept, where a Chromium is on the path
	@tools/screenshot.sh

local-up: setup ## Start and deploy the same system, and leave it running (ENV)
	@$(run) python -m local up $(checked)$(where) $(format) $${GIVEN_ENV:+--environment="$$GIVEN_ENV"}

vault: setup ## Vault one more dataset in the running system (DATA, SET, NEW, CHECKSUM)
	$(call need,DATA,Name the folder: make $@ DATA=folder)
	@$(run) python -m local vault $(data) $${GIVEN_NEW:+--new} \
		$${GIVEN_CHECKSUM:+--checksum="$$GIVEN_CHECKSUM"} $(format)

hold-back: setup ## Make its gateway hold back a file of a set until it is released (SET, FILE)
	$(call need,SET FILE,Name the file: make $@ SET=id FILE=path)
	@$(run) python -m local hold-back $(file)

release: setup ## Make its gateway upload that file; without FILE, list the files held back (SET, FILE)
	$(if $(call given,FILE),$(call need,SET,Name the set too: make $@ SET=id FILE=path))
	@$(run) python -m local release $(file)

local-status: setup ## Show the addresses and names of the running system
	@$(run) python -m local status $(format)

local-down: setup ## Stop the running system and remove its data
	@$(run) python -m local down

## Review a deployment
plan: setup ## Plan the stacks and print a review; apply nothing (ENV, STACK, ALLOW)
	@$(run) $(in_env) python -m deployment.review \
		$${GIVEN_STACK:+--stack="$$GIVEN_STACK"} $${GIVEN_ALLOW:+--allow="$$GIVEN_ALLOW"}

plan-local: setup ## The same on a local AWS, where EventProcessingStack is deployed for the others (PORT)
	$(if $(filter-out local,$(call given,ENV)),$(error make $@ plans the environment local: leave ENV out))
	@$(run) python -m local plan $${GIVEN_PORT:+--port="$$GIVEN_PORT"}

## Deploy
preflight: setup ## Ask AWS whether a deployment will succeed, before the stacks are created (ENV, FORMAT, LOCK)
	@$(run) .venv/bin/sgvault preflight $(place) \
		$(if $(filter json,$(call given,FORMAT)),--json) $(if $(filter no,$(call given,LOCK)),--no-lock)

deploy: setup ## Plan each stack, show its review, ask, and apply exactly that plan (ENV, STACK, ALLOW, YES)
	@$(run) $(in_env) python -m deployment deploy $${GIVEN_YES:+--yes} \
		$${GIVEN_STACK:+--stack="$$GIVEN_STACK"} $${GIVEN_ALLOW:+--allow="$$GIVEN_ALLOW"}

destroy: setup ## Destroy the stacks in reverse order; refuse losses that no plan shows (ENV, STACK, YES)
	$(if $(call given,ALLOW),$(error make $@ has no ALLOW: its review lists all data that will be lost, and the question is about all of it))
	@$(run) $(in_env) python -m deployment destroy $${GIVEN_YES:+--yes} \
		$${GIVEN_STACK:+--stack="$$GIVEN_STACK"}

## Operate the deployed system
bootstrap: setup ## Create or update the bucket for Terraform's state (ENV, YES)
	@$(run) $(in_env) .venv/bin/sgvault bootstrap $${GIVEN_YES:+--yes}

state-policy: setup ## Print the IAM policy that gives a deployer access to the state (ENV)
	@$(run) $(in_env) .venv/bin/sgvault state-policy

deploy-policy: setup ## Write the IAM policies for a deployer of all stacks to build/deploy-policy (ENV)
	@$(run) $(in_env) .venv/bin/sgvault deploy-policy --folder build/deploy-policy

reconcile: setup ## Start a dataset's reconciliation again, as one more attempt (SET, PREFIX, ENV, YES)
	$(call need,SET,Name the set: make $@ SET=id)
	@$(run) .venv/bin/sgvault reconcile $(place) \
		$${GIVEN_YES:+--yes} $${GIVEN_PREFIX:+--prefix="$$GIVEN_PREFIX"} -- "$$GIVEN_SET"

smoke: setup ## Send two small datasets through what is deployed, and remove them again (ENV, YES, FORMAT)
	@$(run) .venv/bin/sgvault smoke $(place) $(if $(filter json,$(call given,FORMAT)),--json) $${GIVEN_YES:+--yes}

## Change it
synth: setup ## Write the Terraform configuration of the environment ENV to cdktf.out
	@$(run) $(in_env) python main.py

format: setup ## Format the code, and fix problems that can be fixed automatically
	@$(run) ruff check --fix --exit-zero --quiet
	@$(run) ruff format
	@$(run) shfmt -w $(shell_scripts)

architecture: setup ## Redraw the diagrams in docs/architecture.md from the synthesised stacks
	@$(run) python -m tools.architecture

hooks: setup ## Install git hooks that check the changed files of every commit
	@$(run) pre-commit install

lint: setup ## Format, style, import layers, types, shell scripts and lock files
	@$(run) ruff format --check
	@$(run) ruff check
	@$(run) lint-imports --no-logo
	@$(run) mypy
	@$(run) shfmt -d $(shell_scripts)
	@$(run) shellcheck -x $(shell_scripts)
	@$(run) python tools/lock.py --check

check: lint ## The quick checks: lint, then the unit tests
	@$(run) pytest -n 2 tests/unit

test: lint ## All tests: lint, then units, scripts, synth and the deployed system
	@$(run) pytest -n 5

audit: setup ## Check policies: stacks, IAM, secrets and licences (ENV)
	@tools/setup.sh audit
	@$(run) $(in_env) python -m tools.audit
	@$(run) pytest tests/audit

## Set up, measure, clean
setup: ## Build .venv and node_modules, if a lock file changed; other commands do so first
	@tools/prerequisites.sh
	@tools/setup.sh

bench: setup ## Compare the cost of the reconciliation with a plain one, on a stub of AWS (FILES)
	@$(run) python -m tools.benchmarks $${GIVEN_FILES:+--files="$$GIVEN_FILES"}

simulate: setup ## Simulate bursts, outages and bad deployments with the real handlers (UPLOADS)
	@$(run) python -m tools.simulation $${GIVEN_UPLOADS:+--uploads="$$GIVEN_UPLOADS"}

chaos: setup ## Disturb the local system while it works, and compare the outcomes with the expected ones (SEED, MINUTES, PLANT)
	@$(run) python -m tools.chaos $${GIVEN_SEED:+--seed="$$GIVEN_SEED"} \
		$${GIVEN_MINUTES:+--minutes="$$GIVEN_MINUTES"} $${GIVEN_PLANT:+--plant="$$GIVEN_PLANT"}

lock: ## Resolve all versions anew: Pipfile.lock, package-lock.json
	@tools/prerequisites.sh
	@exec "$$PYTHON" tools/lock.py

clean: ## Remove build, cdktf.out and the caches; .venv, node_modules and .local stay
	@rm -rf build cdktf.out .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find main.py environments handlers stacks operations deployment local tools tests -name __pycache__ -prune -exec rm -rf {} +

## Leave CDKTF
hcl: setup ## Write the stacks as HCL to build/hcl, to continue without CDKTF (ENV)
	@$(run) $(in_env) python -m tools.hcl

try-cdktn: setup ## Synthesise a copy with CDK Terrain, CDKTF's continuation, and print the differences
	@$(run) python -m tools.try_cdktn

## Options
#  DATA=folder ## the files to vault; they are only read (demo: 200 generated ones)
#  SET=id ## the dataset's id (default: the folder's name; required for reconcile)
#  PREFIX=text ## the prefix of the file share, if it has one: team-a/
#  PORT=number ## the local endpoint's port (local-up: 4566, demo and plan-local: a free one)
#  SHORT=yes ## demo and local-up: EventProcessingStack alone, its gateway and share made by the API
#  NEW=yes ## vault: deliver anew what was vaulted before
#  CHECKSUM=sha256 ## vault: list a checksum of each file, sha256 or crc64nvme
#  FILE=path ## hold-back and release: a file's path in its set, or its key
#  LOCK=no ## preflight: write no lock object to the state bucket
#  FORMAT=json ## preflight, smoke, local-up, vault and local-status for programs: make -s local-status FORMAT=json
#  ENV=name ## one of environments/ (what VAULT_ENV names, or dev; audit: prod; local-up: local or demo)
#  YES=1 ## bootstrap, reconcile, smoke, deploy and destroy: carry it out without asking
#  STACK=names ## plan, deploy and destroy: only these (all of them)
#  ALLOW=addresses ## plan and deploy: resources that may lose their data: aws_s3_bucket.reports_7921670E
#  FILES=number ## bench: one size only (1,000, 100,000 and 1,000,000, which takes an hour)
#  UPLOADS=number ## simulate: uploads of each scenario (a million, ten minutes)
#  SEED=number ## chaos: the seed of all random choices (1)
#  MINUTES=number ## chaos: how long faults fire, also a fraction (1)
#  PLANT=fault ## chaos: plant a loss, double or wrong outcome, which the run must find
#  PYTHON=path ## the Python that builds .venv (python3)
