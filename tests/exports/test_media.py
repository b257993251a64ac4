"""The media application's files, to the byte."""

import random

from rollcall.domain.person import ContactLink, Enrollment, MediaAccount, Person
from tests.support.exports import Office, small_district, stored


def lines(*rows: str) -> bytes:
    return "".join(f"{row}\r\n" for row in rows).encode()


def test_users_are_who_was_let_in_and_who_has_left_with_it_said(office: Office) -> None:
    """The blocked are not users, the parent whom a teacher stands for is not one, and the leaver is not missing."""
    assert office.file("media_users") == lines(
        "host_id,type,status,first_name,middle_name,last_name,suffix,email,grade,grad_year,schools,opt_out",
        "S1002,student,invited,Abel,,Ash,,,K,2039,ELM,false",
        "S1003,student,uninvited,Lea,,Left,,,,,,false",
        "S1001,student,invited,Noor,,Rivers,,noor@example.org,5,2034,ELM; OAK,true",
        "T5011,staff,invited,Ines,,Rivers,,ines@example.org,,,ELM,false",
        "P7002,contact,invited,Omar,,Rivers,,omar@example.org,,,,false",
    )


def test_a_child_of_a_teacher_belongs_to_the_teacher(office: Office) -> None:
    assert office.file("media_relationships") == lines(
        "parent_host_id,student_host_id,relationship",
        "P7002,S1002,guardian",
        "T5011,S1001,mother",
        "P7002,S1001,father",
    )


def test_a_parent_who_is_known_twice_is_told_once(office: Office) -> None:
    """The SIS may have a parent as two contacts, both of whom are one member of staff."""
    twice = (
        ContactLink(priority=1, person_id="per_c1", relationship="mother"),
        ContactLink(priority=2, person_id="per_c9", relationship="guardian"),
        ContactLink(priority=3, person_id="per_gone", relationship="aunt"),
    )
    child = Person(type="student", source_id="5020", host_id="S5020", contacts=twice, media=MediaAccount())
    again = Person(type="contact", source_id="7009", media=MediaAccount(same_as="per_t1"))
    office.people.put_many([stored("s20", child), stored("c9", again)])
    rows = [r for r in office.rows("media_relationships") if r["student_host_id"] == "S5020"]
    assert [(row["parent_host_id"], row["relationship"]) for row in rows] == [("T5011", "mother")]


def test_groups_are_schools_grades_and_homerooms_that_somebody_is_in(office: Office) -> None:
    rows = office.rows("media_groups")
    assert [(row["type"], row["name"]) for row in rows] == [
        ("school", "ELM"),
        ("grade", "ELM, grade K"),
        ("grade", "ELM, grade 5"),
        ("homeroom", "ELM, R1"),
        ("homeroom", "ELM, R12"),
        ("school", "OAK"),
        ("grade", "OAK, grade 5"),
    ]
    assert len({row["group_id"] for row in rows}) == len(rows)


def test_memberships_name_users_and_groups_that_exist(office: Office) -> None:
    groups = {row["group_id"]: row["name"] for row in office.rows("media_groups")}
    assert [(groups[row["group_id"]], row["host_id"]) for row in office.rows("media_memberships")] == [
        ("ELM", "S1002"),
        ("ELM, grade K", "S1002"),
        ("ELM, R1", "S1002"),
        ("ELM", "S1001"),
        ("ELM, grade 5", "S1001"),
        ("ELM, R12", "S1001"),
        ("OAK", "S1001"),
        ("OAK, grade 5", "S1001"),
        ("ELM", "T5011"),
    ]


def test_a_group_keeps_its_id_whoever_is_in_it(office: Office) -> None:
    before = {row["name"]: row["group_id"] for row in office.rows("media_groups")}
    newcomer = Person(
        type="student",
        source_id="1",
        host_id="S1",
        enrollments=(Enrollment(school="ELM", grade="5", homeroom="R12"),),
        media=MediaAccount(),
    )
    other = Office()
    other.people.put_many([stored("n1", newcomer)])
    after = {row["name"]: row["group_id"] for row in other.rows("media_groups")}
    assert after == {name: before[name] for name in ("ELM", "ELM, grade 5", "ELM, R12")}


def test_the_order_is_the_same_whatever_came_first(office: Office) -> None:
    people = small_district()
    for seed in range(3):
        random.Random(seed).shuffle(people)
        other = Office()
        other.people.put_many(people)
        for kind in ("media_users", "media_relationships", "media_groups", "media_memberships"):
            assert other.file(kind) == office.file(kind)


def test_people_of_an_integration_that_does_not_feed_media_are_not_in_it() -> None:
    office = Office()
    office.people.put_many(
        [stored("s1", Person(type="student", source_id="1", first_name="Ann", last_name="Ash"))]
    )
    assert office.rows("media_users") == []
