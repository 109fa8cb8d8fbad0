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
      - The most that one run may move, in the coin that it moves. A run that would have to move more fails and moves nothing; with
        O(allow_partial) it moves up to this amount. What an earlier run has sent and could not report does not count, though the result
        adds it up.
      - Like all amounts, it is written as a quoted decimal number, such as V("100.5"). An integer is fine, too. The notes say why.
    type: raw
  allow_partial:
    description:
      - Whether to move as much as possible if what there is to move, or O(at_most), is not enough to reach a goal. RV(ignore:goal_reached)
        is V(false) then.
      - O(at_most) always applies. An amount that is to be moved once is never moved in part.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the exchange reports what it accepted as final. The module fails if it turns out to have failed.
      - If V(false), what was accepted is RV(ignore:outcome=pending). The module still finds out what became of a request without a clear
        answer.
    type: bool
    default: true
  reference:
    description:
      - A unique name for this step, such as an invoice number, of at most 200 characters. A step is an amount that is moved once, and its
        reference makes it safe to repeat. What was moved under a reference is never moved again, by whatever module and for whatever loan
        of the account, as long as all runs use the same O(journal) and it is not lost.
      - If it was executed before, the module sends nothing, returns what was executed, and reports C(changed=false). If its outcome
        is not known yet, the module finds it out first. If it was surely not executed, the module sends it.
      - A reference that was used for something else, such as another loan, coin, amount, direction or collateral, is refused.
      - Use it for what happens once. For what recurs, use a goal, which only moves what is missing and takes no reference.
    type: str
  acknowledge:
    description:
      - The ID of an intent whose outcome cannot be determined, as RV(ignore:details.intent) and the message of the failed run show it.
        Use it after you have checked yourself what became of it.
      - The module looks for it once more. If its outcome is still unknown, the module discards the intent; otherwise it reports the
        outcome.
      - A run with this option never moves money, whatever it finds, even if O(journal) has no intent with this ID, for example
        because it was acknowledged or resolved before. Run again without it if something still needs to be done.
    type: str
  lock_timeout:
    description:
      - For tuning. How many seconds to wait, from V(0) to V(86400), for another run for the same loan, collateral or wallet to finish.
    type: int
    default: 180
  settle_margin:
    description:
      - For tuning. How many seconds the exchange may take at worst, from V(0) to V(3600), to show what it executed.
      - A request without a clear answer only counts as not executed if no source shows it once O(recv_window), in which the exchange can
        still accept it, and then this margin have passed. RV(ignore:details.evidence) shows what the sources said.
      - The margin is 60 times as long where the wallet cannot serve as evidence, because O(api_key) may not read it or because the exchange
        sells collateral to repay.
      - The exchange does not document such a time; the default is an assumption of this collection. If it is too short, what was executed
        can be mistaken for what was not.
    type: int
    default: 10
  wait_timeout:
    description:
      - For tuning. How many seconds to spend, from V(0) to V(86400), on finding out whether a request was executed and on waiting until
        what it did is final. If earlier runs left intents open, each gets this time in full.
      - Finding out that a request was not executed takes O(recv_window) and O(settle_margin) together, and a little more than a second.
    type: int
    default: 60
notes:
  - YAML converts unquoted numbers before the module sees them. V(0100) becomes 64, V(0x10) becomes 16, V(1:30) becomes 90, V(1_000) becomes
    1000, and floating-point numbers lose precision. Quotes around an amount prevent this.
  - An amount without quotes that is a floating-point number is accepted only with at most 15 significant digits, so that it is exact. It is
    always sent as a plain decimal number, without an exponent. An amount has at most 18 digits before and 18 after the point.
  - The options O(api_timeout), O(lock_timeout), O(rate_limit_timeout), O(recv_window), O(settle_margin) and O(wait_timeout) are for tuning;
    the defaults suit almost everyone.
"""
