"""Whose is each account of a returning school: states, decisions, and what may never be confirmed."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.candidates import SisPerson
from rollcall.domain.reconciliation import (
    OPEN,
    RETIRE,
    ExistingUser,
    Reconciliation,
    Row,
    accounts,
    reconcile,
    renames,
)

LETTERS = {"student": "S", "staff": "T", "contact": "P"}


def person(number: str, kind: str = "student", name: str = "", email: str | None = None) -> SisPerson:
    first, _, last = name.partition(" ")
    return SisPerson(
        id=f"per_{kind}_{number}",
        type=kind,
        host_id=f"{LETTERS[kind]}{number}",
        number=number,
        first_name=first or None,
        last_name=last or None,
        email=email,
    )


def user(host_id: str, kind: str = "student", name: str = "", **fields: object) -> ExistingUser:
    first, _, last = name.partition(" ")
    return ExistingUser(
        type=kind, host_id=host_id, first_name=first or None, last_name=last or None, **fields
    )


def only(found: Reconciliation) -> Row:
    (row,) = found.rows
    return row


def test_an_id_that_is_right_is_matched() -> None:
    found = reconcile([user("S1")], {}, [person("1"), person("2")])
    assert (only(found).state, only(found).person, found.missing) == (
        "matched",
        "per_student_1",
        ["per_student_2"],
    )
    assert found.counts == {
        **dict.fromkeys(("mapped", "proposed", "ambiguous", "colliding", "unmatched", "retired"), 0),
        "matched": 1,
        "missing": 1,
    }


@pytest.mark.parametrize("new", ["S1", "1"])
def test_a_new_id_is_understood_with_and_without_its_letters(new: str) -> None:
    found = reconcile([user("old", new_host_id=new)], {}, [person("1")])
    assert (only(found).state, only(found).person) == ("mapped", "per_student_1")
    assert renames(found) == [("student", "old", "S1")]


def test_a_new_id_that_nobody_has_is_told() -> None:
    found = reconcile([user("old", new_host_id="S9")], {}, [person("1")])
    assert (only(found).state, only(found).reason) == ("unmatched", "new_host_id_unknown")


def test_ids_that_differ_in_case_are_two() -> None:
    """Guards: folding host IDs, which gives one child's pictures to another."""
    lower = [person("ab", name="Noor Rivers"), person("AB", name="Ilan Marsh")]
    found = reconcile([user("SAB"), user("Sab"), user("sab")], {}, lower)
    assert [(r.user.host_id, r.state, r.person) for r in found.rows] == [
        ("SAB", "matched", "per_student_AB"),
        ("Sab", "matched", "per_student_ab"),
        ("sab", "unmatched", None),
    ]


@pytest.mark.parametrize(
    ("existing", "confidence", "by"),
    [
        (user("x", name="Noor Rivers", email="NOOR@example.org "), 100, ("email", "name")),
        (user("x", name="Someone Else", email="noor@example.org"), 74, ("email",)),
        (user("x", email="noor@example.org"), 90, ("email",)),
        (user("x", name="NOOR  rivers"), 85, ("name",)),
        (user("x", name="Nour Rivers"), 77, ("name",)),
        (user("1", name="Noor Rivers"), 100, ("number", "name")),
        (user("1"), 90, ("number",)),
    ],
)
def test_candidates_and_what_speaks_for_them(existing: ExistingUser, confidence: int, by: tuple) -> None:
    sis = [person("1", name="Noor Rivers", email="noor@example.org"), person("2", name="Orla Fenn")]
    row = only(reconcile([existing], {}, sis))
    assert row.state == "proposed"
    assert [(c.person, c.by) for c in row.candidates] == [("per_student_1", by)]
    assert row.candidates[0].confidence == pytest.approx(confidence, abs=3)


@pytest.mark.parametrize(
    "existing",
    [user("x", name="Piet Mondo"), user("x"), user("1", name="Xq Zzzw"), user("x", "staff", "Noor Rivers")],
)
def test_nobody_is_proposed_on_weak_grounds(existing: ExistingUser) -> None:
    assert only(reconcile([existing], {}, [person("1", name="Noor Rivers")])).state == "unmatched"


