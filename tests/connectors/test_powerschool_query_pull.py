"""What is asked of PowerQueries, and how their answers become pages and records."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rollcall.connectors.base import Page, Part, records_of
from rollcall.connectors.powerschool_query.queries import STREAMS
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import NeedsAttention, SourceContract, SyncError
from tests.connectors.build import Sis, connector, encoded, lookups

PREFIX = "/ws/schema/query/org.rollcall.sync."
ROSTER = PREFIX + "students.roster"

# ----------------------------------------------------------------------------------------------------- split


def ids(stream: str, body: bytes) -> list[tuple[str, tuple[str, ...]]]:
    found = records_of(connector("powerschool_query"), stream, Page(body=body, cursor=None))
    return [(r.id, r.people) for r in found]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"name":"STUDENTS","record":[{"_name":"students","_id":1,"student_dcid":"1"}],"@extensions":""}', ["1"]),
        (b'{"record":[{"student_dcid":"1"},{"student_dcid":2}]}', ["1", "2"]),
        (b'{"name":"students","record":[{"id":1,"name":"students","tables":{"students":{"student_dcid":"1"},'
         b'"emailaddress":{"email":"x"}}}],"@extensions":"s_stu_x"}', ["1"]),
        (b'{"@extensions":""}', []), (b'{"name":"students","@extensions":""}', []), (b'{"count":0}', []),
        (b'{"record":[]}', []), (b'{"record":null}', []), (b"{}", []),
    ],
)  # fmt: skip
def test_split_students(body: bytes, found: list[str]) -> None:
    assert ids("students", body) == [(i, (f"student:{i}",)) for i in found]


@pytest.mark.parametrize(
    ("stream", "row", "found"),
    [
        ("races", {"race_id": "9", "student_dcid": "1"}, ("9", ("student:1",))),
        ("contacts", {"detail_id": "7", "student_dcid": "1", "person_id": "2"}, ("7", ("student:1", "contact:2"))),
        ("phones", {"association_id": "4", "phone_id": "5", "student_dcid": "1", "person_id": "2"},
         ("4-5", ("student:1", "contact:2"))),
        ("addresses", {"address_id": "6", "person_id": "2"}, ("6", ("contact:2",))),
        ("staff", {"staff_dcid": "812", "users_dcid": "377"}, ("812", ("staff:377",))),
    ],
)  # fmt: skip
def test_every_row_names_everybody_it_speaks_of(stream: str, row: Any, found: Any) -> None:
    assert ids(stream, encoded({"record": [row]})) == [found]


@pytest.mark.parametrize(
    "body",
    [
        b"[]", b"", b'"x"', b'{"message":"no"}', b'{"data":{"record":[]}}', b'{"record":"gone"}', b'{"record":[[]]}',
        b'{"record":[{"x":"1"}]}', b'{"record":[{"student_dcid":" "}]}', b'{"record":[{"student_dcid":[1]}]}',
        b'{"record":[{"tables":{"students":{}}}]}', b'{"record":[{"tables":{"students":{"student_dcid":[1]}}}]}',
        b'{"record":' + b"[" * 100_000,
    ],
)  # fmt: skip
def test_split_refuses_other_shapes(body: bytes) -> None:
    with pytest.raises(SourceContract) as caught:
        ids("students", body)
    assert caught.value.code == "unexpected_shape"


def test_both_shapes_hold_the_same_columns() -> None:
    flat = {
        "_name": "students",
        "_id": 1,
        "student_dcid": "1",
        "first_name": "Noor",
        "email": "n@example.org",
    }
    nested = {
        "id": 1,
        "name": "students",
        "tables": {
            "students": {"student_dcid": "1", "first_name": "Noor"},
            "emailaddress": {"email": "n@example.org"},
        },
    }
    found = connector("powerschool_query")
    (one,) = records_of(found, "students", Page(body=encoded({"record": [flat]}), cursor=None))
    (two,) = records_of(found, "students", Page(body=encoded({"record": [nested]}), cursor=None))
    assert {k: v for k, v in json.loads(bytes(one.raw)).items() if k[0] != "_"} == json.loads(bytes(two.raw))


# ---------------------------------------------------------------------------------------------------- asking


class District:
    """A PowerSchool server with the plugin; ``students`` by school number."""

    def __init__(self, **fields: Any) -> None:
        self.students = {"101": [5000 + i for i in range(5)], "102": [6000]}
        self.schools = [("101", "Lakeview Middle"), ("102", "Lakeview High"), ("103", "Annex")]
        self.schools += [("0", "District Office"), ("999999", "Graduated")]
        self.metadata: dict[str, Any] = {
            "schema_table_query_max_page_size": "2",
            "student_max_page_size": 100,
        }
        self.announced: Any = None
        self.replies: dict[str, Any] = {}
        self.__dict__.update(fields)

    def __call__(self, request: Request) -> Any:
        if request.path in self.replies:
            return self.replies[request.path]
        if request.path == "/oauth/access_token/":
            return {"access_token": "t", "expires_in": "2592000", "token_type": "Bearer"}
        if request.path == "/ws/v1/metadata":
            return {"metadata": self.metadata}
        assert request.method == "POST"
        assert request.headers["Content-Type"] == "application/json"
        arguments = json.loads(request.body or b"")
        rows: list[Any] = []
        if request.path.startswith(PREFIX + "schools.list"):
            assert arguments == {}
            rows = [{"school_number": number, "name": name} for number, name in self.schools]
        elif request.path.startswith(ROSTER):
            rows = [{"student_dcid": str(i)} for i in self.students[arguments["school"]]]
        if request.path.endswith("/count"):
            return {"count": len(rows) if self.announced is None else self.announced}
        size, page = int(request.params["pagesize"]), int(request.params["page"])
        shown = rows[(page - 1) * size : page * size]
        return {"name": "X", "record": shown, "@extensions": ""} if shown else {"@extensions": ""}


def pulled(district: Any, cursor: str | None = None) -> list[Page]:
    part = Part(stream="students", label="x", params={"school": "101", "page_size": 2})
    return list(connector("powerschool_query", Sis(district)).pages(part, cursor))


def test_survey_lists_a_part_for_each_mapped_school() -> None:
    sis = Sis(District())
    found = connector("powerschool_query", sis, member_types=("student", "staff")).survey()
    assert [(p.stream, p.label, p.params, p.building) for p in found.parts] == [
        ("students", "students of school 101", {"school": "101", "page_size": 2}, "LMS"),
        ("students", "students of school 102", {"school": "102", "page_size": 2}, "LHS"),
        ("races", "races of school 101", {"school": "101", "page_size": 2}, "LMS"),
        ("races", "races of school 102", {"school": "102", "page_size": 2}, "LHS"),
        ("staff", "staff of school 101", {"school": "101", "page_size": 2}, "LMS"),
        ("staff", "staff of school 102", {"school": "102", "page_size": 2}, "LHS"),
    ]
    (issue,) = found.issues
    assert (issue.code, issue.severity, issue.value) == ("school_not_mapped", "warning", "103")
    assert "Annex" in issue.message


@pytest.mark.parametrize(
    ("types", "family", "streams"),
    [
        (
            ("student", "staff", "contact"),
            (),
            {"students", "races", "contacts", "phones", "addresses", "staff"},
        ),
        (("student",), (), {"students", "races"}),
        (("student",), ("household_home_address",), {"students", "races"}),
        (("student",), ("hoh_last_name",), {"students", "races", "contacts", "phones"}),
        (("contact",), (), {"contacts", "phones", "addresses"}),
        (("staff",), ("hoh_last_name",), {"staff"}),
    ],
)
def test_only_what_is_needed_is_read(types: Any, family: Any, streams: set[str]) -> None:
    found = connector("powerschool_query", Sis(District()), member_types=types, family_identifier=family)
    assert {s.name for s in found.streams} == streams
    assert {p.stream for p in found.survey().parts} == streams
    assert all(s.per is None for s in found.streams), "nothing is asked for one student at a time"


def test_metadata_without_a_maximum_means_a_hundred() -> None:
    found = connector("powerschool_query", Sis(District(metadata={}))).survey()
    assert found.parts[0].params["page_size"] == 100


def test_a_building_mapping_without_any_school() -> None:
    with pytest.raises(NeedsAttention) as caught:
        connector("powerschool_query", Sis(District()), codes=lookups(building={"9": "X"})).survey()
    assert caught.value.code == "no_school_mapped"


def refusal(*names: str, code: str = "No access to the field") -> Answer:
    errors = [{"resource": "q", "field": name, "code": code} for name in names]
    return Answer(400, {}, encoded({"message": "Validation Failed", "errors": errors}))


@pytest.mark.parametrize(
    ("path", "reply", "code"),
    [
        ("/oauth/access_token/", 401, "credentials_rejected"),
        ("/ws/v1/metadata", 404, "endpoint_wrong"),
        ("/ws/v1/metadata", b"<html>", "endpoint_not_json"),
        (PREFIX + "schools.list/count", 404, "plugin_not_installed"),
        (PREFIX + "schools.list", Answer(404, {}, b"<html>"), "plugin_not_installed"),
        (ROSTER, Answer(404, {}, b'{"message":"Query not found"}'), "plugin_not_installed"),
        (PREFIX + "contacts.phones", 404, "plugin_not_installed"),
        (ROSTER, refusal("students.zip"), "field_not_granted"),
        (ROSTER, refusal("students.zip", code="Bad"), "request_refused"),
        (ROSTER, refusal("Noor Rivers"), "request_refused"),
        (ROSTER, Answer(400, {}, b""), "request_refused"),
        (ROSTER, Answer(400, {}, b"[" * 100_000), "request_refused"),
        (PREFIX + "staff.roster", 403, "permission_missing"),
        (PREFIX + "staff.roster", b"<html>", "endpoint_not_json"),
    ],
)  # fmt: skip
def test_survey_tells_what_needs_attention(path: str, reply: Any, code: str) -> None:
    with pytest.raises(SyncError) as caught:
        connector("powerschool_query", Sis(District(replies={path: reply}))).survey()
    assert caught.value.code == code
    assert "Rivers" not in caught.value.message


def test_a_refusal_names_the_fields() -> None:
    sis = Sis(District(replies={ROSTER: refusal("STUDENTS.ZIP", "students.dob", "students.dob", "x")}))
    with pytest.raises(NeedsAttention) as caught:
        connector("powerschool_query", sis).survey()
    assert "students.dob, students.zip." in caught.value.message


def test_every_query_is_tried_before_anything_is_pulled() -> None:
    sis = Sis(District())
    connector("powerschool_query", sis).survey()
    assert {f"/ws/schema/query/{query.name}" for query in STREAMS.values()} <= set(sis.paths)


def test_pages_up_to_the_count() -> None:
    pages = pulled(District())
    assert [(p.cursor, p.announced) for p in pages] == [("2/5", 5), ("3/5", 5), (None, 5)]
    assert pulled(District(), cursor="2/5") == pages[1:]


def test_an_empty_school_is_one_page_without_records() -> None:
    (page,) = pulled(District(students={"101": []}))
    assert (page.cursor, page.announced, ids("students", page.body)) == (None, 0, [])


def test_rows_beyond_the_count_are_seen() -> None:
    pages = pulled(District(students={"101": [1, 2, 3, 4, 5]}, announced=4))
    assert [p.cursor for p in pages] == ["2/4", "3/4", None]


@pytest.mark.parametrize(
    ("count", "code"), [(10**9, "too_many_pages"), (-1, "unexpected_shape"), ("many", "unexpected_shape")]
)
def test_absurd_counts(count: Any, code: str) -> None:
    with pytest.raises(SourceContract) as caught:
        pulled(District(announced=count))
    assert caught.value.code == code


@pytest.mark.parametrize("path", [ROSTER, ROSTER + "/count"])
@pytest.mark.parametrize(
    ("reply", "code"), [(404, "plugin_not_installed"), (refusal("students.dob"), "field_not_granted")]
)
def test_a_plugin_that_goes_away_in_the_middle(path: str, reply: Any, code: str) -> None:
    with pytest.raises(NeedsAttention) as caught:
        pulled(District(replies={path: reply}))
    assert caught.value.code == code
