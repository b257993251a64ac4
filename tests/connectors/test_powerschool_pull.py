"""What is asked of PowerSchool, and how its answers become pages and records."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from rollcall.connectors.base import Page, Part, records_of
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import NeedsAttention, SourceContract
from tests.connectors.build import Sis, connector, encoded, lookups

CONTACT: dict[str, Any] = {"contactId": 651, "firstName": "Tamsin", "contactStudents": []}

# ----------------------------------------------------------------------------------------------------- split


def ids(stream: str, body: bytes) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (r.id, r.people) for r in records_of(connector("powerschool"), stream, Page(body=body, cursor=None))
    ]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"students":{"@expansions":"a","student":[{"id":1},{"id":"2"}]}}', ["1", "2"]),
        (b'{"students":{"student":{"id":1}}}', ["1"]),
        (b'{"students":{"@expansions":"a"}}', []),
        (b'{"students":{"student":""}}', []),
        (b'{"students":""}', []),
        (b'{"students":null}', []),
    ],
)
def test_split_students(body: bytes, found: list[str]) -> None:
    assert ids("students", body) == [(i, (f"student:{i}",)) for i in found]


@pytest.mark.parametrize(
    "body",
    [
        b'{"staffs":{"@expansions":"a","staff":[{"id":8,"users_dcid":3}]}}',
        b'{"staffs":{"staff":{"id":8,"users_dcid":3}}}',
        b'{"staff":[{"id":8,"users_dcid":3}]}',
        b'{"staff":{"staff":[{"id":8,"users_dcid":3}]}}',
        b'{"staff":{"id":8,"users_dcid":3}}',
        b'{"school_staff":{"staff":[{"id":8,"users_dcid":3}]},"@extensions":""}',
    ],
)
def test_split_staff_in_any_wrapper(body: bytes) -> None:
    assert ids("staff", body) == [("8", ("staff:3",))]


@pytest.mark.parametrize(
    ("stream", "body"),
    [
        ("students", b"[]"), ("students", b"{}"), ("students", b'{"message":"no"}'), ("students", b'{"students":[]}'),
        ("students", b'{"students":{"student":[{"x":1}]}}'), ("students", b'{"students":{"student":[[]]}}'),
        ("students", b'{"students":{"student":[{"id":" "}]}}'), ("students", b'{"students":"gone"}'),
        ("students", b'{"students":{"student":' + b"[" * 100_000), ("students", b""),
        ("staff", b'{"staffs":{"staff":[{"id":8}]}}'), ("staff", b'{"error":{"message":"x"}}'),
        ("contacts", b'{"message":"no"}'), ("contacts", b'"x"'),
    ],
)  # fmt: skip
def test_split_refuses_other_shapes(stream: str, body: bytes) -> None:
    with pytest.raises(SourceContract) as caught:
        records_of(connector("powerschool"), stream, Page(body=body, cursor=None, subject="1"))
    assert caught.value.code == "unexpected_shape"


@pytest.mark.parametrize("body", [b"", b"[]", b" "])
def test_no_contacts_is_a_record_of_the_student_alone(body: bytes) -> None:
    (record,) = records_of(connector("powerschool"), "contacts", Page(body=body, cursor=None, subject="5011"))
    assert (record.id, record.people, bytes(record.raw)) == (
        "5011",
        ("student:5011",),
        b'{"student":"5011","contacts":[]}',
    )


def test_a_contacts_answer_speaks_of_everybody_in_it() -> None:
    page = Page(body=encoded([{**CONTACT, "contactId": 9}, CONTACT]), cursor=None, subject="5011")
    (record,) = records_of(connector("powerschool"), "contacts", page)
    assert record.people == ("student:5011", "contact:651", "contact:9")
    assert bytes(record.raw) == b'{"student":"5011","contacts":' + page.body + b"}"


# ---------------------------------------------------------------------------------------------------- asking


class District:
    """A PowerSchool server with ``students`` by school DCID."""

    def __init__(self, **fields: Any) -> None:
        self.students = {"53": [5000 + i for i in range(5)], "54": [6000]}
        self.schools: Any = [
            {"id": 53, "name": "Lakeview Middle", "school_number": 101},
            {"id": 54, "name": "Lakeview High", "school_number": 102},
            {"id": 55, "name": "Annex", "school_number": 103},
            {"id": 50, "name": "District Office", "school_number": 0},
            {"id": 59, "name": "Graduated", "school_number": 999999},
        ]
        self.metadata: dict[str, Any] = {"student_max_page_size": "2", "staff_max_page_size": 100}
        self.announced: int | None = None
        self.replies: dict[str, Any] = {}
        self.__dict__.update(fields)

    def __call__(self, request: Request) -> Any:
        parts = request.path.strip("/").split("/")
        if request.path in self.replies:
            return self.replies[request.path]
        if request.path == "/oauth/access_token/":
            return {"access_token": "t", "expires_in": "2592000", "token_type": "Bearer"}
        if request.path == "/ws/v1/metadata":
            return {"metadata": self.metadata}
        if request.path == "/ws/v1/district/school":
            return {"schools": {"school": self.schools}}
        if parts[1] == "contacts":
            return 204
        rows = self.students[parts[3]] if parts[4] == "student" else [812]
        if parts[-1] == "count":
            return {"resource": {"count": len(rows) if self.announced is None else self.announced}}
        size, page = int(request.params["pagesize"]), int(request.params["page"])
        found: Any = [{"id": i, "users_dcid": i} for i in rows[(page - 1) * size : page * size]]
        wrapper = {} if not found else {parts[4]: found if len(found) > 1 else found[0]}
        return {parts[4] + "s": {"@expansions": "", **wrapper}}


def pulled(district: Any, cursor: str | None = None, **params: Any) -> list[Page]:
    part = Part(stream="students", label="x", params={"school": "53", "page_size": 2, **params})
    return list(connector("powerschool", Sis(district)).pages(part, cursor))


def test_survey_lists_a_part_for_each_mapped_school() -> None:
    sis = Sis(District())
    found = connector("powerschool", sis).survey()
    assert [(p.stream, p.label, p.params, p.building) for p in found.parts] == [
        ("students", "students of school 101", {"school": "53", "page_size": 2}, "LMS"),
        ("students", "students of school 102", {"school": "54", "page_size": 2}, "LHS"),
        ("staff", "staff of school 101", {"school": "53", "page_size": 100}, "LMS"),
        ("staff", "staff of school 102", {"school": "54", "page_size": 100}, "LHS"),
        ("contacts", "contacts", {}, None),
    ]
    assert found.reference == {"schools": {"53": "101", "54": "102", "55": "103"}}
    (issue,) = found.issues
    assert (issue.code, issue.severity, issue.value) == ("school_not_mapped", "warning", "103")
    assert "Annex" in issue.message
    assert "/ws/contacts/student/5000" in sis.paths


@pytest.mark.parametrize(
    "schools", [{"id": 53, "school_number": 101}, [{"id": "53", "school_number": "101"}]]
)
def test_one_school_is_an_object(schools: Any) -> None:
    found = connector("powerschool", Sis(District(schools=schools)), member_types=("student",)).survey()
    assert [p.building for p in found.parts] == ["LMS"]


def test_metadata_without_maxima_means_a_hundred() -> None:
    found = connector("powerschool", Sis(District(metadata={})), member_types=("student",)).survey()
    assert found.parts[0].params["page_size"] == 100


def test_a_building_mapping_without_any_school() -> None:
    codes = lookups(building={"900": "X"})
    with pytest.raises(NeedsAttention) as caught:
        connector("powerschool", Sis(District()), codes=codes).survey()
    assert caught.value.code == "no_school_mapped"
    assert "101, 102, 103" in caught.value.message


@pytest.mark.parametrize(
    ("path", "reply", "code"),
    [
        ("/oauth/access_token/", 401, "credentials_rejected"),
        ("/oauth/access_token/", 404, "endpoint_wrong"),
        ("/ws/v1/metadata", 401, "credentials_rejected"),
        ("/ws/v1/metadata", b"<html>", "endpoint_not_json"),
        ("/ws/v1/district/school", 403, "permission_missing"),
        ("/ws/v1/school/53/student/count", 403, "permission_missing"),
        ("/ws/v1/school/53/staff/count", 403, "permission_missing"),
        ("/ws/contacts/student/5000", 403, "permission_missing"),
        ("/ws/v1/metadata", Answer(302, {"location": "https://else.example/"}, b""), "endpoint_redirects"),
    ],
)
def test_survey_tells_what_needs_attention(path: str, reply: Any, code: str) -> None:
    with pytest.raises(NeedsAttention) as caught:
        connector("powerschool", Sis(District(replies={path: reply}))).survey()
    assert caught.value.code == code


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"metadata":5}', b'{"metadata":{"student_max_page_size":[]}}']
)
def test_survey_refuses_other_shapes(body: bytes) -> None:
    with pytest.raises(SourceContract):
        connector("powerschool", Sis(District(replies={"/ws/v1/metadata": body}))).survey()


def test_only_active_students_are_asked_for() -> None:
    sis = Sis(District())
    part = Part(stream="students", label="x", params={"school": "53", "page_size": 2})
    list(connector("powerschool", sis).pages(part, None))
    asked = [r for r in sis.requests if urlsplit(r.path).path.startswith("/ws/v1/school/53/student")]
    assert {r.params["q"] for r in asked} == {"school_enrollment.enroll_status==A"}
    assert {r.headers["Accept"] for r in asked} == {"application/json"}
    assert "alerts" not in str(asked[1].params["expansions"])


def test_pages_up_to_the_count() -> None:
    pages = pulled(District())
    assert [(p.cursor, p.announced) for p in pages] == [("2/5", 5), ("3/5", 5), (None, 5)]


def test_pages_resume_after_a_cursor() -> None:
    whole = pulled(District())
    assert pulled(District(), cursor="2/5") == whole[1:]
    assert pulled(District(), cursor="3/5") == whole[2:]


def test_an_empty_school_is_one_empty_page() -> None:
    (page,) = pulled(District(students={"53": []}))
    assert (page.cursor, page.announced, ids("students", page.body)) == (None, 0, [])


def test_a_page_that_exactly_fills_the_last_one() -> None:
    assert [p.cursor for p in pulled(District(students={"53": [1, 2, 3, 4]}))] == ["2/4", None]


def test_rows_beyond_the_count_are_seen() -> None:
    """Somebody enrolled between the count and the pages and pushed the last row to a page of its own."""
    pages = pulled(District(students={"53": [1, 2, 3, 4, 5]}, announced=4))
    assert [p.cursor for p in pages] == ["2/4", "3/4", None]
    assert sum(len(ids("students", p.body)) for p in pages) == 5
    assert pulled(District(students={"53": [1, 2, 3, 4, 5]}), cursor="3/4") == pages[2:]


def test_a_server_that_answers_beyond_the_end_with_the_last_page() -> None:
    def reply(request: Request) -> Any:
        if "page" in request.params:
            request = Request(path=request.path, template="", params={**request.params, "page": 1})
        return District(students={"53": [1, 2]})(request)

    assert [p.cursor for p in pulled(reply)] == [None]


def test_the_same_page_twice_is_a_loop() -> None:
    def reply(request: Request) -> Any:
        if "page" in request.params:
            request = Request(path=request.path, template="", params={**request.params, "page": 1})
        return District()(request)

    with pytest.raises(SourceContract) as caught:
        pulled(reply)
    assert caught.value.code == "paging_loop"


@pytest.mark.parametrize(
    ("count", "code"),
    [(10**9, "too_many_pages"), (-1, "unexpected_shape"), ("many", "unexpected_shape")],
)
def test_absurd_counts(count: Any, code: str) -> None:
    with pytest.raises(SourceContract) as caught:
        pulled(District(announced=count))
    assert caught.value.code == code


def test_contacts_are_asked_for_one_by_one() -> None:
    def reply(request: Request) -> Any:
        return District()(request) if request.path != "/ws/contacts/student/2" else [CONTACT]

    part = Part(stream="contacts", label="contacts")
    found = connector("powerschool", Sis(reply))
    pages = list(found.pages(part, None, ["1", "2", "3"]))
    assert [(p.subject, p.cursor) for p in pages] == [("1", "1"), ("2", "2"), ("3", None)]
    assert [p.body for p in pages] == [b"", encoded([CONTACT]), b""]
    assert list(found.pages(part, "1", ["1", "2", "3"])) == pages[1:]
    assert list(found.pages(part, None, [])) == []


def test_a_subject_cannot_leave_its_path() -> None:
    sis = Sis(District())
    list(connector("powerschool", sis).pages(Part(stream="contacts", label="c"), None, ["../../x?y"]))
    assert sis.paths[-1] == "/ws/contacts/student/..%2F..%2Fx%3Fy"
