"""What is asked of Aeries, and how its answers become pages and records."""

from __future__ import annotations

from typing import Any

import pytest

from rollcall.connectors.aeries.connector import MAX_PAGES, PAGE_SIZE
from rollcall.connectors.base import Page, Part, records_of
from rollcall.connectors.wire import Request
from rollcall.domain.errors import NeedsAttention, SourceContract
from tests.connectors.build import Sis, connector, encoded, lookups

PREFIX = "/api/v5"


class District:
    """An Aeries server with ``size`` students at school 410. ``most`` is how many it gives at a time."""

    def __init__(self, size: int = 3, most: int = 10**9, **replies: Any) -> None:
        self.size = size
        self.most = most
        self.years: Any = ["2026-2027", "2025-2026"]
        self.schools: Any = [
            {"SchoolCode": 0, "Name": "District", "InactiveStatusCode": ""},
            {"SchoolCode": 410, "Name": "Lakeview", "InactiveStatusCode": " "},
            {"SchoolCode": 420, "Name": "Reed", "InactiveStatusCode": ""},
            {"SchoolCode": 430, "Name": "Closed", "InactiveStatusCode": "I"},
            {"SchoolCode": 99, "Name": "Transfer", "InactiveStatusCode": "", "DoNotReport": True},
            {"SchoolCode": 999, "Name": "Inactive", "InactiveStatusCode": "", "DoNotReport": False},
        ]
        self.replies = replies

    def __call__(self, request: Request) -> Any:
        path = request.path.removeprefix(PREFIX)
        area = "students" if path.endswith("/students") else path.strip("/").split("/")[0]
        area = "contacts" if "/contacts" in path else area
        if area in self.replies:
            return self.replies[area]
        if area == "systeminfo":
            return {"DatabaseYear": "2026-2027", "AvailableDatabaseYears": self.years}
        if area == "schools":
            return self.schools
        if area == "students":
            first, last = int(request.params["StartingRecord"]), int(request.params["EndingRecord"])
            rows = range(first, min(last, self.size, first + self.most - 1) + 1)
            return [{"StudentID": 1000 + i, "SchoolCode": 410, "StudentNumber": i} for i in rows]
        return []


def survey(district: District, **settings: Any) -> Any:
    return connector("aeries", Sis(district), **settings).survey()


def part(stream: str = "students", likely: int = 0) -> Part:
    return Part(stream=stream, label="x", params={"school": "410", "year": "2026"}, likely=likely)


def pull(district: Any, cursor: str | None = None, likely: int = 0) -> tuple[list[Page], Sis]:
    sis = Sis(district)
    return list(connector("aeries", sis).pages(part(likely=likely), cursor)), sis


def rows(pages: list[Page]) -> list[str]:
    found = connector("aeries")
    return [record.id for page in pages for record in records_of(found, "students", page)]


# ---------------------------------------------------------------------------------------------------- survey


def test_survey_lists_the_work() -> None:
    sis = Sis(District())
    found = connector("aeries", sis, url="https://sis.example.org/Aeries.Net/").survey()
    assert [(p.stream, p.label, p.params, p.building) for p in found.parts] == [
        ("students", "students of school 410", {"year": "2026", "school": "410"}, "LES"),
        ("students", "students of school 420", {"year": "2026", "school": "420"}, "RES"),
        ("contacts", "contacts of school 410", {"year": "2026", "school": "410"}, None),
        ("contacts", "contacts of school 420", {"year": "2026", "school": "420"}, None),
        ("staff", "staff", {"year": "2026"}, None),
    ]
    assert found.reference == {"year": "2026", "schools": ["410", "420"]}
    assert [(i.code, i.value) for i in found.issues] == [("school_not_mapped", "999")]
    assert {h["AERIES-CERT"] for h in sis.headers} == {"CERT7"}
    assert {r.params["DatabaseYear"] for r in sis.requests[1:]} == {"2026"}
    assert not any("cert" in str(r.params).lower() for r in sis.requests)


def test_a_place_that_is_no_school_is_read_where_somebody_mapped_it_and_else_not_missed() -> None:
    """Guards: a warning every night, of every district, that nobody could clear."""
    found = survey(District(), codes=lookups(building={"410": "LES", "99": "TRA", "999": "INA"}))
    assert found.reference["schools"] == ["410", "99", "999"]
    assert [i.value for i in found.issues] == ["420"]


