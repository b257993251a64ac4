"""The zip of CSV files: what is asked for, what is taken from it and in which shape."""

from __future__ import annotations

import base64

import pytest

from rollcall.connectors.base import Page, records_of
from rollcall.connectors.oneroster_core import export
from rollcall.connectors.oneroster_core.csv_rows import clean, shape
from rollcall.domain.errors import SourceContract
from tests.connectors.build import CREDENTIALS, TODAY, Sis
from tests.connectors.csv_export import (
    DEMOGRAPHICS,
    FILES,
    PEOPLE,
    USERS,
    files,
    packed,
    read,
    reader,
    zipped,
)

# ------------------------------------------------------------------------------------------------ what is read


def test_one_request_with_user_name_and_password() -> None:
    sis = Sis(lambda request: zipped())
    found = reader(b"", sis)
    for part in found.survey().parts:
        list(found.pages(part, None))
    assert [(r.method, r.path, r.params, r.is_json) for r in sis.requests] == [("GET", "", {}, False)]
    sent = sis.headers[0]["Authorization"].removeprefix("Basic ")
    assert (
        base64.b64decode(sent).decode() == f"{CREDENTIALS['consumer_token']}:{CREDENTIALS['consumer_secret']}"
    )


def test_students_are_listed_by_school_and_everybody_else_together() -> None:
    found = reader(zipped()).survey()
    assert [(p.stream, p.label, p.building) for p in found.parts] == [
        ("students", "students of school 101", "LMS"),
        ("students", "students of school 410", "LES"),
        ("users", "users", None),
        ("demographics", "demographics", None),
    ]
    assert found.reference == {"schools": {"o-1": "101", "o-2": "410", "o-8": "888"}}, (
        "it is the same every night"
    )
    assert {p.params["edition"] for p in found.parts} == {
        reader(zipped()).survey().parts[0].params["edition"]
    }


def test_rows_of_1_1_in_the_shape_of_rest() -> None:
    found = read(zipped())
    assert found["students of school 101"] == {
        "s-1": {
            "sourcedId": "s-1",
            "userIds": [{"type": "stateId", "identifier": "77"}, {"type": "x", "identifier": "y"}],
            "givenName": "Petra",
            "familyName": "Quill",
            "identifier": "501",
            "email": "p@example.org",
            "agents": [{"sourcedId": "g-1"}, {"sourcedId": "g-2"}],
            "grades": ["3"],
            "role": "student",
            "orgs": [{"sourcedId": "o-1"}, {"sourcedId": "o-8"}],
        }
    }
    assert set(found["students of school 410"]) == {"s-2"}
    assert set(found["users"]) == {"t-1", "g-1"}
    assert found["demographics"]["s-1"]["birthDate"] == "2015-03-09"


def test_roles_of_1_2_are_in_a_file_of_their_own() -> None:
    found = read(zipped("1.2"))
    student = found["students of school 101"]["s-1"]
    role = {"roleType": "primary", "role": "student", "beginDate": "2026-08-16", "org": {"sourcedId": "o-1"}}
    assert (student["roles"], student["primaryOrg"]) == ([role], {"sourcedId": "o-1"})
    assert [role["role"] for role in found["users"]["t-1"]["roles"]] == ["teacher", "parent"]
    assert set(found["students of school 101"]) == {"s-1"}, "a role that is to be deleted counts for nothing"
    assert len(found["students of school 410"]["s-2"]["roles"]) == 1


def test_a_person_is_mapped_as_from_rest() -> None:
    found = reader(zipped())
    survey = found.survey()
    (page,) = found.pages(survey.parts[0], None)
    (record,) = records_of(found, "students", page)
    assert record.people == ("student:s-1", "contact:g-1", "contact:g-2")
    person = found.map("student:s-1", {"students": [bytes(record.raw)]}, survey, TODAY).person
    assert person is not None
    assert (person.first_name, person.grade, person.state_id, person.enrollments[0].school) == (
        "Petra",
        "03",
        "77",
        "LMS",
    )


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("  x\t", "x"),
        ('="00123"', "00123"),
        ("'+15552014471", "+15552014471"),
        ("'=1", "=1"),
        ("'t Hart", "'t Hart"),
        ("O'Neill", "O'Neill"),
        ('="', '="'),
        ("", ""),
    ],
)
def test_cells_are_cleaned(cell: str, text: str) -> None:
    assert clean(cell) == text


