"""What every connector owes the engine, each as a check that raises ``AssertionError``.

A law looks only through the interface, and at what the sender was asked: so it judges any connector alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from rollcall.connectors.base import Connector, Page, Part, Record, Survey, records_of
from rollcall.connectors.mapping import ISSUES
from rollcall.domain.errors import SyncError
from rollcall.domain.person import encode_person
from rollcall.engine.issue_files import about
from tests.connectors.fault_table import SHEETS

TODAY = date(2026, 11, 22)


@dataclass
class Bench:
    """A connector before its simulator. ``connect`` makes it anew, as another slice of a run would; ``rules`` are the
    simulator's faults; ``urls`` is what was asked for; ``private`` is what no error may say, ``students``
    how many are active.
    """

    system: str
    connect: Callable[[], Connector]
    rules: Any
    urls: list[str] = field(default_factory=list)
    private: frozenset[str] = frozenset()
    students: int = 0


@dataclass
class Reading:
    """One pull: pages and records by part."""

    survey: Survey
    pages: list[tuple[Part, list[Page]]]
    records: list[tuple[Part, list[list[Record]]]]

    def ids(self, stream: str) -> set[str]:
        return {r.id for part, pages in self.records if part.stream == stream for page in pages for r in page}

    def by_person(self) -> Iterator[tuple[str, dict[str, list[bytes]]]]:
        found: dict[str, dict[str, dict[str, bytes]]] = {}
        for part, pages in self.records:
            for record in (r for page in pages for r in page):
                for key in record.people:
                    found.setdefault(key, {}).setdefault(part.stream, {})[record.id] = bytes(record.raw)
        for key, streams in sorted(found.items()):
            yield key, {stream: list(rows.values()) for stream, rows in streams.items()}


def read(connector: Connector) -> Reading:
    survey = connector.survey()
    found = Reading(survey, [], [])
    for part in survey.parts:
        stream = next(s for s in connector.streams if s.name == part.stream)
        subjects = sorted(found.ids(stream.per)) if stream.per else []
        pages = list(connector.pages(part, None, subjects))
        found.pages.append((part, pages))
        found.records.append((part, [records_of(connector, part.stream, page) for page in pages]))
    return found


def complete(bench: Bench) -> None:
    """Every active student is among the records, and no list says that it ends before its last page."""
    found = read(bench.connect())
    rows = [r for part, pages in found.records if part.stream == "students" for page in pages for r in page]
    assert len({key for r in rows for key in r.people if key.startswith("student:")}) >= bench.students
    for part, pages in found.pages:
        assert [page.cursor is None for page in pages] == [False] * (len(pages) - 1) + [True], part.label


def as_announced(bench: Bench) -> None:
    """Where a count is announced, so many records come; and where the SIS announces one, the connector passes it on."""
    found = read(bench.connect())
    counts = SHEETS[bench.system].counts
    for (part, pages), (_, records) in zip(found.pages, found.records, strict=True):
        announced = pages[-1].announced
        if part.stream == "students":
            assert (announced is not None) == (counts is not None), part.label
        if announced is not None:
            assert announced == len({r.id for page in records for r in page}), part.label


def repeatable(bench: Bench) -> None:
    """A second pull of an unchanged SIS brings the same pages in the same order."""
    first, second = read(bench.connect()), read(bench.connect())
    assert [[p.body for p in pages] for _, pages in first.pages] == [
        [p.body for p in pages] for _, pages in second.pages
    ]


def resumable(bench: Bench) -> None:
    """From the cursor of any page, a fresh connector reads exactly the records of the pages behind it."""
    whole = read(bench.connect())
    for (part, pages), (_, records) in zip(whole.pages, whole.records, strict=True):
        stream = next(s for s in bench.connect().streams if s.name == part.stream)
        subjects = sorted(whole.ids(stream.per)) if stream.per else []
        for at, page in enumerate(pages[:3]):
            if page.cursor is None:
                continue
            fresh = bench.connect()
            rest = [
                r.id
                for p in fresh.pages(part, page.cursor, subjects)
                for r in records_of(fresh, part.stream, p)
            ]
            behind = {r.id for page_ in records[at + 1 :] for r in page_}
            # A part that leaves out what it has sent already may send it again after a resume.
            known = {r.id for page_ in records[: at + 1] for r in page_} if part.proven else set()
            assert set(rest) - known == behind - known, f"{part.label} after page {at + 1}"


def unique(bench: Bench) -> None:
    """A record's id is its own within its stream: no two different records of a page share one."""
    for part, pages in read(bench.connect()).records:
        for page in pages:
            raws: dict[str, bytes] = {}
            for record in page:
                assert raws.setdefault(record.id, bytes(record.raw)) == bytes(record.raw), part.label


