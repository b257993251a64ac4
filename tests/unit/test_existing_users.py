"""Lists of existing users: what is understood, and how faults are told."""

from __future__ import annotations

import pytest

from rollcall.domain.existing_users import MAX_ROWS, read_users
from rollcall.domain.form import Invalid
from rollcall.domain.reconciliation import ExistingUser


def faults(users: str, pairs: str = "") -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read_users(users, pairs)
    assert "CNRY" not in " ".join(f"{e.field} {e.message}" for e in caught.value.errors)
    return {(error.field, error.code) for error in caught.value.errors}


def test_a_whole_row_is_read() -> None:
    text = (
        "\ufeffMember Type,Host-ID,First Name,last_name,E-mail,Opt Out,new_id\r\n"
        'Student, 42 ,"Ana, Lu",Marsh,ana@example.org,Yes,S42\r\n\r\n'
        "PARENT,p7,,,,no,\n"
    )
    assert read_users(text) == [
        ExistingUser(
            type="student",
            host_id="42",
            new_host_id="S42",
            first_name="Ana, Lu",
            last_name="Marsh",
            email="ana@example.org",
            opt_out=True,
        ),
        ExistingUser(type="contact", host_id="p7", opt_out=False),
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *((w, "student") for w in ("S", "s", "Student", "STUDENTS")),
        *((w, "staff") for w in ("T", "teacher", "Staff", "Faculty")),
        *((w, "contact") for w in ("P", "Parent", "contact", "guardian")),
    ],
)
def test_member_types_as_schools_write_them(written: str, meant: str) -> None:
    assert [u.type for u in read_users(f"type,host_id\n{written},1")] == [meant]


def test_pairs_join_the_users_they_name_and_add_the_others() -> None:
    users = "type,host_id,first_name\nS,1,Noor\nS,2,Orla"
    pairs = "type,old_id,new_id\nstudent,1,S1\nT,1,T9"
    assert [(u.key, u.new_host_id, u.first_name) for u in read_users(users, pairs)] == [
        ("student:1", "S1", "Noor"),
        ("student:2", None, "Orla"),
        ("staff:1", "T9", None),
    ]
    assert len(read_users("", pairs)) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {("csv", "no_rows")}),
        ("type,host_id\n", {("csv", "no_rows")}),
        ("host_id\n1", {("csv.1", "required")}),
        ("type\nS", {("csv.1", "required")}),
        ("type,host_id,CNRY\nS,1,x", {("csv.1", "unknown_column")}),
        ("type,host_id,old_id\nS,1,2", {("csv.1", "duplicate")}),
        (
            "type,host_id\nCNRY,1\nS,\n,3",
            {("csv.2.type", "not_allowed"), ("csv.3.host_id", "required"), ("csv.4.type", "required")},
        ),
        ("type,host_id\nS,CNRY\nstudent,CNRY", {("csv.3.host_id", "duplicate")}),
        ("type,host_id\nS,1,CNRY", {("csv.2.row", "too_long")}),
        ("type,host_id,opt_out\nS,1,CNRY", {("csv.2.opt_out", "not_allowed")}),
        (f"type,host_id\nS,{'9' * 255}", {("csv.2.host_id", "too_long")}),
        ('type,host_id\nS,1\nS,"CNRY', {("csv.3", "not_csv")}),
        ('type,host_id\nS,"CNRY"x', {("csv.2", "not_csv")}),
        (f"type,host_id\nS,{'9' * 200_000}", {("csv.2", "not_csv")}),
    ],
)  # fmt: skip
def test_faults_name_row_and_column_and_no_value(text: str, expected: set[tuple[str, str]]) -> None:
    assert faults(text) == expected


def test_faults_of_the_pairs_are_told_apart() -> None:
    assert faults("type,host_id\nS,1", "type,old_id,new_id\nS,1,") == {("pairs.2.new_host_id", "required")}


def test_ids_of_two_member_types_or_cases_are_no_duplicates() -> None:
    assert len(read_users("type,host_id\nS,a\nT,a\nS,A")) == 3


def test_a_hundred_faults_are_enough() -> None:
    assert len(faults("type,host_id\n" + "x,1\n" * 500)) == 100


def test_only_so_many_users_are_taken() -> None:
    rows = "".join(f"S,{n}\n" for n in range(MAX_ROWS))
    assert len(read_users(f"type,host_id\n{rows}")) == MAX_ROWS
    assert faults(f"type,host_id\n{rows}S,x") == {("csv", "too_long")}
