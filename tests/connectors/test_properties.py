"""What must hold for any data: no order matters, and pages are only a way to carry records."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.connectors.base import Page, records_of
from rollcall.connectors.records import digits, text, zip_code
from rollcall.domain.person import Mapped, encode_person
from tests.connectors import test_aeries_map as aeries
from tests.connectors import test_illuminate_map as illuminate
from tests.connectors import test_oneroster_map as oneroster
from tests.connectors import test_powerschool_map as powerschool
from tests.connectors.build import TODAY, connector, encoded, survey

POWERSCHOOL = connector("powerschool")
AERIES = connector("aeries", use_contact_record=True)
ILLUMINATE = connector("illuminate")
ONEROSTER = connector("oneroster", codes=oneroster.codes())

scalars = st.one_of(
    st.none(), st.text(max_size=8), st.integers(-3, 10**12), st.booleans(), st.sampled_from(["Y", " "])
)
junk = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
)
dates = st.sampled_from([None, "2026-08-18T00:00:00", "2026-10-01", "2026-12-01", "bad"])


def document(result: Mapped) -> Any:
    return result if result.person is None else (result, encode_person(result.person))


@st.composite
def aeries_rows(draw: st.DrawFn) -> list[bytes]:
    fields = {
        "SchoolCode": st.sampled_from([410, 420, 430]),
        "StudentNumber": st.integers(1, 3),
        "InactiveStatusCode": st.sampled_from(["", " ", "*", "I", "N"]),
        "AttendanceProgramCodePrimary": st.sampled_from(["", "P", "A"]),
        "SchoolEnterDate": dates,
        "SchoolLeaveDate": dates,
        "Grade": st.sampled_from([3, 6, 99]),
        "FirstName": st.sampled_from(["Noor", "Ana", ""]),
    }
    rows = draw(st.lists(st.fixed_dictionaries(fields), min_size=1, max_size=4))
    return [encoded({**aeries.STUDENT, **row}) for row in rows]


@st.composite
def aeries_contacts(draw: st.DrawFn) -> list[bytes]:
    fields = {
        "SequenceNumber": st.integers(1, 3),
        "SchoolCode": st.sampled_from([410, 420]),
        "StudentID": st.sampled_from([88400123, 2]),
        "FirstName": st.sampled_from(["Tamsin", "Ivo", ""]),
        "ContactOrder": st.integers(0, 2),
        "LivesWithStudentIndicator": st.sampled_from(["Y", ""]),
        "CellPhone": st.sampled_from(["", "5555550177"]),
        "RelationshipToStudentCode": st.sampled_from(["10", "11", "77", ""]),
    }
    rows = draw(st.lists(st.fixed_dictionaries(fields), max_size=4))
    return [encoded({**aeries.CONTACT, **row}) for row in rows]


@given(rows=aeries_rows(), contacts=aeries_contacts(), data=st.data())
def test_aeries_students_do_not_depend_on_order(
    rows: list[bytes], contacts: list[bytes], data: st.DataObject
) -> None:
    found = AERIES.map("student:88400123", {"students": rows, "contacts": contacts}, survey(), TODAY)
    shuffled = {
        "contacts": data.draw(st.permutations(contacts)),
        "students": data.draw(st.permutations(rows)),
    }
    assert document(AERIES.map("student:88400123", shuffled, survey(), TODAY)) == document(found)
    if found.person and found.person.status == "active":
        assert sum(e.primary for e in found.person.enrollments) == 1
        assert all(e.drop_date is None for e in found.person.enrollments)


@given(contacts=aeries_contacts(), data=st.data())
def test_aeries_contacts_do_not_depend_on_order(contacts: list[bytes], data: st.DataObject) -> None:
    page = Page(body=b"[" + b",".join(contacts) + b"]", cursor=None)
    by_person: dict[str, list[bytes]] = {}
    for record in records_of(AERIES, "contacts", page):
        by_person.setdefault(record.people[1], []).append(bytes(record.raw))
    for key, rows in by_person.items():
        shuffled = data.draw(st.permutations(rows))
        results = [AERIES.map(key, {"contacts": r}, survey(), TODAY) for r in (rows, shuffled)]
        assert document(results[0]) == document(results[1])


@st.composite
def contact_answers(draw: st.DrawFn) -> list[bytes]:
    detail = st.fixed_dictionaries(
        {"startDate": dates, "endDate": dates, "active": st.booleans(), "custodial": st.booleans(),
         "livesWith": st.booleans(), "relationship": st.sampled_from(["Mother", "Father", "Other", None])}
    )  # fmt: skip
    tie = st.fixed_dictionaries(
        {"dcid": st.sampled_from([5011, 5012]), "sequence": st.sampled_from([1, 2, None]),
         "studentDetails": st.lists(detail, max_size=2)}
    )  # fmt: skip
    contact = st.fixed_dictionaries(
        {"contactId": st.sampled_from([651, 652]), "firstName": st.sampled_from(["Tamsin", "Ivo", None]),
         "contactStudents": st.lists(tie, max_size=2)}
    )  # fmt: skip
    found = draw(
        st.lists(st.tuples(st.sampled_from(["5011", "5012"]), st.lists(contact, max_size=2)), max_size=3)
    )
    return [powerschool.answer([{**powerschool.CONTACT, **c} for c in some], child) for child, some in found]


@given(answers=contact_answers(), data=st.data())
def test_powerschool_people_do_not_depend_on_order(answers: list[bytes], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(answers))
    student = [encoded(powerschool.STUDENT)]
    for key in ("student:5011", "contact:651"):
        results = [
            POWERSCHOOL.map(key, {"students": student, "contacts": records}, survey(), TODAY)
            for records in (answers, shuffled)
        ]
        assert document(results[0]) == document(results[1])


@st.composite
def illuminate_rows(draw: st.DrawFn) -> dict[str, list[bytes]]:
    stay = st.fixed_dictionaries(
        {"stu_sess_id": st.integers(1, 9), "site_id": st.sampled_from([410, "420", 12, None]),
         "entry_date": dates, "leave_date": dates, "is_primary_ada": st.sampled_from([True, False, None]),
         "academic_year": st.sampled_from([2027, 2026, None])}
    )  # fmt: skip
    tie = st.fixed_dictionaries(
        {"student_id": st.sampled_from([40711, 2]), "contact_id": st.sampled_from([901, "902", None]),
         "household_id": st.integers(1, 2), "first_name": st.sampled_from(["Tamsin", "Ivo", None]),
         "primary_contact": st.sampled_from([True, None]), "resides_with": st.booleans(),
         "contact_type": st.sampled_from(["Mother", "Father", "Other", None]),
         "restraining_order": st.sampled_from([True, False, None])}
    )  # fmt: skip
    stays = draw(st.lists(stay, max_size=4))
    ties = draw(st.lists(tie, max_size=4))
    return {
        "students": [encoded(illuminate.STUDENT)],
        "enrollment": [encoded({**illuminate.STAY, **row}) for row in stays],
        "contacts": [encoded({**illuminate.CONTACT, **row}) for row in ties],
    }


@given(records=illuminate_rows(), data=st.data())
def test_illuminate_people_do_not_depend_on_order(
    records: dict[str, list[bytes]], data: st.DataObject
) -> None:
    shuffled = {name: data.draw(st.permutations(rows)) for name, rows in records.items()}
    for key in ("student:40711", "contact:901"):
        found = ILLUMINATE.map(key, records, illuminate.survey(), TODAY)
        assert document(ILLUMINATE.map(key, shuffled, illuminate.survey(), TODAY)) == document(found)
        if found.person and found.person.enrollments:
            assert sum(e.primary for e in found.person.enrollments) == 1


@given(records=illuminate_rows())
def test_nothing_of_illuminate_changes_before_the_day_to_revisit(records: dict[str, list[bytes]]) -> None:
    now = ILLUMINATE.map("student:40711", records, illuminate.survey(), TODAY)
    day = TODAY.replace(month=12, day=31) if now.revisit_on is None else now.revisit_on
    eve = max(TODAY, day.fromordinal(day.toordinal() - 1))
    before = ILLUMINATE.map("student:40711", records, illuminate.survey(), eve)
    assert (before.person, before.household, before.issues) == (now.person, now.household, now.issues)


@settings(max_examples=300)
@given(field=st.sampled_from(sorted({*illuminate.STUDENT, *illuminate.STAY})), value=junk)
def test_any_value_in_any_field_of_illuminate_is_an_issue_at_worst(field: str, value: Any) -> None:
    records = {
        name: [encoded({**row, field: value} if field in row else row)]
        for name, row in (("students", illuminate.STUDENT), ("enrollment", illuminate.STAY))
    }
    result = ILLUMINATE.map("student:40711", records, illuminate.survey(), TODAY)
    if result.person is None and not any(i.severity == "error" for i in result.issues):
        assert field in ("site_id", "academic_year", "entry_date", "leave_date")


@st.composite
def guardians(draw: st.DrawFn) -> list[bytes]:
    fields = {
        "sourcedId": st.sampled_from(["u-90", "u-91", "u-92"]),
        "status": st.sampled_from(["active", "tobedeleted"]),
        "role": st.sampled_from(["parent", "guardian", "teacher", "wizard"]),
        "phone": st.sampled_from(["", "555-555-0177", None]),
        "roles": st.none()
        | st.lists(st.fixed_dictionaries({"role": st.just("parent"), "beginDate": dates, "endDate": dates})),
    }
    rows = draw(st.lists(st.fixed_dictionaries(fields), max_size=4))
    return [encoded({**oneroster.PARENT, **row}) for row in rows]


@given(users=guardians(), sexes=st.lists(st.sampled_from(["female", "male", ""]), max_size=2), data=st.data())
def test_oneroster_people_do_not_depend_on_order(
    users: list[bytes], sexes: list[str], data: st.DataObject
) -> None:
    rows = {
        "students": [encoded(oneroster.STUDENT), encoded({**oneroster.STUDENT, "email": "x@example.org"})],
        "users": users,
        "demographics": [encoded({**oneroster.ABOUT, "sex": sex}) for sex in sexes],
    }
    shuffled = {name: data.draw(st.permutations(some)) for name, some in rows.items()}
    for key in ("student:u-1", "contact:u-90", "staff:u-90"):
        results = [ONEROSTER.map(key, some, oneroster.SURVEY, TODAY) for some in (rows, shuffled)]
        assert document(results[0]) == document(results[1])


@given(answers=contact_answers())
def test_nothing_changes_before_the_day_to_revisit(answers: list[bytes]) -> None:
    student = [encoded(powerschool.STUDENT)]
    for key in ("student:5011", "contact:651"):
        records = {"students": student, "contacts": answers}
        now = POWERSCHOOL.map(key, records, survey(), TODAY)
        day = TODAY.replace(month=12, day=31) if now.revisit_on is None else now.revisit_on
        before = POWERSCHOOL.map(key, records, survey(), max(TODAY, day.fromordinal(day.toordinal() - 1)))
        assert (before.person, before.household, before.issues) == (now.person, now.household, now.issues)


@given(
    ids=st.lists(st.integers(0, 10**9) | st.text("0123456789ab", min_size=1, max_size=9), max_size=12),
    data=st.data(),
)
def test_pages_only_carry_records(ids: list[Any], data: st.DataObject) -> None:
    """Splitting k pages gives what splitting one page of everything gives."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(ids)), max_size=4)))
    slices = [ids[a:b] for a, b in zip([0, *cuts], [*cuts, len(ids)], strict=True)]

    def aeries_page(some: list[Any]) -> Page:
        return Page(
            encoded([{"StudentID": i, "SchoolCode": 1, "StudentNumber": 2, "x": "é"} for i in some]), None
        )

    def powerschool_page(some: list[Any]) -> Page:
        found = [{"id": i, "name": ""} for i in some]
        child = {} if not found else {"student": found[0] if len(found) == 1 else found}
        return Page(encoded({"students": {"@expansions": "", **child}}), None)

    for connector_, page in ((AERIES, aeries_page), (POWERSCHOOL, powerschool_page)):
        whole = records_of(connector_, "students", page(ids))
        parts = [r for some in slices for r in records_of(connector_, "students", page(some))]
        assert [(r.id, r.people, bytes(r.raw)) for r in parts] == [
            (r.id, r.people, bytes(r.raw)) for r in whole
        ]


