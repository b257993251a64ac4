"""The answers of a SIS on disk, night by night, so that a measurement pays for reading them and not for making them.

A recording is a folder: ``about.json``, and for each night an index of its answers and those bodies that no earlier
night had. It holds invented people only, and is made anew when the simulators or this format change.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import xxhash

from local.paths import ROOT, STATE

RECORDINGS = STATE / "bench" / "recordings"
FIRST = "first"
"""The night of the first load."""


class Shift(msgspec.Struct, frozen=True):
    """What a night does to the active students of the first: shares of them, from 0 to 1."""

    changed: float
    added: float = 0.0
    removed: float = 0.0


NIGHTS = {
    "0": Shift(0.0),
    "1": Shift(0.01, added=0.003, removed=0.003),
    "20": Shift(0.2),
}
"""Second nights, by the percentage that changed."""


class Moves(msgspec.Struct, frozen=True):
    """Ids of the students in whom a night differs from the first, as the simulated district counts them."""

    changed: list[int] = []
    added: list[int] = []
    removed: list[int] = []


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded.

    ``people`` is what the district was generated with and ``member_types`` whom the integration reads. ``records``
    counts the records of each stream by night, ``mappings`` are ready to be set up.
    """

    system: str
    people: int
    member_types: tuple[str, ...]
    base_path: str
    credentials: dict[str, str]
    mappings: dict[str, list[tuple[str, str]]]
    records: dict[str, dict[str, int]]
    nights: dict[str, Moves]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """An answer. Its body is ``size`` bytes at ``start`` of what ``night`` brought."""

    status: int
    headers: dict[str, str]
    night: str
    start: int
    size: int


def request_key(method: str, path: str, params: Mapping[str, str | int], body: bytes | None) -> str:
    """What tells requests apart: neither the order of parameters nor a header, since those hold signatures."""
    return f"{method} {path}?{urlencode(sorted((k, str(v)) for k, v in params.items()))} {_print(body)}"


def target_key(method: str, target: str, body: bytes) -> str:
    """The same of a request as it came over the wire."""
    parts = urlsplit(target)
    return request_key(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), body)


def _print(body: bytes | None) -> str:
    return xxhash.xxh3_64_hexdigest(body) if body else ""


class Writer:
    """Writes a recording's nights into ``folder``, each body once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[bytes, tuple[str, int, int]] = {}

    def night(self, name: str, answers: Mapping[str, tuple[int, dict[str, str], bytes]]) -> None:
        """All answers of one night: status, headers with lower-case names and body, by their requests' keys."""
        entries: dict[str, Entry] = {}
        with (self._folder / f"{name}.bodies").open("wb") as bodies:
            for key, (status, headers, body) in answers.items():
                digest = xxhash.xxh3_128_digest(body)
                if digest not in self._known:
                    self._known[digest] = (name, bodies.tell(), len(body))
                    bodies.write(body)
                entries[key] = Entry(status, headers, *self._known[digest])
        (self._folder / f"{name}.index").write_bytes(msgspec.msgpack.encode(entries))

    def about(self, about: About) -> None:
        """Written last: a folder without it is no recording."""
        (self._folder / "about.json").write_bytes(msgspec.json.encode(about))


class Recording:
    """A recording to read. Bodies stay on disk, in the page cache, until they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.about = msgspec.json.decode((folder / "about.json").read_bytes(), type=About)
        self._maps: dict[str, mmap.mmap] = {}

    def night(self, name: str) -> dict[str, Entry]:
        """The answers of a night by their requests' keys."""
        index = (self.folder / f"{name}.index").read_bytes()
        return msgspec.msgpack.decode(index, type=dict[str, Entry])

    def body(self, entry: Entry) -> memoryview:
        """The body of an answer, not copied."""
        if not entry.size:
            return memoryview(b"")
        if entry.night not in self._maps:
            with (self.folder / f"{entry.night}.bodies").open("rb") as bodies:
                self._maps[entry.night] = mmap.mmap(bodies.fileno(), 0, access=mmap.ACCESS_READ)
        return memoryview(self._maps[entry.night])[entry.start : entry.start + entry.size]


def folder_of(system: str, people: int, member_types: tuple[str, ...]) -> Path:
    """Where the recording of such a district is, or will be."""
    types = "-".join(member_types)
    return RECORDINGS / f"{system}-{people}-{types}-{_simulators()}"


def _simulators() -> str:
    """A digest of everything that decides what a simulator says. What we ask is not part of it: see ``Replay``."""
    sources = [
        *sorted((ROOT / "simulators").rglob("*.py")),
        Path(__file__),
        Path(__file__).parent / "record.py",
    ]
    whole = hashlib.sha256()
    for source in sources:
        whole.update(source.read_bytes())
    return whole.hexdigest()[:10]
