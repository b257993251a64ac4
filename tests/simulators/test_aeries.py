"""Each test is one statement of the Aeries fact sheet."""

from __future__ import annotations

import base64
from datetime import datetime

import msgspec
import pytest

from simulators.aeries import Options
from simulators.aeries.people import picture
from simulators.aeries.render import digits
from simulators.district import District
from simulators.inprocess import call
from tests.simulators.calls import Caller, aeries_caller

DENIED = {"Message": "Authorization has been denied for this request."}


def real_schools(district: District) -> list[int]:
    return [school.code for school in district.schools if not school.holding]


def all_rows(eagle: Caller, district: District, query: str = "") -> list[dict[str, object]]:
    codes = [school.code for school in district.schools if school.code <= 999]
    return [row for code in codes for row in eagle.get(f"/schools/{code}/students", query)]


# §1 addressing, versions, access ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/systeminfo", "/SystemInfo/", "/schools/", "/Schools", "/schools/101/Students/", "/STAFF/"]
)
def test_routes_ignore_case_and_trailing_slashes(eagle: Caller, path: str):
    assert eagle.raw(path)[0] == 200


@pytest.mark.parametrize("base", ["/aeries", "/Aeries.Net", "/Parent", ""])
def test_any_base_path_and_outside_it_html(shared: District, base: str):
    eagle = aeries_caller(shared, Options(base_path=base))
    assert eagle.raw("/systeminfo")[0] == 200
    status, headers, _ = call(eagle.app, "GET", "/elsewhere/api/v5/systeminfo", headers=eagle.headers)
    assert (status, headers["content-type"].split(";")[0]) == (404, "text/html")


def test_the_certificate_is_case_sensitive(shared: District, eagle: Caller):
    for wrong in ("", eagle.headers["AERIES-CERT"].swapcase()):
        status, _, body = call(eagle.app, "GET", "/aeries/api/v5/schools", headers={"AERIES-CERT": wrong})
        assert (status, msgspec.json.decode(body)) == (401, DENIED)


def test_a_missing_area_is_401_but_schools_and_codes_need_none(shared: District):
    eagle = aeries_caller(shared, Options(areas=frozenset()))
    assert msgspec.json.decode(eagle.raw("/schools/101/students")[2]) == DENIED
    assert eagle.raw("/staff")[0] == 401
    assert [
        eagle.raw(path)[0]
        for path in ("/systeminfo", "/schools", "/schools/101/terms", "/codes/student/Gender")
    ] == [200] * 4


@pytest.mark.parametrize("version", ["/v2", "/v3", ""])
def test_before_v5_the_number_is_called_permanent_id(eagle: Caller, version: str):
    path = f"/aeries/api{version}/schools/101/students"
    row = msgspec.json.decode(call(eagle.app, "GET", path, headers=eagle.headers)[2])[0]
    assert "PermanentID" in row
    assert "OldPermanentID" in row
    assert "StudentID" not in row


def test_a_single_school_is_an_array_or_an_object(shared: District, eagle: Caller):
    assert isinstance(eagle.get("/schools/101"), list)
    assert aeries_caller(shared, Options(single_school="object")).get("/schools/101")["SchoolCode"] == 101
    assert eagle.raw("/schools/777")[0] == 404


# §2 year and paging -----------------------------------------------------------------------------------------------


def test_system_info_has_exactly_five_keys(eagle: Caller):
    info = eagle.get("/systeminfo")
    assert set(info) == {
        "AeriesVersion", "DatabaseYear", "AvailableDatabaseYears", "LocalTimeZoneName", "CurrentDateTime"
    }  # fmt: skip
    assert info["AvailableDatabaseYears"] == ["2026-2027", "2025-2026"]
    assert datetime.fromisoformat(info["CurrentDateTime"]).utcoffset() is not None


@pytest.mark.parametrize("year", ["", "1999", "2031", "2026-2027", "last"])
def test_an_unusable_year_silently_means_the_current_one(eagle: Caller, year: str):
    assert eagle.get("/schools/101/students", f"DatabaseYear={year}") == eagle.get("/schools/101/students")


