"""An Aeries server looked at piece by piece, and its code tables (fact sheet §5.10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from rollcall.connectors.aeries.calls import AREAS, School
from rollcall.connectors.aeries.connector import Aeries, SystemInfo
from rollcall.connectors.aeries.photos import AeriesPhotos
from rollcall.connectors.base import Step
from rollcall.connectors.mapping import named
from rollcall.connectors.records import Rows, Scalar, flag, text
from rollcall.domain.district import school_year_of
from rollcall.domain.errors import NeedsAttention
from rollcall.domain.inspection import Code, CodeTable
from rollcall.domain.mapping import Entity

_TABLES: Mapping[Entity, str] = {
    "ethnicity": "student/Ethnicity",
    "gender": "student/Gender",
    "grade_level": "student/Grade",
    "language": "student/HomeLanguage",
    "race": "student/RaceCode1",
    # CON, the table's own name, cannot stand in an address.
    "relationship": "contact/RelationshipToStudent",
}
_GRANT = "In Aeries, under Security, API Security, give the certificate the permission to read “{}”."


class _Row(msgspec.Struct):
    Code: Scalar = None
    Description: Scalar = None
    Status: Scalar = None


_rows = Rows(_Row)


class Inspector:
    """The pieces that a survey asks for, each by itself."""

    def __init__(self, connector: Aeries) -> None:
        self._aeries = connector
        self._info = SystemInfo()
        self._year = ""
        self._schools: list[tuple[str, str | None]] = []
        self._student = "0"

    def steps(self) -> Sequence[Step]:
        """The certificate, the year, the schools, and the permission for each kind of record."""
        return [
            Step("credentials", self._sign_in, vital=True),
            Step("academic_year", self._find_year, vital=True),
            Step("schools", self._list_schools, vital=True),
            *(self._permission(stream.name) for stream in self._aeries.streams),
        ]

    def codes(self) -> Iterator[CodeTable]:
        """Schools, years, and the tables that ``/codes`` has; it needs no permission."""
        yield CodeTable("building", tuple(Code(number, name) for number, name in self._schools))
        years = [text(year) for year in self._info.AvailableDatabaseYears or [self._info.DatabaseYear]]
        yield CodeTable("academic_year", tuple(Code(year, school_year_of(year)) for year in years if year))
        for entity, path in _TABLES.items():
            body = self._aeries.code_table(path)
            codes = _current(body) if body is not None else ()
            if codes:
                yield CodeTable(entity, codes)

    def _sign_in(self) -> str:
        self._info = self._aeries.info()
        return f"Aeries {text(self._info.AeriesVersion) or ''} accepts the certificate.".replace("  ", " ")

    def _find_year(self) -> str:
        self._year = self._aeries.year(self._info)
        return f"Aeries has the database of the year that begins in {self._year}."

    def _list_schools(self) -> str:
        self._schools = _shown(self._aeries.schools(self._year))
        return named(self._schools)

    def _permission(self, stream: str) -> Step:
        def ask() -> str:
            self._student = self._aeries.probe(stream, self._schools[0][0], self._year, self._student)
            return f"The certificate may read “{AREAS[stream]}”."

        return Step(f"permission.{stream}", ask, _GRANT.format(AREAS[stream]))


class PhotoInspector:
    """The same of an integration of pictures only."""

    def __init__(self, connector: AeriesPhotos) -> None:
        self._photos = connector
        self._schools: list[tuple[str, str | None]] = []

    def steps(self) -> Sequence[Step]:
        """The certificate with the schools, and the permission for photos."""
        grant = _GRANT.format(AREAS["photos"])
        return [
            Step("credentials", self._list_schools, vital=True),
            Step("permission.photos", self._ask, grant),
        ]

    def codes(self) -> Iterator[CodeTable]:
        """The schools: no other mapping is used."""
        yield CodeTable("building", tuple(Code(number, name) for number, name in self._schools))

    def _list_schools(self) -> str:
        self._schools = _shown(self._photos.schools())
        return named(self._schools)

    def _ask(self) -> str:
        self._photos.probe(self._schools[0][0])
        return f"The certificate may read “{AREAS['photos']}”."


def _shown(schools: Iterable[School]) -> list[tuple[str, str | None]]:
    """Number and name of each; raises ``NeedsAttention`` when there is none."""
    found = [(school.number, text(school.Name)) for school in schools if not flag(school.DoNotReport)]
    if not found:
        raise NeedsAttention("no_schools", "Aeries shows no school that is open.")
    return found


def _current(body: bytes) -> tuple[Code, ...]:
    """The codes that are not retired."""
    rows = ((row, text(row.Code)) for row, _ in _rows.split(body) if text(row.Status) is None)
    return tuple(Code(value, text(row.Description)) for row, value in rows if value is not None)
