"""Lists: pages, and the opaque cursor that leads from one to the next."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, ConfigDict

from rollcall.domain.form import invalid

T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=200, description="Items per page at most")]
Cursor = Annotated[str | None, Query(max_length=2000, description="The `next` of the page before")]
Search = Annotated[str | None, Query(max_length=200, description="Part of the name, in any case")]
Order = Literal["asc", "desc"]


class Page(BaseModel, Generic[T]):
    """One page of a list; ``next`` leads to the next one and is null on the last."""

    model_config = ConfigDict(extra="forbid")

    items: list[T]
    next: str | None


def encode_cursor(position: Any) -> str:
    """An opaque text for a position."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def decode_cursor(cursor: str | None, kind: type[T]) -> T | None:
    """The inverse of :func:`encode_cursor`; a cursor that nobody was given is refused."""
    if cursor is None:
        return None
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(data, type=kind)
    except (binascii.Error, ValueError):
        raise invalid(
            "cursor", "unknown_cursor", "Use the `next` of the page before, or leave it out."
        ) from None


def named(name: str, search: str | None) -> bool:
    """Whether a name contains what was searched for."""
    return search is None or search.strip().casefold() in name.casefold()


def page_of(
    items: Iterable[T],
    key: Callable[[T], tuple[str, str]],
    cursor: str | None,
    limit: int,
    order: Order = "asc",
) -> tuple[Sequence[T], str | None]:
    """A page of a list that fits into memory, in the order of ``key``, whose second part is the id."""
    after = decode_cursor(cursor, tuple[str, str])
    descending = order == "desc"
    rest = [
        item
        for item in sorted(items, key=key, reverse=descending)
        if after is None or (key(item) < after if descending else key(item) > after)
    ]
    page = rest[:limit]
    return page, encode_cursor(key(page[-1])) if len(rest) > limit else None
