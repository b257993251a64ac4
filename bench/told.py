"""What a measured tool tells of the night it did: one line of JSON on its standard output."""

from __future__ import annotations

import msgspec


class StoreCounts(msgspec.Struct):
    """What the stores were asked to do. Bytes are as stored."""

    people_read: int = 0
    people_written: int = 0
    claims_written: int = 0
    blob_puts: int = 0
    page_puts: int = 0
    blob_gets: int = 0
    bytes_put: int = 0
    bytes_got: int = 0


class Told(msgspec.Struct, kw_only=True):
    """People ``added``, ``changed`` and ``dropped``, and how many are ``known`` to be there afterwards."""

    added: int
    changed: int
    dropped: int
    known: int
    stores: StoreCounts | None = None
