"""What is asked of Aeries' change feed, and whom the connector then asks for."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import pytest

from rollcall.connectors.aeries.changes import marker
from rollcall.connectors.base import records_of
from rollcall.connectors.wire import Request
from rollcall.domain.errors import SourceTransient
from tests.connectors.build import Sis, connector
from tests.connectors.test_aeries_pull import PREFIX, District

SINCE = "2026/11/01/22/50"
ON = {"use_change_feed": True}


class Known:
    """A last pull of thirty students at school 410 and one of them at 420 as well, each with a contact."""

    marker = SINCE
    rows = (*(f"{n}-410-{n}" for n in range(1000, 1030)), "1003-420-7")

    def count(self, stream: str) -> int:
        return len(self.rows)

    def records(self, stream: str, people: Set[str]) -> list[str]:
        assert stream == "students"
        return [i for i in self.rows if f"student:{i.split('-')[0]}" in people]


class Feed(District):
    """``named``: what the feed says, by area."""

    def __init__(self, **named: Any) -> None:
        super().__init__()
        self.named = named

    def __call__(self, request: Request) -> Any:
        path = request.path.removeprefix(PREFIX)
        if path.startswith("/StudentDataChanges/"):
            return self.named.get(path.split("/")[2], [])
        if path == "/systeminfo":
            return {**super().__call__(request), "CurrentDateTime": "2026-11-02T03:00:38.95-08:00"}
        if "/students/" in path:
            _, _, school, _, student = path.split("/")
            return [{"StudentID": int(student), "SchoolCode": int(school), "StudentNumber": 7}]
        return super().__call__(request)


def key(student: int, school: int) -> dict[str, int]:
    return {"StudentID": student, "SchoolCode": school, "StudentNumber": 1}


def survey(feed: Feed, **settings: Any) -> tuple[Any, Sis]:
    sis = Sis(feed)
    return connector("aeries", sis, **{**ON, **settings}).survey(Known()), sis


def asked(found: Any) -> dict[str, list[tuple[str, ...]]]:
    return {p.stream: [tuple(stay) for stay in p.params.get("stays", ())] for p in found.parts}


@pytest.mark.parametrize(
    ("clock", "since"),
    [
        ("2026-02-03T11:13:38.95-08:00", "2026/02/03/10/03"),
        ("2026-11-02T00:05:00-08:00", "2026/11/01/22/55"),
        ("2026-11-02T00:05:00", "2026/11/01/22/55"),
        ("0001-01-01T00:00:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_the_marker_is_the_servers_wall_clock_less_an_overlap(clock: Any, since: str | None) -> None:
    assert marker(clock) == since


def test_a_change_in_the_hour_that_comes_twice_is_not_missed() -> None:
    """Guards: at 1:55 before the clocks go back we survey; the change of 1:05 after it looks fifty minutes older."""
    before = marker("2026-11-01T01:55:00-07:00")
    assert before is not None
    assert before < "2026/11/01/01/05"


def test_nothing_changed_asks_for_staff_alone() -> None:
    found, sis = survey(Feed())
    assert [p.stream for p in found.parts] == ["staff"]
    assert (found.delta.people, found.delta.streams) == ([], ("students", "contacts"))
    assert found.marker == "2026/11/02/01/50"
    assert sis.paths == [
        PREFIX + path
        for path in (
            "/systeminfo",
            "/schools",
            f"/StudentDataChanges/student/{SINCE}",
            f"/StudentDataChanges/enrollment/{SINCE}",
            f"/StudentDataChanges/contact/{SINCE}",
        )
    ]
    assert {r.params["DatabaseYear"] for r in sis.requests[1:]} == {"2026"}
    assert not any(SINCE in r.template for r in sis.requests), "one template for each area, whatever the time"


def test_who_changed_is_asked_for_where_they_are_and_where_they_were() -> None:
    """Guards: a student who moved keeping the enrollment of the school that the feed did not name."""
    found, _ = survey(Feed(student=[key(1003, 410), key(1001, 420)]))
    assert asked(found) == {
        "students": [("1001", "410"), ("1001", "420"), ("1003", "410"), ("1003", "420")],
        "contacts": [("1001", "410"), ("1003", "410")],
        "staff": [],
    }


def test_every_area_that_matters_counts_and_nobody_twice() -> None:
    found, _ = survey(Feed(student=[key(1001, 410)], contact=[key(1001, 410)], enrollment=[key(1002, 410)]))
    assert asked(found)["students"] == [("1001", "410"), ("1002", "410")]
    assert found.delta.people == ["student:1001", "student:1002"]


def test_a_holding_school_is_not_asked_but_the_school_that_was_left_is() -> None:
    found, _ = survey(Feed(enrollment=[key(1001, 999), key(55, 999)]))
    assert asked(found)["students"] == [("1001", "410")]
    assert found.delta.people == ["student:1001"]


@pytest.mark.parametrize("count", [6, 7])
def test_too_many_changes_are_read_in_whole_lists(count: int) -> None:
    """A fifth of 31 rows is six."""
    found, _ = survey(Feed(student=[key(1004 + n, 410) for n in range(count)]))
    assert (found.delta is None) == (count > 6)
    assert (found.marker, len(found.parts)) == ("2026/11/02/01/50", 5 if count > 6 else 3)


@pytest.mark.parametrize("area", ["student", "enrollment", "contact"])
@pytest.mark.parametrize(
    "reply",
    [
        401,
        403,
        404,
        400,
        501,
        503,
        b"<!DOCTYPE html>",
        {"Message": "No"},
        SourceTransient("source_timeout", "Slow."),
    ],
    ids=str,
)
def test_without_a_feed_everybody_is_read(area: str, reply: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Guards: a certificate without the feed's permission, or a district that has it off, never syncing again."""
    caplog.set_level("INFO")
    found, _ = survey(Feed(**{area: reply}))
    assert found.delta is None
    assert len(found.parts) == 5
    assert [r.message for r in caplog.records if r.name.endswith("connector")] == ["change feed not used"]


