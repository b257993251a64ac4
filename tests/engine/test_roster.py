"""The media roster: who is let in, under which host ID, and who is not, with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from rollcall.domain.ids import person_id
from rollcall.domain.person import MediaAccount, Person
from rollcall.domain.twins import Twin
from tests.engine.sis import Sis
from tests.engine.world import NOON, D, World, student

FEEDS: dict[str, Any] = {"destinations": ("nutrition", "media"), "family_identifier": ()}


def mother(number: str = "7879870", **fields: Any) -> dict[str, Any]:
    return {"id": number, "first": "Tamsin", "last": "Rivers", "email": "tamsin@example.org", **fields}


def teacher(**fields: Any) -> dict[str, Any]:
    return {"first": "Orla", "last": "Finch", "email": "orla@example.org", **fields}


@pytest.fixture
def world() -> World:
    made = World()
    made.sis.students = {"1": student(number="2038788")}
    made.sis.contacts = {"1": [mother()]}
    made.sis.staff = {"6786987": teacher()}
    made.integrate("int_1", **FEEDS)
    return made


def stored_id(kind: str, source_id: str, source: str = "powerschool:1") -> str:
    return person_id(D, source, kind, source_id)


def roster(world: World) -> dict[str, Person]:
    return {f"{s.person.type} {s.person.source_id}": s.person for s in world.people.all(D)}


def host_ids(world: World) -> dict[str, str | None]:
    return {name: person.host_id for name, person in roster(world).items()}


def account(world: World, name: str) -> MediaAccount:
    found = roster(world)[name].media
    assert found is not None
    return found


# Host IDs --------------------------------------------------------------------------------------------------------


def test_the_source_documents_ids_come_out_exactly(world: World) -> None:
    run = world.sync()
    assert host_ids(world) == {
        "student 1": "S2038788",
        "contact 7879870": "P7879870",
        "staff 6786987": "T6786987",
    }
    assert run.roster == {"student": {"invited": 1}, "contact": {"invited": 1}, "staff": {"invited": 1}}
    world.write_count()
    assert world.sync().roster == run.roster
    assert world.write_count() == 0


def test_one_number_in_three_tables_is_three_people(world: World) -> None:
    world.sis.students = {"9": student(number="5011")}
    world.sis.contacts = {"9": [mother("5011")]}
    world.sis.staff = {"5011": teacher()}
    world.sync()
    assert sorted(filter(None, host_ids(world).values())) == ["P5011", "S5011", "T5011"]


def test_without_letters_one_number_in_three_tables_lets_nobody_in(world: World) -> None:
    """Guards: a parent's pictures under a student's account."""
    world.integrate("int_1", host_id_letters={"student": "", "staff": "", "contact": ""})
    world.sis.students = {"9": student(number="5011")}
    world.sis.contacts = {"9": [mother("5011")]}
    world.sis.staff = {"5011": teacher()}
    run = world.sync()
    assert set(host_ids(world).values()) == {None}
    assert run.issue_codes == {"host_id_collision": 3}


def test_letters_may_make_one_of_two_numbers(world: World) -> None:
    """Checked after prefixing too: student 12 with an S, and a parent whose number is S12 already."""
    world.integrate("int_1", host_id_letters={"student": "S", "staff": "T", "contact": ""})
    world.sis.students = {"9": student(number="12")}
    world.sis.contacts = {"9": [mother("S12")]}
    run = world.sync()
    assert run.issue_codes == {"host_id_collision": 2}
    assert host_ids(world) == {"student 9": None, "contact S12": None, "staff 6786987": "T6786987"}


def test_of_a_host_id_that_two_ask_for_nobody_is_let_in_and_both_are_told(world: World) -> None:
    world.sis.students = {"1": student(number="7"), "2": student(number="7"), "3": student(number="8")}
    run = world.sync()
    assert {n: h for n, h in host_ids(world).items() if n.startswith("student")} == {
        "student 1": None,
        "student 2": None,
        "student 3": "S8",
    }
    issues = {i.source_id: i.message for i in world.issues(run) if i.code == "host_id_duplicate"}
    assert set(issues) == {"1", "2"}
    assert "student 2" in issues["1"]
    world.sis.students["2"]["number"] = "9"
    world.sync()
    assert (host_ids(world)["student 1"], host_ids(world)["student 2"]) == ("S7", "S9"), "mended in the SIS"


def test_ids_that_differ_in_case_are_two(world: World) -> None:
    world.sis.students = {"1": student(number="ab1"), "2": student(number="AB1")}
    world.sync()
    assert (host_ids(world)["student 1"], host_ids(world)["student 2"]) == ("Sab1", "SAB1")


def test_a_host_id_stays_whatever_changes(world: World) -> None:
    """Names, addresses, letters, even the number: somebody who was let in keeps the account."""
    world.sync()
    before = host_ids(world)
    world.sis.students["1"] |= {"first": "Nori", "last": "Lake", "email": "nori@example.org"}
    world.integrate("int_1", host_id_letters={"student": "X", "staff": "Y", "contact": "Z"})
    run = world.sync()
    assert host_ids(world) == before
    assert run.issue_codes == {"host_id_mismatch": 3}
    assert roster(world)["student 1"].first_name == "Nori"
    assert account(world, "student 1") == MediaAccount(status="invited", reasons=("host_id_mismatch",))


def test_a_leavers_host_id_is_never_given_to_another(world: World) -> None:
    """Guards: a new child opening the album of one who moved away."""
    world.sync()
    world.sis.students = {"2": student(number="2038788"), "3": student(number="3")}
    world.sis.contacts = {"2": [mother()], "3": [mother()]}
    run = world.sync()
    assert host_ids(world)["student 1"] == "S2038788"
    assert host_ids(world)["student 2"] is None
    assert run.issue_codes == {"host_id_taken": 1}


def test_host_ids_are_unique_across_the_systems_of_a_district(world: World) -> None:
    world.sync()
    world.others["int_2"] = Sis(students={"4": student("south", number="2038788")}, schools=("south",))
    world.integrate("int_2", source="powerschool:2", **FEEDS)
    run = world.sync("int_2")
    assert run.issue_codes == {"host_id_taken": 1}
    assert host_ids(world)["student 4"] is None


# E-mail addresses and names ----------------------------------------------------------------------------------------


def test_of_a_shared_address_only_the_first_is_let_in_and_the_second_learns_whose_it_is(world: World) -> None:
    world.sis.contacts["1"].append(mother("8", first="Otto", email="TAMSIN@example.org"))
    run = world.sync()
    assert account(world, "contact 7879870").status == "invited"
    assert account(world, "contact 8") == MediaAccount(status="blocked", reasons=("media_email_shared",))
    (issue,) = world.issues(run)
    assert (issue.source_id, issue.value) == ("8", "tamsin@example.org")
    assert "contact 7879870" in issue.message
    assert run.roster["contact"] == {"invited": 1, "blocked": 1}
    world.sis.contacts["1"] = [mother("8", first="Otto")]
    world.sis.students["1"]["first"] = "Nori"
    world.sync()
    assert account(world, "contact 7879870").status == "uninvited"
    world.sync()
    assert account(world, "contact 8").status == "invited", "the first has left"
    assert host_ids(world)["contact 8"] == "P8"


def test_who_signs_in_comes_before_who_does_not(world: World) -> None:
    """Guards: a child whose parent's address was typed in takes the parent's account."""
    world.sis.students["1"]["email"] = "tamsin@example.org"
    world.sync()
    assert account(world, "contact 7879870").status == "invited"
    assert account(world, "student 1").reasons == ("media_email_shared",)


def test_who_signs_in_needs_an_address_and_everybody_a_whole_name(world: World) -> None:
    world.sis.contacts["1"] = [mother(email=None)]
    world.sis.staff["6786987"] = teacher(last="")
    run = world.sync()
    assert run.issue_codes == {"media_email_missing": 1, "media_name_missing": 1}
    assert account(world, "student 1").status == "invited", "students do not sign in"
    world.integrate("int_1", login_types=("student",))
    assert world.sync().issue_codes == {"media_email_missing": 1, "media_name_missing": 1}
    assert account(world, "student 1").status == "invited", "let in before, and so not thrown out"
    assert account(world, "contact 7879870").status == "invited"


def test_a_parent_without_a_child_is_told(world: World) -> None:
    world.sis.students["1"]["reject"] = True
    run = world.sync()
    assert run.issue_codes == {"grade_level_unmapped": 1, "parent_without_child": 1}
    assert "contact 7879870" not in roster(world)


# Staff who are parents -----------------------------------------------------------------------------------------------


def test_a_teacher_who_is_a_mother_is_one_person(world: World) -> None:
    world.sis.contacts["1"] = [mother("7879870", first="Orla", last="Finch", email="orla@example.org")]
    run = world.sync()
    assert account(world, "contact 7879870").same_as == stored_id("staff", "6786987")
    assert host_ids(world)["contact 7879870"] is None, "one account, the teacher's"
    assert run.roster["contact"] == {"same": 1}
    assert run.issue_codes == {}
    world.sis.staff["6786987"] = teacher(email="o.finch@example.org")
    world.sync()
    assert account(world, "contact 7879870").same_as == stored_id("staff", "6786987"), (
        "once found, remembered"
    )
    world.sis.staff = {"5": teacher(first="Iris", email="iris@example.org")}
    world.sync()
    world.sync()
    assert account(world, "contact 7879870") == MediaAccount(), "left the school: a parent like others"
    assert host_ids(world)["contact 7879870"] == "P7879870"


def test_a_stored_teacher_is_found_by_a_mother_who_comes_later(world: World) -> None:
    world.sync()
    world.sis.contacts["1"].append(mother("5", first="Orla", last="Finch", email="orla@example.org"))
    world.sis.students["1"]["first"] = "Nori"
    world.sync()
    assert account(world, "contact 5").same_as == stored_id("staff", "6786987")


def test_the_same_name_alone_is_asked_about_and_the_answer_is_kept(world: World) -> None:
    world.sis.contacts["1"] = [mother("5", first="Orla", last="Finch", email="orla.finch@example.com")]
    run = world.sync()
    (issue,) = world.issues(run)
    assert (issue.code, issue.source_id, issue.value) == (
        "staff_parent_candidate",
        "5",
        stored_id("staff", "6786987"),
    )
    assert account(world, "contact 5").same_as is None

    def decide(staff_id: str | None) -> None:
        world.config.put_twin(
            Twin(
                district_id=D,
                contact_id=stored_id("contact", "5"),
                contact_source_id="5",
                staff_id=staff_id,
                decided_by="user@example.org",
                decided_at=NOON,
            )
        )

    decide(stored_id("staff", "6786987"))
    assert world.sync().issue_codes == {}
    assert account(world, "contact 5").same_as == stored_id("staff", "6786987")
    decide(None)
    assert world.sync().issue_codes == {}
    assert account(world, "contact 5").same_as is None
    assert host_ids(world)["contact 5"] == "P5"


def test_two_who_share_an_address_but_not_a_name_are_two(world: World) -> None:
    world.sis.contacts["1"] = [mother("5", email="orla@example.org")]
    world.sync()
    assert account(world, "contact 5").reasons == ("media_email_shared",)
    assert account(world, "staff 6786987").status == "invited"


# Leaving -------------------------------------------------------------------------------------------------------------


def test_a_leaver_is_uninvited_and_never_deleted(world: World) -> None:
    world.sync()
    del world.sis.students["1"], world.sis.staff["6786987"]
    world.sis.students["2"] = student(number="2")
    world.sis.contacts = {"2": [mother()]}
    world.sis.staff["5"] = teacher(email="other@example.org")
    world.sync()
    assert {n: p.media and p.media.status for n, p in roster(world).items()} == {
        "student 1": "uninvited",
        "staff 6786987": "uninvited",
        "student 2": "invited",
        "contact 7879870": "invited",
        "staff 5": "invited",
    }
    world.sis.students["1"] = student(number="2038788")
    world.sync()
    assert (account(world, "student 1").status, host_ids(world)["student 1"]) == ("invited", "S2038788")


def test_an_opt_out_survives_whatever_the_sis_sends(world: World) -> None:
    """Guards: a family that asked not to be shown, shown again after a change of name."""
    world.sync()
    (kept,) = [s for s in world.people.all(D) if s.person.source_id == "1"]
    world.people.put_many([replace(kept, person=replace(kept.person, media=MediaAccount(opt_out=True)))])
    for change in ({"first": "Nori"}, {"ended": True}, {"ended": False, "first": "Noor"}):
        world.sis.students["1"] |= change
        world.sync()
        assert account(world, "student 1").opt_out


def test_a_preview_says_what_the_sync_will_do(world: World) -> None:
    world.sis.contacts["1"].append(mother("8", first="Otto"))
    preview = world.sync(mode="preview")
    assert roster(world) == {}
    run = world.sync()
    assert (run.roster, run.issue_codes) == (preview.roster, preview.issue_codes)


def test_an_integration_that_does_not_feed_media_has_no_roster(world: World) -> None:
    world.integrate("int_1", destinations=("nutrition",))
    world.sis.staff["6786987"] = teacher(last="", email=None)
    run = world.sync()
    assert (run.roster, run.issue_codes) == ({}, {})
    assert set(host_ids(world).values()) == {None}
    world.integrate("int_1", **FEEDS)
    world.sync()
    assert host_ids(world)["student 1"] == "S2038788"
