"""Each test is one statement of the PowerSchool fact sheet."""

from __future__ import annotations

import base64
import math
from xml.etree import ElementTree as ET

import msgspec
import pytest

from simulators.district import District
from simulators.inprocess import call
from simulators.powerschool import Options, create_app
from simulators.powerschool.auth import TokenDesk
from tests.simulators.calls import Caller, basic, power_caller

STUDENTS = "/ws/v1/district/student"
FORM = b"grant_type=client_credentials"


# §1 token and access ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/oauth/access_token", "/oauth/access_token/"])
def test_token_with_and_without_slash_and_the_same_until_expiry(shared: District, path: str):
    app = create_app(shared)
    headers = {"Authorization": basic(app)}
    status, _, body = call(app, "POST", path, headers=headers, body=FORM)
    first = msgspec.json.decode(body)
    assert status == 200
    assert first["token_type"] == "Bearer"
    assert isinstance(first["expires_in"], str)
    assert int(first["expires_in"]) <= 2_592_000
    again = msgspec.json.decode(call(app, "POST", path, headers=headers, body=FORM)[2])
    assert again["access_token"] == first["access_token"]


def test_expires_in_shrinks_and_an_expired_token_is_replaced():
    now = [0.0]
    options = Options(token_life=100)
    desk = TokenDesk(options, clock=lambda: now[0])
    pair = "Basic " + base64.b64encode(f"{options.client_id}:{options.client_secret}".encode()).decode()
    first = desk.issue(pair, "client_credentials")[1]
    now[0] = 60
    later = desk.issue(pair, "client_credentials")[1]
    assert (later["access_token"], later["expires_in"]) == (first["access_token"], "40")
    now[0] = 100
    assert not desk.accepts(f"Bearer {first['access_token']}")
    assert desk.issue(pair, "client_credentials")[1]["access_token"] != first["access_token"]


def test_wrong_credentials_answer_an_error_key(shared: District):
    app = create_app(shared)
    status, _, body = call(
        app, "POST", "/oauth/access_token", headers={"Authorization": "Basic eDp5"}, body=FORM
    )
    assert status == 401
    assert msgspec.json.decode(body)["error"] == "invalid_client"
    assert call(app, "POST", "/oauth/access_token", headers={"Authorization": basic(app)})[0] == 400


def test_token_type_can_be_left_out_and_many_calls_are_throttled(shared: District):
    app = create_app(shared, Options(token_type=False, token_calls_per_minute=2))
    answers = [
        call(app, "POST", "/oauth/access_token", headers={"Authorization": basic(app)}, body=FORM)
        for _ in "123"
    ]
    assert [status for status, _, _ in answers] == [200, 200, 429]
    assert "token_type" not in msgspec.json.decode(answers[0][2])


def test_no_token_answers_401_with_a_challenge_and_no_body(shared: District):
    status, headers, body = call(create_app(shared), "GET", STUDENTS)
    assert (status, body) == (401, b"")
    assert headers["www-authenticate"].startswith('Bearer error="invalid_token",realm="PowerSchool"')


def test_a_core_resource_can_be_forbidden(shared: District):
    caller = power_caller(shared, Options(forbidden=frozenset({"staff"})))
    school = shared.schools[1].id
    assert caller.raw(f"/ws/v1/school/{school}/staff")[0] == 403
    assert caller.raw(STUDENTS)[0] == 200


def test_without_accept_json_core_resources_are_xml(power: Caller):
    bare = Caller(power.app, "", {"Authorization": power.headers["Authorization"]})
    _, headers, body = bare.raw(STUDENTS, "pagesize=2")
    assert "xml" in headers["content-type"]
    assert len(ET.fromstring(body).findall("student")) == 2


# §2 paging, counts, filters ---------------------------------------------------------------------------------------


def test_metadata_maxima_rule_the_page_size(shared: District):
    caller = power_caller(shared, Options(max_page_sizes={"student": 7}))
    assert caller.get("/ws/v1/metadata")["metadata"]["student_max_page_size"] == 7
    assert len(caller.get(STUDENTS)["students"]["student"]) == 7
    assert len(caller.get(STUDENTS, "pagesize=500")["students"]["student"]) == 7
    strict = power_caller(shared, Options(oversize="reject"))
    assert strict.raw(STUDENTS, "pagesize=101")[0] == 400


def test_metadata_needs_no_token_but_names_the_plugin_only_with_one(power: Caller):
    assert "plugin_id" in power.get("/ws/v1/metadata")["metadata"]
    anonymous = Caller(power.app, "", {"Accept": "application/json"})
    assert "plugin_id" not in anonymous.get("/ws/v1/metadata")["metadata"]
    assert anonymous.raw("/ws/v1/time")[0] == 200