def test_blank_cells_and_odd_lists() -> None:
    assert shape({"sourcedId": "a", "email": "", "agentSourcedIds": ", g-1,,", "userIds": "none"}) == {
        "sourcedId": "a",
        "agents": [{"sourcedId": "g-1"}],
        "userIds": [],
    }


@pytest.mark.parametrize(
    "users",
    [
        PEOPLE["1.1"].replace("\r\n", "\n").rstrip("\n"),
        "\N{BYTE ORDER MARK}" + PEOPLE["1.1"] + "\r\n,,,\r\n",
        PEOPLE["1.1"].replace("Petra", '"Petra"').replace("sourcedId,", '"sourcedId",', 1),
    ],
    ids=["bare line feeds", "BOM and blank rows", "quotes"],
)
def test_what_makes_no_difference(users: str) -> None:
    assert read(zipped(users=users)) == read(zipped())


def test_columns_in_another_order_and_columns_of_others() -> None:
    lines = zip(*(row.split(",") for row in FILES["orgs"].split()), strict=True)
    columns = [*list(lines)[::-1], ("metadata.x", "1", "2", "3")]
    orgs = "\n".join(",".join(row) for row in zip(*columns, strict=True))
    assert read(zipped(orgs=orgs)) == read(zipped())


def test_quoted_line_breaks_and_commas() -> None:
    users = PEOPLE["1.1"].replace("Petra", '"Pe""t,\r\nra"')
    assert read(zipped(users=users))["students of school 101"]["s-1"]["givenName"] == 'Pe"t,\r\nra'


def test_demographics_need_not_be_offered() -> None:
    text = files()["manifest"].replace("file.demographics,bulk", "file.demographics,absent")
    found = reader(zipped(manifest=text))
    survey = found.survey()
    assert "demographics_not_offered" in {i.code for i in survey.issues}
    (page,) = found.pages(survey.parts[-1], None)
    assert records_of(found, "demographics", page) == [], "what the manifest calls absent is not looked for"


# ----------------------------------------------------------------------------------------------------- pages


def many(count: int) -> bytes:
    rows = "".join(f"s-{i},,,true,o-1,student,,,A,B,,{i},,,,,K,\r\n" for i in range(count))
    about = "".join(f"s-{i},,,2015-03-09{',' * 8}\r\n" for i in range(count))
    users = f"{USERS['1.1']}\r\n{rows}"
    return zipped(users=users, demographics=f"{DEMOGRAPHICS}\r\n{about}")


@pytest.mark.parametrize("label", ["students of school 101", "demographics"])
@pytest.mark.parametrize(("count", "sizes"), [(5, [2, 2, 1]), (4, [2, 2]), (1, [1])])
def test_pages_can_be_resumed(
    label: str, count: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 2)
    found = reader(many(count))
    part = next(p for p in found.survey().parts if p.label == label)

    def ids(pages: list[Page]) -> list[list[str]]:
        return [[r.id for r in records_of(found, part.stream, page)] for page in pages]

    pages = list(found.pages(part, None))
    assert list(map(len, ids(pages))) == sizes
    assert (pages[-1].announced, pages[-1].cursor) == (count, None)
    for at, page in enumerate(pages[:-1]):
        assert ids(list(reader(many(count)).pages(part, page.cursor))) == ids(pages)[at + 1 :]


def test_an_empty_list_is_one_page() -> None:
    found = reader(many(0))
    part = next(p for p in found.survey().parts if p.label == "students of school 410")
    assert [(p.body, p.announced) for p in found.pages(part, None)] == [(b'{"users":[]}', 0)]


def test_an_export_that_was_replaced_is_not_read_on() -> None:
    part = reader(zipped()).survey().parts[0]
    other = zipped(users=PEOPLE["1.1"].replace("Odo", "Ode"))
    with pytest.raises(SourceContract) as caught:
        list(reader(other).pages(part, None))
    assert caught.value.code == "export_changed"


def test_the_same_files_zipped_again_are_the_same_export() -> None:
    """A server may make the zip anew for every request, in another order and with other times."""
    entries = {f"{name}.csv": text.encode() for name, text in files().items()}
    again = packed({"readme.txt": b"made at noon", **dict(reversed(entries.items()))})
    assert list(reader(again).pages(reader(zipped()).survey().parts[0], None))
