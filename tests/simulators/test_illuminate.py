"""Each test is one statement of the Illuminate fact sheet: addresses, shapes, pages, school years."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import msgspec
import pytest
from oauthlib.oauth1 import Client

from simulators import illuminate
from simulators.control import Simulator
from simulators.district import District, generate
from simulators.illuminate import Options
from simulators.inprocess import call

HOST = "http://127.0.0.1"
Reply = tuple[int, dict[str, str], bytes]


class Signed:
    """Signs each request anew and calls one simulator in-process."""

    def __init__(self, app: Simulator, prefix: str = "/live/rest_server.php/Api") -> None:
        self.app = app
        self.prefix = prefix
        names = ("consumer_token", "consumer_secret", "user_token", "user_secret")
        self.client = Client(*(app.credentials[name] for name in names))

    def raw(self, path: str, query: str = "", method: str = "GET") -> Reply:
        path = f"{self.prefix}/{path}"
        _, headers, _ = self.client.sign(f"{HOST}{path}?{query}" if query else f"{HOST}{path}", method)
        return call(self.app, method, path, query, headers)

    def get(self, path: str, query: str = "") -> Any:
        status, _, body = self.raw(path, query)
        assert status == 200, (status, body)
        return msgspec.json.decode(body)

    def rows(self, name: str, query: str = "") -> list[dict[str, Any]]:
        """All results, page by page."""
        found: list[dict[str, Any]] = []
        page, pages = 1, 1
        while page <= pages:
            answer = self.get(f"{name}/", "&".join(filter(None, (query, f"limit=1000&page={page}"))))
            found += answer["results"]
            page, pages = page + 1, answer["num_pages"]
        return found


def signed(district: District, **switches: Any) -> Signed:
    return Signed(illuminate.create_app(district, Options(**switches)))


@pytest.fixture(scope="module")
def lamp(shared: District) -> Signed:
    return signed(shared)


def is_login_page(reply: Reply) -> bool:
    status, headers, body = reply
    return status == 200 and headers["content-type"].startswith("text/html") and b"password" in body


# §1 addresses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["Sites", "Sites/", "Students", "Students/"])
def test_a_trailing_slash_is_optional_and_never_redirects(lamp: Signed, path: str):
    assert lamp.raw(path)[0] == 200


@pytest.mark.parametrize("prefix", ["/live/api/v2", "/dna/rest_server.php/Api", "/live/rest_server.php", ""])
def test_a_wrong_path_is_the_login_page_with_200(lamp: Signed, prefix: str):
    assert is_login_page(Signed(lamp.app, prefix).raw("Sites/"))


def test_a_tenant_without_the_sis_is_under_dna(shared: District):
    app = illuminate.create_app(shared, Options(root_dir="dna"))
    assert app.base_path == "/dna"
    assert Signed(app, "/dna/rest_server.php/Api").raw("Sites/")[0] == 200
    assert is_login_page(Signed(app).raw("Sites/"))


def test_endpoints_are_pascal_case_and_read_only(lamp: Signed):
    assert lamp.raw("students/")[0] == 404
    assert lamp.raw("Students/", method="POST")[0] == 405


def test_a_missing_endpoint_is_404_or_the_login_page(shared: District):
    gone = frozenset({"Contacts"})
    status, _, body = signed(shared, missing=gone).raw("Contacts/")
    assert (status, msgspec.json.decode(body)) == (404, {"error": "Unknown endpoint Contacts"})
    assert is_login_page(signed(shared, missing=gone, missing_as="html").raw("Contacts/"))
    assert signed(shared, missing=gone).raw("Students/")[0] == 200


@pytest.mark.parametrize(("form", "kind"), [("json", b"{"), ("html", b"<"), ("empty", b"")])
def test_error_bodies_have_no_form_to_rely_on(shared: District, form: str, kind: bytes):
    status, _, body = signed(shared, error_body=form).raw("Nothing/")
    assert (status, body[:1]) == (404, kind)


# §3 shapes, pages, scalars ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "sites", "students"), [("documented", list, dict), ("array", list, list), ("paged", dict, dict)]
)
def test_both_result_shapes(shared: District, shape: str, sites: type, students: type):
    lamp = signed(shared, shape=shape)
    assert [type(lamp.get(name)) for name in ("Sites", "GradeLevels")] == [sites, sites]
    for name in (
        "Students",
        "Enrollment",
        "Users",
        "Roster",
        "Contacts",
        "Sessions",
        "Terms",
        "Codes",
        "Roles",
    ):
        assert type(lamp.get(name)) is students, name


def test_pages_count_from_one_and_results_count_all(lamp: Signed):
    first = lamp.get("Students/", "limit=200")
    total = first["num_results"]
    assert {key: type(first[key]) for key in ("page", "num_pages", "num_results")} == dict.fromkeys(
        ("page", "num_pages", "num_results"), int
    )
    assert first["num_pages"] == -(-total // 200)
    pages = [lamp.get("Students/", f"limit=200&page={n}") for n in range(1, first["num_pages"] + 1)]
    assert [page["page"] for page in pages] == list(range(1, len(pages) + 1))
    assert len({row["student_id"] for page in pages for row in page["results"]}) == total


def test_limit_has_a_default_and_a_ceiling(lamp: Signed, shared: District):
    assert len(lamp.get("Students/")["results"]) == 100
    assert len(lamp.get("Students/", "limit=5000")["results"]) == 1000
    assert len(signed(shared, default_limit=7, max_limit=9).get("Students/")["results"]) == 7
    assert len(signed(shared, default_limit=7, max_limit=9).get("Students/", "limit=10")["results"]) == 9


@pytest.mark.parametrize("query", ["page=0", "page=x&limit=", "limit=0&page=-1"])
def test_senseless_paging_is_the_first_page(lamp: Signed, query: str):
    assert lamp.get("Students/", query) == lamp.get("Students/")


def test_a_page_past_the_end_is_empty_or_404(lamp: Signed, shared: District):
    answer = lamp.get("Students/", "page=9999")
    assert (answer["page"], answer["results"]) == (9999, [])
    assert signed(shared, past_end="missing").raw("Students/", "page=9999")[0] == 404


@pytest.mark.parametrize("pages", [0, 1])
def test_without_results_there_are_no_pages_or_one(shared: District, pages: int):
    nobody = signed(shared, visible_sites=frozenset({"1"}), empty_num_pages=pages, past_end="missing")
    assert nobody.get("Students/") == {"page": 1, "num_pages": pages, "num_results": 0, "results": []}


def test_ids_are_numbers_and_codes_are_mixed(lamp: Signed):
    student, site = lamp.get("Students/")["results"][0], lamp.get("Sites/")[1]
    assert type(student["student_id"]) is int
    assert type(student["local_student_id"]) is str
    assert {type(site[name]) for name in ("site_id", "zip", "state_school_id")} == {int}
    assert {type(row["short_name"]) for row in lamp.get("GradeLevels/")} == {int, str}
    assert {type(row["state_id"]) for row in lamp.get("GradeLevels/")} == {int, str}


def test_everything_can_be_text_but_the_envelope(shared: District):
    answer = signed(shared, scalars="text").get("Contacts/")
    assert type(answer["num_results"]) is int
    row = answer["results"][0]
    assert type(row["student_id"]) is type(row["contact_id"]) is str
    assert row["resides_with"] is True
    assert row["phones"][0]["is_primary"] is True
    assert signed(shared, scalars="text").get("Sites/")[0]["site_id"] == "9999999"


def test_whatever_looks_like_a_number_can_be_one(shared: District):
    rows = signed(shared, scalars="numeric").rows("Students")
    assert {type(row["local_student_id"]) for row in rows} == {int}
    assert any(row["zip"] == 1234 for row in rows), "the leading zero is gone"
    assert {type(row["username"]) for row in rows} == {int, str}
    assert {type(row["first_name"]) for row in rows} == {str}


def test_unknown_parameters_are_ignored(lamp: Signed):
    plain = lamp.get("Users/")
    assert lamp.get("Users/", f"consumerKey={lamp.app.credentials['consumer_token']}&role=teacher") == plain


def test_changes_may_appear_late(district: District, monkeypatch: pytest.MonkeyPatch):
    late, prompt = signed(district, cache_seconds=7200), signed(district)
    student = next(s for s in district.students if s.active)

    def name(lamp: Signed) -> str:
        return next(row["last_name"] for row in lamp.rows("Students") if row["student_id"] == student.id)

    before = student.last
    assert name(late) == name(prompt) == before
    district.rename_student(student.id, last="Renamed")
    assert (name(late), name(prompt)) == (before, "Renamed")
    then = district.now()
    monkeypatch.setattr(district, "now", lambda: then.replace(hour=then.hour + 3))
    assert name(late) == "Renamed"


def test_a_user_sees_their_own_sites_only(shared: District):
    lamp = signed(shared, visible_sites=frozenset({"101", "104"}))
    assert [row["site_id"] for row in lamp.get("Sites")] == [101, 104]
    for name in ("Enrollment", "Roster", "Sessions"):
        assert {row["site_id"] for row in lamp.rows(name)} == {101, 104}, name
    everyone, some = signed(shared).rows("Students"), lamp.rows("Students")
    assert 0 < len(some) < len(everyone)
    assert {row["student_id"] for row in lamp.rows("Contacts")} <= {row["student_id"] for row in some}
    assert 0 < len(lamp.rows("Users")) < len(shared.staff)
    every_year = signed(shared, visible_sites=frozenset({"101"}), students_listed="all")
    assert len(every_year.rows("Students")) < len(some)


# §3 school years --------------------------------------------------------------------------------------------------


def test_a_school_year_is_the_year_it_ends_in(lamp: Signed):
    assert {row["academic_year"] for row in lamp.rows("Enrollment")} == {2027}
    assert {row["academic_year"] for row in lamp.rows("Enrollment", "date=2026-03-01")} == {2026}


def test_one_answer_is_one_year(lamp: Signed, shared: District):
    student = next(
        s for s in shared.students if s.active and s.entered_district.year < 2026 and s.home.grade == "4"
    )
    grades = {}
    for day in ("2026-03-01", "2026-11-22"):
        row = next(r for r in lamp.rows("Enrollment", f"start_date={day}") if r["student_id"] == student.id)
        grades[day] = row["grade_level_id"]
    assert grades == {"2026-03-01": 4, "2026-11-22": 5}


def test_last_year_holds_who_was_here(lamp: Signed, shared: District):
    rows = lamp.rows("Enrollment", "date=2026-03-01")
    here = {"active", "inactive", "transferred", "graduated"}
    assert {shared.student(row["student_id"]).status for row in rows} == here
    assert {(row["entry_date"], row["leave_date"]) for row in rows} == {("2025-08-18", "2026-06-05")}
    spans = {
        (row["start_date"], row["end_date"]) for row in lamp.rows("Sessions") if row["academic_year"] == 2026
    }
    assert ("2025-08-18", "2026-06-05") in spans


def test_next_year_needs_a_date(lamp: Signed, shared: District):
    planned = {s.id for s in shared.students if s.status == "preregistered"}
    assert planned
    assert not planned & {row["student_id"] for row in lamp.rows("Students")}
    assert {row["student_id"] for row in lamp.rows("Students", "date=2027-09-01")} == planned


@pytest.mark.parametrize(("outside", "year"), [("nearest", 2027), ("last", 2026)])
def test_in_summer_another_session_answers(outside: str, year: int):
    summer = generate(7, 300, today=date(2026, 8, 1))
    rows = signed(summer, out_of_session=outside).rows("Enrollment")
    assert {row["academic_year"] for row in rows} == {year}
    assert signed(summer, out_of_session=outside, students_listed="enrolled").rows("Students")


@pytest.mark.parametrize("query", ["date=11/22/2026", "start_date=2026-13-01", "end_date=soon"])
def test_dates_are_iso(lamp: Signed, query: str):
    assert lamp.raw("Students/", query)[0] == 400


def test_every_site_has_a_normal_and_a_summer_session_each_year(lamp: Signed, shared: District):
    rows = lamp.rows("Sessions")
    schools = [school for school in shared.schools if not school.holding]
    assert Counter((r["academic_year"], r["session_type"]) for r in rows) == dict.fromkeys(
        [(year, kind) for year in (2026, 2027, 2028) for kind in ("normal", "summer")], len(schools)
    )
    ids = {row["session_id"]: row["site_id"] for row in rows}
    assert all(ids[row["session_id"]] == row["site_id"] for row in lamp.rows("Enrollment"))
    assert {row["session_id"] for row in lamp.rows("Terms")} <= set(ids)
