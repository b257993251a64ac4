from __future__ import annotations

import time
from collections import Counter
from datetime import date

import msgspec
import pytest

from simulators.district import District, generate, truth, values


def test_the_number_of_people_is_exact():
    for people in (50, 51, 52, 97, 300, 1001):
        made = generate(3, people)
        assert len(made.students) + len(made.staff) + len(made.guardians) == people


def test_the_same_seed_gives_the_same_district_and_another_seed_another():
    assert truth(generate(5, 400)) == truth(generate(5, 400))
    assert truth(generate(5, 400))["students"] != truth(generate(6, 400))["students"]


def test_ids_overlap_between_tables(shared: District):
    students = {student.id for student in shared.students}
    staff = {member.id for member in shared.staff}
    guardians = {guardian.id for guardian in shared.guardians}
    assert students & staff & guardians
    assert len(students) == len(shared.students)
    assert len({student.local_id for student in shared.students}) == len(shared.students)


def test_every_reference_resolves(shared: District):
    for student in shared.students:
        assert 1 <= student.household_id <= len(shared.households)
        assert all(shared.guardian(link.guardian_id) for link in student.links)
        assert all(shared.school(row.school_code) for row in student.enrollments)
        assert sum(row.primary for row in student.enrollments) == 1
    assert all(
        guardian.staff_id == 0 or shared.staff_member(guardian.staff_id) for guardian in shared.guardians
    )


def test_school_local_numbers_are_unique(shared: District):
    rows = [
        (row.school_code, row.row_number)
        for s in shared.students
        for row in s.enrollments
        if s.status != "graduated"
    ]
    assert len(set(rows)) == len(rows)


def test_a_district_of_300_holds_every_kind_of_trouble():
    small = generate(7, 300)
    students = small.students
    assert {"active", "inactive", "preregistered", "transferred", "graduated"} <= {s.status for s in students}
    assert any(sum(row.active for row in s.enrollments) == 2 for s in students), "concurrent"
    assert any(s.active and any(row.status == "inactive" for row in s.enrollments) for s in students), "moved"
    assert any(not s.links for s in students)
    assert any(s.birth_date is None for s in students)
    assert any(not s.gender for s in students)
    assert any(house.home_phone == "000-0000" for house in small.households)
    assert any(house.address.zip.startswith("0") for house in small.households)
    assert any(house.family_key == 0 for house in small.households)
    assert any(guardian.mailing_only for guardian in small.guardians)
    assert any(not link.current(small.today) for s in students for link in s.links), "expired contact"
    assert any(link.relationship.startswith("step") for s in students for link in s.links), "blended family"
    assert any(guardian.staff_id for guardian in small.guardians), "staff member who is a parent"
    names = "".join(s.first + s.last for s in students)
    assert any("\u4e00" <= c <= "\u9fff" for c in names), "CJK"
    assert any("\u0590" <= c <= "\u06ff" for c in names), "right to left"
    assert "'" in names
    assert max(Counter(s.household_id for s in students).values()) > 1, "siblings"


def test_twins_and_people_of_the_same_name(shared: District):
    births = Counter((s.household_id, s.birth_date) for s in shared.students if s.birth_date)
    assert max(births.values()) >= 2
    names = Counter((s.first, s.last) for s in shared.students)
    assert names["Maria", "Garcia"] >= 2
    assert any(a.first == b.first and a.household_id == b.household_id
               for a, b in zip(shared.students, shared.students[1:], strict=False))  # fmt: skip


def test_staff_who_are_parents_are_the_same_human(shared: District):
    pairs = [(g, shared.staff_member(g.staff_id)) for g in shared.guardians if g.staff_id]
    assert all(member and (g.first, g.last) == (member.first, member.last) for g, member in pairs)
    same_mail = {member is not None and g.email == member.email for g, member in pairs}
    assert same_mail == {True, False}, "some use the work address at home, some do not"


