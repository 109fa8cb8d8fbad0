# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# `make demo` and `make test` need Python 3.11 or later, git and make; all else goes into .venv.

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
ROUNDS ?= 3
CELLS ?=
FORMAT ?= md
PROCESSORS := $(shell getconf _NPROCESSORS_ONLN)
PYTHON_OF_ENV = $$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
QUIET_LOCALHOST := ANSIBLE_LOCALHOST_WARNING=0 ANSIBLE_INVENTORY_UNPARSED_WARNING=0
# Makes its targets on all processors, and one more, since tests also wait; within a parallel make, on those that it shares out.
AT_ONCE = $(MAKE) --no-print-directory --keep-going $(if $(findstring jobserver,$(MAKEFLAGS)),,--jobs=$(shell expr $(PROCESSORS) + 1) \
	$(if $(filter output-sync,$(.FEATURES)),--output-sync=target))
# The longest first, so that they end together.
TESTS := test-module sample-playbooks sample-faults test-units test-sandbox test-install sample-module sample-sanity sample-molecule sample-lint types
# What these are samples of.
WHOLE := test-faults test-playbooks test-module-slow sanity molecule ansible-lint
CHECKERS := lint sanity units integration molecule types docs galaxy-importer action-groups arguments ee
# They play no runs, so they take little time.
QUICK_FAULT_TESTS := $(wildcard tests/faults/test_oracle*.py) tests/faults/test_messages_read.py tests/faults/test_removals.py
ANSWER_TESTS := $(addprefix tests/faults/test_,answers_that_change.py the_exchange_as_it_may_be.py witnesses.py surroundings.py)
# Those of the modules that play one table of cases against another.
SLOW_MODULE_TESTS := $(addprefix tests/exchange/module/test_,foreign_refusals.py ids_and_amounts.py \
	journal_postgresql_connection.py journal_postgresql_outages.py journal_postgresql_runs.py \
	moves_later.py moves_postgresql.py moves_reference.py moves_refused.py moves_settling.py moves_wallets.py)
PLAYBOOK_TESTS := tests/exchange/playbook tests/exchange/both_ways tests/exchange/controllers tests/benchmark

.PHONY: help env demo sandbox test test-whole check $(TESTS) $(WHOLE) $(CHECKERS) antsibull-nox yamllint changelog-lint reuse docs-lint \
	faults-drawn faults-answers faults-alone matrix testnet fault-test fault-answers fault-sabotage compare-safety bench \
	release-check return-codes playbooks-page return-values pictures lock clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

env: ## Set up .venv, in which every tool finds this checkout as the collection treasury.bybit
	@python=$$(command -v $(BIN)/python || tools/find-python) && "$$python" tools/environment.py

demo: env ## Start the stand-in exchange, repay a part of a loan there, show what happened, stop it
	@ANSIBLE_CONFIG=playbooks/ansible.cfg $(QUIET_LOCALHOST) $(BIN)/ansible-playbook treasury.bybit.demo

sandbox: env ## Run the stand-in exchange in the foreground (PORT=8765, SANDBOX_ARGS=)
	@exec $(BIN)/python roles/sandbox/files/sandbox.py run --port $(PORT) $(SANDBOX_ARGS)

test: env ## All tests that are quick, and a sample of the others, in 10 minutes on two processors
	+@$(AT_ONCE) $(TESTS)
	@echo "All tests have passed: $(TESTS)."

test-whole: env ## Whole, what `make test` runs a sample of; CI runs both
	+@$(AT_ONCE) $(WHOLE)
	@echo "All tests have passed: $(WHOLE)."

check: $(CHECKERS) ## Every checker of Ansible's ecosystem, each of which is a target of its own
	@echo "All checkers have passed: $^."

lint: env ## All linters: the next six, each of which must show that it has looked
	@$(BIN)/python tools/lint.py

sample-lint: env ## All linters but ansible-lint, which takes longer than the others together
	@$(BIN)/python tools/lint.py antsibull-nox changelog docs reuse yamllint

ansible-lint: env ## ansible-lint at profile production
	@$(BIN)/python tools/lint.py ansible-lint

