# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan file: a plan with the policy and the book that it follows from, as JSON.

A file is only read if it is exactly as it was written. Its digest covers everything else in it, and names the plan in the journal. The digest reveals
mistakes, not attacks: whoever can write the file can also calculate its digest. Who may approve a plan approves its digest.
Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import json
import typing as t

from .._amounts import parse_exchange_decimal, plain, plain_or_none
from .._api.errors import BadInput
from .._journal.entries import canonical, hash_of
from .._loans.loan import PRODUCTS
from .._redaction import quotable
from .._times import SECOND_MS, iso, parse_moment
from .canonical import Json, observed, policy_of
from .money import Amounts, Money
from .plan import TRANSFER, Operation, Plan, Played, Share, Unmet
from .planner import Policy
from .rules import ADD_COLLATERAL, REPAY, REPAY_FROM_COLLATERAL

FORMAT, FORMAT_VERSION = "treasury.bybit plan", 1
# Far more than the plan for an account with 10,000 loans.
MAX_CHARACTERS = 32_000_000
# As much of the digest as the references in the journal contain.
_REFERENCE_LENGTH = 16
_KINDS = (REPAY, REPAY_FROM_COLLATERAL, ADD_COLLATERAL, TRANSFER)
_FIGURES = ("before", "after", "ltv_before", "ltv_after", "sold")
_AGAIN = "plan again"
_RIGHT_FILE = "use the file that 'mode: plan' wrote"


class Origin(t.NamedTuple):
    """Where a plan comes from, and how long it is valid.

    :ivar realm: C(mainnet), C(testnet), or another host.
    :ivar account: The user ID of the account.
    :ivar created_ms: When it was made (exchange's time, UTC, ms).
    :ivar expires_ms: From when on it must not be applied (exchange's time, UTC, ms).
    """

    realm: str
    account: str
    created_ms: int
    expires_ms: int


class Document(t.NamedTuple):
    """A plan as its file contains it.

    :ivar policy: The declared policy, as C(canonical.policy_of) writes it.
    :ivar observed: What the plan is based on, as C(canonical.observed) writes it.
    :ivar digest: Identifies all of the above.
    """

    origin: Origin
    policy: Json
    observed: Json
    operations: tuple[Played, ...]
    unmet: tuple[Unmet, ...]
    digest: str = ""

    def reference(self, number: int) -> str:
        """Return the reference of an operation in the journal, under which it is executed at most once, forever.

        :param number: The number of the operation in the plan, from 1 on, as the table shows it.
        """
        return f"{self.digest[:_REFERENCE_LENGTH]}/{number}"


