"""How Aeries is asked, whatever is read of it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rollcall.connectors.records import Rows, Scalar, identifier, text
from rollcall.connectors.transport import Client
from rollcall.connectors.wire import Request

_ACCEPT = {"Accept": "application/json, text/html, application/xhtml+xml, */*"}
AREAS = {
    "students": "Student Data",
    "contacts": "Contacts",
    "staff": "Staff Data",
    "photos": "Student Pictures",
}
"""The permission that each stream needs, as Aeries' security page calls it."""


class _School(msgspec.Struct):
    SchoolCode: int | str
    Name: Scalar = None
    InactiveStatusCode: Scalar = None


_schools = Rows(_School)


def request(
    path: str,
    params: Mapping[str, str | int] | None = None,
    template: str | None = None,
    area: str | None = None,
    expect: tuple[int, ...] = (200,),
) -> Request:
    """One call of version 5; ``template`` is the path without ids."""
    return Request(
        path=f"/api/v5{path}",
        template=f"/api/v5{template or path}",
        params=dict(params or {}),
        headers=_ACCEPT,
        expect=expect,
        area=area,
    )


def open_schools(client: Client, params: Mapping[str, str | int]) -> list[tuple[str, str | None]]:
    """Code and name of every school but the district itself and those that are closed."""
    answer = client.send(request("/schools", params))
    return [
        (identifier(school.SchoolCode), text(school.Name))
        for school, _ in _schools.split(answer.body)
        if text(school.SchoolCode) != "0" and text(school.InactiveStatusCode) is None
    ]
