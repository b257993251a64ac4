"""Files for the media application: users, who belongs to whom, groups, and who is in them (domain sheet §7).

Users are those who were let in, also when they have left since: the application un-invites them, and keeps their
pictures. Blocked people are not users, and neither are parents whom a member of staff stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from rollcall.domain.destinations import is_user
from rollcall.domain.grades import grade_number
from rollcall.domain.ids import hashed_id
from rollcall.domain.person import PERSON_TYPES
from rollcall.exports.reading import Facts, Known, Reader, buildings, is_active, links, stays, text

USERS = (
    "host_id", "type", "status", "first_name", "middle_name", "last_name", "suffix", "email", "grade", "grad_year",
    "schools", "opt_out",
)  # fmt: skip
RELATIONSHIPS = ("parent_host_id", "student_host_id", "relationship")
GROUPS = ("group_id", "type", "name", "school", "grade", "homeroom")
MEMBERSHIPS = ("group_id", "host_id", "type")

_SEPARATOR = "; "
_RANK = ("school", "grade", "homeroom")
_LAST = 99


class Group(NamedTuple):
    """A school, a grade of a school, or a homeroom."""

    type: Literal["school", "grade", "homeroom"]
    school: str
    grade: str = ""
    homeroom: str = ""

    def id(self, district_id: str) -> str:
        """The same for the same group, whoever is in it."""
        return hashed_id("grp", district_id, self.type, self.school, self.grade, self.homeroom)

    @property
    def name(self) -> str:
        """What people call it."""
        if self.type == "school":
            return self.school
        return f"{self.school}, {f'grade {self.grade}' if self.type == 'grade' else self.homeroom}"


def is_invited(facts: Facts) -> bool:
    """Whether somebody has an account that is in use."""
    return is_user(facts) and facts["media"].get("status", "invited") == "invited" and is_active(facts)


def stands_for(contact: Known, related: Mapping[str, Known]) -> Known | None:
    """The user that a contact is: the contact, or the member of staff who is the same person; None for nobody."""
    twin = (contact.facts.get("media") or {}).get("same_as")
    user = related.get(twin) if twin else contact
    return user if user and is_user(user.facts) else None


def users(reader: Reader) -> Iterator[tuple[str, ...]]:
    """Rows of users: students, staff and parents, by name."""
    for _, facts in reader.people(*PERSON_TYPES):
        if is_user(facts):
            account = facts["media"]
            yield (
                facts["host_id"],
                facts["type"],
                account.get("status", "invited"),
                *(text(facts, name) for name in USERS[3:10]),
                _SEPARATOR.join(buildings(facts)),
                "true" if account.get("opt_out") else "false",
            )


def relationships(reader: Reader) -> Iterator[tuple[str, ...]]:
    """Rows of ties between users, student by student, the first contact first."""
    for batch in reader.batches("student"):
        for _, facts in batch.people:
            if not is_user(facts):
                continue
            told = set()
            for link in links(facts):
                contact = batch.related.get(link["person_id"])
                user = stands_for(contact, batch.related) if contact else None
                if user and user.id not in told:
                    told.add(user.id)
                    yield user.facts["host_id"], facts["host_id"], text(link, "relationship")


def groups(reader: Reader, district_id: str) -> Iterator[tuple[str, ...]]:
    """Rows of the groups that somebody is in, school by school."""
    found = {group for _, facts in reader.people("student", "staff") for group in _groups_of(facts)}
    for group in sorted(found, key=_order):
        yield group.id(district_id), group.type, group.name, group.school, group.grade, group.homeroom


def memberships(reader: Reader, district_id: str) -> Iterator[tuple[str, ...]]:
    """Rows of who is in which group, student by student and then the staff."""
    for _, facts in reader.people("student", "staff"):
        for group in _groups_of(facts):
            yield group.id(district_id), facts["host_id"], facts["type"]


def _groups_of(facts: Facts) -> list[Group]:
    if not is_invited(facts):
        return []
    found = [Group("school", school) for school in buildings(facts)]
    for stay in stays(facts):
        school, grade = stay["school"], text(stay, "grade") or text(facts, "grade")
        if grade:
            found.append(Group("grade", school, grade))
        if homeroom := text(stay, "homeroom"):
            found.append(Group("homeroom", school, homeroom=homeroom))
    return sorted(dict.fromkeys(found), key=_order)


def _order(group: Group) -> tuple[str, int, int, str, str]:
    number = grade_number(group.grade)
    return (
        group.school,
        _RANK.index(group.type),
        _LAST if number is None else number,
        group.grade,
        group.homeroom,
    )