def test_last_year_is_another_grade(shared: District, eagle: Caller):
    student = next(
        s for s in shared.students if s.active and s.entered_district.year < 2026 and s.home.grade == "4"
    )
    path = f"/schools/{student.home.school_code}/students/{student.local_id}"
    assert eagle.get(path)[0]["Grade"] == 4
    assert eagle.get(path, "databaseyear=2025")[0]["Grade"] == 3


def test_records_are_counted_from_one_and_inclusive(eagle: Caller):
    path = "/schools/101/students"
    everyone = eagle.get(path)
    assert eagle.get(path, "StartingRecord=1&EndingRecord=3") == everyone[:3]
    assert eagle.get(path, "StartingRecord=4&EndingRecord=6") == everyone[3:6]
    assert eagle.get(path, f"StartingRecord={len(everyone) + 1}&EndingRecord=9999") == []


# §3, §5.4 students ------------------------------------------------------------------------------------------------


def test_all_forms_of_the_student_list_agree(eagle: Caller):
    everyone = eagle.get("/schools/101/students")
    row = everyone[0]
    assert eagle.get(f"/schools/101/students/sn/{row['StudentNumber']}") == [row]
    assert eagle.get(f"/schools/101/students/{row['StudentID']}") == [row]
    grade = [r for r in everyone if r["Grade"] == row["Grade"]]
    assert eagle.get(f"/schools/101/students/grade/{row['Grade']}") == grade


def test_rows_of_every_status_and_holding_school(shared: District, eagle: Caller):
    rows = all_rows(eagle, shared)
    assert {"", "*", "I", "N", "T"} <= {str(row["InactiveStatusCode"]).strip() for row in rows}
    assert {99, 999} <= {row["SchoolCode"] for row in rows}
    assert all(str(row["InactiveStatusCode"]).strip() for row in rows if row["SchoolCode"] in (99, 999))
    lax = aeries_caller(shared, Options(blank_holding_status=True))
    assert not any(row["InactiveStatusCode"].strip() for row in lax.get("/schools/99/students"))


def test_concurrent_pairs_and_movers_have_several_rows(shared: District, eagle: Caller):
    rows = all_rows(eagle, shared)
    pair = next(s for s in shared.students if sum(row.active for row in s.enrollments) == 2)
    codes = [
        (row["AttendanceProgramCodePrimary"], row["InactiveStatusCode"].strip())
        for row in rows
        if row["StudentID"] == int(pair.local_id)
    ]
    assert sorted(codes) == [("", ""), ("C", "")]
    mover = next(s for s in shared.students if s.active and s.enrollments[0].status == "inactive")
    tags = [row["InactiveStatusCode"].strip() for row in rows if row["StudentID"] == int(mover.local_id)]
    assert sorted(tags) == ["", "I"]


def test_texts_are_padded_and_blanks_are_sometimes_one_space(shared: District, eagle: Caller):
    rows = all_rows(eagle, shared)
    assert any(row["StateStudentID"] != row["StateStudentID"].strip() for row in rows)
    assert {"", " "} <= {row["InactiveStatusCode"] for row in rows}
    assert any(row["Birthdate"] is None for row in rows)
    assert any(row["FamilyKey"] == 0 for row in rows)
    assert all(row["Birthdate"] is None or row["Birthdate"].endswith("T00:00:00") for row in rows)


def test_phones_are_digits_and_zips_keep_their_zeros(shared: District, eagle: Caller):
    rows = all_rows(eagle, shared)
    assert all(row["HomePhone"].isdigit() or not row["HomePhone"] for row in rows)
    assert any(row["ResidenceAddressZipCode"] == "01234" for row in rows)


