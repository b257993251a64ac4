"""The two shapes of an Illuminate list: a bare array, and a page with its number and counts (fact sheet §3)."""

from __future__ import annotations

import msgspec

from rollcall.connectors.records import Scalar, decode, number, unexpected_shape


class _Envelope(msgspec.Struct):
    results: msgspec.Raw
    num_pages: Scalar
    page: Scalar = None
    num_results: Scalar = None


class _Results(msgspec.Struct):
    results: list[msgspec.Raw]


class Listing(msgspec.Struct, frozen=True):
    """One answer. ``rows`` is a JSON array; ``pages`` is at least 1; ``page`` and ``total`` where they are told."""

    rows: msgspec.Raw
    pages: int
    page: int | None = None
    total: int | None = None


def paged(body: bytes | msgspec.Raw) -> Listing:
    """A page with its counts; raises ``SourceContract`` for anything else.

    A bare array is not taken: it could be one page whose wrapper got lost, and would look complete.
    """
    found = decode(body, _Envelope)
    pages, total = number(found.num_pages), number(found.num_results)
    if pages is None or bytes(memoryview(found.results)[:1]) != b"[":
        raise unexpected_shape()
    # No results are no pages, but the answer that says so is one.
    return Listing(rows=found.results, pages=max(1, pages), page=number(found.page), total=total)


def paged_rows(body: bytes) -> list[msgspec.Raw]:
    """The rows of a page; raises ``SourceContract`` for anything else."""
    return decode(body, _Results).results


def either(body: bytes) -> Listing:
    """Like :func:`paged`, or a bare array: the reference lists come as both."""
    return Listing(rows=msgspec.Raw(body), pages=1) if body.lstrip()[:1] == b"[" else paged(body)