def test_equally_good_candidates_are_ambiguous() -> None:
    twins = [
        person("1", name="Noor Rivers"),
        person("2", name="Noor Rivers"),
        person("3", name="Noor Rivera"),
    ]
    row = only(reconcile([user("x", name="Noor Rivers")], {}, twins))
    assert row.state == "ambiguous"
    assert [c.person for c in row.candidates] == ["per_student_1", "per_student_2", "per_student_3"]


def test_somebody_with_an_account_is_not_proposed_for_another() -> None:
    sis = [person("1", name="Noor Rivers"), person("2", name="Noor Rivera")]
    found = reconcile([user("S1", name="Noor Rivers"), user("x", name="Noor Rivers")], {}, sis)
    assert [c.person for c in found.rows[1].candidates] == ["per_student_2"]


def test_a_parent_who_works_at_the_school_may_be_a_member_of_staff() -> None:
    staff = person("5", "staff", "Ana Lu", "ana@example.org")
    row = only(reconcile([user("P1", "contact", "Ana Lu", email="ana@example.org")], {}, [staff]))
    assert (row.state, row.candidates[0].person) == ("proposed", staff.id)


COLLISIONS = {
    "two users are mapped to one person": (
        [user("a", new_host_id="S1"), user("b", new_host_id="1")],
        {},
        ["same_person", "same_person"],
    ),
    "a user is mapped to somebody who is matched": (
        [user("S1"), user("b", new_host_id="S1")],
        {},
        ["same_person", "same_person"],
    ),
    "before and after prefixing": ([user("S1"), user("1")], {}, [None, "same_person"]),
    "two users are proposed for one person": (
        [user("a", name="Noor Rivers"), user("b", name="Noor Rivers")],
        {},
        ["same_person", "same_person"],
    ),
    "another user has the new id and keeps it": (
        [user("a", new_host_id="S1"), user("S1", "staff")],
        {},
        ["host_id_in_use", "host_id_in_use"],
    ),
    "somebody else of the SIS gets the id of a retired user": (
        [user("S1")],
        {"student:S1": RETIRE},
        ["host_id_of_another"],
    ),
    "somebody of another member type gets the id": ([user("S1", "staff")], {}, ["host_id_of_another"]),
    "users exchange ids": (
        [user("S1", new_host_id="S2"), user("S2", new_host_id="S1")],
        {},
        ["exchange", "exchange"],
    ),
}


@pytest.mark.parametrize("case", COLLISIONS)
def test_what_collides(case: str) -> None:
    users, decisions, reasons = COLLISIONS[case]
    sis = [person("1", name="Noor Rivers"), person("2", name="Orla Fenn")]
    found = reconcile(users, decisions, sis)
    assert [row.reason for row in found.rows] == reasons
    assert all(
        (row.state == "colliding") == (reason is not None)
        for row, reason in zip(found.rows, reasons, strict=True)
    )


def test_people_of_the_sis_who_share_a_host_id_cannot_be_matched() -> None:
    same = [person("1"), SisPerson(id="per_other", type="student", host_id="S1", number="1")]
    assert only(reconcile([user("S1")], {}, same)).reason == "host_id_not_unique"


def test_decisions_settle_every_state() -> None:
    sis = [person("1", name="Noor Rivers"), person("2", name="Noor Rivers"), person("3")]
    users = [
        user("x", name="Noor Rivers"),
        user("y", name="Noor Rivers"),
        user("z"),
        user("S3"),
        user("b", new_host_id="S3"),
    ]
    assert [row.state for row in reconcile(users, {}, sis).rows] == [
        "ambiguous",
        "ambiguous",
        "unmatched",
        "colliding",
        "colliding",
    ]
    decisions = {
        "student:x": "per_student_1",
        "student:y": "per_student_2",
        "student:z": RETIRE,
        "student:b": RETIRE,
    }
    found = reconcile(users, decisions, sis)
    assert [row.state for row in found.rows] == ["mapped", "mapped", "retired", "matched", "retired"]
    assert (found.open, found.missing) == (0, [])


