# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the info modules: specification, and the query that they mean.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._api.errors import BadInput
from .._goal import MOVES
from .._info.export import FORMATS
from .._info.forecast import Forecast
from .._info.journal import JournalQuery
from .._info.loans import LoanQuery
from .._info.open_loans import LoanFilter
from .._info.repayments import RepaymentQuery
from .._journal.entries import EVENTS
from .._journal.target import ACCOUNT_COLLATERAL, ORDER_COLLATERAL, WALLETS
from .._journal.trail import Filter
from .._loans.history import FAILED, PROCESSING, SUCCESS
from .._loans.loan import FLEXIBLE, PRODUCTS, Thresholds
from .journal import journal_argument_spec
from .values import Options, changes_of, coin_of, duration_of, fraction_of, id_of, moment_of, reference_of, thresholds_of


def query_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options that the query modules share; documented in the doc fragment C(query)."""
    return {
        "product": {"type": "list", "elements": "str", "choices": list(PRODUCTS)},
        "loan_currency": {"type": "str"},
        "loan_id": {"type": "str"},
    }


def loan_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options of C(bybit_loan_info) without those of the connection."""
    return {
        **query_argument_spec(),
        "ltv_above": {"type": "raw"},
        "matures_within": {"type": "str"},
        "margin_call_ltv": {"type": "raw", "default": "0.85"},
        "liquidation_ltv": {"type": "raw", "default": "0.95"},
        "shock": {"type": "dict"},
        "max_ltv": {"type": "raw"},
    }


def repayment_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options of C(bybit_loan_repayment_info) without those of the connection."""
    return {
        **query_argument_spec(),
        "repay_id": {"type": "str"},
        "since": {"type": "str"},
        "until": {"type": "str"},
        "status": {"type": "list", "elements": "str", "choices": [SUCCESS, PROCESSING, FAILED]},
    }


def journal_query_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options of C(bybit_journal_info)."""
    return {
        **journal_argument_spec(),
        "realm": {"type": "str"},
        "account": {"type": "str"},
        "product": {"type": "str", "choices": [*PRODUCTS, ORDER_COLLATERAL, ACCOUNT_COLLATERAL, WALLETS]},
        "loan": {"type": "str"},
        "move": {"type": "list", "elements": "str", "choices": list(MOVES)},
        "reference": {"type": "str"},
        "event": {"type": "list", "elements": "str", "choices": list(EVENTS)},
        "since": {"type": "str"},
        "until": {"type": "str"},
        "verify": {"type": "bool", "default": False},
        "format": {"type": "str", "choices": list(FORMATS)},
    }


def parse_loan_query(options: Options) -> LoanQuery:
    """Return the query that the options of C(bybit_loan_info) mean.

    :raises BadInput: If an option cannot be used; the other functions raise it, too.
    """
    matures_within_ms = duration_of(options, "matures_within")
    if matures_within_ms is not None:
        _refuse_only_flexible(options, "matures_within", "have no due date")
    loan_filter = LoanFilter(
        products=_products(options),
        named=options["product"] is not None,
        coin=_coin(options),
        loan_id=_loan_id(options),
        ltv_above=fraction_of(options, "ltv_above"),
        matures_within_ms=matures_within_ms,
    )
    return LoanQuery(loan_filter, _forecast(options))


def parse_repayment_query(options: Options) -> RepaymentQuery:
    """Return the query that the options of C(bybit_loan_repayment_info) mean."""
    since_ms, until_ms = _period(options)
    return RepaymentQuery(
        products=_products(options),
        named=options["product"] is not None,
        coin=_coin(options),
        loan_id=_loan_id(options),
        repay_id=None if options["repay_id"] is None else id_of(options, "repay_id", "1794271131730737664"),
        since_ms=since_ms,
        until_ms=until_ms,
        statuses=frozenset(options["status"] or ()),
    )


def parse_journal_query(options: Options) -> JournalQuery:
    """Return the query that the options of C(bybit_journal_info) mean."""
    since_ms, until_ms = _period(options)
    wanted = Filter(
        **{name: options[name] for name in ("realm", "account", "product", "loan")},
        reference=reference_of(options),
        events=tuple(options["event"] or ()),
        moves=tuple(options["move"] or ()),
        since_ms=since_ms,
        until_ms=until_ms,
    )
    return JournalQuery(wanted, options["verify"], options["format"])


def _forecast(options: Options) -> Forecast:
    thresholds = Thresholds(*thresholds_of(options, "margin_call_ltv", "liquidation_ltv"))
    return Forecast(thresholds, changes_of(options, "shock"), fraction_of(options, "max_ltv"))


def _period(options: Options) -> tuple[int | None, int | None]:
    since_ms, until_ms = moment_of(options, "since"), moment_of(options, "until")
    if since_ms is not None and until_ms is not None and since_ms >= until_ms:
        given = f"until '{options['until']}' is not after since '{options['since']}'"
        raise BadInput(f"{given}: set a later until, or omit one of them.")
    return since_ms, until_ms


def _products(options: Options) -> tuple[str, ...]:
    names = options["product"]
    if names is not None and not names:
        raise BadInput("product '[]' is empty: list the products to read, or omit it to read all.")
    # Flexible loans have no ID, so none of them can match loan_id.
    fitting = [product for product in PRODUCTS if product != FLEXIBLE or options["loan_id"] is None]
    return tuple(product for product in fitting if names is None or product in names)


def _coin(options: Options) -> str | None:
    return None if options["loan_currency"] is None else coin_of(options, "loan_currency")


def _loan_id(options: Options) -> str | None:
    if options["loan_id"] is None:
        return None
    _refuse_only_flexible(options, "loan_id", "have no ID")
    return id_of(options, "loan_id", "1794267532472646144")


def _refuse_only_flexible(options: Options, name: str, why: str) -> None:
    if options["product"] and set(options["product"]) == {FLEXIBLE}:
        given = f"{name} '{options[name]}' matches no flexible loan, because flexible loans {why}"
        raise BadInput(f"{given}: omit {name}, or list other products.")