antsibull-nox: env ## What antsibull-nox has against files in the wrong place, and against its own settings
	@$(BIN)/python tools/lint.py antsibull-nox

changelog-lint: env ## The changelog and its fragments
	@$(BIN)/python tools/lint.py changelog

docs-lint: env ## Documentation of modules, role and guides: schema, and every reference to an option, value or module
	@$(BIN)/python tools/lint.py docs

reuse: env ## See that every file says under which licence it is
	@$(BIN)/python tools/lint.py reuse

yamllint: env ## The form of all YAML, in plugins and guides, too
	@$(BIN)/python tools/lint.py yamllint

sanity: env ## ansible-test sanity, without containers
	$(BIN)/python tools/ansible_test.py sanity --local --python default --color no

sample-sanity: env ## The same without pylint, and on the Python of .venv alone
	$(BIN)/python tools/ansible_test.py sanity --local --python "$(PYTHON_OF_ENV)" --color no --skip-test pylint

types: env ## mypy, strictly, over the plugins and the tools
	$(BIN)/python tools/check_types.py

units: env ## ansible-test units, on the Python of .venv alone
	$(BIN)/python tools/ansible_test.py units --local --color no --python "$(PYTHON_OF_ENV)"

matrix: env ## Each supported ansible-core on each Python that is here, in half an hour (PAIRS=2.19-3.11,2.21-3.13, JOBS=2)
	@$(BIN)/python tools/matrix.py --jobs '$(JOBS)' --pairs '$(PAIRS)'

test-units: env ## Unit tests, with branch coverage of module_utils, and tests of the tools
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest tests/unit
	# In packages without __init__.py, coverage sees files that nothing imports only by the folder.
	$(BIN)/coverage run --append --source=plugins/module_utils -m ansible_collections.treasury.bybit.plugins.module_utils._amounts
	$(BIN)/coverage report
	$(BIN)/pytest tests/checkout tests/docs $(QUICK_FAULT_TESTS)

test-module: env ## Each module against the stand-in exchange over loopback HTTP, in simulated time
	@$(BIN)/pytest tests/exchange/module $(addprefix --ignore=,$(SLOW_MODULE_TESTS))

test-module-slow: env ## The same where it takes long: with the journal in PostgreSQL, refusals of others than the exchange, amounts
	@$(BIN)/pytest $(SLOW_MODULE_TESTS)

sample-module: env
	@$(BIN)/pytest --one-in 4 $(SLOW_MODULE_TESTS)

test-sandbox: env ## The stand-in exchange itself, over loopback HTTP
	@$(BIN)/pytest tests/exchange/sandbox

test-playbooks: env ## Whole playbooks, with the modules in Ansible's process and as processes of their own
	@$(BIN)/pytest $(PLAYBOOK_TESTS)

sample-playbooks: env
	@CONTROLLER_RUNS=24 $(BIN)/pytest --one-in 8 $(PLAYBOOK_TESTS)

test-faults: env ## Each fault, kill and changed answer alone, 150 schedules of them in simulated time, and real playbooks
	+@$(AT_ONCE) faults-alone faults-answers faults-drawn

sample-faults: env
	@FAULT_SCHEDULES=30 $(BIN)/pytest --one-in 10 tests/faults $(addprefix --ignore=,$(QUICK_FAULT_TESTS))

faults-drawn: env
	@$(BIN)/pytest tests/faults/test_schedules.py

faults-answers: env
	@$(BIN)/pytest $(ANSWER_TESTS)

faults-alone: env
	@$(BIN)/pytest tests/faults $(addprefix --ignore=,tests/faults/test_schedules.py $(ANSWER_TESTS) $(QUICK_FAULT_TESTS))

galaxy-importer: env ## Import the built tarball as Galaxy would, and fail on what its importer only prints
	@$(BIN)/pytest tests/install/test_galaxy_importer.py

ee: env ## Find the dependencies of an execution environment, and write its build context (no image)
	@$(BIN)/pytest tests/install/test_execution_environment.py

release-check: env ## See whether what is committed could be released (TAG=v0.1.0 for the release itself)
	@$(BIN)/python tools/release_check.py $(TAG)

