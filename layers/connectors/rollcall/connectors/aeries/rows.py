"""What Aeries sends, as far as it is read (fact sheet §3, §5.4, §5.7, §5.12). Text is padded; blank means none."""

from __future__ import annotations

import msgspec

from rollcall.connectors.records import Scalar


class StudentIds(msgspec.Struct):
    """(SchoolCode, StudentNumber) is the key of a row, StudentID the person."""

    StudentID: int | str
    SchoolCode: int | str
    StudentNumber: int | str


class StaffIds(msgspec.Struct):
    ID: int | str


class ContactIds(msgspec.Struct):
    """Everything that tells which person a contact row means: there is no contact id."""

    StudentID: int | str
    SequenceNumber: int | str
    SchoolCode: Scalar = None
    FirstName: Scalar = None
    LastName: Scalar = None
    MailingName: Scalar = None
    EmailAddress: Scalar = None
    CellPhone: Scalar = None
    HomePhone: Scalar = None


class Student(msgspec.Struct):
    StudentID: int | str
    SchoolCode: int | str
    StudentNumber: int | str
    StateStudentID: Scalar = None
    LastName: Scalar = None
    FirstName: Scalar = None
    MiddleName: Scalar = None
    Gender: Scalar = None
    Grade: Scalar = None
    Birthdate: Scalar = None
    ParentGuardianName: Scalar = None
    HomePhone: Scalar = None
    StudentMobilePhone: Scalar = None
    MailingAddress: Scalar = None
    MailingAddressCity: Scalar = None
    MailingAddressState: Scalar = None
    MailingAddressZipCode: Scalar = None
    MailingAddressZipExt: Scalar = None
    ResidenceAddress: Scalar = None
    ResidenceAddressCity: Scalar = None
    ResidenceAddressState: Scalar = None
    ResidenceAddressZipCode: Scalar = None
    ResidenceAddressZipExt: Scalar = None
    EthnicityCode: Scalar = None
    RaceCode1: Scalar = None
    RaceCode2: Scalar = None
    RaceCode3: Scalar = None
    RaceCode4: Scalar = None
    RaceCode5: Scalar = None
    SchoolEnterDate: Scalar = None
    SchoolLeaveDate: Scalar = None
    AttendanceProgramCodePrimary: Scalar = None
    AttendanceProgramCodeAdditional1: Scalar = None
    AttendanceProgramCodeAdditional2: Scalar = None
    InactiveStatusCode: Scalar = None
    FamilyKey: Scalar = None
    HomeLanguageCode: Scalar = None
    StudentEmailAddress: Scalar = None
    HomeRoomTeacherNumber: Scalar = None


class Contact(msgspec.Struct):
    StudentID: int | str
    SequenceNumber: int | str
    SchoolCode: Scalar = None
    FirstName: Scalar = None
    MiddleName: Scalar = None
    LastName: Scalar = None
    NameSuffix: Scalar = None
    MailingName: Scalar = None
    Address: Scalar = None
    AddressCity: Scalar = None
    AddressState: Scalar = None
    AddressZipCode: Scalar = None
    AddressZipExt: Scalar = None
    RelationshipToStudentCode: Scalar = None
    LivesWithStudentIndicator: Scalar = None
    HomePhone: Scalar = None
    WorkPhone: Scalar = None
    CellPhone: Scalar = None
    EmailAddress: Scalar = None
    ContactOrder: Scalar = None
    CorrespondenceLanguageCode: Scalar = None
    CorrespondanceLanguageCode: Scalar = None
    """The same, as older servers spell it."""


class SchoolAccess(msgspec.Struct):
    SchoolCode: Scalar = None


class Staff(msgspec.Struct):
    ID: int | str
    FirstName: Scalar = None
    MiddleName: Scalar = None
    LastName: Scalar = None
    NameSuffix: Scalar = None
    Gender: Scalar = None
    EthnicityCode: Scalar = None
    RaceCode1: Scalar = None
    RaceCode2: Scalar = None
    RaceCode3: Scalar = None
    RaceCode4: Scalar = None
    RaceCode5: Scalar = None
    BirthDate: Scalar = None
    Address: Scalar = None
    AddressCity: Scalar = None
    AddressState: Scalar = None
    AddressZipCode: Scalar = None
    AddressZipExt: Scalar = None
    HomePhone: Scalar = None
    CellPhone: Scalar = None
    LeaveDate: Scalar = None
    InactiveStatusCode: Scalar = None
    StateEducatorID: Scalar = None
    EmailAddress: Scalar = None
    PrimaryAeriesSchool: Scalar = None
    SchoolAccessPermissions: list[SchoolAccess] | None = None
