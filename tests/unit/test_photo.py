"""What counts as a photo, on literal bytes."""

from __future__ import annotations

import base64

import pytest

from rollcall.domain.photo import MAX_BYTES, media_type, photo_id

IMAGES = {
    "image/jpeg": "/9j/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8Q"
    "EBD/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q==",
    "image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "image/gif": "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
    "image/webp": "UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=",
}
images = pytest.mark.parametrize("kind", sorted(IMAGES))


def image(kind: str) -> bytes:
    return base64.b64decode(IMAGES[kind], validate=True)


@images
def test_the_bytes_say_what_they_are(kind: str) -> None:
    assert media_type(image(kind)) == kind


@images
def test_half_an_image_is_none(kind: str) -> None:
    whole = image(kind)
    assert {media_type(whole[:size]) for size in range(len(whole))} == {None}


@images
def test_what_cameras_write_behind_the_end_does_no_harm(kind: str) -> None:
    assert media_type(image(kind) + bytes(64)) == kind


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"BM" + bytes(60),
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe0<script>alert(1)</script>\xff\xd9",
        b"GIF89a<script>alert(1)</script>;",
        b"GIF89a" + bytes([1, 0, 1, 0, 0, 0, 0]) + b";",
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"RIFF\x04\x00\x00\x00WEBP",
        b"RIFF\x20\x00\x00\x00WEBPVP8X",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_image(data: bytes) -> None:
    assert media_type(data) is None


def test_a_png_whose_bytes_were_changed_is_none() -> None:
    spoiled = bytearray(image("image/png"))
    spoiled[20] ^= 1
    assert media_type(bytes(spoiled)) is None


def test_an_image_without_a_size_is_none() -> None:
    flat = image("image/jpeg").replace(
        b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01", b"\xff\xc0\x00\x0b\x08\x00\x00\x00\x00"
    )
    assert flat != image("image/jpeg")
    assert media_type(flat) is None


def test_the_content_alone_names_a_photo() -> None:
    assert photo_id(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_photo_fits_the_answer_of_a_function() -> None:
    """Guards: a photo that is kept and can never be shown."""
    assert len(base64.b64encode(bytes(MAX_BYTES))) < 5_700_000
