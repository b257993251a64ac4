"""What is asked of Aeries for photos, and what becomes of its answers."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from rollcall.connectors.aeries.photos import MAX_RANGES, MOST_EMPTY, RANGE
from rollcall.connectors.base import Connector, Page, Part, records_of
from rollcall.connectors.wire import Request
from rollcall.domain.errors import NeedsAttention, SourceContract
from rollcall.domain.photo import MAX_BYTES, photo_id
from tests.connectors.build import CREDENTIALS, TODAY, Sis, codes_of, connector, lookups, survey

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def photos(sender: Any = None, **fields: Any) -> Connector:
    only = {"building": lookups()["building"]}
    return connector("aeries", sender, codes=only, pictures_only=True, member_types=("student",), **fields)


def picture(data: bytes | str = PNG, year: Any = 2026) -> dict[str, Any]:
    text = data if isinstance(data, str) else base64.b64encode(data).decode()
    return {"SchoolYear": year, "RawBinary": text, "FileExtension": "jpg", "FileSize": 9}


class School:
    """A server with ``size`` students at school 410, of whom those in ``without`` have no photo and no row."""

    def __init__(self, size: int, without: range = range(0), **replies: Any) -> None:
        self.size = size
        self.without = without
        self.replies = replies

    def __call__(self, request: Request) -> Any:
        area = request.path.rpartition("/")[2]
        if area in self.replies:
            return self.replies[area]
        if area == "schools":
            return [{"SchoolCode": code, "Name": "x"} for code in (0, 410, 420, 999)]
        first, last = int(request.params["StartingRecord"]), int(request.params["EndingRecord"])
        listed = [i for i in range(first, min(last, self.size) + 1) if i not in self.without]
        return [{"StudentID": i, "Pictures": [picture(PNG + bytes([i % 7]))]} for i in listed]


def pull(sis: Any, cursor: str | None = None) -> list[Page]:
    part = Part(stream="photos", label="photos of school 410", params={"school": "410"})
    return list(photos(Sis(sis)).pages(part, cursor))


def people(pages: list[Page]) -> list[str]:
    found = photos()
    return [key for page in pages for record in records_of(found, "photos", page) for key in record.people]


# ---------------------------------------------------------------------------------------------------- survey


def test_survey_lists_schools_and_asks_for_one_photo() -> None:
    sis = Sis(School(3))
    found = photos(sis).survey()
    assert [(p.stream, p.label, p.params, p.building) for p in found.parts] == [
        ("photos", "photos of school 410", {"school": "410"}, None),
        ("photos", "photos of school 420", {"school": "420"}, None),
    ]
    assert [(i.code, i.value) for i in found.issues] == [("school_not_mapped", "999")]
    assert [(r.path, r.params) for r in sis.requests] == [
        ("/api/v5/schools", {}),
        ("/api/v5/schools/410/StudentPictures", {"StartingRecord": 1, "EndingRecord": 1}),
    ]
    assert {h["AERIES-CERT"] for h in sis.headers} == {CREDENTIALS["token"]}


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ({"schools": 401}, "credentials_rejected"),
        ({"schools": []}, "no_school_mapped"),
        ({"StudentPictures": 401}, "permission_missing"),
        ({"StudentPictures": b"<!DOCTYPE html>"}, "endpoint_not_json"),
    ],
)
def test_survey_tells_what_needs_attention(replies: Any, code: str) -> None:
    with pytest.raises(NeedsAttention) as caught:
        photos(Sis(School(3, **replies))).survey()
    assert caught.value.code == code
    assert code != "permission_missing" or "Student Pictures" in caught.value.message


def test_only_the_building_mapping_is_needed() -> None:
    with pytest.raises(NeedsAttention) as caught:
        connector("aeries", codes={}, pictures_only=True)
    assert caught.value.code == "mapping_missing"


# ----------------------------------------------------------------------------------------------------- pages


def test_photos_are_asked_for_in_ranges_until_several_are_empty() -> None:
    sis = Sis(School(RANGE + 1))
    part = Part(stream="photos", label="x", params={"school": "410"})
    pages = list(photos(sis).pages(part, None))
    assert len(pages) == 2 + MOST_EMPTY
    assert [page.cursor is None for page in pages] == [False] * (len(pages) - 1) + [True]
    # Ahead of time several are asked for at once, in any order.
    asked = sorted((r.params["StartingRecord"], r.params["EndingRecord"]) for r in sis.requests)
    assert asked[:2] == [(1, RANGE), (RANGE + 1, 2 * RANGE)]
    assert len(people(pages)) == RANGE + 1


@pytest.mark.parametrize("gap", [0, 1, RANGE, (MOST_EMPTY - 1) * RANGE])
def test_students_without_a_row_do_not_end_the_school(gap: int) -> None:
    """Guards: a school whose photos stop where a class of new students has none."""
    school = School(RANGE + gap + 7, without=range(RANGE + 1, RANGE + gap + 1))
    assert len(people(pull(school))) == RANGE + 7


def test_pages_resume_after_any_cursor() -> None:
    school = School(3 * RANGE, without=range(RANGE, 2 * RANGE + 1))
    whole = pull(school)
    for at, page in enumerate(whole[:-1], 1):
        rest = pull(school, page.cursor)
        assert [(p.body, p.cursor) for p in rest] == [(p.body, p.cursor) for p in whole[at:]]


def test_a_server_that_ignores_positions() -> None:
    with pytest.raises(SourceContract) as caught:
        pull(lambda request: [{"StudentID": 1, "Pictures": [picture()]}])
    assert caught.value.code == "paging_loop"


def test_ranges_without_end() -> None:
    with pytest.raises(SourceContract) as caught:
        pull(School(MAX_RANGES * RANGE + 1))
    assert caught.value.code == "too_many_pages"


@pytest.mark.parametrize(
    "body",
    [{"Message": "An error"}, "x", [1], [{}], [{"Pictures": []}], [{"StudentID": 1, "Pictures": "x"}]],
    ids=str,
)
def test_other_shapes_are_refused(body: Any) -> None:
    with pytest.raises(SourceContract) as caught:
        pull(lambda request: body)
    assert caught.value.code == "unexpected_shape"


# ---------------------------------------------------------------------------------------------- what is read


def first_page(*rows: Any) -> Page:
    return pull(lambda request: list(rows) if request.params["StartingRecord"] == 1 else [])[0]


def photo_of(*rows: Any) -> Any:
    """What is made of student 8 from these rows, each of its own school's answer."""
    found = photos()
    records = [bytes(r.raw) for row in rows for r in records_of(found, "photos", first_page(row))]
    return found.map("student:8", {"photos": records}, survey(), TODAY)


