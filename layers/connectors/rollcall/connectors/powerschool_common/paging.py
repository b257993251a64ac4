"""Lists by page number, up to the count that PowerSchool announces.

Rows move between pages when somebody enrolls or leaves meanwhile; then the records received are not as many as
announced, which the engine sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import msgspec

from rollcall.connectors.base import Page
from rollcall.connectors.paging import LoopGuard
from rollcall.connectors.records import Scalar, number
from rollcall.connectors.transport import Client
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import SourceContract

MAX_PAGES = 5_000
_DEFAULT_PAGE_SIZE = 100


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One list: how a page of it is asked for, with its ``split``, what makes sure that an answer is a page, and the
    count.
    """

    request: Callable[[int], Request]
    read: Callable[[Answer], Answer]
    count: Callable[[], int]
    page_size: int


def largest_page(value: Scalar) -> int:
    """What the metadata say is the largest page, or PowerSchool's own default."""
    size = number(value)
    return size if size is not None and size > 0 else _DEFAULT_PAGE_SIZE


def listed_pages(client: Client, listing: Listing, cursor: str | None) -> Iterator[Page]:
    """The pages from ``cursor`` on, which is "<next page>/<announced>": every page of a part belongs to one count."""
    if cursor is None:
        first, announced = 1, listing.count()
    else:
        first, announced = map(int, cursor.split("/"))
    last = max(first, -(-announced // listing.page_size))
    if last > MAX_PAGES:
        raise SourceContract("too_many_pages", "The SIS announces more pages than a school can have.")
    guard = LoopGuard(MAX_PAGES)
    requests = (listing.request(page) for page in range(first, last + 1))
    with closing(client.fetch_ordered(requests)) as answers:
        for page, answer in enumerate(map(listing.read, answers), first):
            guard.check(answer.body, len(answer.rows))
            beyond = _beyond(client, listing, page, answer) if page == last else None
            following = f"{page + 1}/{announced}" if page < last or beyond else None
            yield Page(body=answer.body, cursor=following, announced=announced, rows=answer.rows)
            if beyond:
                yield Page(body=beyond.body, cursor=None, announced=announced, rows=beyond.rows)


def _beyond(client: Client, listing: Listing, last: int, answer: Answer) -> Answer | None:
    """The page after the last one, when that one was full and rows have moved there since the count."""
    if len(answer.rows) < listing.page_size:
        return None
    following = listing.read(client.send(listing.request(last + 1)))
    # Some servers answer with the last page again.
    return following if following.rows and following.body != answer.body else None