def document_of(plan: Plan, policy: Policy, money: Money, repaid: Amounts, origin: Origin) -> Document:
    """Return a plan as a document. Times are cut to seconds.

    :param money: The money before the plan.
    :param repaid: What was repaid under each rule in its current period, by the name of the rule.
    """
    in_seconds = origin._replace(**{name: getattr(origin, name) // SECOND_MS * SECOND_MS for name in ("created_ms", "expires_ms")})
    document = Document(in_seconds, policy_of(policy, money), observed(plan.before, money, repaid), plan.operations, plan.unmet)
    return document._replace(digest=hash_of(canonical(_content(document))))


def written(document: Document) -> str:
    """Return the text of the plan file: ASCII, in lines that can be compared."""
    return json.dumps({**_content(document), "digest": document.digest}, sort_keys=True, indent=2, ensure_ascii=True) + "\n"


def read(text: str) -> Document:
    """Return the document in the text of a plan file.

    :raises BadInput: If it is anything but the exact text that C(written) returned.
    """
    try:
        return _read(text)
    except RecursionError:
        raise BadInput(f"plan_file is nested too deeply for a plan: {_RIGHT_FILE}.") from None


def _read(text: str) -> Document:
    content = _parsed(text)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadInput(f"plan_file is JSON, but not a plan: {_RIGHT_FILE}.")
    version = content.get("format_version")
    if version != FORMAT_VERSION:
        shown = quotable(str(version), 40)
        raise BadInput(f"plan_file has format version {shown}, but this version of the collection only reads version {FORMAT_VERSION}: {_AGAIN}.")
    digest = content.pop("digest", None)
    if digest != hash_of(canonical(content)):
        raise BadInput(f"plan_file was changed after it was written: its digest does not match its content. Do not edit a plan, but {_AGAIN}.")
    try:
        document = _document(content, digest)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadInput(f"plan_file has a matching digest, but is not a valid plan: {_RIGHT_FILE}.") from None
    if written(document) != text:
        raise BadInput(f"plan_file is not character for character as it was written: copy it without changes, not even to its line ends, or {_AGAIN}.")
    return document


def _parsed(text: str) -> t.Any:
    if len(text) > MAX_CHARACTERS:
        raise BadInput(f"plan_file has more than {MAX_CHARACTERS:,} characters, so it is not a plan: {_RIGHT_FILE}.")
    shown = text.rstrip()
    if not shown:
        raise BadInput(f"plan_file is empty: {_RIGHT_FILE}.")
    try:
        return json.loads(text, parse_int=_small_number, parse_float=_no_number, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        if shown[0] == "{" and (error.pos >= len(shown) or shown[-1] != "}"):
            raise BadInput(f"plan_file ends before its plan does: copy it again, or {_AGAIN}.") from None
        raise BadInput(f"plan_file is not JSON (line {error.lineno}): {_RIGHT_FILE}.") from None
    except ValueError:
        raise BadInput(f"plan_file contains numbers that no plan contains: {_RIGHT_FILE}.") from None


def _small_number(digits: str) -> int:
    """Return the only kind of number in a plan, the format version. Python needs long for a number with many digits."""
    if len(digits) > 9:
        raise ValueError("a long number")
    return int(digits)


def _no_number(text: str) -> t.NoReturn:
    raise ValueError("a number that is no integer")


def _content(document: Document) -> Json:
    """Return all but the digest as JSON values."""
    origin = document.origin
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "realm": origin.realm,
        "account": origin.account,
        "created": iso(origin.created_ms),
        "expires": iso(origin.expires_ms),
        "policy": document.policy,
        "observed": document.observed,
        "operations": [_operation_as_json(number, played) for number, played in enumerate(document.operations, 1)],
        "unmet": [entry._asdict() for entry in document.unmet],
    }


def _operation_as_json(number: int, played: Played) -> Json:
    operation = played.operation
    figures = {name: plain_or_none(figure) for name, figure in zip(_FIGURES, played[1:])}
    values = {**operation._asdict(), "amount": plain(operation.amount), "shares": [_share_as_json(share) for share in operation.shares]}
    return {"number": number, **{name: value for name, value in {**values, **figures}.items() if value is not None}}


def _share_as_json(share: Share) -> Json:
    part = {} if share.amount is None else {"amount": plain(share.amount)}
    return {"rule": share.rule, "reason": share.reason, **part}


def _document(content: Json, digest: str) -> Document:
    """Return the document with this content. Not all errors are found here: the text of a wrong document differs from its file."""
    realm, account = (_text(content[name]) for name in ("realm", "account"))
    origin = Origin(realm, account, parse_moment(content["created"]), parse_moment(content["expires"]))
    operations = tuple(map(_operation_from, content["operations"]))
    if len({played.operation.target for played in operations}) < len(operations):
        raise ValueError("two operations have the same target")
    names = [_text(rule["name"]) for rule in content["policy"]["rules"]]
    if len(set(names)) < len(names):
        raise ValueError("two rules have the same name")
    unmet = tuple(Unmet(_text(entry["rule"]), _text(entry["reason"])) for entry in content["unmet"])
    return Document(origin, dict(content["policy"]), dict(content["observed"]), operations, unmet, digest)


def _operation_from(values: Json) -> Played:
    kind, product, amount = values["kind"], values.get("product"), parse_exchange_decimal(values["amount"])
    if kind not in _KINDS or product not in (None, *PRODUCTS) or not amount:
        raise ValueError("an unknown operation")
    loan_id, sells = (None if values.get(name) is None else _text(values[name]) for name in ("loan_id", "sells"))
    operation = Operation(kind, _text(values["coin"]), amount, product, loan_id, sells, tuple(map(_share_from, values["shares"])))
    return Played(operation, *(None if values.get(name) is None else parse_exchange_decimal(values[name]) for name in _FIGURES))


def _share_from(values: Json) -> Share:
    amount = values.get("amount")
    return Share(_text(values["rule"]), _text(values["reason"]), None if amount is None else parse_exchange_decimal(amount))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
