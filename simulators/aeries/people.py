"""Contacts, staff, schools and pictures in v5 words."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

from simulators import codes
from simulators.aeries.options import Options
from simulators.aeries.render import clean, day, digits, grade_number, student_id
from simulators.district import District, Guardian, GuardianLink, School, StaffMember, Student

Record = dict[str, Any]

_RELATIONSHIP = codes.external("aeries", "relationship")
_LANGUAGE = codes.external("aeries", "language")
_GENDER = codes.external("aeries", "gender")

_CONTACT_HEAD = {
    "AdministrativeLockCode": "", "EnrolledTheStudentIndicator": "", "Birthdate": None, "Occupation": "",
    "TuberculosisTestStatusCode": "", "TuberculosisTestExpirationDate": None, "FingerprintStatusCode": "",
    "FingerprintDate": None, **{f"UserCode{n}": "" for n in range(1, 9)}, "PortalAccountID": 0, "MiscCode": "",
    "MailTagCode": "A", "AddressTypeCode": "",
    **{f"AdditionalCommunicationTypeCode{n}": "" for n in range(1, 5)},
    **{f"AdditionalCommunicationDetail{n}": "" for n in range(1, 5)},
    "AddressVerificationDate": None, "RecordAddedDate": "2022-08-15T00:00:00",
    **{f"MilitaryUserFieldCode{n}": "" for n in range(1, 6)},
    "PrimaryContact1Field": "CellPhone", "PrimaryContact2Field": "", "PrimaryContact1Description": "",
    "PrimaryContact2Description": "",
}  # fmt: skip
_CONTACT_TAIL = {
    "EmployerName": "", "EmployerLocation": "", "MilitaryBranchCode": "", "MilitaryRankCode": "",
    "MilitarySupervisorName": "", "MilitarySupervisorPhone": "", "MilitaryStatusCode": "",
    "NotificationPreferenceCode": "1", "Comments": "", "RecordType": "",
}  # fmt: skip


def contact(
    district: District, student: Student, guardian: Guardian, link: GuardianLink, school_code: int
) -> Record:
    """One CON row. A parent of three children is three unrelated rows; there is no id of the person."""
    house = district.household(guardian.household_id)
    same_home = guardian.household_id == student.household_id
    place = house.address
    phones = {phone.type: digits(phone.number) for phone in guardian.phones}
    yes = "Y" if link.custodial else ""
    return {
        "StudentID": student_id(student.local_id),
        **_CONTACT_HEAD,
        "EducationalRightsHolder": yes,
        "AttendanceNotification": yes,
        "PrimaryContact": "Y" if link.priority == 1 else "",
        "SchoolCode": school_code,
        "SequenceNumber": link.priority,
        "MailingName": clean(f"{guardian.first} {guardian.last}"),
        "NamePrefix": "",
        "FirstName": "" if guardian.mailing_only else clean(guardian.first),
        "LastName": "" if guardian.mailing_only else clean(guardian.last),
        "MiddleName": "" if guardian.mailing_only else clean(guardian.middle),
        "NameSuffix": " ",
        # Blank for most who live with the student, as on real servers.
        "Address": "" if same_home and guardian.id % 3 else place.street,
        "AddressCity": "" if same_home and guardian.id % 3 else place.city,
        "AddressState": "" if same_home and guardian.id % 3 else place.state,
        "AddressZipCode": " " if same_home and guardian.id % 3 else place.zip,
        "AddressZipExt": "",
        "RelationshipToStudentCode": codes.code_of(_RELATIONSHIP, link.relationship),
        "LivesWithStudentIndicator": "Y" if link.lives_with else "",
        "RedFlag": False,
        "HomePhone": digits(house.home_phone),
        "WorkPhone": phones.get("work", ""),
        "WorkPhoneExt": "",
        "CellPhone": phones.get("mobile", ""),
        "Pager": "",
        "EmailAddress": guardian.email,
        "AccessToPortal": yes,
        "ContactOrder": link.priority,
        "CorrespondenceLanguageCode": codes.code_of(_LANGUAGE, student.language),
        **_CONTACT_TAIL,
    }


def contacts(district: District, student: Student, school_code: int) -> list[Record]:
    """Current contacts only: table CON has no end date, the office deletes a row instead."""
    return [
        contact(district, student, guardian, link, school_code)
        for link in student.links
        if link.current(district.today) and (guardian := district.guardian(link.guardian_id))
    ]


_SCHOOL_BLANKS = dict.fromkeys(
    [
        "RegionCode",
        "StateCharterNumber",
        "CharterStatusCode",
        "FederalTaxID",
        "FederalInformationProcessingStandardsCode",
        "QualityRatingAndImprovementSystemParticipationCode",
        "AccreditationStatusCode",
        "SchoolWebsite",
        "OrganizationCategoryCode",
        "SchoolCategoryCode",
        "LocalEducationAgencyTypeCode",
        "TitleIPartACode",
        "NSLPStatusCode",
        "NCESSchoolID",
        "CollegeBoardSchoolCode",
        "CampusEnrollmentTypeCode",
        "PreKSchoolTypeCode",
    ],
    "",
)


def terms(district: District) -> list[Record]:
    year = district.start_year
    spans = (
        ("Y", "Year", f"{year}-08-17", f"{year + 1}-06-04"),
        ("F", "Fall", f"{year}-08-17", f"{year}-12-18"),
        ("S", "Spring", f"{year + 1}-01-11", f"{year + 1}-06-04"),
    )
    return [
        {
            "FirstHalfEndDate": None,
            "SecondHalfStartDate": None,
            "TrackTerms": [],
            "TermCode": code,
            "TermDescription": words,
            "StartDate": f"{start}T00:00:00",
            "EndDate": f"{end}T00:00:00",
        }
        for code, words, start, end in spans
    ]


def school(district: District, record: School) -> Record:
    grades = [grade_number(grade) for grade in record.grades]
    elementary = record.kind == "elementary"
    place = record.address
    return {
        **_SCHOOL_BLANKS,
        "EarlyCollegeHighSchoolIndicator": False,
        "ScienceTechnologyEngineeringAndMathematicsIndicator": False,
        "PathwaysInTechnologyIndicator": False,
        "ShortName": record.abbreviation,
        "UsingSectionStaffInMasterSchedule": False,
        "UsingSectionStaffInScheduling": False,
        "Terms": [] if record.holding else terms(district),
        "SchoolCode": record.code,
        "Name": clean(record.name),
        "InactiveStatusCode": " ",
        "Address": place.street,
        "AddressCity": place.city,
        "AddressState": place.state,
        "AddressZipCode": place.zip,
        "AddressZipExt": "",
        "DoNotReport": record.holding and record.kind != "office",
        "StateCountyID": "65",
        "StateDistrictID": "99999",
        "StateSchoolID": f"{record.code:07d}",
        "LowGradeLevel": min(grades, default=0),
        "HighGradeLevel": max(grades, default=0),
        "PrincipalName": clean(f"{record.principal_first} {record.principal_last}"),
        "PrincipalEmailAddress": record.principal_email,
        "AttendancePeriod": 0,
        "Tracks": 0,
        "ScheduleType": "Elementary" if elementary else "MasterSchedule",
        "SessionType": "Regular",
        "AttendanceType": "Daily" if elementary else "Period",
        "AttendanceReporting": "Negative",
        "ScheduleBasis": "Trimester" if elementary else "Semester",
        "PhoneNumber": record.phone,
    }


def staff(district: District, member: StaffMember) -> Record:
    place = member.address
    # The home school of those at the district office is 0.
    return {
        "SchoolAccessPermissions": [
            {"SchoolCode": code, "ReadOnlyAccess": False, "CommunicationGroup": True}
            for code in member.school_codes
        ],
        "ExtendedProperties": [],
        "EarlyChildhoodCertificationCode": "",
        "Gender": codes.code_of(_GENDER, member.gender),
        "EducationLevelCode": "4",
        "EthnicityCode": "",
        "RaceCode1": "",
        "RaceCode2": "",
        "RaceCode3": "",
        "RaceCode4": "",
        "RaceCode5": "",
        "PositionStatusCode": "1",
        "TotalYearsOfEduService": district.start_year - member.hired.year,
        "TotalYearsInThisDistrict": district.start_year - member.hired.year,
        "PreviousLastName": "",
        "PreviousFirstName": "",
        "PreviousMiddleName": "",
        "NameSuffix": " ",
        "Address": place.street if place else "",
        "AddressCity": place.city if place else "",
        "AddressState": place.state if place else "CA",
        "AddressZipCode": place.zip if place else " ",
        "AddressZipExt": " ",
        "HomePhone": digits(member.phone),
        "EmergencyContactName": "",
        "EmergencyContactPhone": "",
        "ID": member.id,
        "FirstName": clean(member.first),
        "LastName": clean(member.last),
        "MiddleName": clean(member.middle),
        "BirthYear": member.birth_date.year if member.birth_date else 0,
        "BirthDate": day(member.birth_date),
        "FullTimePercentage": 100,
        "HireDate": day(member.hired),
        "LeaveDate": day(member.left),
        # Half of those who left carry only the leave date.
        "InactiveStatusCode": "I" if not member.active and member.id // 30 % 2 else "",
        "StateEducatorID": "",
        "UserName": member.username,
        "EmailAddress": member.email,
        "PrimaryAeriesSchool": member.school_codes[0],
        "NetworkLoginID": member.username,
        "AlternateEmailAddress": "",
        "HumanResourcesSystemID": member.local_id,
        "CellPhone": "",
        "NotificationPreferenceCode": "1",
        "Title": member.title,
    }


def teacher(member: StaffMember, school_code: int) -> Record:
    """One TCH row; which keys a real server sends beyond these is unknown."""
    return {
        "SchoolCode": school_code,
        "TeacherNumber": member.id,
        "DisplayName": clean(member.last),
        "LastName": clean(member.last),
        "FirstName": clean(member.first),
        "EmailAddress": member.email,
        "StaffID1": member.id,
    }


# A grey pixel. The comment segment written after the first two bytes makes every student's file different.
_JPEG = base64.b64decode(
    "/9j/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/"
    "wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q=="
)


def picture(student: Student, age: int = 0) -> tuple[bytes, str]:
    """A tiny valid image, another one after each `change_photo`: JPEG, for one in ten PNG. `age` counts years back."""
    mark = f"{student.id}.{student.photo}.{age}".encode()
    if student.id % 10:
        return _JPEG[:2] + b"\xff\xfe" + struct.pack(">H", len(mark) + 2) + mark + _JPEG[2:], "jpg"
    shade = bytes([0, student.id % 256, student.photo % 256, 128 + age])
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(shade)),
        (b"IEND", b""),
    )
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body, "png"


def pictures(district: District, student: Student, school_code: int, options: Options) -> Record:
    shots = []
    for age in reversed(range(options.photo_years if student.photo else 0)):
        data, extension = picture(student, age)
        shots.append(
            {
                "SchoolYear": district.start_year - age,
                "RawBinary": _written(student, data, options.photo_data if not age else "image"),
                "FileExtension": extension,
                "FileSize": len(data),
            }
        )
    number = student_id(student.local_id)
    return {options.photo_key: number, "Pictures": shots, "SchoolCode": school_code}


def _written(student: Student, data: bytes, kind: str) -> str:
    """`RawBinary`, spoiled where the number of the student is odd."""
    if kind == "text" and student.id % 2:
        return "no photo on file"
    if kind == "page" and student.id % 2:
        data = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
    if kind == "cut" and student.id % 2:
        data = data[: len(data) // 2]
    return base64.b64encode(data).decode()
