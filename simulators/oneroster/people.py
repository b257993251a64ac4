"""Users and demographics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulators import codes
from simulators.district import Guardian, StaffMember, Student
from simulators.oneroster.options import V1P1
from simulators.oneroster.places import Timetable, grade_code
from simulators.oneroster.roster import Roster, Row

GUARDIAN_ROLES = frozenset({"guardian", "parent", "relative"})
_RELATIONSHIP = codes.external("oneroster", "relationship")
_GENDER = codes.external("oneroster", "gender")
_ETHNICITY = codes.external("oneroster", "ethnicity")
_LANGUAGE = codes.external("oneroster", "language")
RACES = codes.external("oneroster", "race")
RACE_FIELDS = tuple(dict.fromkeys(RACES.values()))

# Everyone else in an office, a kitchen or a corridor is an aide: the standard knows no other word for them.
_ROLES = {"Teacher": "teacher", "Substitute": "teacher", "Counselor": "counselor"}
_ROLES |= {"Superintendent": "districtAdministrator"}
_OLD_ROLES = {"counselor": "administrator", "districtAdministrator": "administrator"}


def relationship_role(detail: str) -> str:
    """`mother` → `parent`; an unknown code is a relative, as the field has no room for others."""
    return _RELATIONSHIP.get(detail, "relative")


def users(roster: Roster, timetable: Timetable) -> list[Row]:
    """Students, then staff, then guardians."""
    rows = [*_students(roster), *_staff(roster, timetable), *_guardians(roster)]
    return roster.served(rows)


def _user(roster: Roster, sourced: str, roles: list[tuple[str, int]], **fields: Any) -> Row:
    """`roles`: role and school, the primary first. 1.1 has room for one role, and for orgs without a rank."""
    fields["userIds"] = [
        {"type": kind, "identifier": value or None}
        for kind, value in fields["userIds"]
        if value or roster.options.null_references
    ]
    if roster.version == V1P1:
        del fields["preferredFirstName"]
        fields["role"] = _OLD_ROLES.get(roles[0][0], roles[0][0])
        fields["orgs"] = list({code: roster.org(code) for _, code in roles}.values())
    else:
        fields["roles"] = [
            {"roleType": "secondary" if turn else "primary", "role": role, "org": roster.org(code)}
            for turn, (role, code) in enumerate(roles)
        ]
        fields["primaryOrg"] = roster.org(roles[0][1])
    return roster.record(sourced, **fields, password="")


def _students(roster: Roster) -> Iterator[Row]:
    for student in roster.district.students:
        if student.id not in roster.by_student:
            continue
        home, house = roster.home(student), roster.district.household(student.household_id)
        agents = [
            roster.guardian(guardian)
            for link in student.links
            if roster.current(link) and (guardian := roster.district.guardian(link.guardian_id))
        ]
        if roster.options.null_references and student.id % 5 == 0:
            agents.append({"href": None, "sourcedId": None, "type": "user"})
        active = roster.is_active(student)
        yield _user(
            roster,
            roster.id_of("student", student.id),
            [("student", code) for code in roster.school_codes(student)],
            active=active,
            modified=roster.touched([student.id], "student", "enrollment"),
            username=student.username,
            userIds=[("NYSSIS" if roster.options.beds else "stateId", student.state_id)],
            enabledUser=active,
            givenName=student.first,
            familyName=student.last,
            middleName=student.middle,
            preferredFirstName=student.preferred_first,
            identifier=student.local_id,
            email=student.email,
            sms=student.mobile,
            phone=house.home_phone,
            agents=agents,
            grades=[grade_code(home.grade, roster.options.grade_style)] if home.grade else [],
            metadata=roster.extras(
                homeroom=home.homeroom,
                homeLanguage=codes.code_of(_LANGUAGE, student.language),
                residenceState=house.address.state,
                familyKey=str(house.family_key or ""),
            ),
        )


def _staff(roster: Roster, timetable: Timetable) -> Iterator[Row]:
    teaching = timetable.teaching
    for member in roster.district.staff:
        if not (roster.options.unassigned_staff or member.id in teaching):
            continue
        roles = [(_ROLES.get(member.title, "aide"), code) for code in member.school_codes]
        agents: list[Row] = []
        guardian = roster.district.guardian(member.guardian_id)
        if guardian and roster.merged(member.id):
            role, children = _family(roster, guardian)
            schools = dict.fromkeys(roster.school_codes(child)[0] for child in children)
            roles += [(role, code) for code in schools]
            agents = [roster.user("student", child.id) for child in children]
        yield _user(
            roster,
            roster.id_of("staff", member.id),
            roles,
            active=member.active,
            username=member.username,
            userIds=[("staffId", member.local_id)],
            enabledUser=member.active,
            **_names(member),
            identifier=member.local_id,
            email=member.email,
            sms="",
            phone=member.phone,
            agents=agents,
            grades=[],
            metadata=roster.extras(title=member.title),
        )


def _names(person: StaffMember | Guardian) -> Row:
    return {
        "givenName": person.first,
        "familyName": person.last,
        "middleName": person.middle,
        "preferredFirstName": "",
    }


def _family(roster: Roster, guardian: Guardian) -> tuple[str, list[Student]]:
    """The role a guardian has (that of the first child), and the active children they count for today."""
    links = [
        (child, link)
        for child in roster.district.children(guardian.id)
        for link in child.links
        if link.guardian_id == guardian.id
    ]
    current = [child for child, link in links if roster.current(link) and roster.is_active(child)]
    return relationship_role(links[0][1].relationship), current


def _guardians(roster: Roster) -> Iterator[Row]:
    for guardian in roster.district.guardians:
        known = [c for c in roster.district.children(guardian.id) if c.id in roster.by_student]
        if not known or roster.merged(guardian.staff_id):
            continue
        role, children = _family(roster, guardian)
        schools = dict.fromkeys(code for c in children or known for code in roster.school_codes(c))
        numbers = {phone.type: phone.number for phone in reversed(guardian.phones)}
        yield _user(
            roster,
            roster.id_of("guardian", guardian.id),
            [(role, code) for code in schools],
            active=bool(children),
            modified=roster.touched([child.id for child in known], "contact", "enrollment"),
            username=guardian.email or f"guardian{guardian.id}",
            userIds=[],
            enabledUser=bool(children),
            **_names(guardian),
            identifier="",
            email=guardian.email,
            sms=numbers.get("mobile", ""),
            phone=numbers.get("work", ""),
            agents=[roster.user("student", child.id) for child in children],
            grades=[],
            metadata={},
        )


def demographics(roster: Roster) -> list[Row]:
    """One per visible student, under the student's own sourcedId."""
    birth = "birthdate" if roster.options.legacy_birthdate else "birthDate"
    rows = []
    for student in roster.district.students:
        if student.id not in roster.by_student:
            continue
        flags = {RACES[race] for race in student.races if race in RACES}
        rows.append(
            roster.record(
                roster.id_of("student", student.id),
                active=roster.is_active(student),
                modified=roster.touched([student.id], "student", "enrollment"),
                **{birth: student.birth_date},
                sex=_sex(student, roster.version),
                **{name: name in flags for name in RACE_FIELDS},
                demographicRaceTwoOrMoreRaces=len(flags) > 1,
                hispanicOrLatinoEthnicity=_ethnicity(student),
            )
        )
    return roster.served(rows)


def _sex(student: Student, version: str) -> str:
    """1.1 knows two values; 1.2 has a word for the others and for none."""
    if version == V1P1 and student.gender == "nonbinary":
        return ""
    return codes.code_of(_GENDER, student.gender) or ("" if version == V1P1 else "unspecified")


def _ethnicity(student: Student) -> bool | str:
    code = codes.code_of(_ETHNICITY, student.ethnicity)
    return {"true": True, "false": False}.get(code, code)
