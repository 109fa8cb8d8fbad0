# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The template of the RETURN blocks of the modules that move money; its texts are in C(return_texts)."""

from __future__ import annotations

from string import Template

BLOCK = Template("""\
msg:
  description: A summary of what happened. On failure, what went wrong, and what to do about it.
  returned: always
  type: str
  sample: "$msg"
outcome:
  description:
    - V(executed) means that the $noun was made, and that the exchange reports it as final. If an earlier run made it with the same
      O(reference), C(changed) is V(false) and RV($list) is empty.
    - V(pending) means that the exchange accepted the $noun, but does not report it as final yet, because O(wait) is V(false) or
      O(wait_timeout) expired.
    - V(nothing_to_do) means that ${nothing}the goal was already reached, or that O(acknowledge) was processed.
    - V(planned) means that a run without check mode would make the $noun. If an earlier run left an intent for the same $noun open, check
      mode returns the outcome of that intent instead.
    - V(not_executed) means that the task failed and nothing was $paid, according to all sources that could be read. The next run
      decides again.
    - V(unknown) means that the task failed and the $noun may have been made. No run sends anything for $target until the outcome is
      known. RV(msg) says how to proceed, and RV(details) says what was found.
    - A task that fails after it has $paid part of the amount returns V(executed) or V(pending) with RV($list), and C(changed) is
      V(true).
  returned: always, unless Ansible itself refuses the options or a Python library is missing
  type: str
  sample: executed
move:
  description:
    - What was done. In check mode, what would be done. If the outcome is unknown, what may have been done.
    - $moves
  returned: when the options are valid
  type: str
  sample: $move
$id_key:
  description:
    - $id_text
    - $A_noun that the exchange accepted and that then failed also has an ID, with RV(outcome=not_executed).
  returned: when the options are valid
  type: str
  sample: "$id"
${ids}\
amount:
  description:
    - The amount that was $repaid, as a decimal string in $whose. In check mode, the amount that would be $repaid. If the outcome is
      unknown, the amount that may have been $repaid.
    - If RV($list) is not empty, this is their sum.
    - V(0) if there is nothing to do.
  returned: when the options are valid
  type: str
  sample: "$amount"
goal_reached:
  description:
${goal_reached}\
    - V(none) if the task failed, or if nothing was decided because $one of an earlier run already satisfies this task.
  returned: when the options are valid
  type: bool
  sample: true
$list:
  description:
    - The $list that were made, even if the task failed afterward. $A_noun that an earlier run made for the same goal but did not
      report comes first.
${list_notes}\
  returned: when the options are valid
  type: list
  elements: dict
  contains:
    move:
      description: $moves
      type: str
      returned: always
      sample: $move
    $id_key:
      description: $id_text
      type: str
      returned: always
      sample: "$id"
    amount:
      description: The amount, in $whose.
      type: str
      returned: always
      sample: "$amount"
    coin:
      description: $coin_text
      type: str
      returned: always
      sample: $coin
    outcome:
      description: V(executed) or V(pending).
      type: str
      returned: always
      sample: executed
    sent_at_ms:
      description: When the request was signed and sent, in milliseconds since 1970 (UTC).
      type: int
      returned: always
      sample: 1728629785224
    intent:
      description: The ID of the intent that the module recorded in O(journal) before it sent the request.
      type: str
      returned: always
      sample: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
${subject}\
diff:
  description: $figures before and after, in one line each. C(after_header) shows how the amount was calculated.
  returned: success, in diff mode
  type: dict
  sample:
    before_header: $label
    after_header: "$decision"
    before: "$diff_before"
    after: "$diff_after"
api_host:
  description: The host that the module used, with the port if the URL has one.
  returned: when the connection options are valid
  type: str
  sample: api-testnet.bybit.com
failure:
  description:
    - The request that failed. V(none) if the task failed for another reason.
    - C(ret_code) and C(ret_msg) are the exchange's return code and message. C(ret_code) is V(none) if there was no usable answer.
    - C(http_status) is V(none) if there was no answer. C(request_id) was sent with the request. The exchange's support asks for it.
    - C(outcome) says whether this request may have been executed. It is V(not_executed), V(unknown), or V(earlier_request), which means that an identical
      earlier request may have been executed.
  returned: failure, unless Ansible itself refuses the options or a Python library is missing
  type: dict
  sample:
    ret_code: $ret_code
    ret_msg: $ret_msg
    http_status: 200
    request_id: 4a1f0c3e-8f1b-4a59-9f0e-0d6d6c0a6a55
    outcome: not_executed
details:
  description: Details for investigating a run. If the options are not valid, contains only C(waits) and C(gate_retries).
  returned: when the connection options are valid
  type: dict
  contains:
    intent:
      description: The ID of the intent that stays open because its outcome is unknown. Use it for O(acknowledge). Otherwise V(none).
      type: str
      returned: when the options are valid
      sample: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
    earlier:
      description:
        - The $list of earlier runs for $target that were interrupted before they reported the outcome. C(outcome) can also
          be V(not_executed), or V(unknown) if O(acknowledge) names the intent.
      type: list
      elements: dict
      returned: when the options are valid
      sample:
        - intent: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
          amount: "$amount"
          coin: $coin
          move: $move
          outcome: executed
          $id_key: "$id"
          sent_at_ms: 1728629785224
    recovered:
      description:
        - Whether the module had to look for the $noun. V(true) if it found RV($id_key) in the history after an unclear answer, or if an earlier run
          with the same goal or step sent the $noun but did not report it.
      type: bool
      returned: when the options are valid
      sample: false
    inferred:
      description: Whether only the exchange's history shows the $noun, because the answer was lost or contained no ID.
      type: bool
      returned: when the options are valid
      sample: false
    decision:
      description: How the amount was calculated, even if it was then refused. V(none) if there was nothing to $pay or to decide.
      type: str
      returned: when the options are valid
      sample: $decision
${of_debt}\
    sent_at_ms:
      description:
        - When the $noun was signed and sent, in milliseconds since 1970 (UTC), by the exchange's clock as far as it is known.
          V(none) if none was sent.
      type: int
      returned: when the options are valid
      sample: 1728629785224
    evidence:
      description:
        - What $sources showed about $one without a clear answer. V(none) if there was none.
        - C(window_end_ms) is the end of the time window in which the exchange could accept the request. If the exchange accepted it without an ID, this is the
          time at which it did.
        - C(reads) is the number of reads, and C(exchange_time_ms) is the exchange's time of the last one. C(candidates) are the $list in the
          history that may be this one. C(reason) is the conclusion.
${evidence_notes}\
      type: dict
      returned: when the options are valid
      sample:
        sent_at_ms: 1728629785224
        window_end_ms: 1728629790224
        exchange_time_ms: 1728629801350
${witnesses}\
        candidates: ["$id"]
        reads: 7
        reason: the history shows it
    waits:
      description: One sentence for each wait of two seconds or more. The module also writes it to the system log when the wait begins.
      type: list
      elements: str
      returned: always
      sample: []
    gate_retries:
      description:
        - How often a request was sent again after the exchange rejected it before processing it, which is safe. C(clock_syncs) counts rejections because of the
          timestamp, and C(rate_limits) because of the rate limit. C(rate_limit_wait_ms) is the total wait for the rate limit in milliseconds.
      type: dict
      returned: always
      sample:
        clock_syncs: 0
        rate_limits: 1
        rate_limit_wait_ms: 1050
""")