@settings(max_examples=300)
@given(field=st.sampled_from(sorted(aeries.STUDENT)), value=junk)
def test_any_value_in_any_field_is_an_issue_at_worst(field: str, value: Any) -> None:
    record = encoded({**aeries.STUDENT, field: value})
    result = AERIES.map("student:88400123", {"students": [record]}, survey(), TODAY)
    if result.person is None and not any(i.severity == "error" for i in result.issues):
        assert field == "InactiveStatusCode"


@settings(max_examples=300)
@given(block=st.sampled_from(sorted(powerschool.STUDENT)), value=junk)
def test_any_value_in_any_block_is_an_issue_at_worst(block: str, value: Any) -> None:
    record = encoded({**powerschool.STUDENT, block: value})
    result = POWERSCHOOL.map("student:5011", {"students": [record]}, survey(), TODAY)
    assert result.person is not None or any(i.severity == "error" for i in result.issues)


@settings(max_examples=300)
@given(field=st.sampled_from(sorted(oneroster.STUDENT)), value=junk)
def test_any_value_in_any_field_of_a_user_is_an_issue_at_worst(field: str, value: Any) -> None:
    user = {**oneroster.STUDENT, field: value}
    result = oneroster.mapped("student:u-1", students=[user])
    if result.person is None and not any(i.severity == "error" for i in result.issues):
        assert field in ("status", "role", "orgs")


@given(value=scalars)
def test_reading_a_value_twice_changes_nothing(value: Any) -> None:
    for read in (text, digits, zip_code):
        once = read(value)
        assert read(once) == once
