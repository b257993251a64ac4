"""Each test is one statement of the Illuminate fact sheet: sites, grades, people and their codes."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields

import msgspec
import pytest

from simulators.codes import code_tables
from simulators.district import District, generate
from simulators.illuminate import Options
from tests.simulators.test_codes import ENTITIES
from tests.simulators.test_docs import README
from tests.simulators.test_illuminate import Signed, signed


@pytest.fixture(scope="module")
def lamp(shared: District) -> Signed:
    return signed(shared)


# §4 places --------------------------------------------------------------------------------------------------------


def test_sites_have_the_recorded_fields_and_the_district_among_them(lamp: Signed, shared: District):
    rows = lamp.get("Sites/")
    assert set(rows[0]) == {
        "site_id", "site_name", "state_school_id", "start_grade_level_id", "end_grade_level_id", "site_type_name",
        "address", "address2", "city", "state", "zip", "local_site_code", "num_hours", "num_weeks", "parent_site_id",
    }  # fmt: skip
    districts = [row for row in rows if row["site_type_name"] == "DISTRICT"]
    assert [row["site_id"] for row in districts] == [9999999]
    assert districts[0]["parent_site_id"] is None
    assert {row["parent_site_id"] for row in rows if row not in districts} == {9999999}
    assert {row["site_id"] for row in rows} == {9999999} | {s.code for s in shared.schools if not s.holding}
    assert {row["state"] for row in rows} == {"CA"}


def test_pseudo_sites_hold_leavers_who_look_enrolled(lamp: Signed, shared: District):
    strange = {9999998, 10000000, 20000000, 999999}
    tenant = signed(shared, pseudo_sites=True)
    assert strange <= {row["site_id"] for row in tenant.get("Sites/")}
    assert not strange & {row["site_id"] for row in lamp.get("Sites/")}
    graduates = [row for row in tenant.rows("Enrollment") if row["site_id"] == 999999]
    assert {row["student_id"] for row in graduates} == {
        s.id for s in shared.students if s.status == "graduated"
    }
    assert {(row["grade_level_id"], row["leave_date"]) for row in graduates} == {(14, "2027-06-04")}
    assert not strange & {row["site_id"] for row in lamp.rows("Enrollment")}


def test_a_grade_is_its_id_less_one_unless_the_tenant_counts_otherwise(lamp: Signed, shared: District):
    names = {row["short_name"]: row["grade_level_id"] for row in lamp.get("GradeLevels/")}
    assert set(lamp.get("GradeLevels/")[0]) == {
        "grade_level_id", "short_name", "long_name", "standard_age", "state_id", "sort_order"
    }  # fmt: skip
    assert names["K"] == 1
    assert [names[grade] for grade in range(1, 13)] == list(range(2, 14))
    assert (names[99], names["PK"], names["TK"]) == (14, 15, 16)
    other = signed(shared, grade_id_offset=40)
    shifted = {row["grade_level_id"] for row in other.get("GradeLevels/")}
    assert shifted == {number + 40 for number in names.values()}
    assert {row["grade_level_id"] for row in other.rows("Enrollment")} <= shifted
    assert {row["grade_level_id"] for row in other.rows("Students")} <= shifted
    assert {row["end_grade_level_id"] for row in other.get("Sites/")} <= shifted | {None}


# §4 people --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("local_student_id", {"local_student_id"}),
        ("district_student_id", {"district_student_id"}),
        ("both", {"local_student_id", "district_student_id"}),
    ],
)
def test_the_districts_number_has_two_names(shared: District, key: str, wanted: set[str]):
    lamp = signed(shared, student_key=key)
    row = lamp.get("Students/")["results"][0]
    assert row.keys() & {"local_student_id", "district_student_id"} == wanted
    assert {row[name] for name in wanted} == {shared.student(row["student_id"]).local_id}
    other = lamp.get("Enrollment/")["results"][0]
    assert "local_student_id" not in other
    assert other["district_student_id"] == shared.student(other["student_id"]).local_id


def test_students_say_what_is_true_and_blanks_are_null(lamp: Signed, shared: District):
    rows = {row["student_id"]: row for row in lamp.rows("Students")}
    for student in shared.students:
        if student.status not in ("active", "inactive", "transferred"):
            assert student.id not in rows
            continue
        row = rows[student.id]
        assert (row["first_name"], row["last_name"]) == (student.first, student.last)
        assert row["birth_date"] == (student.birth_date.isoformat() if student.birth_date else None)
        assert row["is_hispanic"] is {"hispanic": True, "not_hispanic": False, "": None}[student.ethnicity]
        assert row["middle_name"] == (student.middle or None)
    assert "" not in {value for row in rows.values() for value in row.values()}
    assert {row["gender"] for row in rows.values()} == {"F", "M", "X", None}


def test_students_of_the_year_of_the_day_or_all(lamp: Signed, shared: District):
    listed = {
        mode: {row["student_id"] for row in signed(shared, students_listed=mode).rows("Students")}
        for mode in ("year", "enrolled", "all")
    }
    active = {s.id for s in shared.students if s.active}
    assert listed["enrolled"] == active
    assert listed["year"] == {
        s.id for s in shared.students if s.status in ("active", "inactive", "transferred")
    }
    assert listed["all"] == {s.id for s in shared.students}


def test_who_stays_leaves_when_the_session_ends(lamp: Signed, shared: District):
    rows = lamp.rows("Enrollment")
    assert len({row["stu_sess_id"] for row in rows}) == len(rows)
    leaves = {row["leave_date"] for row in rows if shared.student(row["student_id"]).active}
    assert None not in leaves
    assert "2027-06-04" in leaves


@pytest.mark.parametrize(("meaning", "day"), [("last_day", "2026-10-09"), ("day_after", "2026-10-10")])
def test_the_leave_date_is_the_last_day_or_the_one_after(shared: District, meaning: str, day: str):
    gone = next(s for s in shared.students if s.status == "transferred")
    rows = signed(shared, leave_date=meaning).rows("Enrollment")
    assert [r["leave_date"] for r in rows if r["student_id"] == gone.id] == [day]
    assert {r["leave_date"] for r in rows if r["leave_date"] > "2026-12"} == {"2027-06-04"}


def test_a_student_has_several_rows_and_a_moved_one_two_primary_ones(lamp: Signed, shared: District):
    rows = lamp.rows("Enrollment")
    moved = next(s for s in shared.students if s.active and len(s.enrollments) == 2 and s.enrollments[0].exit)
    mine = [r for r in rows if r["student_id"] == moved.id]
    assert [r["is_primary_ada"] for r in mine] == [True, True]
    assert max(mine, key=lambda r: r["entry_date"])["site_id"] == moved.home.school_code
    double = next(s for s in shared.students if any(e.program == "concurrent" for e in s.enrollments))
    assert sorted(r["is_primary_ada"] for r in rows if r["student_id"] == double.id) == [False, True]


def test_the_roster_joins_students_and_teachers(lamp: Signed, shared: District):
    rows = lamp.rows("Roster")
    assert {"district_student_id", "user_id", "grade_level_id", "section_id", "site_id", "course_id"} <= set(
        rows[0]
    )
    teachers = {member.id for member in shared.staff if member.role == "teacher"}
    assert {row["user_id"] for row in rows} <= teachers
    rooms = {(row["site_id"], row["section_name"]): row["section_id"] for row in rows}
    assert len(set(rooms.values())) == len(rooms)


def test_users_are_all_employees_with_email1(lamp: Signed, shared: District):
    rows = {row["user_id"]: row for row in lamp.rows("Users")}
    assert set(rows) == {member.id for member in shared.staff}
    for member in shared.staff:
        row = rows[member.id]
        assert (row["local_user_id"], row["email1"]) == (member.local_id, member.email or None)
        assert row["active"] is member.active
        assert (row["exit_date"] is None) is member.active


def test_contacts_are_the_current_ones_with_a_shared_household(lamp: Signed, shared: District):
    rows = lamp.rows("Contacts")
    listed = [shared.student(row["student_id"]) for row in lamp.rows("Students")]
    assert [(row["student_id"], row["contact_id"]) for row in rows] == [
        (s.id, link.guardian_id) for s in listed for link in s.links if link.current(shared.today)
    ]
    assert {row["household_id"] for row in rows if row["primary_household"]} <= {
        h.id for h in shared.households
    }
    assert "correspondance_language_id" in rows[0]
    for name in ("primary_contact", "is_legal", "resides_with"):
        assert {row[name] for row in rows} == {True, False, None}, name


def test_a_former_address_comes_first_with_its_moveout_date(lamp: Signed, shared: District):
    moved = [row for row in lamp.rows("Contacts") if row["household_id"] % 5 == 0]
    assert moved
    for row in moved:
        current = [place for place in row["addresses"] if place["moveout_date"] is None]
        assert row["addresses"][0]["moveout_date"] == "2025-03-31"
        home = next(place for place in current if place["is_primary"])
        assert home["address"] == (shared.household(row["household_id"]).address.street or None)


def test_flat_contacts_have_one_row_for_each_phone(lamp: Signed, shared: District):
    nested = {(r["student_id"], r["contact_id"]): r for r in lamp.rows("Contacts")}
    flat = signed(shared, contact_shape="flat").rows("Contacts")
    assert "phones" not in flat[0]
    phones = Counter((r["student_id"], r["contact_id"]) for r in flat)
    assert phones == {key: max(1, len(row["phones"])) for key, row in nested.items()}
    assert {row["phone_type"] for row in flat} == {"Home", "Cellular", "Work", None}
    for row in flat[:50]:
        whole = nested[row["student_id"], row["contact_id"]]
        assert row["phone"] in {phone["phone"] for phone in whole["phones"]} | {None}
        assert row["address"] in {
            place["address"] for place in whole["addresses"] if not place["moveout_date"]
        }


def test_some_relationships_can_be_null_and_some_contacts_barred(lamp: Signed, shared: District):
    assert {bool(r["restraining_order"]) for r in lamp.rows("Contacts")} == {False}
    assert None not in {r["contact_type"] for r in lamp.rows("Contacts")}
    tenant = signed(shared, null_relationships=True, restraining_orders=True).rows("Contacts")
    assert None in {r["contact_type"] for r in tenant}
    barred = [r for r in tenant if r["restraining_order"]]
    assert barred
    assert not any(r["resides_with"] or r["is_legal"] for r in barred)


# Codes, edits, README ---------------------------------------------------------------------------------------------


def test_every_code_on_the_wire_is_in_its_table(lamp: Signed, shared: District):
    tables = {entity: dict(rows) for entity, rows in code_tables("illuminate", shared).items()}
    assert set(tables) == ENTITIES
    for entity, rows in code_tables("illuminate", shared).items():
        assert len(rows) == len(tables[entity]), entity
    names = {row["grade_level_id"]: str(row["short_name"]) for row in lamp.get("GradeLevels/")}
    for row in lamp.rows("Students"):
        assert row["gender"] in {None, *tables["gender"]}
        assert str(row["primary_ethnicity"]) in {"None", *tables["race"]}
        assert str(row["primary_language"]) in {"None", *tables["language"]}
        assert msgspec.json.encode(row["is_hispanic"]).decode() in {"null", *tables["ethnicity"]}
        assert names[row["grade_level_id"]] in tables["grade_level"]
        assert row["state"] in {None, *tables["state"]}
    assert {str(row["site_id"]) for row in lamp.get("Sites/")} == set(tables["building"])
    assert {row["contact_type"] for row in lamp.rows("Contacts")} <= set(tables["relationship"])
    listed = {(row["code_list"], str(row["code_id"])) for row in lamp.rows("Codes")}
    assert {("language", code) for code in tables["language"]} <= listed


def test_codes_that_no_mapping_holds_are_sent_as_they_are():
    odd = generate(7, 300, unknown_codes=14)
    rows = signed(odd).rows("Students")
    assert "Q" in {row["gender"] for row in rows}
    assert {987, 17, "ZZ", "7"} <= {
        row[name]
        for row in rows
        for name in ("primary_ethnicity", "grade_level_id", "primary_language", "is_hispanic")
    }
    assert "88" in {row["contact_type"] for row in signed(odd).rows("Contacts")}


def test_edits_appear_at_once_and_a_reset_takes_them_back(district: District):
    lamp = signed(district)
    before = lamp.rows("Enrollment"), lamp.rows("Contacts"), lamp.rows("Students")
    student = next(s for s in district.students if s.active and s.links)
    lamp.app.change("withdraw", student_id=student.id)
    lamp.app.change("guardian_email", guardian_id=student.links[0].guardian_id, email="new@example.com")
    lamp.app.change("enroll", school_code=101, grade="1")
    assert "2026-11-21" in {r["leave_date"] for r in lamp.rows("Enrollment") if r["student_id"] == student.id}
    assert "new@example.com" in {r["email_address"] for r in lamp.rows("Contacts")}
    assert len(lamp.rows("Students")) == len(before[2]) + 1
    lamp.app.reset()
    assert (lamp.rows("Enrollment"), lamp.rows("Contacts"), lamp.rows("Students")) == before


def test_every_switch_is_documented():
    credentials = {"consumer_token", "consumer_secret", "user_token", "user_secret"}
    named = {field.name for field in fields(Options)} - credentials
    chapter = README.split("Illuminate (`simulators.illuminate.Options`)")[1].split("\n## ")[0]
    assert {name for name in named if f"`{name}`" not in chapter} == set()
