# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of all modules for one operation: the limits of a run, and how to make sure."""

    DOCUMENTATION = r"""
options:
  at_most:
    description:
      - The cap of one run, in the coin that it moves. A run that would have to move more fails and moves nothing. With O(allow_partial), it
        moves up to this amount.
      - An operation that an earlier run sent but did not report does not count toward the cap, although the result includes it.
      - A quoted decimal number, such as V("100.5"). An integer without quotes is accepted, too. The notes say why amounts need quotes.
    type: raw
  allow_partial:
    description:
      - Whether to move as much as possible if the available money or O(at_most) is not enough to reach a goal. In that case,
        RV(ignore:goal_reached) is V(false).
      - O(at_most) always applies. A step is never moved in part.
    type: bool
    default: false
  reference:
    description:
      - A unique name for this step, such as an invoice number, with at most 200 characters. It makes the step safe to repeat. What was moved
        under a reference is never moved again, by any module and for any loan of the account, as long as all runs use the same O(journal)
        and it is not lost.
      - If the step was executed before, the module sends nothing, returns the earlier operation, and reports C(changed=false). If the outcome
        is not known yet, the module reconciles it first. If the step was definitely not executed, the module sends it.
      - A reference that was used for something else is refused, such as for another loan, coin, amount, direction, or collateral.
      - Use a reference for what happens once. For what recurs, use a goal, which moves only what is missing and takes no reference.
    type: str
  acknowledge:
    description:
      - The ID of an intent whose outcome is unknown, as shown in RV(ignore:details.intent) and in the message of the failed run. Before you
        use this option, check yourself what became of the operation.
      - The module reconciles the intent once more. If its outcome is still unknown, the module discards the intent. Otherwise, it reports the
        outcome.
      - A run with this option never moves money, even if O(journal) has no open intent with this ID, for example because the intent was
        acknowledged or resolved before. If something still has to be done, run the task again without this option.
    type: str
notes:
  - YAML converts unquoted numbers before the module sees them. V(0100) becomes 64, V(0x10) becomes 16, V(1:30) becomes 90, V(1_000) becomes
    1000, and floating-point numbers lose precision. Quotes around an amount prevent this.
  - A floating-point number without quotes is accepted as an amount only if it has at most 15 significant digits, so that it is exact. Amounts are
    always sent as plain decimal numbers, without an exponent. An amount has at most 18 digits before and 18 digits after the decimal point.
  - RV(ignore:details.evidence) shows what the exchange's records said about a request without a clear answer, which O(settle_margin) is about.
"""
