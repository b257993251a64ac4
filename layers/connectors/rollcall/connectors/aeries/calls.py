"""How Aeries is asked, whatever is read of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from rollcall.connectors.mapping import Context
from rollcall.connectors.records import Rows, Scalar, flag, identifier, text
from rollcall.connectors.transport import Client
from rollcall.connectors.wire import Request, Split

_ACCEPT = {"Accept": "application/json, text/html, application/xhtml+xml, */*"}
AREAS = {
    "students": "Student Data",
    "contacts": "Contacts",
    "staff": "Staff Data",
    "photos": "Student Pictures",
}
"""The permission that each stream needs, as Aeries' security page calls it."""


class School(msgspec.Struct):
    """``DoNotReport`` marks places that are no schools, such as those for students who are leaving."""

    SchoolCode: int | str
    Name: Scalar = None
    InactiveStatusCode: Scalar = None
    DoNotReport: Scalar = None

    @property
    def number(self) -> str:
        """As the building mapping has it."""
        return identifier(self.SchoolCode)


_schools = Rows(School)


def request(
    path: str,
    params: Mapping[str, str | int] | None = None,
    template: str | None = None,
    area: str | None = None,
    expect: tuple[int, ...] = (200,),
    split: Split | None = None,
) -> Request:
    """One call of version 5; ``template`` is the path without ids."""
    return Request(
        path=f"/api/v5{path}",
        template=f"/api/v5{template or path}",
        params=dict(params or {}),
        headers=_ACCEPT,
        expect=expect,
        area=area,
        split=split,
    )


def to_map(schools: Iterable[School], context: Context) -> list[tuple[str, str | None]]:
    """Numbers and names of schools, as the building mapping is asked for them: a place that is no school belongs there
    only where somebody has mapped it.
    """
    wanted = (s for s in schools if not flag(s.DoNotReport) or context.building(s.number) is not None)
    return [(school.number, text(school.Name)) for school in wanted]


def open_schools(client: Client, params: Mapping[str, str | int]) -> list[School]:
    """Every school but the district itself and those that are closed."""
    answer = client.send(request("/schools", params))
    schools = (school for school, _ in _schools.split(answer.body))
    return [s for s in schools if text(s.SchoolCode) != "0" and text(s.InactiveStatusCode) is None]
