"""Students, extended data, enrollment history and programs in v5 words."""

from __future__ import annotations

from datetime import date
from typing import Any

from simulators import codes
from simulators.aeries.rows import Row
from simulators.district import District, Enrollment, Guardian, values
from simulators.district.truth import programs as neutral_programs

Record = dict[str, Any]

_GENDER = codes.external("aeries", "gender")
_GRADE = codes.external("aeries", "grade_level")
_RACE = codes.external("aeries", "race")
_LANGUAGE = codes.external("aeries", "language")
_ETHNICITY = codes.external("aeries", "ethnicity")
LAST_GRADE = 12

PROGRAM_CODES = {"": "", "concurrent": "C"}
"""The enrollment program: blank for most; the district's code for a second place."""

GRADE_WORDS = {
    -2: "Preschool", -1: "Transitional Kindergarten", 0: "Kindergarten", 1: "First Grade", 2: "Second Grade",
    3: "Third Grade", 4: "Fourth Grade", 5: "Fifth Grade", 6: "Sixth Grade", 7: "Seventh Grade", 8: "Eighth Grade",
    9: "Ninth Grade", 10: "Tenth Grade", 11: "Eleventh Grade", 12: "Twelfth Grade", 13: "Graduating",
}  # fmt: skip


def day(value: date | None) -> str | None:
    """Local midnight without a zone; null when empty."""
    return f"{value.isoformat()}T00:00:00" if value else None


def clean(text: str) -> str:
    """The server strips these three characters from every text."""
    return text.replace('"', "").replace("<", "").replace(">", "")


def digits(number: str) -> str:
    return "".join(c for c in number if c.isdigit())


def student_id(local_id: str) -> int:
    return int(local_id)


def grade_number(detail: str) -> int:
    return int(codes.code_of(_GRADE, detail))


def _grade_code(grade: int) -> str:
    return {-2: "PS", -1: "TK", 0: "K"}.get(grade, str(grade))


def _parents_line(parents: list[Guardian]) -> str:
    if not parents:
        return ""
    if len(parents) > 1 and parents[0].last == parents[1].last:
        return clean(f"M/M {parents[1].first[:1]} {parents[1].last}")
    title = "Ms" if parents[0].gender == "female" else "Mr"
    return clean(f"{title} {parents[0].first[:1]} {parents[0].last}")


PROGRAM_FIELDS = (
    "AttendanceProgramCodePrimary",
    "AttendanceProgramCodeAdditional1",
    "AttendanceProgramCodeAdditional2",
)


def _program_codes(enrollment: Enrollment, field: str) -> Record:
    """The three program fields, blank but for the one in which this district keeps its codes."""
    return {name: PROGRAM_CODES[enrollment.program] if name == field else "" for name in PROGRAM_FIELDS}


def student(district: District, row: Row, program_field: str = PROGRAM_FIELDS[0]) -> Record:
    """One STU row. Some texts are padded with blanks, some blanks are one space: strip everything."""
    person, enrollment, tag = row
    house = district.household(person.household_id)
    place, mail = house.address, house.mailing or house.address
    grade = grade_number(enrollment.grade)
    padded = person.id % 7 == 0
    languages = codes.code_of(_LANGUAGE, person.language)
    races = [codes.code_of(_RACE, race) for race in person.races] + [""] * 5
    at_home = [g for link in person.links if link.lives_with and (g := district.guardian(link.guardian_id))]
    next_grade = grade + 1 if not tag else 0
    return {
        "StudentID": student_id(person.local_id),
        "OldStudentID": 0,
        "CorrespondenceLanguageCode": languages,
        "CounselorNumber": 0,
        "StudentPersonalEmailAddress": "",
        "SchoolCode": enrollment.school_code,
        "StudentNumber": enrollment.row_number,
        "StateStudentID": f"{person.state_id:<15}" if padded else person.state_id,
        "LastName": clean(person.last),
        "FirstName": clean(person.first),
        "MiddleName": clean(person.middle) or (" " if padded else ""),
        "LastNameAlias": "",
        "FirstNameAlias": clean(person.preferred_first),
        "MiddleNameAlias": "",
        "Gender": codes.code_of(_GENDER, person.gender),
        "Grade": grade,
        "GradeLevelShortDescription": _grade_code(grade),
        "GradeLevelLongDescription": GRADE_WORDS.get(grade, ""),
        "Birthdate": day(person.birth_date),
        "ParentGuardianName": _parents_line(at_home),
        "HomePhone": digits(house.home_phone),
        "StudentMobilePhone": digits(person.mobile),
        "MailingAddress": mail.street,
        "MailingAddressCity": mail.city,
        "MailingAddressState": mail.state,
        "MailingAddressZipCode": mail.zip or " ",
        "MailingAddressZipExt": "",
        "ResidenceAddress": place.street,
        "ResidenceAddressCity": place.city,
        "ResidenceAddressState": place.state,
        "ResidenceAddressZipCode": place.zip or " ",
        "ResidenceAddressZipExt": "",
        "AddressVerified": True,
        "EthnicityCode": codes.code_of(_ETHNICITY, person.ethnicity),
        "RaceCode1": races[0],
        "RaceCode2": races[1],
        "RaceCode3": "",
        "RaceCode4": "",
        "RaceCode5": "",
        **_STUDENT_USER_CODES,
        "SchoolEnterDate": day(enrollment.entry),
        "SchoolLeaveDate": day(enrollment.exit),
        "DistrictEnterDate": day(person.entered_district),
        "Track": "",
        **_program_codes(enrollment, program_field),
        "LockerNumber": "",
        "LowSchedulingPeriod": 0,
        "HighSchedulingPeriod": 9,
        "InactiveStatusCode": tag or (" " if padded else ""),
        "FamilyKey": house.family_key,
        "LanguageFluencyCode": "E" if languages == "00" else "L",
        "HomeLanguageCode": languages,
        "ParentEdLevelCode": "14",
        "ParentEmailAddress": "",
        "StudentEmailAddress": person.email,
        "NetworkLoginID": person.username,
        "EarlyWarningPoints": 0.0,
        "HomeRoomTeacherNumber": str(enrollment.teacher_id),
        "NotificationPreferenceCode": "1",
        "NextSchoolCode": 0,
        "NextGrade": next_grade,
        "NextGradeLevelShortDescription": _grade_code(next_grade),
        "NextGradeLevelLongDescription": GRADE_WORDS.get(next_grade, ""),
        "RecordsReleaseCode": "",
    }


