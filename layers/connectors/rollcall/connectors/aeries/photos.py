"""Aeries' photos of students, for an integration that brings nothing else.

A photo is cut out of the answer and named by its content, so that a page holds names alone. Nothing says when a photo
changed: all are asked for every night, in ranges of positions, because Aeries warns of time-outs for a whole school.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from itertools import count

import msgspec

from rollcall.connectors.aeries.calls import AREAS, School, open_schools, request, to_map
from rollcall.connectors.auth import HeaderAuth
from rollcall.connectors.base import LastPull, Page, Part, Record, Stream, Survey
from rollcall.connectors.mapping import Context, in_scope
from rollcall.connectors.paging import LoopGuard
from rollcall.connectors.records import (
    RawRow,
    Rows,
    Scalar,
    Shape,
    decode,
    identifier,
    number,
    raw_rows,
    text,
    unexpected_shape,
)
from rollcall.connectors.transport import AHEAD, Client, Transport
from rollcall.connectors.wire import Request
from rollcall.domain.person import Mapped, Person, person_key, split_person_key
from rollcall.domain.photo import MAX_BYTES, media_type, photo_id

RANGE = 50
MOST_EMPTY = 10
"""Positions count students. Whether one without a photo has a row is not known (fact sheet §5.11): where they have
none, a range of new students is empty long before the end. So a school ends after this many empty ranges in a row. If
it ended too early, the photos behind it would come later, and nobody would lose theirs.
"""
MAX_RANGES = 400
_PATH = "/schools/{code}/StudentPictures"
_MAX_TEXT = (MAX_BYTES + 2) // 3 * 4


class _Picture(msgspec.Struct):
    SchoolYear: Scalar = None
    RawBinary: Scalar = None


class _Student(msgspec.Struct):
    """Version 5 calls the student's number StudentID, but a real server still said PermanentID."""

    StudentID: int | str | None = None
    PermanentID: int | str | None = None
    Pictures: list[_Picture] | None = None


class PhotoRow(msgspec.Struct, omit_defaults=True):
    """What is left of a student's row. ``problem`` is the code of the issue where there is no usable photo."""

    id: str
    school: str
    year: int
    photo: str | None = None
    problem: str | None = None


_students = Rows(_Student)


class AeriesPhotos:
    """The photos of one Aeries server. Without a year, Aeries answers with the students of its current one."""

    version = "1"
    streams: tuple[Stream, ...] = (Stream(name="photos"),)

    def __init__(self, client: Client, context: Context) -> None:
        self._client = client
        self._context = context

    def survey(self, last: LastPull | None = None) -> Survey:
        """The schools, and one small call to see that photos may be read."""
        mapped, issues = in_scope(to_map(self.schools(), self._context), self._context)
        self.probe(mapped[0][0])
        parts = [
            Part(stream="photos", label=f"photos of school {school}", params={"school": school})
            for school, _ in mapped
        ]
        return Survey(parts=parts, issues=issues)

    def schools(self) -> list[School]:
        """Every school that is open."""
        return open_schools(self._client, {})

    def probe(self, school: str) -> None:
        """One small call to see that photos may be read."""
        self._client.send(_ask(school, 1, 1))

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        """One page per range. The cursor holds the next position and how many ranges before it were empty."""
        position, empty = (int(n) for n in (cursor or "1,0").split(","))
        guard = LoopGuard(MAX_RANGES)
        school = part.params["school"]
        asked = (_ask(school, start, start + RANGE - 1) for start in count(position, RANGE))
        with closing(self._client.fetch_ordered(asked, AHEAD)) as answers:
            for answer in answers:
                guard.check(answer.body, len(answer.rows))
                students = _students.read(answer.rows)
                position, empty = position + RANGE, 0 if students else empty + 1
                ended = empty == MOST_EMPTY
                yield _page(students, school, None if ended else f"{position},{empty}")
                if ended:
                    return

    def split(self, stream: str, page: Page) -> Sequence[RawRow]:
        """The raw records of a page."""
        return _SHAPE.split(page)

    def read(self, stream: str, raws: Sequence[RawRow]) -> list[Record]:
        """One record per student and school: who goes to two has a photo in each, not always the same."""
        return _SHAPE.read(raws)

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        """A person of whom nothing but the newest photo is known."""
        person_type, source_id = split_person_key(key)
        draft = self._context.draft(person_type, source_id)
        rows = [decode(raw, PhotoRow) for raw in records["photos"]]
        newest = max(rows, key=lambda row: (row.year, row.photo or ""))
        if newest.problem:
            draft.report(newest.problem, "photo")
        return draft.result(Person(type=person_type, source_id=source_id, photo=newest.photo))


def connect(url: str, credentials: Mapping[str, str], context: Context, transport: Transport) -> AeriesPhotos:
    """The connector for one integration; the credential ``token`` is the certificate."""
    return AeriesPhotos(transport.client(url, HeaderAuth("AERIES-CERT", credentials["token"])), context)


def _record(row: PhotoRow, raw: RawRow) -> Record:
    return Record(f"{row.id}-{row.school}", (person_key("student", row.id),), raw, row.photo)


_SHAPE = Shape(PhotoRow, _record)


def _ask(school: str, first: int, last: int) -> Request:
    params = {"StartingRecord": first, "EndingRecord": last}
    return request(f"/schools/{school}/StudentPictures", params, _PATH, AREAS["photos"], split=raw_rows)


def _page(students: Iterable[_Student], school: str, cursor: str | None) -> Page:
    """The students who have a picture, and the photos that are usable, by name."""
    rows, files = [], {}
    for student in students:
        student_id = student.PermanentID if student.StudentID is None else student.StudentID
        if student_id is None:
            raise unexpected_shape()
        if not student.Pictures:
            continue
        picture = max(student.Pictures, key=_age)
        row = PhotoRow(identifier(student_id), school, number(picture.SchoolYear) or 0)
        data = _bytes(picture.RawBinary)
        if data is None:
            row.problem = "photo_too_large"
        elif media_type(data) is None:
            row.problem = "photo_not_an_image"
        else:
            row.photo = photo_id(data)
            files[row.photo] = data
        rows.append(row)
    return Page(body=msgspec.json.encode(rows), cursor=cursor, files=files)


def _age(picture: _Picture) -> tuple[int, str]:
    """Newer is greater; of one year's pictures always the same one is taken, whatever their order."""
    return number(picture.SchoolYear) or 0, text(picture.RawBinary) or ""


def _bytes(value: Scalar) -> bytes | None:
    """Decoded base64; nothing where it is none, None where it is too large to keep."""
    written = text(value) or ""
    if len(written) > _MAX_TEXT:
        return None
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return b""
