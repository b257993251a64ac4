"""Values as SIS send them, and pages into raw records."""

from __future__ import annotations

import msgspec
import pytest

from rollcall.connectors.records import (
    Rows,
    as_list,
    digits,
    flag,
    iso_date,
    number,
    text,
    zip_code,
)
from rollcall.domain.errors import SourceContract


class Ids(msgspec.Struct):
    id: int | str


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  Rivers ", "Rivers"), (" ", None), ("", None), (None, None), ("745896    ", "745896"), (112036, "112036"),
        (6.0, "6"), (True, None), ("a\x00b", "ab"), ("a\nb", "a b"), ("Zoe\u0308", "Zoë"), ("🦉", "🦉"),
    ],
)  # fmt: skip
def test_text(value: object, expected: str | None) -> None:
    assert text(value) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("555-555-0148", "5555550148"), (5555550148, "5555550148"), ("+1 (555) 555-0148 x12", "5555550148"),
        ("555-555-0148 ext. 9", "5555550148"), ("", None), ("911", None), ("unlisted", None),
    ],
)  # fmt: skip
def test_phone_digits(value: object, expected: str | None) -> None:
    assert digits(value) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "extension", "expected"),
    [
        (1234, None, "01234"), ("95990", "", "95990"), ("95990", "1234", "95990-1234"), ("95990", " ", "95990"),
        (12345678, None, "01234-5678"), ("K1A 0B1", None, "K1A 0B1"), (" ", None, None),
    ],
)  # fmt: skip
def test_zip_code(value: object, extension: object, expected: str | None) -> None:
    assert zip_code(value, extension) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2014-03-09", "2014-03-09"), ("2011-03-09T00:00:00", "2011-03-09"), ("2024-02-29", "2024-02-29"),
        ("", None), (None, None), ("0001-01-01T00:00:00", None),
    ],
)  # fmt: skip
def test_date(value: object, expected: str | None) -> None:
    assert iso_date(value) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["2023-02-29", "03/09/2014", "9999-01-01", 5, "0002-01-01"])
def test_not_a_date(value: object) -> None:
    with pytest.raises(ValueError, match=r".*"):
        iso_date(value)  # type: ignore[arg-type]


def test_lenient_scalars() -> None:
    assert [number(v) for v in (5, "5", " 5 ", "", "x", None, 5.0, "9" * 5000)] == [
        5,
        5,
        5,
        None,
        None,
        None,
        5,
        None,
    ]
    assert [flag(v) for v in (True, "Y", 1, "1", "true", False, "", "N", 0, None)] == [True] * 5 + [False] * 5
    assert as_list("") == []
    assert as_list(None) == []
    assert as_list([1]) == [1]


def test_split_gives_the_bytes_as_received() -> None:
    page = b'[{"id": 1, "x": [1,  2]},\n {"x": "{}", "id":"2"}]'
    assert [(ids.id, bytes(raw)) for ids, raw in Rows(Ids).split(page)] == [
        (1, b'{"id": 1, "x": [1,  2]}'),
        ("2", b'{"x": "{}", "id":"2"}'),
    ]


@pytest.mark.parametrize(
    ("page", "found"), [(b'{"id":1,"x":2}', [1]), (b"[]", []), (b'""', []), (b"null", []), (b"[ ]", [])]
)
def test_one_few_or_none(page: bytes, found: list[int]) -> None:
    assert [ids.id for ids, _ in Rows(Ids).split(page)] == found


@pytest.mark.parametrize(
    "page",
    [
        b"", b"5", b'"text"', b"true", b"[1]", b'[{"x":1}]', b'[{"id":1}', b'{"Message":"no"}', b"[[]]",
        b'[{"id":null}]', b'[{"id":[1]}]', b"[" * 100_000, b'[{"id":1,"x":' + b"[" * 100_000, b"\xff\xfe",
        b'[{"id":1' + b"0" * 5000 + b"}]",
    ],
)  # fmt: skip
def test_any_other_shape_is_the_sources_fault(page: bytes) -> None:
    with pytest.raises(SourceContract) as caught:
        Rows(Ids).split(page)
    assert caught.value.code == "unexpected_shape"
