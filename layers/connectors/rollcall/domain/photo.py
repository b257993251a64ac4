"""What counts as a photo: a whole image that every browser shows, small enough to be answered.

What a SIS calls a photo may be anything, and is shown to somebody who is signed in. So the bytes say what they are,
never a file extension, and what is not an image from end to end is none.
"""

from __future__ import annotations

import hashlib
import struct
import zlib

MAX_BYTES = 4 * 1024 * 1024
"""A Lambda function may answer 6 MB, and a photo grows by a third on its way, because it is sent as text."""

_JPEG, _PNG, _GIF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset([0x01, *range(0xD0, 0xD8)])
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA


def media_type(data: bytes) -> str | None:
    """``image/jpeg``, ``image/png``, ``image/gif`` or ``image/webp``; None for anything else, and for half an image."""
    try:
        if data.startswith(_JPEG):
            return "image/jpeg" if _is_jpeg(data) else None
        if data.startswith(_PNG):
            return "image/png" if _is_png(data) else None
        if data.startswith(_GIF):
            return "image/gif" if _is_gif(data) else None
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return "image/webp" if _is_webp(data) else None
    except (struct.error, IndexError):
        return None  # it ends in the middle
    return None


def photo_id(data: bytes) -> str:
    """The name of a photo, which its content alone decides: SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def _is_jpeg(data: bytes) -> bool:
    """Segments up to the scan, one of which tells a size, and an end after it; cameras write more behind the end."""
    at, sized = 2, False
    while True:
        if data[at] != 0xFF:
            return False
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        if marker == _END_OF_IMAGE:
            return False
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            # a height of 0 is told later, after the first scan
            sized = width > 0 and (height > 0 or b"\xff\xdc" in data)
        at += 2 + length
        if marker == _START_OF_SCAN:
            return sized and data.find(bytes([0xFF, _END_OF_IMAGE]), at) >= 0


def _is_png(data: bytes) -> bool:
    """Chunks whose check sums agree, a size first, some pixels, and the end."""
    at = len(_PNG)
    seen: set[bytes] = set()
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        (check,) = struct.unpack_from(">I", data, end)
        if check != zlib.crc32(data[at + 4 : end]):
            return False
        if not seen and (kind != b"IHDR" or 0 in struct.unpack_from(">II", data, at + 8)):
            return False
        seen.add(kind)
        if kind == b"IEND":
            return b"IDAT" in seen
        at = end + 4


def _is_gif(data: bytes) -> bool:
    """A size, then blocks up to the end, an image among them."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at, drawn = 13 + _colours(flags), False
    while data[at] != 0x3B:
        if data[at] == 0x21:
            at += 2
        elif data[at] == 0x2C:
            at, drawn = at + 11 + _colours(data[at + 9]), True
        else:
            return False
        while data[at]:
            at += 1 + data[at]
        at += 1
    return drawn and width > 0 and height > 0


def _colours(flags: int) -> int:
    """Bytes of the colour table that the flags announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _is_webp(data: bytes) -> bool:
    """A container as long as it says, with an image in it."""
    (length,) = struct.unpack_from("<I", data, 4)
    return 20 < length + 8 <= len(data) and data[12:16] in (b"VP8 ", b"VP8L", b"VP8X")