def test_unknown_codes_are_off_unless_asked_for():
    assert not any(student["unknown_codes"] for student in truth(generate(7, 400))["students"])
    with_codes = truth(generate(7, 400, unknown_codes=7))["students"]
    found = {entity for student in with_codes for entity in student["unknown_codes"]}
    assert found == {"gender", "race", "language", "ethnicity", "relationship", "state", "grade_level"}


def test_today_decides_the_school_year():
    assert generate(1, 60, today=date(2026, 11, 22)).school_year == "2026-27"
    assert generate(1, 60, today=date(2027, 6, 30)).school_year == "2026-27"
    assert generate(1, 60, today=date(2027, 7, 1)).school_year == "2027-28"


def test_truth_is_plain_json_and_complete(shared: District):
    facts = truth(shared)
    assert msgspec.json.decode(msgspec.json.encode(facts)) == facts
    assert len(facts["students"]) == len(shared.students)
    known = {guardian["id"] for guardian in facts["guardians"]}
    for student in facts["students"]:
        assert {link["guardian_id"] for link in student["guardians"]} <= known
        assert student["grade"] in values.GRADES
        assert set(student["races"]) <= set(values.RACES.values())
    with pytest.raises(KeyError):
        truth(shared, "weather")


def test_change_some_edits_exactly_that_many_records(district: District):
    before = {s["id"]: s for s in truth(district)["students"]}
    change = district.change_some(20, seed=3)
    after = {s["id"]: s for s in truth(district)["students"]}
    changed = [key for key in after if after[key] != before[key]]
    assert before.keys() == after.keys()
    assert sorted(changed) == sorted(change.student_ids)
    assert len(changed) == 20


def test_edits_say_what_they_changed(district: District):
    student = next(s for s in district.students if s.active and s.links)
    assert district.rename_student(student.id, first="Wren").student_ids == [student.id]
    assert student.first == "Wren"
    phone = district.change_household_phone(student.household_id, "2095550000")
    assert student.id in phone.student_ids
    target = next(s for s in district.schools if not s.holding and s.code != student.home.school_code)
    district.move_student(student.id, target.code)
    assert student.home.school_code == target.code
    assert student.home.active
    mail = district.change_guardian_email(student.links[0].guardian_id, "new@example.com")
    assert student.id in mail.student_ids
    district.change_grade(student.id, "4")
    assert student.home.grade == "4"
    district.withdraw_student(student.id)
    assert not student.active
    assert not any(row.active for row in student.enrollments)
    people = len(district.students), len(district.guardians)
    new = district.enroll_student(target.code)
    assert (len(district.students), len(district.guardians)) == (people[0] + 1, people[1] + 1)
    assert district.children(new.guardian_ids[0])[0].id == new.student_ids[0]


def test_a_rollover_takes_everybody_one_grade_up(district: District):
    before = {s.id: s.home.grade for s in district.students if s.active}
    seniors = {student_id for student_id, grade in before.items() if grade == "12"}
    change = district.roll_over()
    assert sorted(change.student_ids) == sorted(before)
    assert change.detail == {"graduates": len(seniors)}
    for student in district.students:
        if student.id not in before:
            continue
        assert student.active == (student.id not in seniors)
        assert sum(row.primary for row in student.enrollments) == 1
        if student.active:
            assert student.home.active
            assert values.GRADES.index(student.home.grade) == values.GRADES.index(before[student.id]) + 1
            school = district.school(student.home.school_code)
            assert school
            assert student.home.grade in school.grades


@pytest.mark.parametrize("edit", ["rename", "move", "withdraw", "grade"])
def test_edits_refuse_unknown_ids(district: District, edit: str):
    arguments = {"rename": (), "move": (101,), "withdraw": (), "grade": ("3",)}[edit]
    names = {
        "rename": "rename_student",
        "move": "move_student",
        "withdraw": "withdraw_student",
        "grade": "change_grade",
    }
    with pytest.raises(KeyError):
        getattr(district, names[edit])(999_999_999, *arguments)


def test_a_large_district_stays_affordable():
    start = time.process_time()
    generate(1, 20_000)
    assert time.process_time() - start < 4