def test_quotes_and_angle_brackets_are_stripped(district: District):
    eagle = aeries_caller(district)
    student = next(s for s in district.students if s.active)
    eagle.app.change("rename", student_id=student.id, first='A"<b>')
    assert (
        eagle.get(f"/schools/{student.home.school_code}/students/{student.local_id}")[0]["FirstName"] == "Ab"
    )


def test_the_misspelt_language_and_hidden_fields(shared: District):
    old = aeries_caller(
        shared, Options(misspelt_language=True, blank_fields=frozenset({"HomePhone", "Birthdate", "Grade"}))
    )
    row = old.get("/schools/101/students")[0]
    assert "CorrespondanceLanguageCode" in row
    assert "CorrespondenceLanguageCode" not in row
    assert row["HomePhone"] == ""
    assert all("CorrespondanceLanguageCode" in contact for contact in old.get("/schools/101/contacts"))


@pytest.mark.parametrize("choice", ["empty", "missing"])
def test_an_unknown_student_is_empty_or_404(shared: District, choice: str):
    eagle = aeries_caller(shared, Options(unknown_student=choice))
    status, _, body = eagle.raw("/schools/101/students/5")
    assert (status, body) == (
        (200, b"[]") if choice == "empty" else (404, b'{"Message":"Invalid Student ID"}')
    )


def test_extended_takes_student_0_and_school_0_for_all(shared: District, eagle: Caller):
    here = eagle.get("/schools/101/students/0/extended")
    assert len(here) == len(eagle.get("/schools/101/students"))
    assert len(eagle.get("/schools/0/students/0/extended")) == len(all_rows(eagle, shared))
    assert eagle.get("/schools/101/students/0/extended", "StartingRecord=2&EndingRecord=2") == here[1:2]


# §5.6–5.14 --------------------------------------------------------------------------------------------------------


def test_the_change_feed_gives_keys_by_area_and_local_minute(district: District):
    eagle = aeries_caller(district)
    student = next(s for s in district.students if s.active and s.links)
    now = district.now()
    tail = f"{now.year}/{now.month}/{now.day}/{now.hour}/{now.minute}"
    padded = now.strftime("%Y/%m/%d/%H/%M")
    assert eagle.get(f"/StudentDataChanges/student/{tail}") == []
    eagle.app.change("rename", student_id=student.id, first="Wren")
    keys = eagle.get(f"/StudentDataChanges/student/{padded}")
    assert {key["StudentID"] for key in keys} == {int(student.local_id)}
    assert set(keys[0]) == {"StudentID", "SchoolCode", "StudentNumber"}
    assert eagle.get(f"/StudentDataChanges/contact/{tail}") == []
    eagle.app.change("guardian_email", guardian_id=student.links[0].guardian_id, email="x@example.com")
    assert eagle.get(f"/StudentDataChanges/contact/{tail}")
    assert len({key["StudentID"] for key in eagle.get("/studentdatachanges/student/2026/11/1/0/0")}) == len(
        district.students
    )
    assert eagle.raw("/StudentDataChanges/weather/2026/11/1/0/0")[0] == 400
    assert eagle.raw("/StudentDataChanges/student/2026/11/1/0")[0] == 404


def test_a_deleted_contact_is_a_change_of_contacts_and_a_deleted_student_is_none(district: District):
    eagle = aeries_caller(district)
    child, other = (s for s in [s for s in district.students if s.active and s.links][:2])
    since = district.now().strftime("%Y/%m/%d/%H/%M")
    eagle.app.change("remove_contact", student_id=child.id, guardian_id=child.links[0].guardian_id)
    eagle.app.change("delete", student_id=other.id)
    named = {
        area: {key["StudentID"] for key in eagle.get(f"/StudentDataChanges/{area}/{since}")}
        for area in ("student", "contact", "enrollment")
    }
    assert named == {"student": set(), "contact": {int(child.local_id)}, "enrollment": set()}
    assert len(eagle.get(f"/schools/0/contacts/{child.local_id}")) == sum(
        link.current(district.today) for link in child.links
    )
    assert eagle.get(f"/schools/{other.home.school_code}/students/{other.local_id}") == []


