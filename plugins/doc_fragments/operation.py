# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of all modules that move money: the limits of a run, and how to make sure."""

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
  wait:
    description:
      - Whether to wait until the exchange reports an accepted operation as final. The module fails if the operation fails in the end.
      - If V(false), an accepted operation has RV(ignore:outcome=pending). The module still reconciles a request without a clear answer.
    type: bool
    default: true
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
  lock_timeout:
    description:
      - For tuning. How many seconds to wait until another run for the same loan, collateral, or wallets has finished, from V(0) to V(86400).
    type: int
    default: 180
  settle_margin:
    description:
      - For tuning. How many seconds the exchange takes at most to show an operation that it executed, from V(0) to V(3600).
      - The exchange can accept a request until O(recv_window) has passed. A request without a clear answer counts as not executed only if no source shows it
        after O(recv_window) and then this margin have passed. RV(ignore:details.evidence) shows what the sources said.
      - The margin is 60 times as long if the wallet cannot serve as evidence, because O(api_key) is not allowed to read it or because the
        exchange sells collateral to repay.
      - The exchange does not document such a time. The default is an assumption of this collection. If the margin is too short, the module can
        mistake an executed operation for one that was not executed.
    type: int
    default: 10
  wait_timeout:
    description:
      - For tuning. How many seconds to spend on finding out whether a request was executed, and on waiting until the operation is final, from
        V(0) to V(86400). If earlier runs left intents open, this time applies to each intent.
      - To find out that a request was not executed, the module needs the sum of O(recv_window) and O(settle_margin), plus a little more than a second.
    type: int
    default: 60
notes:
  - YAML converts unquoted numbers before the module sees them. V(0100) becomes 64, V(0x10) becomes 16, V(1:30) becomes 90, V(1_000) becomes
    1000, and floating-point numbers lose precision. Quotes around an amount prevent this.
  - A floating-point number without quotes is accepted as an amount only if it has at most 15 significant digits, so that it is exact. Amounts are
    always sent as plain decimal numbers, without an exponent. An amount has at most 18 digits before and 18 digits after the decimal point.
  - The options O(api_timeout), O(lock_timeout), O(rate_limit_timeout), O(recv_window), O(settle_margin), and O(wait_timeout) are for tuning. The
    defaults suit almost everyone.
"""
