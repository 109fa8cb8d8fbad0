# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# `make demo` and `make test` need Python 3.11 or later, git, and make. Everything else goes into .venv.

SHELL := /bin/sh
BIN := .venv/bin
PORT ?= 8765
SANDBOX_ARGS ?=
SCENARIO ?=
TARGET ?=
TAG ?=
PAIRS ?=
JOBS ?= 2
CONFIG ?= tests/integration/integration_config.yml
SCHEDULES ?= 10000
SEED ?=
PATHS ?= 1000
DAYS ?= 30
ROUNDS ?= 3
CELLS ?=
FORMAT ?= md
PROCESSORS := $(shell getconf _NPROCESSORS_ONLN)
PYTHON_OF_ENV = $$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
QUIET_LOCALHOST := ANSIBLE_LOCALHOST_WARNING=0 ANSIBLE_INVENTORY_UNPARSED_WARNING=0
# One more job than processors, because tests also wait; within a parallel make, as many as that make gives it.
AT_ONCE = $(MAKE) --no-print-directory --keep-going $(if $(findstring jobserver,$(MAKEFLAGS)),,--jobs=$(shell expr $(PROCESSORS) + 1) \
	$(if $(filter output-sync,$(.FEATURES)),--output-sync=target))
# The longest first, so that they end together.
TESTS := sample-playbooks test-module sample-faults test-units test-sandbox test-docs test-install sample-module sample-sanity sample-molecule sample-lint types
# What the samples are taken from.
WHOLE := test-faults test-playbooks test-module-slow coverage sanity molecule ansible-lint
CHECKERS := lint sanity units integration molecule types docs galaxy-importer action-groups arguments ee
# These play no runs, so they are quick.
QUICK_FAULT_TESTS := $(wildcard tests/faults/test_oracle*.py) tests/faults/test_messages_read.py tests/faults/test_removals.py
ANSWER_TESTS := $(addprefix tests/faults/test_,answers_that_change.py the_exchange_as_it_may_be.py witnesses.py surroundings.py)
# These play one table of cases against another.
SLOW_MODULE_TESTS := $(addprefix tests/exchange/module/test_,empty_amounts.py errors_walked.py foreign_refusals.py goal_options.py \
	ids_and_amounts.py info_pages.py info_unavailable.py journal_file_refused.py list_ends.py rows_of_another_type.py unknown_values.py ways_paying.py \
	moves_doubted.py odd_answers.py ways_settling.py) \
	$(wildcard tests/exchange/module/test_journal_postgresql*.py tests/exchange/module/test_policy_*.py) \
	$(filter-out %_doubted.py %_documentation.py,$(wildcard tests/exchange/module/test_moves_*.py))
PLAYBOOK_TESTS := tests/exchange/playbook tests/exchange/both_ways tests/exchange/controllers tests/benchmark
# In a process of their own, because files of the simulation have the same names as files of other tests.
MARKETS_OVER_HTTP := tests/markets/test_markets_over_http.py

.PHONY: help env demo sandbox test test-whole check $(TESTS) $(WHOLE) $(CHECKERS) antsibull-nox yamllint changelog-lint reuse docs-lint \
	faults-drawn faults-answers faults-alone matrix testnet fault-test fault-answers fault-sabotage compare-safety bench simulate simulate-http \
	release-check return-codes playbooks-page return-values pictures lock clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

env: ## Set up .venv, in which every tool finds this checkout as treasury.bybit
	@python=$$(command -v $(BIN)/python || tools/find-python) && "$$python" tools/environment.py

demo: env ## Repay a part of a loan on the stand-in exchange, and show what happened
	@ANSIBLE_CONFIG=playbooks/ansible.cfg $(QUIET_LOCALHOST) $(BIN)/ansible-playbook treasury.bybit.demo

sandbox: env ## Run the stand-in exchange in the foreground (PORT=8765, SANDBOX_ARGS=)
	@exec $(BIN)/python roles/sandbox/files/sandbox.py run --port $(PORT) $(SANDBOX_ARGS)

test: env ## Run all quick tests and a sample of the slow ones, in 8 minutes on two processors
	+@$(AT_ONCE) $(TESTS)
	@echo "All tests have passed: $(TESTS)."

test-whole: env ## Run the slow tests in full; CI runs both
	+@$(AT_ONCE) $(WHOLE)
	@echo "All tests have passed: $(WHOLE)."

check: $(CHECKERS) ## Run every checker of Ansible's ecosystem
	@echo "All checkers have passed: $^."

lint: env ## Run all linters; each must show that it has looked
	@$(BIN)/python tools/lint.py

