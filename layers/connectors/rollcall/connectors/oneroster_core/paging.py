"""Collections, page by page: by the server's own ``next`` links where it gives them, otherwise by offset.

A cursor is the next offset, or ``?`` and the query of a next link. Of a link only the query is used, after its host was
checked: servers behind a proxy write another scheme, port or prefix than the ones they are reached by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from rollcall.connectors.base import Page
from rollcall.connectors.paging import LoopGuard
from rollcall.connectors.records import Rows, number, raw_rows, unexpected_shape
from rollcall.connectors.transport import Client
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import SourceContract

T = TypeVar("T")
Params = dict[str, str | int]

PAGE_SIZE = 500
MAX_PAGES = 5_000
_ACCEPT = {"Accept": "application/json"}
# An address may hold commas, but not one before another address.
_BETWEEN_LINKS = re.compile(r",\s*(?=<|/|https?:)")
_IS_NEXT = re.compile(r"\brel\s*=\s*\"?next\b", re.IGNORECASE)

_envelope = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A list of objects: its name, the school it is limited to, its path, the path that may be logged, and the key that
    holds it in the answer.
    """

    name: str
    school: str = ""
    path: str
    template: str
    key: str


class Paging:
    """Reads collections of one server. ``host`` is the only one that next links may name."""

    def __init__(self, client: Client, host: str) -> None:
        self._client = client
        self._host = host

    def edition(self) -> str:
        """A server has one that is always the present one."""
        return ""

    def pages(self, collection: Collection, cursor: str | None) -> Iterator[Page]:
        """Pages from ``cursor`` on, sorted by id. Raises ``SourceContract`` for loops and foreign links.

        A server may cap the page below what is asked for, so a short page does not end a list: the links do, or the
        total, or else an empty page. Where there is a total, pages are asked for before the one in front of them is
        there; as soon as that one leads elsewhere, they are dropped, and asked for one by one.
        """
        guard = LoopGuard(MAX_PAGES)
        at: str | None = cursor or "0"
        size = 0
        total: int | None = None
        foreseen = True
        while at is not None:
            asked = _foresee(at, size, total) if foreseen else [_params(at)]
            requests = (_request(collection, params) for params in asked)
            with closing(self._client.fetch_ordered(requests)) as answers:
                for params, answer in zip(asked, answers, strict=True):
                    if not _same(params, _params(at)):
                        foreseen = False
                        break
                    received = len(answer.rows)
                    size = size or min(received, PAGE_SIZE)
                    guard.check(answer.body, received)
                    total = _total(answer)
                    at = self._after(at, received, size, total, answer)
                    yield Page(body=answer.body, cursor=at, announced=total, rows=answer.rows)
                    if at is None:
                        break

    def all(self, collection: Collection, rows: Rows[T]) -> list[T]:
        """Every object of a small collection."""
        return [
            row
            for page in self.pages(collection, None)
            for row in rows.read(listed_raws(page.body, collection.key))
        ]

    def offers(self, collection: Collection, refusals: tuple[int, ...] = ()) -> bool:
        """Ask for one object. False when the server answers with one of ``refusals``; other errors are raised."""
        params: Params = {"limit": 1, "offset": 0}
        answer = self._client.send(_request(collection, params, (200, *refusals)))
        return answer.status == 200

    def _after(self, at: str, received: int, size: int, total: int | None, answer: Answer) -> str | None:
        links = answer.headers.get("link", "")
        following = _next_of(links)
        if following:
            return self._query(following)
        # A server that writes links ends them with the last page.
        if not received or at.startswith("?") or (total is None and links):
            return None
        if total is not None and int(at) + received >= total:
            return None
        # A row that comes twice makes a page longer, but the next one begins where it would have.
        return str(int(at) + min(received, size))

    def _query(self, link: str) -> str:
        try:
            parts = urlsplit(link)
            host = parts.hostname
        except ValueError:
            raise unexpected_shape() from None
        if host not in (None, self._host):
            raise SourceContract(
                "paging_foreign_host",
                "The SIS sends its next page from another server, which is not followed.",
            )
        if not parts.query:
            raise unexpected_shape()
        return f"?{parts.query}"


def listed_raws(body: bytes, key: str) -> list[msgspec.Raw]:
    """The objects under ``key``, undecoded; raises ``SourceContract`` when there is no such key."""
    try:
        found = _envelope.decode(body)[key]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, KeyError):
        raise unexpected_shape() from None
    return raw_rows(found)


def _next_of(links: str) -> str | None:
    """The address of the next page in a ``Link`` header; some servers leave the angle brackets out."""
    for link in _BETWEEN_LINKS.split(links):
        address, _, attributes = link.partition(";")
        if _IS_NEXT.search(attributes):
            return address.strip().removeprefix("<").removesuffix(">")
    return None


def _params(at: str) -> Params:
    if at.startswith("?"):
        return dict(parse_qsl(at[1:], keep_blank_values=True))
    return {"limit": PAGE_SIZE, "offset": int(at), "sort": "sourcedId", "orderBy": "asc"}


def _foresee(at: str, size: int, total: int | None) -> list[Params]:
    """The parameters of the page at ``at``, and of those that will follow if all have ``size`` rows."""
    params = _params(at)
    offset = number(params.get("offset"))
    if not size or total is None or offset is None:
        return [params]
    return [params, *({**params, "offset": n} for n in range(offset + size, total, size))]


def _same(one: Params, other: Params) -> bool:
    """Whether two requests ask for the same; numbers in a link are text."""
    return {name: str(value) for name, value in one.items()} == {
        name: str(value) for name, value in other.items()
    }


def _request(collection: Collection, params: Params, expect: tuple[int, ...] = (200,)) -> Request:
    return Request(
        path=collection.path,
        template=collection.template,
        params=params,
        headers=_ACCEPT,
        expect=expect,
        split=partial(listed_raws, key=collection.key),
    )


def _total(answer: Answer) -> int | None:
    total = number(answer.headers.get("x-total-count"))
    return total if total is not None and total >= 0 else None
