"""The nutrition application's file: the default template, a district's own, lengths, and cells that run nothing."""

import csv
import io
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.csv_text import safe
from rollcall.domain.export import DEFAULT, Column, StudentField, Template
from rollcall.domain.person import Person
from rollcall.domain.plan import StoredPerson
from rollcall.exports.nutrition import FIELDS, fitted
from tests.support.exports import D, Office, stored


def template(*columns: tuple[str, StudentField, int | None], **settings: Any) -> Template:
    return Template(columns=[Column(name=n, field=f, length=length) for n, f, length in columns], **settings)


ALLERGIES = template(("Allergies", "allergies", 50), list_separator=", ")


def allergic(*allergies: str) -> Office:
    office = Office()
    office.people.put_many([stored("s1", Person(type="student", source_id="1", allergies=allergies))])
    return office


def test_the_default_template_to_the_byte(office: Office) -> None:
    assert office.file("nutrition_students").decode().split("\r\n") == [
        "Student ID,State ID,PIN,First Name,Middle Name,Last Name,Suffix,Birth Date,Gender,Ethnicity,Race,Language,"
        "School,School Year,Grade,Homeroom,Enrollment Date,Family ID,Street,City,State,Postal Code,Home Phone,"
        "Guardian First Name,Guardian Last Name,Guardian Phone,Guardian Email,Allergies",
        "1002,,,Abel,,Ash,,,,,,,ELM,2026-27,K,R1,,,,,,,,Omar,Rivers,,omar@example.org,",
        "1001,9000000001,4711,Noor,,Rivers,,2016-03-04,female,not_hispanic,asian; white,en,ELM,2026-27,5,R12,"
        "2026-08-20,fam_1,1 Elm St,Lakeview,CA,95001,2095550101,Ines,Rivers,2095550102,ines@example.org,"
        "milk; peanut",
        "",
    ]


def test_a_districts_own_columns_order_and_separators(office: Office) -> None:
    own = template(
        ("PIN", "pos_id", None),
        ("Name", "last_name", 3),
        ("Elsewhere", "other_schools", None),
        ("Mail", "mailing_street", None),
        ("Tie", "guardian_relationship", None),
        ("Allergies", "allergies", None),
        delimiter=";",
        list_separator="|",
    )
    assert office.file("nutrition_students", own) == (
        b"PIN;Name;Elsewhere;Mail;Tie;Allergies\r\n;Ash;;;guardian;\r\n4711;Riv;OAK;PO Box 7;mother;milk|peanut\r\n"
    )
    assert office.made("nutrition_students", own).shortened == 1


def test_a_byte_order_mark_only_when_asked_for(office: Office) -> None:
    plain = office.file("nutrition_students")
    assert office.file("nutrition_students", bom=True) == b"\xef\xbb\xbf" + plain


def test_every_field_of_a_template_can_be_made(office: Office) -> None:
    assert set(FIELDS) == set(get_args(StudentField))
    everything = template(*((name, name, None) for name in get_args(StudentField)))
    noor = office.rows("nutrition_students", everything)[1]
    assert {name for name in noor if not noor[name]} == {
        "middle_name", "suffix", "mobile_phone", "mailing_city", "mailing_state", "mailing_postal_code",
    }  # fmt: skip


def test_allergies_that_do_not_fit_are_counted_in_the_cell() -> None:
    """Cut in the middle or dropped without a word, an allergy could be served."""
    office = allergic("egg", "milk", "peanut", "sesame", "shellfish", "soy", "tree nut", "wheat")
    (row,) = office.rows("nutrition_students", ALLERGIES)
    assert row["Allergies"] == "egg, milk, peanut, sesame, shellfish, soy, +2"
    assert office.made("nutrition_students", ALLERGIES).shortened == 1


def test_allergies_of_just_fifty_characters_fit() -> None:
    office = allergic("a" * 24, "b" * 24)
    (row,) = office.rows("nutrition_students", ALLERGIES)
    assert row["Allergies"] == "a" * 24 + ", " + "b" * 24
    assert office.made("nutrition_students", ALLERGIES).shortened == 0


@given(
    st.lists(st.text(min_size=1, max_size=30), max_size=6),
    st.integers(min_value=1, max_value=60),
    st.sampled_from(["; ", "|", ","]),
)
def test_no_cell_is_longer_than_its_column(values: list[str], length: int, separator: str) -> None:
    column = Column(name="x", field="allergies", length=length)
    cell, whole = fitted(values, column, separator)
    assert len(safe(cell)) <= length or len(cell) == 0
    assert whole == (cell == separator.join(values))
    if not whole and len(values) > 1 and length > 12:
        assert f"{separator}+" in cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    """A student may choose a name in the SIS, and a clerk opens the file in a spreadsheet."""
    office = Office()
    evil = f'{start}HYPERLINK("https://x.example","a")'
    office.people.put_many(
        [
            stored(
                "s1",
                Person(type="student", source_id="1", first_name=evil, last_name=evil, allergies=(evil,)),
            )
        ]
    )
    columns = template(("=1+1", "first_name", None), ("Last", "last_name", 10), ("A", "allergies", 10))
    text = office.file("nutrition_students", columns).decode()
    header, row = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert header[0] == "'=1+1"
    assert [cell[:2] for cell in row] == [f"'{start}"] * 3
    assert [len(cell) for cell in row[1:]] == [10, 10]


def test_line_breaks_quotes_and_the_delimiter_survive() -> None:
    office = Office()
    name = 'O"Neill, jr\r\n; Zoë'
    office.people.put_many([stored("s1", Person(type="student", source_id="1", last_name=name))])
    for delimiter in (",", ";", "\t", "|"):
        columns = template(("Last", "last_name", None), ("ID", "source_id", None), delimiter=delimiter)
        text = office.file("nutrition_students", columns).decode()
        assert list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))[1] == [
            name,
            "1",
        ]


def test_the_default_keeps_allergies_to_fifty_characters() -> None:
    assert [c.length for c in DEFAULT.columns if c.field == "allergies"] == [50]


def test_people_of_an_integration_that_feeds_media_alone_are_not_in_it(office: Office) -> None:
    before = office.file("nutrition_students")
    theirs = Person(type="student", source_id="9", first_name="Mia", last_name="Media")
    office.people.put_many(
        [StoredPerson(id="per_m", district_id=D, integration_id="int_media", person=theirs)]
    )
    assert office.file("nutrition_students") == before
    assert "per_m" not in str(office.tables())
