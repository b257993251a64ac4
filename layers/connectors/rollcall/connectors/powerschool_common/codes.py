"""PowerSchool's code tables, as far as a plugin may read them: CodeSet and the race codes (fact sheet §2.6).

A plugin that asks for our queries alone may not read CodeSet as a table; then there is no table, which is no error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from rollcall.connectors.powerschool_common.access import ACCEPT
from rollcall.connectors.records import Scalar, as_list, decode, text
from rollcall.connectors.transport import Client
from rollcall.connectors.wire import Request
from rollcall.domain.inspection import Code, CodeTable
from rollcall.domain.mapping import Entity

_TABLE = "/ws/schema/table/codeset"
_NOT_OFFERED = (400, 403, 404)
_MAX_PAGES = 50
_CODE_SETS: Mapping[Entity, tuple[str, str]] = {
    "relationship": ("Relationship", "displayvalue"),
    "state": ("State", "code"),
}
"""By entity: the type of the codes, and the column that people's records show."""


class _CodeSet(msgspec.Struct):
    code: Scalar = None
    displayvalue: Scalar = None
    isvisible: Scalar = None


class _Tables(msgspec.Struct):
    codeset: _CodeSet


class _Record(msgspec.Struct):
    tables: _Tables


class _TableAnswer(msgspec.Struct):
    record: list[_Record] = []


class _RaceCode(msgspec.Struct):
    code: Scalar = None
    description: Scalar = None


class _RaceCodes(msgspec.Struct):
    district_race_code: _RaceCode | list[_RaceCode] | str | None = None


class _District(msgspec.Struct):
    district_race_codes: _RaceCodes | str | None = None


class _DistrictAnswer(msgspec.Struct):
    district: _District


def code_tables(client: Client, page_size: int) -> Iterator[CodeTable]:
    """The tables that can be read."""
    races = _races(client)
    if races:
        yield CodeTable("race", races)
    for entity, (kind, column) in _CODE_SETS.items():
        codes = tuple(_code_set(client, kind, column, page_size))
        if codes:
            yield CodeTable(entity, codes)


def _races(client: Client) -> tuple[Code, ...]:
    path = "/ws/v1/district"
    answer = client.send(
        Request(
            path=path,
            template=path,
            params={"expansions": "district_race_codes"},
            headers={**ACCEPT},
            expect=(200, *_NOT_OFFERED),
        )
    )
    if answer.status != 200:
        return ()
    block = decode(answer.body, _DistrictAnswer).district.district_race_codes
    rows = as_list(block.district_race_code) if isinstance(block, _RaceCodes) else []
    return tuple(Code(code, text(row.description)) for row in rows if (code := text(row.code)))


def _code_set(client: Client, kind: str, column: str, page_size: int) -> Iterator[Code]:
    for page in range(1, _MAX_PAGES + 1):
        answer = client.send(
            Request(
                path=_TABLE,
                template=_TABLE,
                params={
                    "q": f"codetype=={kind}",
                    "projection": "codetype,code,displayvalue,isvisible",
                    "page": page,
                    "pagesize": page_size,
                },
                headers={**ACCEPT},
                expect=(200, *_NOT_OFFERED),
            )
        )
        if answer.status != 200:
            return
        rows = [record.tables.codeset for record in decode(answer.body, _TableAnswer).record]
        for row in rows:
            value = text(row.displayvalue if column == "displayvalue" else row.code)
            if value and text(row.isvisible) != "0":
                yield Code(value, text(row.displayvalue))
        if len(rows) < page_size:
            return
