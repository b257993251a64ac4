"""Names and packing of everything a run leaves in the bucket.

``runs/<district>/<integration>/<run>/…`` is what a run received and worked out, kept for a retention time;
``snapshots/<district>/<integration>/<run>/…`` is what later runs compare with, kept for 60 days, the last two for good;
``reconciliations/<district>/<integration>/…`` are the users of a returning school, kept until others are uploaded.
``photos/<district>/<SHA-256>`` is a photo, kept once however many runs and people have it, and for good.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec
import zstandard

from rollcall.domain.run import Run

T = TypeVar("T")
_APPROVED = "-approved"
_LENGTH = struct.Struct(">I")
_LEVEL = 1  # pages are written once and read rarely: speed before size


class RunFolder:
    """Keys of one run's blobs."""

    def __init__(self, run: Run) -> None:
        self._base = f"{run.district_id}/{run.integration_id}/{run.id}"

    def part(self, name: str) -> str:
        """What the keys of all files of one sort begin with, such as ``pages``."""
        return f"runs/{self._base}/{name}/"

    def settings(self) -> str:
        return f"runs/{self._base}/settings.zst"

    def survey(self) -> str:
        return f"runs/{self._base}/survey.zst"

    def subjects(self, stream: str) -> str:
        return f"runs/{self._base}/subjects/{stream}.zst"

    def pages(self, chunk: int) -> str:
        return f"runs/{self._base}/pages/{chunk:06d}.zst"

    def gathered(self, group: int, file: int) -> str:
        return f"runs/{self._base}/gathered/{group:06d}/{file:06d}.zst"

    def mapped(self, batch: int) -> str:
        return f"runs/{self._base}/mapped/{batch:06d}.zst"

    def rows(self, batch: int) -> str:
        return f"runs/{self._base}/rows/{batch:06d}.zst"

    def plan(self, part: int) -> str:
        return f"runs/{self._base}/plan/{part}.jsonl.zst"

    def families(self, part: int) -> str:
        return f"runs/{self._base}/families/{part}.jsonl.zst"

    def known(self, part: int) -> str:
        return f"runs/{self._base}/known/{part}.zst"

    def held(self) -> str:
        return f"runs/{self._base}/held.zst"

    def kept_back(self, step: int) -> str:
        return f"runs/{self._base}/kept_back/{step}.zst"

    def drops(self) -> str:
        return f"runs/{self._base}/drops.zst"

    def issues(self, part: int) -> str:
        return f"runs/{self._base}/issues/{part}.jsonl.zst"

    def unmapped(self) -> str:
        return f"runs/{self._base}/unmapped.zst"

    def snapshot(self) -> str:
        return snapshot_key(*self._base.split("/"))


def snapshot_key(district_id: str, integration_id: str, run_id: str) -> str:
    """Where the snapshot that a run committed is kept."""
    return f"{snapshot_folder(district_id, integration_id)}{run_id}.zst"


def snapshot_folder(district_id: str, integration_id: str) -> str:
    """What the keys of an integration's snapshots begin with; in order, they are in the order of the runs."""
    return f"snapshots/{district_id}/{integration_id}/"


def approved_id(run_id: str) -> str:
    """What the snapshot of an approved run is called; the run's own id is that of its safe part."""
    return run_id + _APPROVED


def run_of(snapshot_id: str) -> str:
    """The run that left a snapshot: its files are those of the last pull."""
    return snapshot_id.removesuffix(_APPROVED)


def photo_key(district_id: str, photo: str) -> str:
    """Where the photo of this name is kept."""
    return f"photos/{district_id}/{photo}"


def reconciliation_key(district_id: str, integration_id: str, file_id: str) -> str:
    """Where a returning school's users are kept, with what became of them."""
    return f"reconciliations/{district_id}/{integration_id}/{file_id}.zst"


def pack(value: Any) -> bytes:
    """MessagePack, compressed. Arrays are written as their type code and their bytes."""
    return compress(msgspec.msgpack.encode(value, enc_hook=_array_bytes))


def unpack(data: bytes, kind: type[T]) -> T:
    """The inverse of :func:`pack`; raises ``msgspec.ValidationError`` on another shape."""
    return unpacked(decompress(data), kind)


def unpacked(text: bytes, kind: type[T]) -> T:
    """:func:`unpack` of what is decompressed already."""
    return msgspec.msgpack.decode(text, type=kind, dec_hook=_array_of)


def framed(first: bytes, second: bytes) -> bytes:
    """Two packed things in one blob, so that the first can be read without unpacking the second."""
    return _LENGTH.pack(len(first)) + first + second


def frames(data: bytes) -> tuple[bytes, bytes]:
    """The inverse of :func:`framed`."""
    (length,) = _LENGTH.unpack_from(data)
    return data[_LENGTH.size : _LENGTH.size + length], data[_LENGTH.size + length :]


def pack_lines(values: Iterable[Any]) -> bytes:
    """JSON lines, compressed: for what people download."""
    return compress(msgspec.json.Encoder().encode_lines(list(values)))


def unpack_lines(data: bytes, kind: type[T]) -> Iterator[T]:
    """The inverse of :func:`pack_lines`."""
    yield from msgspec.json.Decoder(kind).decode_lines(decompress(data))


def _array_bytes(value: Any) -> bytes:
    if not isinstance(value, array):
        raise TypeError("not for a blob")
    return value.typecode.encode() + value.tobytes()


def _array_of(_: type, data: bytes) -> array[int]:
    return array(chr(data[0]), data[1:])


def compress(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def decompress(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(data)
