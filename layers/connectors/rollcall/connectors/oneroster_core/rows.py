"""What OneRoster sends, as far as it is read (fact sheet §6), in both versions at once.

1.1 gives a user one ``role`` and ``orgs``, 1.2 a list of ``roles`` with an org each. Lists and references may be null,
and so may the ``sourcedId`` inside a reference (SchoolTool sheet §A2). Booleans are text.
"""

from __future__ import annotations

import msgspec

from rollcall.connectors.records import Scalar

_NOTHING = msgspec.Raw(b"null")


class ObjectIds(msgspec.Struct):
    """The id of any object."""

    sourcedId: int | str


class UserIds(msgspec.Struct):
    """Whom a user record speaks of. All but the id is read later: one odd record must not cost a whole page."""

    sourcedId: int | str
    role: msgspec.Raw = _NOTHING
    roles: msgspec.Raw = _NOTHING
    agents: msgspec.Raw = _NOTHING


class Ref(msgspec.Struct):
    sourcedId: Scalar = None


class Role(msgspec.Struct):
    """``endDate`` is the first day after (fact sheet §6 has it exclusive for enrollments)."""

    role: Scalar = None
    roleType: Scalar = None
    org: Ref | None = None
    beginDate: Scalar = None
    endDate: Scalar = None


class UserId(msgspec.Struct):
    type: Scalar = None
    identifier: Scalar = None


class User(msgspec.Struct):
    sourcedId: int | str
    status: Scalar = None
    dateLastModified: Scalar = None
    role: Scalar = None
    roles: list[Role] | None = None
    orgs: list[Ref] | None = None
    primaryOrg: Ref | None = None
    givenName: Scalar = None
    middleName: Scalar = None
    familyName: Scalar = None
    identifier: Scalar = None
    userIds: list[UserId] | None = None
    email: Scalar = None
    sms: Scalar = None
    phone: Scalar = None
    agents: list[Ref] | None = None
    grades: list[Scalar] | Scalar = None


class Demographics(msgspec.Struct):
    """``birthdate`` is the same as ``birthDate``, as older servers spell it."""

    sourcedId: int | str
    status: Scalar = None
    dateLastModified: Scalar = None
    birthDate: Scalar = None
    birthdate: Scalar = None
    sex: Scalar = None
    americanIndianOrAlaskaNative: Scalar = None
    asian: Scalar = None
    blackOrAfricanAmerican: Scalar = None
    nativeHawaiianOrOtherPacificIslander: Scalar = None
    white: Scalar = None
    demographicRaceTwoOrMoreRaces: Scalar = None
    hispanicOrLatinoEthnicity: Scalar = None


class Org(msgspec.Struct):
    sourcedId: int | str
    status: Scalar = None
    name: Scalar = None
    type: Scalar = None
    identifier: Scalar = None


class Session(msgspec.Struct):
    """``schoolYear`` is the year in which it ends."""

    sourcedId: int | str
    status: Scalar = None
    startDate: Scalar = None
    endDate: Scalar = None
    schoolYear: Scalar = None