def test_the_change_feed_forgets_seconds_and_what_came_before(district: District):
    eagle = aeries_caller(district)
    student = next(s for s in district.students if s.active)
    eagle.app.change("touch", student_id=student.id)
    minute = district.now().strftime("%Y/%m/%d/%H/%M")
    assert eagle.get(f"/StudentDataChanges/student/{minute}")
    district.pass_time(hours=1)
    later = district.now().strftime("%Y/%m/%d/%H/%M")
    assert eagle.get(f"/StudentDataChanges/student/{later}") == []


@pytest.mark.parametrize(("choice", "status"), [("off", 501), ("denied", 401), ("missing", 404)])
def test_a_change_feed_may_be_closed(shared: District, choice: str, status: int):
    assert (
        aeries_caller(shared, Options(feed=choice)).raw("/StudentDataChanges/student/2026/11/22/7/0")[0]
        == status
    )


def test_of_a_student_who_left_the_feed_may_name_the_holding_school_alone(district: District):
    student = next(s for s in district.students if s.active)
    since = district.now().strftime("%Y/%m/%d/%H/%M")
    eagle = aeries_caller(district, Options(feed_rows="newest"))
    eagle.app.change("withdraw", student_id=student.id)
    assert [key["SchoolCode"] for key in eagle.get(f"/StudentDataChanges/student/{since}")] == [99]


def test_contacts_have_no_id_and_repeat_for_every_child(shared: District, eagle: Caller):
    guardian = next(
        g for g in shared.guardians if len([s for s in shared.children(g.id) if s.active]) > 1 and g.email
    )
    rows = []
    for child in shared.children(guardian.id):
        rows += [
            row
            for row in eagle.get(f"/schools/0/contacts/{child.local_id}")
            if row["EmailAddress"] == guardian.email
        ]
    assert len(rows) >= 2
    assert not any("ContactID" in row for row in rows)
    assert len({(row["StudentID"], row["SequenceNumber"]) for row in rows}) == len(rows)


def test_some_contacts_have_only_a_mailing_name(eagle: Caller):
    contacts = [row for code in (101, 102, 103, 104) for row in eagle.get(f"/schools/{code}/contacts/")]
    only = [row for row in contacts if not row["FirstName"] and not row["LastName"]]
    assert only
    assert all(row["MailingName"] for row in only)


def test_expired_contacts_are_gone(shared: District, eagle: Caller):
    student = next(s for s in shared.students if any(not link.current(shared.today) for link in s.links))
    rows = eagle.get(f"/schools/0/contacts/{student.local_id}")
    assert len(rows) == sum(link.current(shared.today) for link in student.links)


def test_programs(shared: District, eagle: Caller):
    rows = eagle.get("/schools/0/students/0/programs")
    assert {"181", "182", "144", "101"} <= {row["ProgramCode"] for row in rows}
    assert {row["ProgramCode"] for row in eagle.get("/schools/0/students/0/programs", "code=181")} == {"181"}
    backwards = [
        r for r in rows if r["EligibilityEndDate"] and r["EligibilityEndDate"] < r["EligibilityStartDate"]
    ]
    assert backwards, "an end before its start has been seen"


def test_enrollment_history(shared: District, eagle: Caller):
    student = next(
        s for s in shared.students if s.active and s.entered_district.year < 2026 and s.home.grade == "4"
    )
    rows = eagle.get(f"/enrollment/{student.local_id}")
    assert {row["AcademicYear"] for row in rows} == {"2026", "2025"}
    assert eagle.get(f"/enrollment/{student.local_id}/year/2025")[0]["Grade"] == 3
    here = eagle.get(f"/schools/{student.home.school_code}/enrollment/0/year/2026")
    assert {row["SchoolCode"] for row in here} == {student.home.school_code}


