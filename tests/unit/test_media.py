"""Host IDs, graduation years, what each application may know, and CSV that runs nothing."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.csv_text import csv_lines, safe
from rollcall.domain.destinations import ALLOWED, DESTINATIONS, project, visible
from rollcall.domain.grades import graduation_year
from rollcall.domain.media import LETTERS, REASONS, blocked, folded_name, host_id, host_number
from rollcall.domain.person import (
    Address,
    ContactLink,
    Enrollment,
    MediaAccount,
    Person,
    PersonType,
    Phone,
    encode_person,
)

CANARY = "CNRY"
WHOLE = Person(
    type="student",
    source_id="1",
    local_id=CANARY,
    state_id=CANARY,
    pos_id=CANARY,
    host_id="S1",
    first_name="Noor",
    middle_name="A",
    last_name="Rivers",
    suffix="Jr",
    birth_date=CANARY,
    gender=CANARY,
    ethnicity=CANARY,
    races=(CANARY,),
    language=CANARY,
    email="noor@example.org",
    phones=(Phone(number=CANARY),),
    addresses=(Address(street=CANARY),),
    grade="3",
    enrollments=(Enrollment(school="LKV", grade="3", start_date=CANARY),),
    schools=("LKV",),
    family_id=CANARY,
    contacts=(ContactLink(priority=1, person_id="per_1", relationship="mother", lives_with=True),),
    allergies=(CANARY,),
    photo=CANARY,
    grad_year=2036,
    media=MediaAccount(opt_out=True),
)


@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [
        ("student", "2038788", "S2038788"),
        ("contact", "7879870", "P7879870"),
        ("staff", "6786987", "T6786987"),
    ],
)
def test_the_source_documents_examples(kind: PersonType, number: str, expected: str) -> None:
    assert host_id(LETTERS, kind, number) == expected
    assert host_id({}, kind, number) == number


@pytest.mark.parametrize(
    ("family", "kind", "expected"),
    [
        ("powerschool", "student", "number"),
        ("powerschool", "staff", "key"),
        ("powerschool", "contact", "key"),
        ("illuminate", "student", "number"),
        ("aeries", "student", "key"),
        ("oneroster", "contact", "key"),
    ],
)
def test_each_system_has_its_own_number(family: str, kind: PersonType, expected: str) -> None:
    assert host_number(family, Person(type=kind, source_id="key", local_id=" number ")) == expected


def test_without_a_number_there_is_no_host_id() -> None:
    assert host_number("powerschool", Person(type="student", source_id="1", local_id=" ")) is None


@pytest.mark.parametrize(
    ("grade", "year"),
    [("12", 2027), ("01", 2038), ("1", 2038), ("K", 2039), ("KG", 2039), ("TK", 2040), ("13", None), (None, None),
     ("Ungraded", None)],
)  # fmt: skip
def test_a_graduation_year_follows_from_the_grade(grade: str | None, year: int | None) -> None:
    assert graduation_year(grade, "2026-27") == year


@pytest.mark.parametrize(
    ("first", "last"), [("Mary-Ann", "O'Brien"), ("MARY ANN", "o brien"), ("Mary  Ann", "O’Brien")]
)
def test_names_compare_without_case_and_punctuation(first: str, last: str) -> None:
    assert (
        folded_name(Person(type="staff", source_id="1", first_name=first, last_name=last))
        == "mary ann o brien"
    )


def test_every_reason_says_what_to_do() -> None:
    for code in REASONS:
        issue = blocked(code, ("student", "1"), None, "contact 5")
        assert issue.message.endswith(".")
        assert issue.fix.endswith(".")
        assert "{" not in issue.message


# Destinations --------------------------------------------------------------------------------------------------------


def test_nothing_but_what_is_named_reaches_media() -> None:
    """Guards: race, allergy, address or meal data in a picture application."""
    shown = project(WHOLE, "media")
    assert CANARY not in msgspec.json.encode(shown).decode()
    assert shown == {
        "type": "student",
        "source_id": "1",
        "host_id": "S1",
        "first_name": "Noor",
        "middle_name": "A",
        "last_name": "Rivers",
        "suffix": "Jr",
        "email": "noor@example.org",
        "grad_year": 2036,
        "grade": "3",
        "schools": ["LKV"],
        "enrollments": [{"school": "LKV", "grade": "3"}],
        "contacts": [{"person_id": "per_1", "relationship": "mother"}],
        "media": {"opt_out": True},
    }


def test_nutrition_sees_everything_but_the_media_roster() -> None:
    shown = project(WHOLE, "nutrition")
    whole = msgspec.json.decode(encode_person(WHOLE))
    assert whole.keys() - shown.keys() == {"host_id", "grad_year", "media"}
    assert shown == {name: value for name, value in whole.items() if name in shown}


def test_every_field_that_is_named_exists() -> None:
    assert all(set(ALLOWED[d]) <= set(Person.__struct_fields__) for d in DESTINATIONS)


def test_a_change_that_a_destination_may_not_see_is_none() -> None:
    assert visible(("races", "allergies"), "media") == ()
    assert visible(("last_name", "races"), "media") == ("last_name",)


# CSV -----------------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=2))
)
def test_csv_reads_back_and_no_cell_is_a_formula(rows: list[list[str]]) -> None:
    text = "".join(csv_lines(("one", "two"), rows))
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read == [["one", "two"], *[[safe(value) for value in row] for row in rows]]
    assert not any(cell.lstrip(" ").startswith(tuple("=+-@\t\r")) for row in read for cell in row)


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1"])
def test_a_formula_is_disarmed(value: str) -> None:
    assert safe(value) == f"'{value}"


@pytest.mark.parametrize("value", ["", "Noor", "O'Brien", "a=b", "3-4", "noor@example.org"])
def test_plain_values_stay(value: str) -> None:
    assert safe(value) == value