def test_all_pages_together_are_every_status_once(shared: District, power: Caller):
    total = power.get(f"{STUDENTS}/count")["resource"]["count"]
    found = [
        row["id"]
        for page in range(1, math.ceil(total / 100) + 1)
        for row in power.get(STUDENTS, f"page={page}")["students"]["student"]
    ]
    assert found == [student.id for student in shared.students]
    past = power.get(STUDENTS, f"page={total}")["students"]
    assert "student" not in past
    assert "@expansions" in past


def test_one_hit_is_an_object_and_no_hit_has_no_key(shared: District, power: Caller):
    key = shared.students[3].id
    assert power.get(STUDENTS, f"q=id=={key}")["students"]["student"]["id"] == key
    assert "student" not in power.get(STUDENTS, "q=id==1")["students"]


def test_filters(shared: District, power: Caller):
    def count(query: str) -> int:
        return int(power.get(f"{STUDENTS}/count", f"q={query}")["resource"]["count"])

    students = shared.students
    status = "school_enrollment.enroll_status"
    assert count(f"{status}==A") == sum(s.status == "active" for s in students)
    both = sum(s.status in ("active", "preregistered") for s in students)
    assert count(f"{status}==(A,P)") == both
    assert count("school_enrollment.enroll_status_code==-1") == both - count(f"{status}==A")
    assert count(f"{status}==A;name.last_name==GAR*") == sum(
        s.status == "active" and s.last.lower().startswith("gar") for s in students
    )
    assert count("school_enrollment.entry_date=ge=2027-01-01") == sum(
        s.home.entry.year >= 2027 for s in students
    )
    assert count("local_id=lt=100100") == sum(int(s.local_id) < 100100 for s in students)
    assert power.raw(f"{STUDENTS}/count", "q=shoe_size==4")[0] == 400


def test_a_school_is_addressed_by_dcid_and_lists_active_students_without_q(shared: District, power: Caller):
    school = next(s for s in shared.schools if not s.holding)
    assert power.raw(f"/ws/v1/school/{school.code}/student/count")[0] == 404
    here = [s for s in shared.students if s.home.school_code == school.code and s.status != "graduated"]
    count = power.get(f"/ws/v1/school/{school.id}/student/count")["resource"]["count"]
    assert count == sum(s.active for s in here)
    everyone = power_caller(shared, Options(school_students="all"))
    assert everyone.get(f"/ws/v1/school/{school.id}/student/count")["resource"]["count"] == len(here)


# §2.4 students ----------------------------------------------------------------------------------------------------

BLOCKS = (
    "demographics,addresses,alerts,phones,school_enrollment,ethnicity_race,contact,contact_info,fees,lunch"
)


def one(power: Caller, student_id: int, query: str = f"expansions={BLOCKS}") -> dict[str, object]:
    return power.get(f"/ws/v1/student/{student_id}", query)["student"]


def test_without_expansions_only_the_default_fields(shared: District, power: Caller):
    row = power.get(STUDENTS, "pagesize=5")["students"]["student"][0]
    assert set(row) <= {"id", "local_id", "state_province_id", "student_username", "name"}


def test_missing_values_have_no_key(shared: District, power: Caller):
    student = next(s for s in shared.students if not s.middle)
    assert "middle_name" not in one(power, student.id)["name"]
    student = next(s for s in shared.students if s.birth_date is None)
    assert "birth_date" not in one(power, student.id)["demographics"]


def test_digits_are_numbers_and_lose_leading_zeros(shared: District, power: Caller):
    student = next(s for s in shared.students if shared.household(s.household_id).address.zip == "01234")
    row = one(power, student.id)
    assert row["addresses"]["physical"]["postal_code"] == 1234
    assert row["local_id"] == int(student.local_id)
    digits = next(s for s in shared.students if s.username.isdigit())
    assert one(power, digits.id)["student_username"] == int(digits.username)
    dashless = next(s for s in shared.students if shared.household(s.household_id).home_phone[-1:] == "7")
    assert isinstance(one(power, dashless.id)["phones"]["main"]["number"], int)


def test_empty_blocks_are_an_empty_text(shared: District, power: Caller):
    student = next(s for s in shared.students if not shared.household(s.household_id).home_phone)
    row = one(power, student.id)
    assert row["phones"] == ""
    assert row["fees"] == ""
    homeless = next(s for s in shared.students if not shared.household(s.household_id).address.street)
    assert one(power, homeless.id)["addresses"] == ""
    calm = next(s for s in shared.students if not s.allergies)
    assert one(power, calm.id)["alerts"] == ""


def test_races_are_object_list_or_absent(shared: District, power: Caller):
    shapes = {}
    for student in shared.students:
        shapes.setdefault(len(student.races), student.id)
    assert isinstance(one(power, shapes[1])["ethnicity_race"]["races"], dict)
    assert isinstance(one(power, shapes[2])["ethnicity_race"]["races"], list)
    assert "races" not in one(power, shapes[0])["ethnicity_race"]