@pytest.mark.parametrize("settings", [{"use_change_feed": False}, {"member_types": ("staff",)}])
def test_the_feed_is_asked_only_where_it_is_of_use(settings: dict[str, Any]) -> None:
    found, sis = survey(Feed(), **settings)
    assert found.delta is None
    assert not any("DataChanges" in path for path in sis.paths)


def test_contacts_that_are_not_read_are_no_area() -> None:
    found, sis = survey(Feed(student=[key(1001, 410)]), member_types=("student",))
    assert found.delta.streams == ("students",)
    assert not any("contact" in path.lower() for path in sis.paths)


def test_one_page_for_each_stay_from_any_cursor() -> None:
    found, sis = survey(Feed(student=[key(1001, 410), key(1002, 410)]))
    students, contacts, _ = found.parts
    aeries = connector("aeries", sis, **ON)
    pages = list(aeries.pages(students, None))
    assert [(p.subject, p.cursor) for p in pages] == [("1001", "1"), ("1002", None)]
    assert [r.id for p in pages for r in records_of(aeries, "students", p)] == ["1001-410-7", "1002-410-7"]
    assert list(aeries.pages(students, "1")) == pages[1:]
    assert [p.body for p in aeries.pages(contacts, None)] == [b"[]", b"[]"]
    assert sorted(sis.paths[-2:]) == [f"{PREFIX}/schools/410/contacts/{n}" for n in (1001, 1002)]
    assert sis.requests[-1].template == f"{PREFIX}/schools/{{code}}/contacts/{{id}}"


def test_a_student_who_is_not_there_may_be_a_404() -> None:
    class Gone(Feed):
        def __call__(self, request: Request) -> Any:
            return 404 if "/students/" in request.path else super().__call__(request)

    found, _ = survey(Gone(student=[key(1001, 410)]))
    (page,) = connector("aeries", Sis(Gone()), **ON).pages(found.parts[0], None)
    assert (page.body, page.cursor) == (b"[]", None)