_STUDENT_USER_CODES = {f"UserCode{number}": "" for number in range(1, 14)}


def keys(row: Row) -> Record:
    """What the change feed says about a row."""
    return {
        "StudentID": student_id(row.student.local_id),
        "SchoolCode": row.enrollment.school_code,
        "StudentNumber": row.enrollment.row_number,
    }


def extended(district: District, row: Row) -> Record:
    person, enrollment, _ = row
    grade = grade_number(enrollment.grade)
    year = values.grad_year(enrollment.grade, district.start_year)
    return {
        "StudentID": student_id(person.local_id),
        "CountInCensusIndicator": "",
        "NextInterIntraDistrictTransferCode": "",
        "NextInterIntraDistrictStateCode": "",
        "SummerWithdrawalLeaveDate": None,
        "SummerWithdrawalNextSchool": 0,
        "EndOfYearNextSchool": 0,
        "ReportingSchoolCode": enrollment.school_code,
        "NextAttendanceProgramCodePrimary": "",
        "NextAttendanceProgramCodeAdditional1": "",
        "NextAttendanceProgramCodeAdditional2": "",
        "HomeLanguageSurveyDate": None,
        "BirthdateVerificationMethodCode": "",
        "InitialNinthGradeEntryYear": year - 4 if year and grade >= LAST_GRADE - 3 else 0,
        "GraduationCohort": year or 0,
        "SchoolCode": enrollment.school_code,
        "StudentNumber": enrollment.row_number,
        "StateStudentID": person.state_id,
        "SchoolCompletionDate": None,
        "SchoolCompletionStatusCode": "",
        "InterIntraDistrictTransferCode": "",
        "InterIntraDistrictStateCode": "",
        "ExpectedGraduationDate": f"{year}-06-04T00:00:00" if year else None,
        "RecordAddedDateTime": day(person.entered_district),
        "BirthCity": "",
        "BirthStateCode": "",
        "BirthCountryCode": "US",
        "LastSchool": 0,
        "ResidenceSchool": enrollment.school_code,
        "NextResidenceSchool": 0,
        "NextGrade": grade + 1,
        "NextSchool": 0,
    }


def history(district: District, row: Row, year: int) -> Record:
    """One ENR row."""
    person, enrollment, tag = row
    teacher = district.staff_member(enrollment.teacher_id)
    return {
        "StudentID": student_id(person.local_id),
        "InterIntraDistrictStateCode": "",
        "NonpublicSchoolStateCode": "",
        "NextSchoolCode": "",
        "ReportingSchoolCode": "",
        "SchoolCode": enrollment.school_code,
        "StudentNumber": enrollment.row_number,
        "AcademicYear": str(year),
        "Track": "",
        "AttendanceProgramCode": PROGRAM_CODES[enrollment.program],
        "AttendanceProgramCodeAdditional1": "",
        "AttendanceProgramCodeAdditional2": "",
        "Grade": grade_number(enrollment.grade),
        "ElementaryTeacherNumber": enrollment.teacher_id,
        "ElementaryTeacherName": clean(teacher.last) if teacher else "",
        "EnterDate": day(enrollment.entry),
        "LeaveDate": day(enrollment.exit),
        "ExitReasonCode": "" if not tag else "180",
        "InterIntraDistrictTransferCode": "",
    }


_PROGRAMS = {
    "free_meals": ("181", "NSLP Free Meal Program"),
    "reduced_meals": ("182", "NSLP Reduced-Price Meal Program"),
    "special_education": ("144", "Special Education"),
    "plan_504": ("101", "504 Accommodation Plan"),
}


def programs(district: District, row: Row) -> list[Record]:
    """Current programs, and for some students an older row that overlaps or ends before it starts."""
    person, year = row.student, district.start_year
    key = student_id(person.local_id)
    found = []
    for name in neutral_programs(person):
        code, words = _PROGRAMS[name]
        extra = [{"Name": "DisabilityCode", "Value": "240"}] if code == "144" else []
        found.append(_program(key, code, words, date(year, 8, 17), None, extra))
    if found and person.id % 9 == 0:
        found.append(
            _program(
                key, "182", _PROGRAMS["reduced_meals"][1], date(year - 1, 8, 18), date(year - 1, 8, 1), []
            )
        )
    return found


def _program(key: int, code: str, words: str, start: date, end: date | None, extra: list[Record]) -> Record:
    return {
        "ExtendedProperties": extra,
        "StudentID": key,
        "ProgramCode": code,
        "ProgramDescription": words,
        "EligibilityStartDate": day(start),
        "EligibilityEndDate": day(end),
        "ParticipationStartDate": None,
        "ParticipationEndDate": None,
    }