@pytest.mark.parametrize(
    ("external", "offered", "year"),
    [
        ("2026-2027", ["2026-2027"], "2026"),
        ("2026", ["2025-2026", "2026-2027"], "2026"),
        ("2026-27", ["2026-2027"], "2026"),
        (" 2026 ", [], "2026"),
    ],
)
def test_the_year_that_stands_for_the_school_year(external: str, offered: list[str], year: str) -> None:
    district = District()
    district.years = offered
    found = survey(district, codes=lookups(academic_year={external: "2026-27"}))
    assert found.reference["year"] == year


@pytest.mark.parametrize(
    ("entries", "offered", "code"),
    [
        ({"2025-2026": "2025-26"}, ["2026-2027"], "academic_year_unmapped"),
        ({"this year": "2026-27"}, ["2026-2027"], "academic_year_unmapped"),
        ({"2027-2028": "2026-27"}, ["2026-2027"], "academic_year_not_available"),
        ({"2024-2025": "2026-27"}, None, "academic_year_not_available"),
    ],
)
def test_a_year_that_aeries_would_silently_replace(entries: Any, offered: Any, code: str) -> None:
    district = District()
    district.years = offered
    with pytest.raises(NeedsAttention) as caught:
        survey(district, codes=lookups(academic_year=entries))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("area", "reply", "code"),
    [
        ("systeminfo", 401, "credentials_rejected"),
        ("systeminfo", 404, "endpoint_wrong"),
        ("systeminfo", b"<!DOCTYPE html>", "endpoint_not_json"),
        ("systeminfo", 302, "endpoint_redirects"),
        ("schools", 401, "credentials_rejected"),
        ("students", 401, "permission_missing"),
        ("contacts", 401, "permission_missing"),
        ("staff", 401, "permission_missing"),
        ("schools", [{"SchoolCode": 1}], "no_school_mapped"),
        ("schools", [], "no_school_mapped"),
    ],
)
def test_survey_tells_what_needs_attention(area: str, reply: Any, code: str) -> None:
    with pytest.raises(NeedsAttention) as caught:
        survey(District(**{area: reply}))
    assert caught.value.code == code


def test_a_single_school_may_be_an_object() -> None:
    district = District(schools={"SchoolCode": 410, "Name": "Lakeview"})
    assert [p.building for p in survey(district, member_types=("student",)).parts] == ["LES"]


# ----------------------------------------------------------------------------------------------------- pages


def test_a_list_ends_with_an_empty_page() -> None:
    pages, sis = pull(District(size=3))
    assert [p.cursor for p in pages] == ["4", None]
    assert len(rows(pages)) == 3
    assert [(r.params["StartingRecord"], r.params["EndingRecord"]) for r in sis.requests] == [
        (1, 500),
        (4, 503),
    ]


def test_an_empty_school() -> None:
    pages, _ = pull(District(size=0))
    assert [(p.cursor, p.body) for p in pages] == [(None, b"[]")]


@pytest.mark.parametrize(
    "students", [PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE, 7 * PAGE_SIZE + 3]
)
@pytest.mark.parametrize("most", [10**9, 100, PAGE_SIZE])
@pytest.mark.parametrize("likely", [0, 1, PAGE_SIZE, 2 * PAGE_SIZE + 1, 9 * PAGE_SIZE])
def test_every_row_once(students: int, most: int, likely: int) -> None:
    """Also from a server that gives fewer rows than asked for, and whatever the last pull found."""
    pages, _ = pull(District(size=students, most=most), likely=likely)
    assert rows(pages) == [f"{1000 + i}-410-{i}" for i in range(1, students + 1)]
    assert [p.cursor is None for p in pages] == [False] * (len(pages) - 1) + [True]


def test_pages_resume_after_any_cursor() -> None:
    whole, _ = pull(District(size=2 * PAGE_SIZE + 7))
    for position, page in enumerate(whole[:-1], 1):
        assert rows(pull(District(size=2 * PAGE_SIZE + 7), page.cursor)[0]) == rows(whole[position:])


