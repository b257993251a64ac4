"""`/ws/contacts`: camelCase, bare arrays, real booleans, nulls sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators import codes
from simulators.district import District, Guardian, GuardianLink, Student
from simulators.powerschool.wire import Block

_GENDER = codes.external("powerschool", "gender")
_RELATIONSHIP = codes.external("powerschool", "relationship")
_PHONE_TYPES = {"home": "Home", "mobile": "Mobile", "work": "Daytime"}


def dashed(number: str) -> str:
    return f"{number[:3]}-{number[3:6]}-{number[6:]}" if len(number) == 10 else number


def guardian_phones(district: District, guardian: Guardian) -> list[tuple[str, str]]:
    """`(neutral type, number)`: the guardian's own, then the household's."""
    found = [(phone.type, phone.number) for phone in guardian.phones]
    home = district.household(guardian.household_id).home_phone
    return [*found, ("home", home)] if home else found


def emails(guardian: Guardian) -> list[Block]:
    if not guardian.email:
        return []
    key = guardian.id
    row = {"contactEmailId": key + 70, "primary": True, "emailId": key + 91, "type": "Current"}
    return [{**row, "address": guardian.email}]


def phones(district: District, guardian: Guardian) -> list[Block]:
    return [
        {
            "contactsPhoneId": guardian.id * 4 + place,
            "sequence": place + 1,
            "preferred": place == 0,
            "phoneType": _PHONE_TYPES[kind],
            "phoneNumberId": guardian.id * 4 + place + 1,
            "phoneNumber": dashed(number),
            "extension": None,
            "sms": kind == "mobile",
        }
        for place, (kind, number) in enumerate(guardian_phones(district, guardian))
    ]


def addresses(district: District, guardian: Guardian) -> list[Block]:
    house = district.household(guardian.household_id)
    places = [("Home", house.address)] + ([("Mailing", house.mailing)] if house.mailing else [])
    return [
        {
            "contactsAddressId": guardian.id * 2 + turn,
            "sequence": turn + 1,
            "addressId": house.id * 2 + turn,
            "addressType": kind,
            "street": place.street,
            "linetwo": None,
            "unit": None,
            "city": place.city,
            "state": place.state,
            "country": None,
            "postalcode": place.zip,
            "startDate": None,
            "endDate": None,
        }
        for turn, (kind, place) in enumerate(places)
        if place.street
    ]


def relationship(detail: str) -> str:
    return codes.code_of(_RELATIONSHIP, detail)


def _contact_student(district: District, guardian: Guardian, student: Student, link: GuardianLink) -> Block:
    school = district.school(student.home.school_code)
    key = student.id * 8 + link.priority
    return {
        "studentContactId": key,
        "sequence": link.priority,
        "dcid": student.id,
        "studentNumber": student.local_id,
        "firstName": student.first,
        "middleName": student.middle or None,
        "lastName": student.last,
        "schoolAbbr": school.abbreviation if school else None,
        "schoolNumber": student.home.school_code,
        "originalContactType": link.relationship if link.relationship in ("mother", "father") else None,
        "guardianId": 500_000 + guardian.id,
        "canAccessData": link.custodial,
        "restrictions": [],
        "studentDetails": [
            {
                "studentContactDetailId": key,
                "studentContactId": key,
                "relationship": relationship(link.relationship),
                "relationshipNote": None,
                "custodial": link.custodial,
                "emergency": link.emergency,
                "livesWith": link.lives_with,
                "schoolPickup": link.custodial,
                "startDate": link.start.isoformat() if link.start else None,
                "endDate": link.end.isoformat() if link.end else None,
                "receivesMail": link.custodial,
                "excludeFromStateReporting": False,
                "active": link.active,
            }
        ],
    }


def contact_students(district: District, guardian: Guardian) -> list[Block]:
    """All students of the contact; whether a real server lists only the asked one is unknown."""
    return [
        _contact_student(district, guardian, student, link)
        for student in district.children(guardian.id)
        for link in student.links
        if link.guardian_id == guardian.id
    ]


def contact(district: District, guardian: Guardian) -> Block:
    return {
        **demographics(guardian),
        "emails": emails(guardian),
        "phones": phones(district, guardian),
        "languages": [],
        "contactAccount": None,
        "addresses": addresses(district, guardian),
        "contactStudents": contact_students(district, guardian),
        "@extensions": "",
    }


def demographics(guardian: Guardian) -> Block:
    return {
        "contactId": guardian.id,
        "firstName": guardian.first,
        "middleName": guardian.middle or None,
        "lastName": guardian.last,
        "prefix": None,
        "suffix": None,
        "gender": codes.code_of(_GENDER, guardian.gender) or None,
        "employer": None,
        "stateContactNumber": None,
        "contactNumber": None,
        "stateExcludeFromReporting": False,
        "active": True,
    }


def of_student(district: District, student: Student) -> list[Block]:
    """Every contact of a student, expired ones included; empty means 204."""
    found = (district.guardian(link.guardian_id) for link in student.links)
    return [contact(district, guardian) for guardian in found if guardian]


def part(district: District, guardian: Guardian, name: str) -> Any:
    """`/ws/contacts/{id}/{name}`; KeyError for another name."""
    parts: dict[str, Callable[[], Any]] = {
        "students": lambda: contact_students(district, guardian),
        "emails": lambda: emails(guardian),
        "phones": lambda: phones(district, guardian),
        "addresses": lambda: addresses(district, guardian),
        "demographics": lambda: demographics(guardian),
    }
    return parts[name]()
