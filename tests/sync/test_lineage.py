"""Real connectors: every stored value is explained by what the SIS sent, a mapping, a setting or a named rule."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from local.inprocess import DISTRICT, INTEGRATION, InProcess
from rollcall.connectors.reader import reader
from rollcall.domain.errors import NotFound
from rollcall.domain.lineage import RULES, FieldLineage, Lineage
from rollcall.domain.plan import StoredPerson
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder
from rollcall.engine.lineage import carried, named_beside, trace
from simulators.codes import code_tables

SYSTEMS = ("powerschool", "powerschool_query", "aeries", "illuminate", "schooltool", "oneroster")
BOTH = ("nutrition", "media")
EXPECTED: dict[str, dict[str, set[str]]] = {
    "powerschool": {
        "local_id": {"students:local_id"},
        "first_name": {"students:name.first_name"},
        "birth_date": {"students:demographics.birth_date"},
        "grade": {"students:school_enrollment.grade_level"},
        "enrollments.0.school": {"students:school_enrollment.school_number"},
        "phones.0.number": {"students:phones.main.number"},
    },
    "powerschool_query": {
        "local_id": {"students:student_number"},
        "first_name": {"students:first_name"},
        "birth_date": {"students:dob"},
        "grade": {"students:grade_level"},
        "enrollments.0.school": {"students:schoolid"},
        "phones.0.number": {"students:home_phone"},
    },
    "aeries": {
        "first_name": {"students:FirstName"},
        "birth_date": {"students:Birthdate"},
        "grade": {"students:Grade"},
        "enrollments.0.school": {"students:SchoolCode"},
        "phones.0.number": {"students:HomePhone"},
        "family_id": {"students:FamilyKey"},
    },
    "illuminate": {
        "first_name": {"students:first_name"},
        "birth_date": {"students:birth_date"},
        "grade": {"enrollment:grade_level_id", "survey"},
        "enrollments.0.school": {"enrollment:site_id"},
    },
    "schooltool": {
        "local_id": {"students:identifier"},
        "first_name": {"students:givenName"},
        "grade": {"students:grades.0"},
        "enrollments.0.school": {"students:orgs.0.sourcedId", "survey"},
    },
    "oneroster": {
        "local_id": {"students:identifier"},
        "first_name": {"students:givenName"},
        # A record of demographics that is not active does not count.
        "birth_date": {"demographics:birthDate", "demographics:status"},
        "grade": {"students:grades.0"},
        "enrollments.0.school": {"students:orgs.0.sourcedId", "survey"},
    },
}


def traced(town: InProcess, run: Run, stored: StoredPerson, current: bool = True) -> Lineage:
    stored_run = town.runs.get(DISTRICT, run.id)
    assert stored_run
    return trace(town.blobs, reader, stored_run, stored, current)


def fields(lineage: Lineage) -> dict[str, FieldLineage]:
    return {field.field: field for field in lineage.fields}


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_stored_value_is_explained(system: str) -> None:
    town = InProcess(system, people=50, destinations=BOTH)
    run = town.sync()
    for stored in town.stored():
        lineage = traced(town, run, stored)
        assert lineage.complete
        for field in lineage.fields:
            assert field.sources or field.settings or field.rule, (stored.person.type, field.field)
            assert field.rule != "stands", (stored.person.type, field.field)
            assert field.rule is None or field.rule in RULES
            for source in field.sources:
                known = {(record.stream, record.id) for record in lineage.records} | {("survey", "")}
                assert (source.stream, source.record_id) in known
        assert {record.run_id for record in lineage.records} == {run.id}


@pytest.mark.parametrize("system", SYSTEMS)
def test_whoever_has_a_tie_to_somebody_is_named_beside_them(system: str) -> None:
    """Guards: a connector that makes a tie of records of which none names both."""
    town = InProcess(system, people=60, destinations=BOTH)
    run = town.runs.get(DISTRICT, town.sync().id)
    assert run
    source = town.config.integration(DISTRICT, INTEGRATION).source
    people = {stored.id: stored for stored in town.stored()}
    tied = [
        (stored.id, tie.person_id)
        for stored in people.values()
        for tie in stored.person.contacts
        if tie.person_id in people
    ]
    assert tied
    for student, contact in tied:
        assert student in named_beside(town.blobs, source, run, people[contact])


def places(field: FieldLineage) -> set[str]:
    return {"survey" if s.stream == "survey" else f"{s.stream}:{s.path}" for s in field.sources}


def somebody(town: InProcess, *has: str, kind: str = "student") -> StoredPerson:
    """The first person of a type with all these fields."""
    return next(
        s for s in town.stored() if s.person.type == kind and all(getattr(s.person, name) for name in has)
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_values_come_from_where_the_sis_has_them(system: str) -> None:
    town = InProcess(system, people=60, destinations=BOTH)
    run = town.sync()
    wanted = EXPECTED[system]
    student = somebody(
        town,
        *(name for name in wanted if "." not in name),
        *({"phones"} if "phones.0.number" in wanted else ()),
    )
    found = fields(traced(town, run, student))
    assert {name: places(found[name]) for name in wanted} == wanted
    raw = {source.path.rpartition(".")[2]: source.value for source in found["first_name"].sources}
    assert set(raw.values()) == {student.person.first_name}
    (entry,) = found["grade"].translations
    assert (entry.entity, entry.value, entry.matched) == ("grade_level", student.person.grade, "exact")
    assert (entry.external, entry.value) in code_tables(system, town.generated)["grade_level"]
    assert (entry.mapping_id, entry.version) == ("map_grade_level", 1)


def test_a_mapping_is_told_by_the_version_that_the_run_used_and_how_it_matched() -> None:
    """Guards: a lineage by the mapping of today, of a value that an older version made."""
    town = InProcess("aeries", people=60)
    town.map_codes("gender", [(" f ", "female"), ("m", "male"), ("x", "other")])
    loosen(town, "gender", ignore_case=True)
    run = town.sync()
    student = somebody(town, "gender")
    town.map_codes("gender", [("F", "woman"), ("M", "man"), ("X", "other")])
    (entry,) = fields(traced(town, run, student))["gender"].translations
    assert (entry.version, entry.matched) == (3, "ignore_case")
    assert (entry.external, entry.entry, entry.value) == (
        entry.entry.strip().upper(),
        entry.entry,
        student.person.gender,
    )


@pytest.mark.parametrize(
    ("rows", "matched"),
    [([("007", "7")], "leading_zeros"), ([("7", "7")], "exact")],
)
def test_leading_zeros_that_do_not_count_are_told(rows: list[tuple[str, str]], matched: str) -> None:
    town = InProcess("aeries", people=60)
    others = [row for row in code_tables("aeries", town.generated)["grade_level"] if row[0] != "7"]
    town.map_codes("grade_level", [*others, *rows])
    loosen(town, "grade_level", ignore_leading_zeros=True)
    run = town.sync()
    student = next(s for s in town.stored() if s.person.grade == "7")
    (entry,) = fields(traced(town, run, student))["grade"].translations
    assert (entry.external, entry.entry, entry.matched) == ("7", rows[0][0], matched)


def loosen(town: InProcess, entity: str, **options: bool) -> None:
    """Let a mapping overlook something."""
    stored = town.config.mappings(DISTRICT, [f"map_{entity}"])[f"map_{entity}"]
    town.config.put_mapping(stored.model_copy(update={**options, "version": stored.version + 1}))


def test_two_codes_that_mean_the_same_are_both_told() -> None:
    """Guards: a value that stands whichever of its two sources is altered, and so is nobody's."""
    town = InProcess("aeries", people=60)
    code, value = code_tables("aeries", town.generated)["race"][0]
    others = [row for row in code_tables("aeries", town.generated)["race"] if row[0] != code]
    town.map_codes("race", [(code, value), *((other, value) for other, _ in others)])
    row = next(s for s in town.generated.students if s.active and s.races)
    row.races = tuple(dict.fromkeys(row.races + tuple(s for t in town.generated.students for s in t.races)))[
        :2
    ]
    run = town.sync()
    student = next(s for s in town.stored() if s.person.source_id == str(row.local_id))
    assert student.person.races == (value,)
    assert places(fields(traced(town, run, student))["races.0"]) == {
        "students:RaceCode1",
        "students:RaceCode2",
    }


