"""The PowerQueries: one source for the plugin that brings them and the connector that asks them.

A query's rows must each be there once, whatever the tables hold, because rows are counted: so every join is by a whole
key, and what may be there several times (a second e-mail address) is reduced in a subquery. Whoever changes a
definition adds to ``plugin.VERSIONS``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from rollcall.domain.person import PersonType

_PREFIX = "org.rollcall.sync"
_TABLE = re.compile(r"\b(?:from|join)\s+(\w+)\s+(\w+)")
_FIELD = re.compile(r"\b(\w+)\.(\w+)\b")
_EMAIL = (
    "(select nvl(min(case when pe.isprimaryemailaddress = 1 then e.emailaddress end), min(e.emailaddress)) "
    "from personemailaddressassoc pe join emailaddress e on e.emailaddressid = pe.emailaddressid "
    "where pe.personid = {person})"
)
"""The primary address, or else the first."""

_AT_SCHOOL = "s.enroll_status = 0 and s.schoolid = :school"


class Query(NamedTuple):
    """One PowerQuery.

    ``columns`` are key in the answer → SQL; ``key`` names those that tell rows apart; ``people`` says of whom a row
    speaks, by person type → column of their id. ``area`` is the end of its name.
    """

    area: str
    core_table: str
    summary: str
    columns: Mapping[str, str]
    source: str
    order: str
    key: tuple[str, ...]
    people: Mapping[PersonType, str]
    by_school: bool = True

    @property
    def name(self) -> str:
        """The five dotted parts by which PowerSchool knows it."""
        return f"{_PREFIX}.{self.area}"

    @property
    def sql(self) -> str:
        """The statement; its SELECT list has the order of ``columns``."""
        selected = ",\n  ".join(f"{sql} as {key}" for key, sql in self.columns.items())
        return f"select\n  {selected}\n{self.source}\norder by {self.order}"

    def fields(self) -> set[tuple[str, str]]:
        """Every ``(table, field)`` that the statement reads, also in joins and conditions."""
        tables = {alias: table for table, alias in _TABLE.findall(self.sql)}
        return {(tables[alias], field) for alias, field in _FIELD.findall(self.sql)}

    def checked(self, key: str) -> tuple[str, str]:
        """The ``(table, field)`` whose access right stands for a column: its own, or the first one it is made of."""
        tables = {alias: table for table, alias in _TABLE.findall(self.sql)}
        # In a subquery the value is what ends it up: its field stands in the innermost "min".
        alias, field = (
            re.findall(r"min\((\w+)\.(\w+)\)", self.columns[key]) or _FIELD.findall(self.columns[key])
        )[0]
        return tables[alias], field


SCHOOLS = Query(
    area="schools.list",
    core_table="schools",
    summary="Schools",
    columns={"school_number": "c.school_number", "name": "c.name"},
    source="from schools c",
    order="c.school_number",
    key=("school_number",),
    people={},
    by_school=False,
)

STREAMS: Mapping[str, Query] = {
    "students": Query(
        area="students.roster",
        core_table="students",
        summary="Active students of a school",
        columns={
            "student_dcid": "s.dcid",
            "student_number": "s.student_number",
            "state_studentnumber": "s.state_studentnumber",
            "first_name": "s.first_name",
            "middle_name": "s.middle_name",
            "last_name": "s.last_name",
            "dob": "s.dob",
            "gender": "s.gender",
            "fedethnicity": "s.fedethnicity",
            "schoolid": "s.schoolid",
            "grade_level": "s.grade_level",
            "entrydate": "s.entrydate",
            "home_room": "s.home_room",
            "street": "s.street",
            "city": "s.city",
            "state": "s.state",
            "zip": "s.zip",
            "mailing_street": "s.mailing_street",
            "mailing_city": "s.mailing_city",
            "mailing_state": "s.mailing_state",
            "mailing_zip": "s.mailing_zip",
            "home_phone": "s.home_phone",
            "email": _EMAIL.format(person="s.person_id"),
            "primarylanguage": "f.primarylanguage",
            "allergies": "f.allergies",
        },
        source=f"from students s\nleft join studentcorefields f on f.studentsdcid = s.dcid\nwhere {_AT_SCHOOL}",
        order="s.dcid",
        key=("student_dcid",),
        people={"student": "student_dcid"},
    ),
    "races": Query(
        area="students.races",
        core_table="students",
        summary="Races of the active students of a school",
        columns={"race_id": "r.id", "student_dcid": "s.dcid", "racecd": "r.racecd"},
        source=f"from students s\njoin studentrace r on r.studentid = s.id\nwhere {_AT_SCHOOL}",
        order="r.id",
        key=("race_id",),
        people={"student": "student_dcid"},
    ),
    "contacts": Query(
        area="contacts.details",
        core_table="students",
        summary="Contacts of the active students of a school, with every period",
        columns={
            "detail_id": "d.studentcontactdetailid",
            "association_id": "a.studentcontactassocid",
            "student_dcid": "s.dcid",
            "person_id": "p.id",
            "priority_order": "a.contactpriorityorder",
            "relationship": "k.displayvalue",
            "custodial": "d.iscustodial",
            "lives_with": "d.liveswithflg",
            "detail_active": "d.isactive",
            "start_date": "d.startdate",
            "end_date": "d.enddate",
            "person_active": "p.isactive",
            "first_name": "p.firstname",
            "middle_name": "p.middlename",
            "last_name": "p.lastname",
            "suffix": "x.displayvalue",
            "gender": "g.code",
            "email": _EMAIL.format(person="p.id"),
        },
        source=(
            "from students s\n"
            "join studentcontactassoc a on a.studentdcid = s.dcid\n"
            "join studentcontactdetail d on d.studentcontactassocid = a.studentcontactassocid\n"
            "join person p on p.id = a.personid\n"
            "left join codeset k on k.codesetid = d.relationshiptypecodesetid\n"
            "left join codeset x on x.codesetid = p.suffixcodesetid\n"
            "left join codeset g on g.codesetid = p.gendercodesetid\n"
            f"where {_AT_SCHOOL}"
        ),
        order="d.studentcontactdetailid",
        key=("detail_id",),
        people={"student": "student_dcid", "contact": "person_id"},
    ),
    "phones": Query(
        area="contacts.phones",
        core_table="students",
        summary="Phones of the contacts of the active students of a school",
        columns={
            "association_id": "a.studentcontactassocid",
            "phone_id": "n.personphonenumberassocid",
            "student_dcid": "s.dcid",
            "person_id": "a.personid",
            "phone_type": "k.displayvalue",
            "priority_order": "n.phonenumberpriorityorder",
            "phone_number": "h.phonenumber",
        },
        source=(
            "from students s\n"
            "join studentcontactassoc a on a.studentdcid = s.dcid\n"
            "join personphonenumberassoc n on n.personid = a.personid\n"
            "join phonenumber h on h.phonenumberid = n.phonenumberid\n"
            "left join codeset k on k.codesetid = n.phonetypecodesetid\n"
            f"where {_AT_SCHOOL}"
        ),
        order="a.studentcontactassocid, n.personphonenumberassocid",
        key=("association_id", "phone_id"),
        # The head's home number may be what tells families apart.
        people={"student": "student_dcid", "contact": "person_id"},
    ),
    "addresses": Query(
        area="contacts.addresses",
        core_table="students",
        summary="Addresses of the contacts of the active students of a school",
        columns={
            "address_id": "l.personaddressassocid",
            "person_id": "l.personid",
            "address_type": "k.displayvalue",
            "priority_order": "l.addresspriorityorder",
            "start_date": "l.startdate",
            "end_date": "l.enddate",
            "street": "d.street",
            "linetwo": "d.linetwo",
            "unit": "d.unit",
            "city": "d.city",
            "state": "t.code",
            "postalcode": "d.postalcode",
        },
        source="\n".join(
            (
                "from personaddressassoc l",
                "join personaddress d on d.personaddressid = l.personaddressid",
                "left join codeset k on k.codesetid = l.addresstypecodesetid",
                "left join codeset t on t.codesetid = d.statescodesetid",
                "where exists (select 1 from students s join studentcontactassoc a on a.studentdcid = s.dcid",
                f"  where a.personid = l.personid and {_AT_SCHOOL})",
            )
        ),
        order="l.personaddressassocid",
        key=("address_id",),
        people={"contact": "person_id"},
    ),
    "staff": Query(
        area="staff.roster",
        core_table="users",
        summary="Current staff of a school",
        columns={
            "staff_dcid": "t.dcid",
            "users_dcid": "u.dcid",
            "schoolid": "t.schoolid",
            "teachernumber": "u.teachernumber",
            "first_name": "u.first_name",
            "middle_name": "u.middle_name",
            "last_name": "u.last_name",
            "email_addr": "u.email_addr",
        },
        source="from schoolstaff t\njoin users u on u.dcid = t.users_dcid\nwhere t.status = 1 and t.schoolid = :school",
        order="t.dcid",
        key=("staff_dcid",),
        people={"staff": "users_dcid"},
    ),
}

QUERIES: tuple[Query, ...] = (SCHOOLS, *STREAMS.values())


def streams_of(member_types: Collection[str], family_identifier: Iterable[str]) -> tuple[str, ...]:
    """The streams that these settings need, and so the queries, beside the schools: what is not here is not asked."""
    heads = any(field.startswith("hoh_") for field in family_identifier)
    names: list[str] = []
    if "student" in member_types:
        names += ["students", "races"]
    if "contact" in member_types or ("student" in member_types and heads):
        names += ["contacts", "phones"]
    if "contact" in member_types:
        names.append("addresses")
    if "staff" in member_types:
        names.append("staff")
    return tuple(names)
