# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options by which every repay module is told what to reach and how sure to be."""

    DOCUMENTATION = r"""
options:
  amount:
    description:
      - How much to repay, in the coin of the loan. With O(since), how much must have been repaid since then.
      - Write it as a quoted decimal number, such as V("100.5"). An integer is fine too.
      - Unquoted, YAML makes a floating-point number of it; that is accepted only when it has at most 15 significant digits, so
        that it is exact. It is always sent as a plain decimal number, without exponent.
      - YAML reads an unquoted V(0100) as octal and V(1_000) as a thousand, and drops what a floating-point number cannot hold,
        before the module sees them. Quotes avoid all that.
      - At most 18 digits before and 18 after the point, and not more decimal places than the coin allows.
    type: raw
    required: true
  since:
    description:
      - Makes the goal declarative. At least O(amount) shall have been repaid on this loan since this moment.
      - The repayments in the exchange's history are added up, whoever of the account made them, with those that are in process and
        without liquidations. Only what is missing is sent, rounded up to the decimal places that the coin allows; when nothing is
        missing, nothing is sent.
      - An ISO 8601 date, which means its beginning in UTC, such as V(2026-11-01), or a time with its zone, such as
        V(2026-11-01T09:00:00+01:00).
      - The history reaches back 6 months; a moment of more than 180 days ago is refused, and so is one in the future.
      - For Ansible, V(null) is the same as leaving an option out, so a variable that may be empty should not stand here; an empty
        string is refused.
    type: str
  wait:
    description:
      - Whether to follow an accepted repayment until the exchange shows that it is final. When it turns out to have failed, the
        module fails.
      - When V(false), an accepted repayment is RV(ignore:outcome=pending). A repayment without a clear answer is looked for all
        the same.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to spend, from V(0) to V(86400), on finding out what became of a repayment, and on following it. A repayment
        that an earlier run left open has as much time of its own.
      - To find out that a repayment was not made takes O(recv_window) and O(settle_margin) together, and a little more.
    type: int
    default: 60
  settle_margin:
    description:
      - How many seconds, from V(0) to V(3600), the exchange's history and debt may be late at worst.
      - When no clear answer has come, a repayment counts as not executed only after O(recv_window) has passed, in which the exchange
        may still accept it, and then this margin, and neither the history nor the debt shows it.
      - The exchange documents no such time; the default is this collection's assumption. If it is too short, a repayment that was
        made can be taken for one that was not.
    type: int
    default: 10
  state_dir:
    description:
      - The directory on the machine that runs the module where it notes what it is about to send, so that a later run can find out
        what became of it. It is made when it is missing. The files can be read by their owner only and hold no secret.
      - It must outlive the run. In a container, mount a volume there.
      - Runs for the same host, key and loan wait for each other if they share this directory.
      - If not set, the environment variable E(BYBIT_STATE_DIR) is used where it is set.
    type: path
    default: ~/.local/state/treasury.bybit
  lock_timeout:
    description:
      - How many seconds to wait, from V(0) to V(86400), for another run for the same loan to end.
    type: int
    default: 180
  acknowledge:
    description:
      - The id of an intent that cannot be settled, as RV(ignore:intent) and the message of the failed run show it. You have looked
        what became of that repayment, and it shall be forgotten.
      - The module looks for it once more. If its outcome is still unknown, the module forgets it and sends nothing in this run. Run
        again without this option if something is still to be repaid.
      - An id that is not open has no effect.
    type: str
"""