action-groups: env ## See that the modules are in the action groups, and take their module_defaults
	$(BIN)/pytest tests/unit/plugins/test_action_group.py tests/exchange/playbook/test_module_defaults.py

arguments: env ## See that options and documentation agree, of modules and of the role
	$(BIN)/pytest tests/unit/plugins/test_arguments.py tests/unit/plugins/test_role_arguments.py
	$(BIN)/python tools/ansible_test.py sanity --local --python default --color no --test validate-modules

sample-molecule: env ## One of these scenarios
	$(BIN)/python tools/molecule_scenarios.py bybit_loan_repay

molecule: env ## Whole playbooks against one stand-in exchange, verified with its ledger (SCENARIO=policy for one)
	$(BIN)/python tools/molecule_scenarios.py $(SCENARIO)

test-install: env ## Build the tarball, install it elsewhere, use module, documentation and playbooks from there
	@$(BIN)/pytest tests/install --ignore=tests/install/test_galaxy_importer.py

integration: env ## ansible-test integration of each module against the stand-in exchange (TARGET=bybit_loan_repay)
	$(BIN)/python tools/ansible_test.py integration --local --color no $(TARGET)

testnet: env ## Try the modules on the exchange's testnet, with the keys in tests/integration/integration_config.yml (CONFIG=)
	@$(BIN)/python tools/ansible_test.py testnet '$(CONFIG)'

fault-test: env ## 10,000 fault schedules, shared among the processors (SEED=, SCHEDULES=)
	+@seed=$(or $(SEED),$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')) && \
	echo "seed $$seed: $(SCHEDULES) schedules in $(PROCESSORS) processes (again: make fault-test SEED=$$seed SCHEDULES=$(SCHEDULES))" && \
	FAULT_SEED=$$seed FAULT_SCHEDULES=$(SCHEDULES) $(AT_ONCE) $(addprefix schedules-part-,$(shell seq $(PROCESSORS)))

fault-answers: env ## Every change of every field of every answer, with each goal that reads it
	+@FAULT_ANSWERS=all $(AT_ONCE) $(addprefix answers-part-,$(shell seq $(PROCESSORS)))

schedules-part-%: env
	@FAULT_PART=$*/$(PROCESSORS) $(BIN)/pytest -q tests/faults/test_schedules.py

answers-part-%: env
	@FAULT_PART=$*/$(PROCESSORS) $(BIN)/pytest -q tests/faults/test_answers_that_change.py

fault-sabotage: env ## Take out one part of the safety at a time, and see that the fault schedules find it
	$(BIN)/python tests/faults/sabotage.py

compare-safety: env ## What other clients do with the money under the same faults, as a table (FORMAT=md, or rst)
	@$(BIN)/python tests/benchmark/compare_safety.py --format $(FORMAT)

bench: env ## How long clients take to repay many loans, as a table, in 25 minutes (ROUNDS=3, CELLS=n1,n20,..., FORMAT=md, or rst)
	@$(BIN)/python tests/benchmark/compare_speed.py --rounds $(ROUNDS) --cells '$(CELLS)' --format $(FORMAT)

docs: env ## Build the documentation site into build/docs/html and check its links, offline
	@$(BIN)/python tools/build_docs.py

return-codes: env ## Write the guide's table of return codes from the code's own
	@$(BIN)/python tools/guide_parts.py return-codes

playbooks-page: env ## Write the guide's page of the playbooks from the playbooks themselves
	@$(BIN)/python tools/guide_parts.py playbooks-page

return-values: env ## Write the RETURN block of the repay modules from its template
	@$(BIN)/python tools/return_values.py

pictures: env ## Draw the guides' terminal run anew, from a run of the demo
	@$(BIN)/python tools/guide_parts.py pictures

# Not env: the packages of the old lock need not be set up anew, only for the new one to replace them.
lock: | $(BIN)/uv ## Take the newest releases for development, and lock them with their hashes, for each Python
	@$(BIN)/python tools/environment.py lock

$(BIN)/uv:
	@$(MAKE) --no-print-directory env

clean: ## Remove .venv and what the tools leave behind
	rm -rf .venv .ansible .cache .coverage .coverage.* .pytest_cache build tests/output