def test_codes_by_api_name_and_by_column(eagle: Caller):
    relationships = eagle.get("/codes/contact/RelationshipToStudentCode")
    assert {"10", "11", "13"} <= {row["Code"] for row in relationships}
    assert eagle.get("/codes/STU/RC1") == eagle.get("/codes/student/RaceCode1")
    assert eagle.raw("/codes/CON/CD")[0] == 404


def test_pictures_are_real_images_and_change(district: District):
    eagle = aeries_caller(district)
    code = real_schools(district)[0]
    rows = eagle.get(f"/schools/{code}/StudentPictures/", "StartingRecord=1&EndingRecord=20")
    assert len(rows) == 20
    shots = [row["Pictures"][0] for row in rows if row["Pictures"]]
    for shot in shots:
        data = base64.b64decode(shot["RawBinary"], validate=True)
        assert data.startswith(b"\xff\xd8\xff" if shot["FileExtension"] == "jpg" else b"\x89PNG")
        assert len(data) == shot["FileSize"]
    student = next(s for s in district.students if s.photo)
    before = picture(student)
    eagle.app.change("photo", student_id=student.id)
    assert picture(student) != before


@pytest.mark.parametrize(("kind", "images"), [("image", 20), ("page", 10), ("text", 10), ("cut", 10)])
def test_photos_of_several_years_and_what_is_no_photo(shared: District, kind: str, images: int):
    eagle = aeries_caller(shared, Options(photo_years=2, photo_data=kind))
    students = [s for s in shared.students if s.photo]
    odd = [s for s in students if s.id % 2][:10]
    newest = []
    for student in odd + [s for s in students if not s.id % 2][:10]:
        (row,) = eagle.get(f"/schools/0/StudentPictures/{student.local_id}")
        old, new = row["Pictures"]
        assert (old["SchoolYear"], new["SchoolYear"]) == (shared.start_year - 1, shared.start_year)
        assert base64.b64decode(old["RawBinary"], validate=True) == picture(student, 1)[0]
        newest.append(new["RawBinary"] == base64.b64encode(picture(student)[0]).decode())
    assert newest == [kind == "image"] * 10 + [True] * 10
    assert sum(newest) == images


def test_students_without_a_photo(shared: District):
    student = next(s for s in shared.students if not s.photo)
    path = f"/schools/0/StudentPictures/{student.local_id}"
    assert aeries_caller(shared).get(path)[0]["Pictures"] == []
    other = aeries_caller(shared, Options(no_photo="absent", photo_key="PermanentID"))
    assert other.get(path) == []
    with_photo = next(s for s in shared.students if s.photo)
    assert "PermanentID" in other.get(f"/schools/0/StudentPictures/{with_photo.local_id}")[0]


def test_staff_list_object_filter_and_the_key(shared: District, eagle: Caller):
    everyone = eagle.get("/staff")
    assert len(everyone) == len(shared.staff)
    member = shared.staff[3]
    one = eagle.get(f"/staff/{member.id}")
    assert one["ID"] == member.id
    assert "StaffID" not in one
    assert eagle.get(f"/staff/hrid/{member.local_id}") == one
    assert one in eagle.get("/staff", f"lastname={member.last}")
    assert msgspec.json.decode(eagle.raw("/staff/9")[2]) == {"Message": "Invalid Staff ID"}


def test_who_left_has_a_code_or_only_a_leave_date(shared: District, eagle: Caller):
    gone = {member.id for member in shared.staff if not member.active}
    rows = [row for row in eagle.get("/staff") if row["ID"] in gone]
    assert {bool(row["InactiveStatusCode"]) for row in rows} == {True, False}
    assert all(row["LeaveDate"] for row in rows)


def test_holding_schools_are_listed_and_not_reported(eagle: Caller):
    schools = {row["SchoolCode"]: row for row in eagle.get("/schools")}
    assert {0, 99, 999} <= schools.keys()
    assert 999999 not in schools
    assert schools[99]["DoNotReport"]
    assert not schools[101]["DoNotReport"]


def test_numbers_of_phones_are_only_digits():
    assert digits("000-0000") == "0000000"
