# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What a module supports."""

    DOCUMENTATION = r"""
options: {}
attributes:
  action:
    description: Has an action plugin, so that it can run on the controller.
    support: full
    details:
      - On a local connection, without C(become), C(async), and C(environment), the module runs in Ansible's own process, with Ansible's Python. The
        result is the same. To prevent this, set the variable C(bybit_in_process), or E(BYBIT_IN_PROCESS) in Ansible's environment, to V(false).
  async:
    description: Supports C(async).
    support: full
  check_mode:
    description: Can run in check mode and return what it would change, without changing anything.
  diff_mode:
    description: Returns details on what has changed, or would change in check mode, when run with C(--diff).
  idempotent:
    description: When run twice in a row with the same options, the second run changes nothing.
"""

    # For modules that only read.
    GROUP = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/treasury.bybit.bybit) in C(module_defaults) to set the connection options of all modules.
    support: full
    membership:
      - treasury.bybit.bybit
"""

    # For modules that repay.
    REPAY_GROUP = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/treasury.bybit.bybit) in C(module_defaults) to set the connection options of all modules.
      - Use C(group/treasury.bybit.bybit_journal) to set O(ignore:journal) of all modules that use it.
      - Use C(group/treasury.bybit.bybit_operation) to set the options that the modules for one operation share, such as C(settle_margin) and
        C(wait_timeout). These modules repay, adjust collateral, or transfer.
      - Use C(group/treasury.bybit.bybit_repay) to set the options of the repay modules, such as C(at_most), which is in the coin of the loan.
      - Set an option only in a group whose modules all have it. Otherwise, the modules without it fail.
    support: full
    membership:
      - treasury.bybit.bybit
      - treasury.bybit.bybit_journal
      - treasury.bybit.bybit_operation
      - treasury.bybit.bybit_repay
"""

    # For other modules that move money by one operation.
    OPERATION_GROUP = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/treasury.bybit.bybit) in C(module_defaults) to set the connection options of all modules.
      - Use C(group/treasury.bybit.bybit_journal) to set O(ignore:journal) of all modules that use it.
      - Use C(group/treasury.bybit.bybit_operation) to set the options that the modules for one operation share, such as C(settle_margin) and
        C(wait_timeout). These modules repay, adjust collateral, or transfer.
      - Set an option only in a group whose modules all have it. Otherwise, the modules without it fail.
    support: full
    membership:
      - treasury.bybit.bybit
      - treasury.bybit.bybit_journal
      - treasury.bybit.bybit_operation
"""

    # For the module that carries out a policy.
    POLICY_GROUP = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/treasury.bybit.bybit) in C(module_defaults) to set the connection options of all modules.
      - Use C(group/treasury.bybit.bybit_journal) to set O(ignore:journal) of all modules that use it.
      - The module is not in C(group/treasury.bybit.bybit_operation), because it has no C(at_most), C(allow_partial), C(reference), and
        C(acknowledge).
    support: full
    membership:
      - treasury.bybit.bybit
      - treasury.bybit.bybit_journal
"""

    # For the module that asks the journal and no exchange.
    JOURNAL_GROUP = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/treasury.bybit.bybit_journal) in C(module_defaults) to set O(ignore:journal) of all modules that use it.
    support: full
    membership:
      - treasury.bybit.bybit_journal
"""