def test_a_decision_about_what_is_not_there_any_more_is_forgotten() -> None:
    decisions = {"student:x": "per_gone", "student:y": RETIRE, "student:gone": RETIRE}
    found = reconcile([user("x"), user("y")], decisions, [person("1")])
    assert found.decisions == {"student:y": RETIRE}
    assert [row.state for row in found.rows] == ["unmatched", "retired"]


def test_host_ids_are_updated_in_an_order_that_never_meets_one_in_use() -> None:
    chain = [user("S0", new_host_id="S1"), user("S1", new_host_id="S2"), user("S2", new_host_id="S3")]
    found = reconcile(chain, {}, [person("1"), person("2"), person("3")])
    assert {row.state for row in found.rows} == {"mapped"}
    assert [new for _, _, new in renames(found)] == ["S3", "S2", "S1"]


def test_a_run_learns_what_it_needs_and_no_more() -> None:
    sis = [person("1", email="noor@example.org"), person("2", email="shared@example.org"), person("3")]
    users = [
        user("S1", email="noor@example.org", opt_out=True),
        user("S2", email="shared@example.org", opt_out=False),
        user("S3"),
        user("lost", "staff", email=" Shared@example.org"),
        user("retired", email="r@example.org", opt_out=True),
    ]
    found = reconcile(users, {"student:retired": RETIRE}, sis)
    known = accounts(found, "file")
    assert known.opt_outs == {"per_student_1": True, "per_student_2": False}
    assert known.unknown == {"shared@example.org": ["lost"]}
    assert known.owners == ["per_student_2"]


ids = st.sampled_from(["1", "2", "3", "S1", "S2", "s1", "T1", "P2", "A", "a"])
kinds = st.sampled_from(["student", "staff", "contact"])
names = st.sampled_from(["", "Noor Rivers", "Noor Rivera", "Orla Fenn"])
mails = st.sampled_from([None, "a@example.org", "b@example.org"])
peoples = st.lists(
    st.builds(person, st.sampled_from(["1", "2", "3", "a", "A"]), kinds, names, mails),
    unique_by=lambda p: p.id,
    max_size=8,
)
uploads = st.lists(
    st.builds(user, ids, kinds, names, new_host_id=st.none() | ids, email=mails),
    unique_by=lambda u: u.key,
    max_size=8,
)


@given(uploads, peoples, st.data())
@settings(deadline=None)
def test_once_nothing_collides_no_two_have_one_host_id(
    users: list[ExistingUser], sis: list[SisPerson], data: st.DataObject
) -> None:
    """Whatever is uploaded and decided, every user is in one state, and what may be confirmed mixes no accounts."""
    answers = st.sampled_from([RETIRE, *(p.id for p in sis)])
    keys = st.sampled_from([u.key for u in users] or ["none"])
    found = reconcile(users, data.draw(st.dictionaries(keys, answers, max_size=6)), sis)
    assert [row.user for row in found.rows] == users
    assert sum(found.counts.values()) == len(users) + len(found.missing)
    owned = Counter(row.person for row in found.rows if row.person and row.state != "colliding")
    assert all(times == 1 for times in owned.values())
    assert not owned.keys() & set(found.missing)
    if found.counts["colliding"]:
        return
    before = Counter(u.host_id for u in users)
    for kind, old, new in renames(found):
        assert before[new] == 0, "each new ID is free when its turn comes"
        before[old] -= 1
        before[new] += 1
        assert kind in LETTERS
    after = Counter(found.new_host_id(row) or row.user.host_id for row in found.rows)
    assert +before == after
    assert all(times == 1 for times in after.values())
    assert not after.keys() & {found.people[p].host_id for p in found.missing}
    assert found.open == sum(row.state in OPEN for row in found.rows)
