"""PowerSchool's code tables: what is asked, what is left out, and that none is no error."""

from __future__ import annotations

from typing import Any

from rollcall.connectors.auth import HeaderAuth
from rollcall.connectors.powerschool_common.codes import code_tables
from rollcall.connectors.wire import Request
from tests.connectors.build import Sis, transport


def tables(reply: Any, page_size: int = 2) -> tuple[dict[str, list[tuple[str, str | None]]], Sis]:
    sis = Sis(reply)
    client = transport(sis).client("https://ps.example.org", HeaderAuth("Authorization", "x"))
    found = code_tables(client, page_size)
    return {table.entity: [(code.value, code.label) for code in table.codes] for table in found}, sis


def row(code: str, shown: str, visible: str = "1") -> dict[str, Any]:
    return {"id": 1, "tables": {"codeset": {"code": code, "displayvalue": shown, "isvisible": visible}}}


def test_every_page_is_read_and_hidden_codes_are_left_out() -> None:
    pages = {
        ("Relationship", 1): [row("M", "Mother"), row("X", "Ward", visible="0")],
        ("Relationship", 2): [row("F", "Father")],
        ("State", 1): [row("CA", "California")],
    }

    def reply(request: Request) -> Any:
        if request.path == "/ws/v1/district":
            one = {"code": "WH", "description": "White"}
            return {"district": {"name": "Lakeview", "district_race_codes": {"district_race_code": one}}}
        kind = str(request.params["q"]).removeprefix("codetype==")
        return {"name": "codeset", "record": pages[kind, int(request.params["page"])]}

    found, _ = tables(reply)
    assert found == {
        "race": [("WH", "White")],
        # People's records show the words of a relationship, and the code of a state.
        "relationship": [("Mother", "Mother"), ("Father", "Father")],
        "state": [("CA", "California")],
    }


def test_tables_that_may_not_be_read_are_none() -> None:
    for status in (400, 403, 404):
        found, sis = tables(lambda request, status=status: status)
        assert found == {}
        assert len(sis.requests) == 3


def test_blocks_that_are_empty_are_none() -> None:
    def reply(request: Request) -> Any:
        if request.path == "/ws/v1/district":
            return {"district": {"district_race_codes": ""}}
        return {"name": "codeset"}

    assert tables(reply)[0] == {}
