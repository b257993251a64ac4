"""The collections of the standard and what stands under each path."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

from simulators.district import District
from simulators.oneroster import people, places
from simulators.oneroster.options import Options
from simulators.oneroster.roster import Roster, Row


class NotThere(Exception):
    """No object has this sourcedId, or no resource this path."""


class Collection(NamedTuple):
    """`kind` names the records it draws on, `many` and `single` the keys of its answers."""

    kind: str
    many: str
    single: str


COLLECTIONS = {
    "academicSessions": Collection("academicSessions", "academicSessions", "academicSession"),
    "gradingPeriods": Collection("academicSessions", "academicSessions", "academicSession"),
    "terms": Collection("academicSessions", "academicSessions", "academicSession"),
    "classes": Collection("classes", "classes", "class"),
    "courses": Collection("courses", "courses", "course"),
    "demographics": Collection("demographics", "demographics", "demographics"),
    "enrollments": Collection("enrollments", "enrollments", "enrollment"),
    "orgs": Collection("orgs", "orgs", "org"),
    "schools": Collection("orgs", "orgs", "org"),
    "users": Collection("users", "users", "user"),
    "students": Collection("users", "users", "user"),
    "teachers": Collection("users", "users", "user"),
}

_BASE = "sourcedId status dateLastModified metadata "
FIELDS: dict[str, frozenset[str]] = {
    kind: frozenset((_BASE + names).split())
    for kind, names in {
        "academicSessions": "title startDate endDate type parent children schoolYear",
        "classes": "title classCode classType location grades subjects course school terms subjectCodes periods "
        "resources",
        "courses": "title schoolYear courseCode grades subjects org subjectCodes resources",
        "demographics": "birthDate birthdate sex demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity "
        "countryOfBirthCode stateOfBirthAbbreviation cityOfBirth publicSchoolResidenceStatus "
        + " ".join(people.RACE_FIELDS),
        "enrollments": "user class school role primary beginDate endDate",
        "orgs": "name type identifier parent children",
        "users": "username userIds enabledUser givenName familyName middleName role roles identifier email sms phone "
        "agents orgs grades password preferredFirstName primaryOrg userMasterIdentifier userProfiles",
    }.items()
}


class Catalog:
    """All records of one version, each kind made when it is first asked for."""

    def __init__(self, district: District, options: Options, version: str, origin: str) -> None:
        self.roster = Roster(district, options, version, origin)
        self._indexes: dict[str, dict[str, Row]] = {}

    @cached_property
    def timetable(self) -> places.Timetable:
        return places.Timetable(self.roster)

    @cached_property
    def records(self) -> dict[str, Callable[[], list[Row]]]:
        return {
            "academicSessions": lambda: places.sessions(self.roster),
            "classes": self.timetable.classes,
            "courses": self.timetable.courses,
            "demographics": lambda: people.demographics(self.roster),
            "enrollments": self.timetable.enrollments,
            "orgs": lambda: places.orgs(self.roster),
            "users": lambda: people.users(self.roster, self.timetable),
        }

    def collection(self, name: str) -> list[Row]:
        return list(self._index(name).values())

    def _index(self, name: str) -> dict[str, Row]:
        """sourcedId → record of one collection, in order."""
        if name not in self._indexes:
            kind = COLLECTIONS[name].kind
            rows = self.records[kind]() if name == kind else self.collection(kind)
            wanted = _SELECTIONS.get(name)
            self._indexes[name] = {row["sourcedId"]: row for row in rows if wanted is None or wanted(row)}
        return self._indexes[name]

    def one(self, name: str, sourced: str) -> Row:
        found = self._index(name).get(sourced)
        if found is None:
            raise NotThere
        return found

    def rows(self, parts: list[str]) -> list[Row]:
        """`parts` of the path: a collection, or collections under one or two objects."""
        match parts:
            case [name]:
                return self.collection(name)
            case [owner, sourced, name] if name in _NESTED.get(owner, ()):
                return self._under(owner, self.one(owner, sourced), name)
            case ["schools", school, "classes", sourced, "enrollments" | "students" | "teachers" as name]:
                self.one("schools", school)
                row = self.one("classes", sourced)
                if row["school"]["sourcedId"] != school:
                    raise NotThere
                return self._under("classes", row, name)
        raise NotThere

    def _under(self, owner: str, row: Row, name: str) -> list[Row]:
        sourced = row["sourcedId"]
        if owner in ("students", "teachers", "users"):
            taken = {e["class"]["sourcedId"] for e in self._enrollments("user", sourced)}
            return [one for one in self.collection("classes") if one["sourcedId"] in taken]
        if owner == "classes":
            enrollments = self._enrollments("class", sourced)
            if name == "enrollments":
                return enrollments
            members = {e["user"]["sourcedId"] for e in enrollments}
            return [user for user in self.collection(name) if user["sourcedId"] in members]
        if owner == "schools":
            return self._of_school(sourced, name)
        if owner == "courses":
            return [one for one in self.collection("classes") if one["course"]["sourcedId"] == sourced]
        if name == "gradingPeriods":
            return [one for one in self.collection(name) if one["parent"]["sourcedId"] == sourced]
        return [
            one
            for one in self.collection("classes")
            if sourced in {term["sourcedId"] for term in one["terms"]}
        ]

    def _enrollments(self, field: str, sourced: str) -> list[Row]:
        return [e for e in self.collection("enrollments") if e[field]["sourcedId"] == sourced]

    def _of_school(self, sourced: str, name: str) -> list[Row]:
        rows = self.collection(name)
        if name == "terms":
            return rows
        if name == "courses":
            given = {one["course"]["sourcedId"] for one in self._of_school(sourced, "classes")}
            return [one for one in rows if one["sourcedId"] in given]
        if name in ("students", "teachers"):
            return [user for user in rows if sourced in org_ids(user)]
        return [one for one in rows if one["school"]["sourcedId"] == sourced]


def roles_of(user: Row) -> list[str]:
    return [user["role"]] if "role" in user else [each["role"] for each in user["roles"]]


def org_ids(user: Row) -> list[Any]:
    refs = user["orgs"] if "orgs" in user else [each["org"] for each in user["roles"]]
    return [ref["sourcedId"] for ref in refs]


_SELECTIONS: dict[str, Callable[[Row], bool]] = {
    "schools": lambda row: row["type"] == "school",
    "terms": lambda row: row["type"] == "term",
    "gradingPeriods": lambda row: row["type"] == "gradingPeriod",
    "students": lambda row: "student" in roles_of(row),
    "teachers": lambda row: "teacher" in roles_of(row),
}
_NESTED = {
    "schools": ("classes", "courses", "enrollments", "students", "teachers", "terms"),
    "classes": ("students", "teachers"),
    "courses": ("classes",),
    "students": ("classes",),
    "teachers": ("classes",),
    "users": ("classes",),
    "terms": ("classes", "gradingPeriods"),
}
