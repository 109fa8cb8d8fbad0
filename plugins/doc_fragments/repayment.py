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
      - YAML rewrites what stands without quotes before the module sees it. V(0100) becomes 64 and V(0x10) 16, V(1:30) becomes 90,
        V(1_000) a thousand, and a floating-point number loses what it cannot hold. Quotes avoid all that.
      - At most 18 digits before and 18 after the point, and not more decimal places than the exchange lists for the coin, unless it is
        just what is owed.
      - Just one of O(amount), O(max_debt) and O(max_ltv) says what to reach.
    type: raw
  since:
    description:
      - Makes the goal declarative. At least O(amount) shall have been repaid on this loan since this moment.
      - The repayments in the exchange's history are added up, whoever of the account made them, with those that are in process and
        without liquidations. The amounts are those that the history shows. An entry of a type that this collection does not know makes
        the module fail. Only what is missing is sent, rounded up to the decimal places that the coin allows; when nothing is
        missing, nothing is sent.
      - An ISO 8601 date, which means its beginning in UTC, such as V(2026-11-01), or a time with its zone, such as
        V(2026-11-01T09:00:00+01:00).
      - The history reaches back 6 months; a moment of more than 180 days ago is refused, and so is one in the future.
      - For Ansible, V(null) is the same as leaving an option out, so a variable that may be empty should not stand here; an empty
        string is refused.
    type: str
  max_debt:
    description:
      - Makes the goal declarative. The debt, which is principal, interest and penalty interest, shall be at most this, in the coin
        of the loan. Written like O(amount); V("0") pays the loan off.
      - What is missing is sent, rounded up to the decimal places that the exchange lists for the coin, but never more than is owed.
        What is left because it needs more of them is tried once, with all that the debt has; the exchange does not say how many it takes.
        If it refuses them, what is left is named in RV(ignore:details.dust) and in the message.
      - If interest accrues while the repayment is made, it is paid by a second, small repayment. Both are in
        RV(ignore:repayments).
      - The exchange may show the debt late. So when a repayment was made within the last O(settle_margin) seconds, by anybody, the
        module waits and reads the debt again before it sends anything.
    type: raw
  max_ltv:
    description:
      - Makes the goal declarative. The LTV shall be at most this, as a fraction such as V("0.5").
      - For a legacy loan it is the LTV of the loan; for flexible and fixed loans it is that of the account, which is lowered by
        repaying this loan.
      - The exchange shows the LTV and values in USD rounded, and does not say how. So the module assumes the least favourable
        values behind them, and pays until even the LTV as shown is one step of rounding below. A loan whose LTV is shown as just
        O(max_ltv) is therefore still repaid a little.
      - If repaying all of this loan does not reach it, the module says how far that gets, and fails before anything is paid, unless
        O(allow_partial) is set.
      - Like for O(max_debt), the module first waits until young repayments are surely in the debt.
      - Runs on several loans of one account should follow each other, because each of them lowers the same LTV.
    type: raw
  at_most:
    description:
      - The most that one run may pay, in the coin of the loan. A run that would have to pay more pays nothing and fails, or pays up to this
        with O(allow_partial).
      - For all fixed contracts of a coin, it is held against the contracts that were read. The exchange repays those that are open when
        the request arrives, so one that is borrowed in between comes on top; the module warns of that.
      - Written like O(amount).
    type: raw
  allow_partial:
    description:
      - Whether to pay what can be paid if O(max_debt), O(max_ltv), or O(amount) with O(since) cannot be reached with this loan, the
        Funding wallet and O(at_most). RV(ignore:goal_reached) then is V(false).
      - With O(since), it makes the last installment what is left of the debt.
      - O(at_most) is a limit also then.
    type: bool
    default: false
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
      - To find out that a repayment was not made takes O(recv_window) and O(settle_margin) together, and a little more than a second.
    type: int
    default: 60
  settle_margin:
    description:
      - How many seconds, from V(0) to V(3600), the exchange may need at worst to show a payment.
      - When no clear answer has come, a repayment counts as not executed only after O(recv_window) has passed, in which the exchange
        may still accept it, and then this margin, and neither the history, nor the debt, nor the Funding wallet and its ledger show it.
      - Where the wallet cannot tell, because O(api_key) may not read it or because collateral pays, the margin is 60 times as long.
      - The exchange documents no such time; the default is this collection's assumption. If it is too short, a repayment that was
        made can be taken for one that was not.
    type: int
    default: 10
  state_dir:
    description:
      - The directory on the machine that runs the module where it notes what it is about to send, so that a later run can find out
        what became of it. It is made when it is missing. The files can be read by their owner only and hold no secret.
      - It must outlive the run. In a container, mount a volume there.
      - Runs for the same account and loan wait for each other if they share this directory, whatever key and address they use.
      - It must belong to the user who runs the module, and nobody else may write it. So must the files in it; a link or a pipe is refused.
      - It must be on a file system that can lock files and flush directories, such as a local disk.
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
      - The id of an intent that cannot be settled, as RV(ignore:details.intent) and the message of the failed run show it. You have looked
        what became of that repayment, and it shall be forgotten.
      - The module looks for it once more. If its outcome is still unknown, the module forgets it; otherwise it tells what it has found.
      - A run with this option never sends a repayment, whatever it finds, and also when the id is not noted in O(state_dir), for
        example because it was acknowledged or settled before. Run again without it if something is still to be repaid.
    type: str
"""
