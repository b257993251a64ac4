"""The interface between the engine and a SIS. It carries the hot path.

A connector yields *pages of raw bytes*; says how a page splits into records and which fields name the record and
the people it speaks of; and maps a person only when asked. The engine fingerprints the raw records, compares them with
the last snapshot and asks for nothing else of a record that has not moved.

``survey`` and ``pages`` talk to the SIS. ``split`` and ``map`` are pure: the same bytes, survey and settings give the
same answer, so a stored pull can be planned again without calling the SIS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

import msgspec

from rollcall.domain.person import Issue, Mapped


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of raw record.

    ``per`` names the stream this one hangs on, when the SIS answers for one record of that stream at a time
    (PowerSchool's contacts: one student a call). The engine then asks for new and moved records of that stream, and for
    one ``refresh_nights``-th of the rest, oldest first; what it does not ask for it carries over.

    ``own`` is the person type whose source id is the record's id, where there is one: it only saves space.
    """

    name: str
    own: str = ""
    per: str | None = None
    refresh_nights: int = 7


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of the work list: a stream, or one school's share of it. ``label`` is safe to log and to show.

    ``building`` is set where the part is one building's people, so that an emptied building can be told. ``proven``:
    the connector itself sees that the part is complete and raises where it is not, so repeated records are no sign.
    """

    stream: str
    label: str
    params: dict[str, Any] = {}
    building: str | None = None
    proven: bool = False


class Survey(msgspec.Struct, kw_only=True):
    """What a connector learns before it pulls: that it may, what there is to pull, and what mapping will need.

    ``reference`` is JSON-able data that ``map`` uses (school ids and the like); when it changes, everything is mapped
    anew. ``issues`` are those of the whole pull, such as a school that the building mapping does not hold.
    """

    parts: list[Part]
    reference: dict[str, Any] = {}
    issues: list[Issue] = []


class Page(msgspec.Struct, frozen=True):
    """One answer as received.

    ``cursor`` resumes *after* this page (None: it was the last). ``announced`` is the number of records that the SIS
    says this part has, where it says so; the last page's word counts. ``subject`` is the record asked for, in a stream
    with ``per``.
    """

    body: bytes
    cursor: str | None
    announced: int | None = None
    subject: str | None = None


class Record(msgspec.Struct, frozen=True):
    """A raw record: its id, unique in its stream, the keys of the people it speaks of, and its bytes, undecoded."""

    id: str
    people: tuple[str, ...]
    raw: bytes | msgspec.Raw


class Connector(Protocol):
    """One integration's SIS, ready to be read."""

    version: str
    """Rises when the same raw record would map to something else."""

    streams: tuple[Stream, ...]

    def survey(self) -> Survey:
        """Check address, credentials, permissions and year; list the parts. Raises ``NeedsAttention`` and kin."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        """Pages of one part from ``cursor`` on (None: from the start), in a repeatable order.

        In a stream with ``per``, ``subjects`` is the whole list to ask for and ``cursor`` a position in it.
        """

    def split(self, stream: str, page: Page) -> list[Record]:
        """The records of a page. Raises ``SourceContract`` when the page is not what it should be."""

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        """One person from all raw records that speak of them, by stream; order of records must not matter.

        A record that cannot be read is an issue of that person, never an exception.
        """