def test_exit_date_is_the_day_after_the_last(shared: District, power: Caller):
    gone = next(s for s in shared.students if s.status == "transferred")
    assert gone.home.exit.isoformat() == "2026-10-09"
    assert one(power, gone.id)["school_enrollment"]["exit_date"] == "2026-10-10"


def test_graduates_are_in_school_999999_grade_99(shared: District, power: Caller):
    student = next(s for s in shared.students if s.status == "graduated")
    block = one(power, student.id)["school_enrollment"]
    assert (block["school_number"], block["grade_level"], block["enroll_status"]) == (999999, 99, "G")


def test_unknown_student_is_404(power: Caller):
    assert power.raw("/ws/v1/student/1")[0] == 404


def test_unknown_extensions_do_no_harm_and_values_are_strings(shared: District, power: Caller):
    student = next(s for s in shared.students if s.allergies)
    row = one(power, student.id, "extensions=studentcorefields,nonsense")
    table = row["_extension_data"]["_table_extension"]
    fields = {item["name"]: item["value"] for item in table["_field"]}
    assert fields["allergies"] == student.allergies
    assert all(isinstance(value, str) for value in fields.values())


# §2.5–2.6 staff and schools ---------------------------------------------------------------------------------------


def test_staff_at_two_schools_are_two_ids_and_one_users_dcid(shared: District, power: Caller):
    member = next(m for m in shared.staff if m.active and len(m.school_codes) == 2 and m.school_codes[0])
    rows = []
    for code in member.school_codes:
        page = power.get(
            f"/ws/v1/school/{shared.school(code).id}/staff", "expansions=school_affiliations,emails"
        )
        rows += [row for row in page["staffs"]["staff"] if row["users_dcid"] == member.id]
    assert len({row["id"] for row in rows}) == 2
    assert isinstance(rows[0]["school_affiliations"]["school_affiliation"], list)
    assert power.get(f"/ws/v1/staff/{rows[1]['id']}")["staff"]["users_dcid"] == member.id


def test_only_active_staff_are_listed(shared: District, power: Caller):
    gone = next(m for m in shared.staff if not m.active)
    school = shared.school(gone.school_codes[0])
    page = power.get(f"/ws/v1/school/{school.id}/staff")["staffs"]["staff"]
    assert gone.id not in {row["users_dcid"] for row in page}


def test_schools_include_0_and_999999_but_the_latter_is_not_counted(power: Caller):
    schools = power.get("/ws/v1/district/school")["schools"]["school"]
    numbers = [school["school_number"] for school in schools]
    assert {0, 999999} <= set(numbers)
    assert power.get("/ws/v1/district/school/count")["resource"]["count"] == len(numbers) - 1
    assert all(school["id"] != school["school_number"] for school in schools)
    assert schools[1]["assistant_principal"] == ""


def test_district_race_codes_label_the_races(power: Caller):
    district = power.get("/ws/v1/district", "expansions=district_race_codes")["district"]
    assert {"code", "description", "federal_race_category"} == set(
        district["district_race_codes"]["district_race_code"][0]
    )


# §5 contacts ------------------------------------------------------------------------------------------------------


def test_contacts_are_bare_arrays_with_real_types(shared: District, power: Caller):
    student = next(s for s in shared.students if len(s.links) > 1)
    contacts = power.get(f"/ws/contacts/student/{student.id}")
    assert [contact["contactId"] for contact in contacts] == [link.guardian_id for link in student.links]
    entry = next(e for e in contacts[0]["contactStudents"] if e["dcid"] == student.id)
    assert entry["studentNumber"] == student.local_id
    assert entry["studentDetails"][0]["livesWith"] is student.links[0].lives_with
    assert contacts[0]["prefix"] is None


def test_no_contacts_is_204_without_a_body(shared: District, power: Caller):
    student = next(s for s in shared.students if not s.links)
    status, _, body = power.raw(f"/ws/contacts/student/{student.id}")
    assert (status, body) == (204, b"")


def test_siblings_share_one_contact(shared: District, power: Caller):
    guardian = next(g for g in shared.guardians if len(shared.children(g.id)) > 1)
    entries = power.get(f"/ws/contacts/{guardian.id}/students")
    assert {entry["dcid"] for entry in entries} == {child.id for child in shared.children(guardian.id)}


def test_expired_contact_details_are_still_sent(shared: District, power: Caller):
    student, link = next((s, ln) for s in shared.students for ln in s.links if ln.end)
    contact = next(
        c for c in power.get(f"/ws/contacts/student/{student.id}") if c["contactId"] == link.guardian_id
    )
    details = [e["studentDetails"][0] for e in contact["contactStudents"] if e["dcid"] == student.id]
    assert details[0]["endDate"] == link.end.isoformat()
    assert details[0]["active"] is True