@pytest.mark.parametrize("key", ["StudentID", "PermanentID"])
@pytest.mark.parametrize("number", [8, "8 "])
def test_a_page_names_the_photo_and_brings_it_beside(key: str, number: Any) -> None:
    page = first_page({key: number, "Pictures": [picture()], "SchoolCode": 410})
    (record,) = records_of(photos(), "photos", page)
    assert (record.id, record.people, record.file) == ("8-410", ("student:8",), photo_id(PNG))
    assert page.files == {photo_id(PNG): PNG}
    assert base64.b64encode(PNG) not in page.body


def test_who_has_no_photo_has_no_record() -> None:
    page = first_page({"StudentID": 8, "Pictures": []}, {"StudentID": 9, "Pictures": None}, {"StudentID": 10})
    assert (records_of(photos(), "photos", page), page.files) == ([], {})


def test_the_newest_photo_counts_in_any_order() -> None:
    years = [picture(PNG, 2024), picture(GIF, "2026"), picture(PNG, 2025), picture("junk", None)]
    for shots in (years, years[::-1]):
        assert photo_of({"StudentID": 8, "Pictures": shots}).person.photo == photo_id(GIF)
    old, new = ({"StudentID": 8, "Pictures": [shot]} for shot in years[:2])
    assert photo_of(old, new).person == photo_of(new, old).person == photo_of(new).person


def test_nothing_but_the_photo_is_known_of_a_person() -> None:
    person = photo_of({"StudentID": 8, "Pictures": [picture()]}).person
    assert msgspec.json.decode(msgspec.json.encode(person)) == {
        "type": "student",
        "source_id": "8",
        "photo": photo_id(PNG),
    }


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("no photo", "photo_not_an_image"),
        ("é", "photo_not_an_image"),
        ("", "photo_not_an_image"),
        (base64.b64encode(PNG).decode().rstrip("="), "photo_not_an_image"),
        (base64.urlsafe_b64encode(b"\xff\xd8\xff\xfb").decode(), "photo_not_an_image"),
        (b"<html><script>alert(1)</script></html>", "photo_not_an_image"),
        (PNG[:-5], "photo_not_an_image"),
        (PNG + bytes(MAX_BYTES), "photo_too_large"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_is_no_image_costs_one_student_the_photo(written: Any, code: str) -> None:
    rows = [{"StudentID": 8, "Pictures": [picture(written)]}, {"StudentID": 9, "Pictures": [picture(GIF)]}]
    assert first_page(*rows).files == {photo_id(GIF): GIF}
    result = photo_of(rows[0])
    assert (codes_of(result), result.person.photo) == ([code], None)
    (issue,) = result.issues
    assert (issue.severity, issue.source_id, issue.field, issue.value) == ("warning", "8", "photo", None)


@pytest.mark.parametrize("value", [None, 5, True], ids=str)
def test_a_photo_of_another_type_is_none(value: Any) -> None:
    shot = {**picture(), "RawBinary": value}
    assert codes_of(photo_of({"StudentID": 8, "Pictures": [shot]})) == ["photo_not_an_image"]


def test_a_photo_as_large_as_allowed_is_kept() -> None:
    data = PNG + bytes(MAX_BYTES - len(PNG))
    assert first_page({"StudentID": 8, "Pictures": [picture(data)]}).files == {photo_id(data): data}


def test_the_same_answer_makes_the_same_page() -> None:
    row = {"StudentID": 8, "Pictures": [picture()]}
    assert (
        first_page(row).body == first_page(row).body != first_page({**row, "Pictures": [picture(GIF)]}).body
    )
