"""Switches of the Aeries simulator."""

from __future__ import annotations

from dataclasses import dataclass

AREAS = (
    "Student Data",
    "Contacts",
    "Student Programs",
    "Student Pictures",
    "Enrollment History",
    "Staff Data",
    "Teacher Data",
)


@dataclass(slots=True)
class Options:
    """Each field whose behaviour the fact sheet marks unknown says what the default picks.

    `areas`: what the certificate may read; a missing area answers 401.
    `single_school`: `/schools/{code}` is a one-item `array` (as a real server did) or the documented `object`.
    `misspelt_language`: `CorrespondanceLanguageCode` instead of `CorrespondenceLanguageCode`, as older servers say.
    `blank_fields`: field names the certificate may not read; they come blank in students and contacts.
    `unknown_student`: a student id that does not exist answers an `empty` list, or 404 (`missing`).
    `photo_key`: the id's name in pictures: `StudentID`, or `PermanentID` as a real v5 server still said.
    `no_photo`: a student without a photo has an `empty` list of pictures, or no row (`absent`).
    `photo_years`: how many school years' photos a row holds, the oldest first.
    `photo_data`: what the newest photo of a student with an odd number is: an `image` as everybody's, a `page` (a web
    page in base64), `text` that is no base64, or half an image (`cut`).
    `program_field`: which of the three program fields of a student row holds the district's codes.
    `feed`: change feeds are `open`, or 501 (`off`), 401 (`denied`) or 404 (`missing`).
    `feed_rows`: a change feed names `all` rows of a student, or only the `newest`, be it in a holding school.
    `blank_holding_status`: rows in schools 99 and 999 look active; by default they carry an inactive code.
    """

    certificate: str = "7Kq2mZ9xT4bW1nR8sL5vC3yH6pD0gJfA"
    base_path: str = "/aeries"
    areas: frozenset[str] = frozenset(AREAS)
    single_school: str = "array"
    misspelt_language: bool = False
    blank_fields: frozenset[str] = frozenset()
    unknown_student: str = "empty"
    photo_key: str = "StudentID"
    no_photo: str = "empty"
    photo_years: int = 1
    photo_data: str = "image"
    blank_holding_status: bool = False
    feed: str = "open"
    feed_rows: str = "all"
    program_field: str = "AttendanceProgramCodePrimary"
