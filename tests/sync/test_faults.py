"""Whatever a SIS does wrong, the run ends with a stable code and a sentence, and people stay exactly as they were."""

from __future__ import annotations

from typing import Any

import pytest

from local.inprocess import InProcess

STUDENTS = {
    "powerschool": r"/ws/v1/school/\d+/student(\?|$)",
    "powerschool_query": r"\.students\.roster(\?|$)",
    "aeries": r"/schools/\d+/students",
    "illuminate": "/Api/Students",
    "schooltool": r"/students/",
    "oneroster": r"/schools/[^/]+/students",
}
LIST_COUNT = r"/student/count"

FAULTS: list[tuple[str, str, str, dict[str, Any], str]] = [
    # system, kind of fault, path, parameters, code
    ("powerschool", "http_503", ".*", {}, "source_unavailable"),
    ("aeries", "http_503", ".*", {}, "source_unavailable"),
    ("powerschool", "http_500", STUDENTS["powerschool"], {}, "source_unavailable"),
    ("powerschool", "http_429", STUDENTS["powerschool"], {"retry_after": "absent"}, "rate_limited"),
    ("aeries", "http_429", STUDENTS["aeries"], {"retry_after": "absurd"}, "rate_limited"),
    ("powerschool", "reset", STUDENTS["powerschool"], {}, "source_interrupted"),
    ("powerschool", "html_login", STUDENTS["powerschool"], {}, "endpoint_not_json"),
    ("aeries", "html_login", ".*", {}, "endpoint_not_json"),
    ("powerschool", "redirect", ".*", {}, "endpoint_redirects"),
    ("powerschool", "http_401", "/ws/", {}, "credentials_rejected"),
    ("aeries", "http_401", "/systeminfo", {}, "credentials_rejected"),
    ("powerschool", "http_403", STUDENTS["powerschool"], {}, "permission_missing"),
    ("powerschool", "count_mismatch", LIST_COUNT, {"extra": 2}, "count_mismatch"),
    ("powerschool", "drop_rows", STUDENTS["powerschool"], {"rows": 1}, "count_mismatch"),
    ("powerschool", "empty_list", STUDENTS["powerschool"], {}, "count_mismatch"),
    ("aeries", "empty_list", STUDENTS["aeries"], {}, "empty_pull"),
    ("aeries", "looping_pages", STUDENTS["aeries"], {}, "paging_loop"),
    ("powerschool", "deep_json", STUDENTS["powerschool"], {}, "unexpected_shape"),
    ("aeries", "deep_json", STUDENTS["aeries"], {}, "unexpected_shape"),
    ("powerschool", "missing_wrapper", STUDENTS["powerschool"], {}, "unexpected_shape"),
    ("powerschool_query", "http_503", ".*", {}, "source_unavailable"),
    ("powerschool_query", "http_404", r"\.races", {}, "plugin_not_installed"),
    ("powerschool_query", "http_401", r"\.contacts\.details", {}, "credentials_rejected"),
    ("powerschool_query", "html_login", STUDENTS["powerschool_query"], {}, "endpoint_not_json"),
    ("powerschool_query", "count_mismatch", r"\.students\.roster/count", {"extra": 2}, "count_mismatch"),
    ("powerschool_query", "count_mismatch", r"\.contacts\.phones/count", {"extra": 2}, "count_mismatch"),
    ("powerschool_query", "drop_rows", r"\.students\.races\?", {"rows": 1}, "count_mismatch"),
    ("powerschool_query", "empty_list", STUDENTS["powerschool_query"], {}, "count_mismatch"),
    ("powerschool_query", "missing_wrapper", STUDENTS["powerschool_query"], {}, "unexpected_shape"),
    ("powerschool_query", "deep_json", STUDENTS["powerschool_query"], {}, "unexpected_shape"),
    ("illuminate", "http_503", ".*", {}, "source_unavailable"),
    ("illuminate", "http_429", STUDENTS["illuminate"], {"retry_after": "seconds"}, "rate_limited"),
    ("illuminate", "html_login", ".*", {}, "endpoint_not_json"),
    ("illuminate", "http_401", "/Api/Sites", {}, "credentials_rejected"),
    ("illuminate", "http_403", STUDENTS["illuminate"], {}, "permission_missing"),
    ("illuminate", "drop_rows", STUDENTS["illuminate"], {"rows": 1}, "count_mismatch"),
    ("illuminate", "drop_rows", "/Api/Enrollment", {"rows": 1}, "count_mismatch"),
    ("illuminate", "drop_rows", "/Api/Roster", {"rows": 1}, "count_mismatch"),
    ("illuminate", "empty_list", STUDENTS["illuminate"], {}, "count_mismatch"),
    ("illuminate", "deep_json", STUDENTS["illuminate"], {}, "unexpected_shape"),
    ("illuminate", "missing_wrapper", STUDENTS["illuminate"], {}, "unexpected_shape"),
    ("illuminate", "http_404", "/Api/Users", {}, "endpoint_wrong"),
    ("schooltool", "http_503", ".*", {}, "source_unavailable"),
    ("oneroster", "http_429", STUDENTS["oneroster"], {"retry_after": "absent"}, "rate_limited"),
    ("schooltool", "http_401", "/students/", {}, "credentials_rejected"),
    ("oneroster", "http_403", "/users", {}, "permission_missing"),
    ("schooltool", "http_403", "/students/", {}, "permission_missing"),
    ("schooltool", "html_login", ".*", {}, "endpoint_not_json"),
    ("oneroster", "redirect", ".*", {}, "endpoint_redirects"),
    ("oneroster", "drop_rows", STUDENTS["oneroster"], {"rows": 1}, "count_mismatch"),
    ("schooltool", "empty_list", "/students/", {}, "empty_pull"),
    ("oneroster", "empty_list", STUDENTS["oneroster"], {}, "count_mismatch"),
    ("schooltool", "deep_json", "/students/", {}, "unexpected_shape"),
    ("oneroster", "missing_wrapper", STUDENTS["oneroster"], {}, "unexpected_shape"),
]