def pure(bench: Bench) -> None:
    """The same records give the same person: whatever their order, however often, and whichever object is asked."""
    found = read(bench.connect())
    one, other = bench.connect(), bench.connect()
    for key, records in found.by_person():
        turned = {stream: rows[::-1] for stream, rows in reversed(records.items())}
        first = _document(one, key, records, found.survey)
        assert first == _document(one, key, turned, found.survey), "the order of records must not matter"
        assert first == _document(one, key, records, found.survey), "a second time must not matter"
        assert first == _document(other, key, records, found.survey), "what was mapped before must not matter"


def still(bench: Bench) -> None:
    """Before the day that records name nothing else is made of them or said of them: till then nobody looks at them."""
    found, connector = read(bench.connect()), bench.connect()
    for key, records in found.by_person():
        document = _document(connector, key, records, found.survey)
        eve = (document[-1] or TODAY + timedelta(days=365)) - timedelta(days=1)
        for day in {TODAY + (eve - TODAY) // 2, eve}:
            assert _document(connector, key, records, found.survey, day) == document, f"{key} on {day}"


def to_the_point(bench: Bench) -> None:
    """An issue is one of the table, and about the person whose records they are: so it is known when it is mended."""
    found, connector = read(bench.connect()), bench.connect()
    for key, records in found.by_person():
        for issue in connector.map(key, records, found.survey, TODAY).issues:
            assert about(issue) == key, issue.code
            assert issue.code in ISSUES


def _document(
    connector: Connector, key: str, records: dict[str, list[bytes]], survey: Survey, today: date = TODAY
) -> Any:
    found = connector.map(key, records, survey, today)
    return (found.person and encode_person(found.person), found.household, found.issues, found.revisit_on)


def honest(bench: Bench, kind: str, code: set[str], **rule: Any) -> None:
    """A fault that stays ends the pull with an error of the table, never with what was received until then.

    Its text holds nobody's data; and no request, with its credentials, leaves for another host.
    """
    bench.rules.add(kind, SHEETS[bench.system].students, **rule)
    error = _refused(bench.connect())
    bench.rules.clear()
    assert error is not None, f"a pull that met {kind} looks complete"
    assert error.code in code, error.code
    assert not [value for value in bench.private if value in str(error)], "an error tells of somebody"
    at_home(bench)


def _refused(connector: Connector) -> SyncError | None:
    try:
        read(connector)
    except SyncError as error:
        return error
    return None


def at_home(bench: Bench) -> None:
    """Every request went to the SIS."""
    assert {urlsplit(url).hostname for url in bench.urls} == {"127.0.0.1"}


def fails_when_down(bench: Bench) -> None:
    honest(bench, "http_503", {"source_unavailable"}, after=3)


def fails_on_html(bench: Bench) -> None:
    honest(bench, "html_login", {"endpoint_not_json"}, after=2)


def fails_on_another_shape(bench: Bench) -> None:
    sheet = SHEETS[bench.system]
    bench.private = frozenset({*bench.private, "Quillfeather"})
    value = {"name": "Quillfeather"}
    honest(bench, "wrong_types", {"unexpected_shape"}, field=sheet.id_field, value=value, after=2)


def stays_at_home(bench: Bench) -> None:
    code = {"paging_foreign_host", "endpoint_redirects"}
    linked = bench.system == "oneroster"
    honest(bench, "foreign_links" if linked else "redirect", code, after=1)


def goes_on_after_a_short_page(bench: Bench) -> None:
    """A server may cut a page short, so that alone ends no list; where a count is announced it tells the difference."""
    bench.rules.add("drop_rows", SHEETS[bench.system].students, times=1, after=2)
    found = read(bench.connect())
    bench.rules.clear()
    whole = read(bench.connect())
    for (part, pages), (_, records) in zip(found.pages, found.records, strict=True):
        if part.stream == "students" and pages[-1].announced is None:
            assert {r.id for page in records for r in page} <= whole.ids("students")
    lost = whole.ids("students") - found.ids("students")
    counted = SHEETS[bench.system].counts is not None
    assert len(lost) <= (1 if counted else 0), "a short page has ended a list"


LAWS: tuple[Callable[[Bench], None], ...] = (
    complete,
    as_announced,
    repeatable,
    resumable,
    unique,
    pure,
    still,
    to_the_point,
    fails_when_down,
    fails_on_html,
    fails_on_another_shape,
    stays_at_home,
    goes_on_after_a_short_page,
)
