"""The interface between the engine and a SIS. It carries the hot path.

A connector yields *pages of raw bytes*; says how a page splits into records and which fields name the record and
the people it speaks of; and maps a person only when asked. The engine fingerprints the raw records, compares them with
the last snapshot and asks for nothing else of a record that has not moved.

``survey`` and ``pages`` talk to the SIS. ``split``, ``read`` and ``map`` are pure: the same bytes, survey and settings
give the same answer, so a stored pull can be planned again without calling the SIS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import date
from typing import Any, NamedTuple, Protocol

import msgspec

from rollcall.domain.inspection import CodeTable
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
    ``likely`` is how many records the last pull found in it, 0 where nobody knows: a hint of where a list without a
    total ends, and nothing more.
    """

    stream: str
    label: str
    params: dict[str, Any] = {}
    building: str | None = None
    proven: bool = False
    likely: int = 0


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a survey asks for when it asks only for those who changed.

    ``people`` are their keys; in each of ``streams`` only their records are asked for, and everybody else's are carried
    over from the last pull. All other streams are read whole. Whoever has a record in the first of the streams has
    answered: what the streams held of them is replaced, be it by nothing. Who has none is carried over as well, since
    that somebody is gone is for the next full pull to prove.
    """

    people: list[str]
    streams: tuple[str, ...]


class Survey(msgspec.Struct, kw_only=True):
    """What a connector learns before it pulls: that it may, what there is to pull, and what mapping will need.

    ``reference`` is JSON-able data that ``map`` uses (school ids and the like); when it changes, everything is mapped
    anew. ``issues`` are those of the whole pull, such as a school that the building mapping does not hold.

    ``marker`` is what the next survey needs to ask only for what changed since this one, in the connector's own words;
    a survey that did so says whom it asks for in ``delta``.
    """

    parts: list[Part]
    reference: dict[str, Any] = {}
    issues: list[Issue] = []
    marker: str | None = None
    delta: Delta | None = None


class LastPull(Protocol):
    """What the last pull left, for a connector that can ask for what changed since."""

    @property
    def marker(self) -> str:
        """The marker of its survey."""

    def count(self, stream: str) -> int:
        """How many records of a stream are known, carried ones included."""

    def records(self, stream: str, people: Set[str]) -> list[str]:
        """Ids of the known records of a stream that speak of any of ``people``, given by key."""


class Page(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer as received.

    ``cursor`` resumes *after* this page (None: it was the last). ``announced`` is the number of records that the SIS
    says this part has, where it says so; the last page's word counts. ``subject`` is what was asked for, where
    one record is asked for at a time: in a stream with ``per``, or in a delta. ``files`` holds what is too large to
    keep with every run, by SHA-256 in hex; the body names it. ``rows`` are the body's, where the one who received it
    has cut it already; they are not kept either.
    """

    body: bytes
    cursor: str | None
    announced: int | None = None
    subject: str | None = None
    files: Mapping[str, bytes] = {}
    rows: Sequence[msgspec.Raw] | None = None


class Record(msgspec.Struct, frozen=True):
    """A raw record: its id, unique in its stream, the keys of the people it speaks of, and its bytes, undecoded.

    ``file`` is the one of the page's files that it names: a file of other bytes has another name, so the record moves.
    """

    id: str
    people: tuple[str, ...]
    raw: bytes | msgspec.Raw
    file: str | None = None


class Connector(Protocol):
    """One integration's SIS, ready to be read."""

    version: str
    """Rises when the same raw record would map to something else."""

    streams: tuple[Stream, ...]

    def survey(self, last: LastPull | None = None) -> Survey:
        """Check address, credentials, permissions and year; list the parts. Raises ``NeedsAttention`` and kin.

        With ``last`` a connector may answer with a delta, if its SIS can tell what changed.
        """

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        """Pages of one part from ``cursor`` on (None: from the start), in a repeatable order.

        In a stream with ``per``, ``subjects`` is the whole list to ask for and ``cursor`` a position in it.
        """

    def split(self, stream: str, page: Page) -> Sequence[bytes | msgspec.Raw]:
        """The raw records of a page, undecoded. Raises ``SourceContract`` when the page is not what it should be."""

    def read(self, stream: str, raws: Sequence[bytes | msgspec.Raw]) -> list[Record]:
        """Id and people of raw records that :meth:`split` gave, in their order. Raises ``SourceContract``.

        What it says of a record depends on nothing but the record's bytes and the settings, so it is not asked again
        about a record that is known by its bytes.
        """

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        """One person from all raw records that speak of them, by stream; order of records must not matter.

        A record that cannot be read is an issue of that person, never an exception.
        """


def records_of(connector: Connector, stream: str, page: Page) -> list[Record]:
    """All records of a page."""
    return connector.read(stream, connector.split(stream, page))


class Step(NamedTuple):
    """One question of a connection test.

    ``ask`` says in a sentence what it found, or raises what ``survey`` would. ``grant`` tells the administrator what to
    do when the permission is missing. When a step that is ``vital`` fails, there is no point in those after it.
    """

    name: str
    ask: Callable[[], str]
    grant: str = ""
    vital: bool = False


class Inspector(Protocol):
    """A SIS looked at piece by piece, where a survey is all or nothing."""

    def steps(self) -> Sequence[Step]:
        """What to ask, in order. The first is whether the SIS is there and accepts the credentials."""

    def codes(self) -> Iterator[CodeTable]:
        """The code tables that the SIS has and lets the credentials read, beginning with its schools."""
