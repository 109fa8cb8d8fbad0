# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a list ends: never too early, and always."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import PAGE_LIMIT, Client
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import Reply
from ansible_collections.treasury.bybit.plugins.module_utils._api.session import Session
from ansible_collections.treasury.bybit.plugins.module_utils._api.signing import HmacSigner

HISTORY = "/v5/crypto-loan/repayment-history"
ENDLESS = f"The pages of {HISTORY} never end."
ABSENT: t.Any = object()

Page = tuple[list[dict[str, t.Any]], t.Any]


def rows(*ids: int) -> list[dict[str, t.Any]]:
    return [{"repayId": str(each)} for each in ids]


FULL = rows(*range(PAGE_LIMIT))


class Book:
    """Answers each cursor with its page: the rows and the next cursor.

    :ivar asked: The requested cursors, in order.
    """

    base_url = "https://api-testnet.bybit.com"

    def __init__(self, pages: t.Callable[[str], Page]) -> None:
        self._pages = pages
        self.asked: list[str] = []

    def send(self, method: str, path: str, *dummy: object) -> Reply:
        self.asked.append(path.partition("cursor=")[2])
        found, following = self._pages(self.asked[-1])
        result = {"list": found, **({} if following is ABSENT else {"nextPageCursor": following})}
        return Reply(200, {"x-bapi-limit": "100000"}, json.dumps({"retCode": 0, "result": result}).encode())

    def hang_up(self) -> None:
        """Do nothing, because there is no connection."""


@pytest.fixture
def read(clock: t.Any) -> t.Callable[..., tuple[list[dict[str, t.Any]], list[str]]]:
    """Read a whole book, and return its rows and the requested cursors."""

    def call(
        pages: dict[str, Page] | t.Callable[[str], Page], error: str | None = None
    ) -> tuple[list[dict[str, t.Any]], list[str]]:
        book = Book(pages.__getitem__ if isinstance(pages, dict) else pages)
        client, found = Client(Session(book), "the-key", HmacSigner("the-secret"), clock=clock), []
        if error is None:
            found += client.pages(HISTORY, {})
        else:
            with pytest.raises(ReadFailed) as caught:
                found += client.pages(HISTORY, {})
            assert str(caught.value) == error
        return found, book.asked

    return call


@pytest.mark.parametrize("end", ["", ABSENT, None], ids=["empty", "absent", "null"])
@pytest.mark.parametrize("last", [rows(), rows(7), FULL[1:]], ids=len)
def test_a_short_page_without_a_cursor_is_the_last(read: t.Any, last: t.Any, end: t.Any) -> None:
    assert read({"": (last, end)}) == (last, [""])
    assert read({"": (FULL, "A"), "A": (last, end)}) == (FULL + last, ["", "A"])


def test_a_full_page_with_an_empty_cursor_is_the_last(read: t.Any) -> None:
    assert read({"": (FULL, "")}) == (FULL, [""])


UNUSABLE = f"Bybit's answer to {HISTORY} has an invalid nextPageCursor: it is unknown whether there are more pages."


@pytest.mark.parametrize("end", [ABSENT, None], ids=["absent", "null"])
def test_a_full_page_without_a_cursor_may_not_be_the_last(read: t.Any, end: t.Any) -> None:
    read({"": (FULL, end)}, UNUSABLE)


@pytest.mark.parametrize("cursor", [0, 1, 17.5, False, True, [], ["A"], {}, {"A": 1}], ids=repr)
@pytest.mark.parametrize("page", [rows(), rows(7), FULL], ids=len)
def test_a_cursor_of_another_type_is_not_the_end(read: t.Any, page: t.Any, cursor: object) -> None:
    read({"": (page, cursor)}, UNUSABLE)


@pytest.mark.parametrize("last", [rows(7), FULL], ids=len)
def test_the_cursor_of_a_last_page_leads_to_an_empty_one(read: t.Any, last: t.Any) -> None:
    for end in ("", "A", None):
        assert read({"": (last, "A"), "A": ([], end)}) == (last, ["", "A"])


def test_the_cursor_of_a_last_page_leads_to_itself(read: t.Any) -> None:
    last = rows(7, 8)
    assert read({"": (last, "A"), "A": (last, "A")}) == (last, ["", "A"])
    assert read({"": (FULL, "A"), "A": (last, "B"), "B": (last, "B")}) == (FULL + last, ["", "A", "B"])


def test_a_page_with_new_rows_that_repeats_its_cursor_is_not_the_end(read: t.Any) -> None:
    read({"": (rows(7), "A"), "A": (rows(7, 8), "A")}, ENDLESS)
    read({"": (rows(7), "A"), "A": (rows(8), "A")}, ENDLESS)
    changed = [{"repayId": "7", "repayStatus": 1}]
    read({"": (rows(7), "A"), "A": (changed, "A")}, ENDLESS)


def test_a_full_page_that_leads_to_itself_may_hide_more(read: t.Any) -> None:
    read({"": (FULL, "A"), "A": (FULL, "A")}, ENDLESS)


@pytest.mark.parametrize("full", [rows(), rows(7), FULL], ids=len)
def test_a_circle_of_cursors_is_noticed_at_once(read: t.Any, full: t.Any) -> None:
    dummy, asked = read({"": (full, "A"), "A": (full, "B"), "B": (full, "A")}, ENDLESS)
    assert asked == ["", "A", "B"]


def test_a_long_circle_is_noticed_as_soon_as_it_closes(read: t.Any) -> None:
    following = {"": "1", **{str(n): str(n + 1) for n in range(1, 9)}, "9": "4"}
    dummy, asked = read(lambda cursor: (rows(len(cursor)), following[cursor]), ENDLESS)
    assert len(asked) == 10


def test_empty_pages_that_go_on_are_not_followed_for_long(read: t.Any) -> None:
    dummy, asked = read(lambda cursor: ([], f"{cursor}A"), ENDLESS)
    assert asked == ["", "A", "AA"]


def test_some_empty_pages_are_not_the_end(read: t.Any) -> None:
    pages = {"": ([], "A"), "A": ([], "B"), "B": (rows(7), "C"), "C": ([], "D"), "D": ([], "E"), "E": (rows(8), "")}
    assert read(pages)[0] == rows(7, 8)


def test_an_endless_list_is_given_up(read: t.Any) -> None:
    dummy, asked = read(lambda cursor: (rows(int(cursor or 0)), str(int(cursor or 0) + 1)), ENDLESS)
    assert len(asked) == 1000


def test_a_list_with_shorter_pages_ends_as_early(clock: t.Any) -> None:
    def found(pages: dict[str, Page]) -> list[dict[str, t.Any]]:
        return list(Client(Session(Book(pages.__getitem__)), "the-key", HmacSigner("the-secret"), clock=clock).pages(HISTORY, {}, 2))

    assert found({"": (rows(1, 2), "A"), "A": (rows(3), ABSENT)}) == rows(1, 2, 3)
    assert found({"": (rows(1), "A"), "A": (rows(1), "A")}) == rows(1)
    with pytest.raises(ReadFailed, match="invalid nextPageCursor"):
        found({"": (rows(1, 2), ABSENT)})
    with pytest.raises(ReadFailed, match="never end"):
        found({"": (rows(1, 2), "A"), "A": (rows(1, 2), "A")})