@pytest.mark.parametrize(
    ("system", "kind", "path", "params", "code"), FAULTS, ids=lambda value: str(value)[:24]
)
def test_a_fault_fails_the_run_and_changes_nobody(
    system: str, kind: str, path: str, params: dict[str, Any], code: str
) -> None:
    town = InProcess(system, people=200)
    assert town.sync().state == "completed"
    before = dict(town.people.items)
    town.generated.change_some(10, seed=3)
    town.simulator.faults.add(kind, path, **params)
    run = town.sync()
    assert run.state == "failed", "a fault that goes unnoticed is the worst"
    assert run.error is not None
    assert run.error.code == code
    assert run.error.message.endswith(".")
    assert town.people.items == before
    town.simulator.faults.clear()
    run = town.sync()
    # SchoolTool does not show every change
    mended = {"schooltool": 7}.get(system, 10)
    assert (run.state, run.counts["student"]["update"]) == ("completed", mended), (
        "and the next night mends it"
    )


@pytest.mark.parametrize("system", STUDENTS)
def test_wrong_credentials_say_so(system: str) -> None:
    town = InProcess(system, people=100)
    town.simulator.credentials.update(dict.fromkeys(town.simulator.credentials, "wrong"))
    run = town.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "credentials_rejected")


@pytest.mark.parametrize("system", STUDENTS)
@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("http_500", {}),
        ("http_429", {"retry_after": "seconds"}),
        ("reset", {}),
        ("http_503", {"retry_after": "date"}),
    ],
)
def test_one_bad_answer_is_tried_again(system: str, kind: str, params: dict[str, Any]) -> None:
    town = InProcess(system, people=200)
    town.simulator.faults.add(kind, STUDENTS[system], times=1, **params)
    assert town.sync().state == "completed"


@pytest.mark.parametrize("system", ["powerschool", "powerschool_query"])
def test_a_token_that_dies_half_way_is_renewed(system: str) -> None:
    town = InProcess(system, people=200)
    town.simulator.faults.add("token_expired", STUDENTS[system], times=1, after=2)
    assert town.sync().state == "completed"
    assert town.sender.requests.count("/oauth/access_token/") == 2


@pytest.mark.parametrize("system", STUDENTS)
def test_one_record_of_the_wrong_kind_keeps_only_itself_out(system: str) -> None:
    town = InProcess(system, people=200)
    named = {
        "powerschool": "name",
        "aeries": "FirstName",
        "schooltool": "givenName",
        "oneroster": "givenName",
    }
    field = named.get(system, "first_name")
    town.simulator.faults.add("wrong_types", STUDENTS[system], field=field, value=[1, {"x": 2}], rows=1)
    run = town.sync()
    assert run.state == "completed", run.error
    assert 1 <= run.counts["student"]["reject"] <= 5, "one on each page"
    assert run.issue_codes["record_malformed"] == run.counts["student"]["reject"]


def test_aeries_never_answers_with_another_year() -> None:
    """Guards: Aeries silently answers with the current year, which would look like a healthy pull of other students."""
    town = InProcess("aeries", people=100)
    town.map_codes("academic_year", [("2019-2020", "2026-27")])
    run = town.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "academic_year_not_available")
    town.map_codes("academic_year", [("2026-2027", "1999-00")])
    assert town.sync().error.code == "academic_year_unmapped"  # type: ignore[union-attr]


def test_a_school_that_is_not_mapped_is_not_read_but_reported() -> None:
    town = InProcess("powerschool", people=300)
    codes = [(str(s.code), s.site_code) for s in town.generated.schools if not s.holding]
    town.map_codes("building", codes[1:])
    run = town.sync()
    assert run.state == "completed"
    assert run.issue_codes["school_not_mapped"] >= 1
    read = {e.school for p in town.persons().values() for e in p.enrollments}
    assert read
    assert read <= {site for _, site in codes[1:]}


def test_an_unmapped_grade_rejects_and_an_unmapped_gender_only_drops_the_value() -> None:
    town = InProcess("powerschool", people=300)
    town.map_codes("grade_level", [("3", "3"), ("4", "4")])
    town.map_codes("gender", [("F", "female")])
    run = town.sync()
    assert run.counts["student"]["reject"] == run.issue_codes["grade_level_unmapped"] > 0
    assert run.issue_codes["gender_unmapped"] > 0
    assert {p.grade for p in town.persons().values()} == {"3", "4"}
    assert {p.gender for p in town.persons().values()} <= {"female", None}


def test_an_endpoint_that_is_gone_one_night_fails_the_run() -> None:
    """Guards: contacts that cannot be read for a night being taken for contacts who have left."""
    town = InProcess("illuminate", people=200)
    assert town.sync().state == "completed"
    before = dict(town.people.items)
    town.simulator.faults.add("http_404", "/Api/Contacts")
    run = town.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "empty_pull")
    assert town.people.items == before