sample-lint: env ## Run all linters except ansible-lint, which takes longest
	@$(BIN)/python tools/lint.py antsibull-nox changelog docs reuse yamllint

ansible-lint: env ## Run ansible-lint with the profile production
	@$(BIN)/python tools/lint.py ansible-lint

antsibull-nox: env ## Find misplaced files, and check the settings of antsibull-nox
	@$(BIN)/python tools/lint.py antsibull-nox

changelog-lint: env ## Check the changelog and its fragments
	@$(BIN)/python tools/lint.py changelog

docs-lint: env ## Check the documentation, and its references to options, values, and modules
	@$(BIN)/python tools/lint.py docs

reuse: env ## Check that every file names its license
	@$(BIN)/python tools/lint.py reuse

yamllint: env ## Check all YAML, also within plugins and guides
	@$(BIN)/python tools/lint.py yamllint

sanity: env ## Run ansible-test sanity, without containers
	$(BIN)/python tools/ansible_test.py sanity --local --python default --color no

sample-sanity: env ## Run it without pylint, on the Python of .venv only
	$(BIN)/python tools/ansible_test.py sanity --local --python "$(PYTHON_OF_ENV)" --color no --skip-test pylint

types: env ## Run mypy in strict mode over the plugins and the tools
	$(BIN)/python tools/check_types.py

units: env ## Run ansible-test units on the Python of .venv
	$(BIN)/python tools/ansible_test.py units --local --color no --python "$(PYTHON_OF_ENV)"

matrix: env ## Test each supported ansible-core on each Python here, in an hour (PAIRS=2.19-3.11, JOBS=2)
	@$(BIN)/python tools/matrix.py --jobs '$(JOBS)' --pairs '$(PAIRS)'

test-units: env ## Run the unit tests, and a sample of make simulate
	@$(BIN)/pytest tests/unit tests/markets --ignore=$(MARKETS_OVER_HTTP)

coverage: env ## Run the unit tests with branch coverage of module_utils
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest tests/unit
	# Without __init__.py, coverage sees files that nothing imports only by their folder.
	$(BIN)/coverage run --append --source=plugins/module_utils -m ansible_collections.treasury.bybit.plugins.module_utils._amounts
	$(BIN)/coverage report

test-docs: env ## Test the guides, the site, the tools, and what the fault suite is made of
	@$(BIN)/pytest tests/docs tests/checkout $(QUICK_FAULT_TESTS)

test-module: env ## Test each module against the stand-in exchange, in simulated time
	@$(BIN)/pytest tests/exchange/module $(addprefix --ignore=,$(SLOW_MODULE_TESTS))

test-module-slow: env ## Run the slow tests of the modules
	@$(BIN)/pytest $(SLOW_MODULE_TESTS)

sample-module: env
	@$(BIN)/pytest --one-in 24 $(SLOW_MODULE_TESTS)

test-sandbox: env ## Test the stand-in exchange and its page
	@$(BIN)/pytest tests/exchange/sandbox

test-playbooks: env ## Test whole playbooks, with the modules in Ansible's process and in their own
	@$(BIN)/pytest $(PLAYBOOK_TESTS)
	@$(BIN)/pytest $(MARKETS_OVER_HTTP)

sample-playbooks: env
	@CONTROLLER_RUNS=24 $(BIN)/pytest --one-in 64 $(PLAYBOOK_TESTS)
	@$(BIN)/pytest --one-in 32 $(MARKETS_OVER_HTTP)

test-faults: env ## Test faults, kills, and changed answers, alone and in 150 random schedules
	+@$(AT_ONCE) faults-alone faults-answers faults-drawn

sample-faults: env
	@FAULT_SCHEDULES=16 $(BIN)/pytest --one-in 80 tests/faults $(addprefix --ignore=,$(QUICK_FAULT_TESTS))

faults-drawn: env
	@$(BIN)/pytest tests/faults/test_schedules.py

faults-answers: env
	@$(BIN)/pytest $(ANSWER_TESTS)

faults-alone: env
	@$(BIN)/pytest tests/faults $(addprefix --ignore=,tests/faults/test_schedules.py $(ANSWER_TESTS) $(QUICK_FAULT_TESTS))

galaxy-importer: env ## Import the built tarball as Galaxy does
	@$(BIN)/pytest tests/install/test_galaxy_importer.py

ee: env ## Check the dependencies and the build context of an execution environment
	@$(BIN)/pytest tests/install/test_execution_environment.py

release-check: env ## Check whether the committed state could be released (TAG=v0.1.0 for the release itself)
	@$(BIN)/python tools/release_check.py $(TAG)