def test_a_small_school_costs_two_calls() -> None:
    assert len(pull(District(size=400))[1].requests) == 2


@pytest.mark.parametrize("moved", [0, -3, 3])
def test_nothing_is_asked_for_behind_the_end_that_is_likely(moved: int) -> None:
    """Guards: a district of twenty schools asked for fifty pages a night that are not there."""
    likely = 2 * PAGE_SIZE + 100
    _, sis = pull(District(size=likely + moved), likely=likely)
    assert sorted(int(r.params["StartingRecord"]) for r in sis.requests) == [
        1,
        PAGE_SIZE + 1,
        2 * PAGE_SIZE + 1,
        likely + moved + 1,
    ]


def test_a_server_that_ignores_positions() -> None:
    with pytest.raises(SourceContract) as caught:
        pull(lambda request: [{"StudentID": 1, "SchoolCode": 410, "StudentNumber": 1}])
    assert caught.value.code == "paging_loop"


def test_pages_without_end() -> None:
    with pytest.raises(SourceContract) as caught:
        pull(District(size=10**9, most=1))
    assert caught.value.code == "too_many_pages"
    assert len(pull(District(size=MAX_PAGES - 1, most=1))[0]) == MAX_PAGES


def test_a_page_that_is_longer_than_asked_for_loses_nobody() -> None:
    """A row that came twice in one page once pushed the next position one too far."""

    def reply(request: Request) -> Any:
        found = District(size=PAGE_SIZE + 50)(request)
        return [*found[:1], *found] if request.params["StartingRecord"] == 1 else found

    assert len(set(rows(pull(reply)[0]))) == PAGE_SIZE + 50


def test_contacts_and_staff_come_in_one_answer() -> None:
    sis = Sis(District())
    found = connector("aeries", sis)
    for stream, path in (("contacts", "/schools/410/contacts"), ("staff", "/staff")):
        (page,) = found.pages(part(stream), None)
        assert (page.cursor, sis.paths[-1]) == (None, PREFIX + path)
        assert sis.requests[-1].params == {"DatabaseYear": "2026"}


# ----------------------------------------------------------------------------------------------------- split


@pytest.mark.parametrize(
    ("stream", "row", "record_id", "people"),
    [
        ("students", {"StudentID": 8, "SchoolCode": "410 ", "StudentNumber": 5}, "8-410-5", ("student:8",)),
        ("staff", {"ID": 9}, "9", ("staff:9",)),
    ],
)
def test_split(stream: str, row: dict[str, Any], record_id: str, people: tuple[str, ...]) -> None:
    found = connector("aeries")
    for body in (encoded([row]), encoded(row)):
        (record,) = records_of(found, stream, Page(body=body, cursor=None))
        assert (record.id, record.people, bytes(record.raw)) == (record_id, people, encoded(row))


@pytest.mark.parametrize("stream", ["students", "contacts", "staff"])
@pytest.mark.parametrize(
    "body",
    [
        b'{"Message":"An error"}',
        b'"x"',
        b"5",
        b"[1]",
        b"[{}]",
        b'[{"StudentID":',
        b"[" * 100_000,
        b'[{"ID":null}]',
    ],
)
def test_split_refuses_other_shapes(stream: str, body: bytes) -> None:
    with pytest.raises(SourceContract) as caught:
        records_of(connector("aeries"), stream, Page(body=body, cursor=None))
    assert caught.value.code == "unexpected_shape"


@pytest.mark.parametrize("stream", ["students", "contacts", "staff"])
def test_nobody(stream: str) -> None:
    assert records_of(connector("aeries"), stream, Page(body=b"[]", cursor=None)) == []


@pytest.mark.parametrize(
    ("types", "streams"),
    [
        (("student", "staff", "contact"), ["students", "contacts", "staff"]),
        (("student",), ["students"]),
        (("contact",), ["contacts"]),
        (("staff",), ["staff"]),
    ],
)
def test_only_streams_that_are_wanted(types: Any, streams: list[str]) -> None:
    sis = Sis(District())
    found = connector("aeries", sis, member_types=types)
    assert [s.name for s in found.streams] == streams
    assert {p.stream for p in found.survey().parts} == set(streams)