def test_a_pin_that_is_the_local_id_is_told_by_its_setting() -> None:
    town = InProcess("aeries", people=50, use_local_id_as_pin=True)
    run = town.sync()
    pin = fields(traced(town, run, somebody(town, "pos_id")))["pos_id"]
    assert pin.settings == ("use_local_id_as_pin",)


def test_what_a_later_pull_says_leaves_an_older_run_as_it_was() -> None:
    """Guards: an older run that is told by the records of today."""
    town = InProcess("aeries", people=60)
    first = town.sync()
    student = somebody(town, "first_name")
    row = next(s for s in town.generated.students if str(s.local_id) == student.person.source_id)
    name = student.person.first_name
    town.clock.advance(days=1)
    row.first = "Renamed"
    second = town.sync()
    now = next(s for s in town.stored() if s.id == student.id)
    assert now.person.first_name == "Renamed"
    then, since = (traced(town, run, now, run is second) for run in (first, second))
    assert (then.current, since.current) == (False, True)
    assert [fields(found)["first_name"].value for found in (then, since)] == [name, "Renamed"]
    assert [fields(found)["first_name"].sources[0].value for found in (then, since)] == [name, "Renamed"]
    assert fields(then)["family_id"].value == student.person.family_id


def test_contacts_that_were_not_asked_for_tonight_are_told_by_the_run_that_received_them() -> None:
    town = InProcess("powerschool", people=60)
    first = town.sync()
    town.clock.advance(days=1)
    second = town.sync()
    kept = {c.stream: c for c in carried(town.blobs, town.runs.get(DISTRICT, second.id) or second)}
    assert set(kept) == {"contacts"}
    assert kept["contacts"].run_id == first.id
    assert kept["contacts"].records == second.coverage["contacts"].of - second.coverage["contacts"].fetched
    origins = set()
    for student in (s for s in town.stored() if s.person.contacts):
        records = traced(town, second, student).records
        assert {r.run_id for r in records if r.stream == "students"} == {second.id}
        origins |= {(r.run_id, r.received_on) for r in records if r.stream == "contacts"}
    assert len(origins) == 2