action-groups: env ## Check the action groups and their module_defaults
	$(BIN)/pytest tests/unit/plugins/test_action_group.py tests/exchange/playbook/test_module_defaults.py

arguments: env ## Check that options and documentation agree
	$(BIN)/pytest tests/unit/plugins/test_arguments.py tests/unit/plugins/test_role_arguments.py
	$(BIN)/python tools/ansible_test.py sanity --local --python default --color no --test validate-modules

sample-molecule: env ## Run one scenario of molecule
	$(BIN)/python tools/molecule_scenarios.py bybit_loan_repay

molecule: env ## Run the molecule scenarios (SCENARIO=policy for one)
	$(BIN)/python tools/molecule_scenarios.py $(SCENARIO)

test-install: env ## Build the tarball, install it elsewhere, and use it there
	@$(BIN)/pytest tests/install --ignore=tests/install/test_galaxy_importer.py

integration: env ## Run ansible-test integration against the stand-in exchange (TARGET=bybit_loan_repay)
	$(BIN)/python tools/ansible_test.py integration --local --color no $(TARGET)

testnet: env ## Try the modules on the testnet, with keys from a file (CONFIG=)
	@$(BIN)/python tools/ansible_test.py testnet '$(CONFIG)'

fault-test: env ## Run 10,000 random fault schedules (SEED=, SCHEDULES=)
	+@seed=$(or $(SEED),$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')) && \
	echo "seed $$seed: $(SCHEDULES) schedules in $(PROCESSORS) processes (again: make fault-test SEED=$$seed SCHEDULES=$(SCHEDULES))" && \
	FAULT_SEED=$$seed FAULT_SCHEDULES=$(SCHEDULES) $(AT_ONCE) $(addprefix schedules-part-,$(shell seq $(PROCESSORS)))

fault-answers: env ## Change every field of every answer, with each goal that reads it
	+@FAULT_ANSWERS=all $(AT_ONCE) $(addprefix answers-part-,$(shell seq $(PROCESSORS)))

schedules-part-%: env
	@FAULT_PART=$*/$(PROCESSORS) $(BIN)/pytest -q tests/faults/test_schedules.py

answers-part-%: env
	@FAULT_PART=$*/$(PROCESSORS) $(BIN)/pytest -q tests/faults/test_answers_that_change.py

fault-sabotage: env ## Remove one safeguard at a time, and check that the tests notice
	$(BIN)/python tests/faults/sabotage.py

compare-safety: env ## Compare with other clients under the same faults (FORMAT=md, or rst)
	@$(BIN)/python tests/benchmark/compare_safety.py --format $(FORMAT)

bench: env ## Compare the speed with other clients, in 35 minutes (ROUNDS=3, CELLS=n1,n20, FORMAT=md, or rst)
	@$(BIN)/python tests/benchmark/compare_speed.py --rounds $(ROUNDS) --cells '$(CELLS)' --format $(FORMAT)

simulate: env ## Play policies on simulated markets, in 10 minutes (PATHS=1000, DAYS=30, FORMAT=md, or rst)
	@$(BIN)/python tests/markets/simulate.py --paths $(PATHS) --days $(DAYS) --jobs $(PROCESSORS) --format $(FORMAT)

simulate-http: env ## Play 20 of these on the stand-in exchange, with whole playbooks, in 5 minutes (DAYS=30, FORMAT=md, or rst)
	@$(BIN)/python tests/markets/over_http.py --days $(DAYS) --jobs $(PROCESSORS) --format $(FORMAT)

docs: env ## Build the documentation site in build/docs/html, and check its links offline
	@$(BIN)/python tools/build_docs.py

return-codes: env ## Write the guide's page of return codes
	@$(BIN)/python tools/guide_parts.py return-codes

playbooks-page: env ## Write the guide's page of the playbooks
	@$(BIN)/python tools/guide_parts.py playbooks-page

return-values: env ## Write the RETURN blocks of the modules that move money
	@$(BIN)/python tools/return_values.py

pictures: env ## Draw the picture of a run from the demo
	@$(BIN)/python tools/guide_parts.py pictures

# Not env: it would set up the packages of the old lock, which the new one replaces.
lock: | $(BIN)/uv ## Lock the newest releases of the development dependencies, for each Python
	@$(BIN)/python tools/environment.py lock

$(BIN)/uv:
	@$(MAKE) --no-print-directory env

clean: ## Remove .venv and what the tools left behind
	rm -rf .venv .ansible .cache .coverage .coverage.* .pytest_cache build tests/output