def test_what_was_stored_otherwise_is_said_to_stand() -> None:
    """Guards: a value that another hand wrote, told as if the SIS had sent it."""
    town = InProcess("aeries", people=50)
    run = town.sync()
    student = somebody(town, "first_name")
    other = replace(student, person=replace(student.person, first_name="Otherwise", pos_id="4711"))
    found = fields(traced(town, run, other))
    assert [(found[name].rule, found[name].sources) for name in ("first_name", "pos_id")] == [
        ("stands", ())
    ] * 2
    assert found["last_name"].rule is None


def test_somebody_who_is_gone_has_no_records_and_what_is_stored_stands() -> None:
    town = InProcess("aeries", people=50)
    town.sync()
    student = somebody(town, "grade")
    gone = next(s for s in town.generated.students if str(s.local_id) == student.person.source_id)
    town.generated.withdraw_student(gone.id)
    town.clock.advance(days=1)
    run = town.sync()
    stored = next(s for s in town.stored() if s.id == student.id)
    assert stored.person.status == "ended"
    lineage = traced(town, run, stored)
    assert fields(lineage)["status"].value == "ended"
    assert all(field.rule or field.sources or field.settings for field in lineage.fields)


def test_a_photo_is_explained_by_the_integration_that_brings_it() -> None:
    town = InProcess("aeries", people=60, member_types=("student",))
    town.integrate("int_photos", ["building"], pictures_only=True, member_types=("student",))
    people = town.sync()
    photos = town.sync(integration_id="int_photos")
    student = somebody(town, "photo")
    assert fields(traced(town, people, student))["photo"].rule == "photo"
    shown = fields(traced(town, photos, student, current=False))
    assert shown["photo"].value == student.person.photo
    assert shown["photo"].sources


def test_somebody_whom_another_sis_numbers_like_that_is_not_told() -> None:
    """Guards: the records of one district's student 5011 shown as those of another SIS's."""
    town = InProcess("aeries", people=50)
    run = town.sync()
    with pytest.raises(NotFound):
        traced(town, run, replace(somebody(town, "grade"), id="per_of_another"))


def test_what_is_no_longer_kept_is_not_found() -> None:
    town = InProcess("aeries", people=50)
    run = town.sync()
    student = somebody(town, "grade")
    town.blobs.delete(town.blobs.keys(RunFolder(run).part("pages")))
    with pytest.raises(NotFound):
        traced(town, run, student)
