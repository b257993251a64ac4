"""Many small values in few buffers: what a snapshot holds of a district, without an object for each record or person.

A column only grows at its end, and takes over whole stretches of another for the price of a copy.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from operator import not_
from typing import Self

import msgspec

_MARK = "\x1e"
"""Stands in no text: whatever cannot be printed is taken out of them."""


def numbers() -> array[int]:
    """An empty column of unsigned 32-bit numbers."""
    return array("I")


def hashes() -> array[int]:
    """An empty column of unsigned 64-bit numbers."""
    return array("Q")


class Values(msgspec.Struct):
    """Byte strings one behind the other; ``ends[i]`` is where the one at i ends."""

    data: bytearray = msgspec.field(default_factory=bytearray)
    ends: array = msgspec.field(default_factory=numbers)  # type: ignore[type-arg]  # msgspec knows no array[int]

    def __len__(self) -> int:
        return len(self.ends)

    def raws(self) -> Iterator[bytes]:
        """All of them."""
        data, start = bytes(self.data), 0
        for end in self.ends:
            yield data[start:end]
            start = end

    def raw(self, at: int) -> bytearray:
        """The one at ``at`` as it is kept."""
        return self.data[self.ends[at - 1] if at else 0 : self.ends[at]]

    def put(self, value: bytes) -> None:
        """One more."""
        self.data += value
        self.ends.append(len(self.data))

    def extend(self, other: Self, first: int, end: int) -> None:
        """Those from ``first`` to ``end`` (exclusive) of another column."""
        if first == end:
            return
        start = other.ends[first - 1] if first else 0
        shift = len(self.data) - start
        self.data += other.data[start : other.ends[end - 1]]
        ends = other.ends[first:end]
        self.ends.extend([to + shift for to in ends] if shift else ends)

    def alike(self, first: int, other: Self, second: int, count: int) -> bool:
        """Whether ``count`` of them from ``first`` on are those of another column from ``second`` on."""
        ends, others = self.ends[first : first + count], other.ends[second : second + count]
        start, begin = self.ends[first - 1] if first else 0, other.ends[second - 1] if second else 0
        if start != begin:
            others = array(others.typecode, [end - begin + start for end in others])
        return ends == others and self.data[start : ends[-1]] == other.data[begin : begin + ends[-1] - start]


class Texts(Values):
    """The same of texts, in UTF-8. Behind each is a mark that is in none, so that all of them are read in one go."""

    def __post_init__(self) -> None:
        if self.ends and self.data[-1:] != _MARK.encode():
            self._set_marks()

    def __getitem__(self, at: int) -> str:
        return self.raw(at).decode()

    def __iter__(self) -> Iterator[str]:
        texts = self.data.decode().split(_MARK)
        texts.pop()  # what is behind the last mark
        return iter(texts)

    def raw(self, at: int) -> bytearray:
        """The one at ``at`` as it is kept, without its mark."""
        return self.data[self.ends[at - 1] if at else 0 : self.ends[at] - 1]

    def blanks(self) -> bytes:
        """A byte for each: 1 where it is empty."""
        return bytes(map(not_, self))

    def append(self, text: str) -> None:
        """One more text."""
        self.put(f"{text}{_MARK}".encode())

    def _set_marks(self) -> None:
        """Blobs of before there were marks have none."""
        bare = Values(self.data, self.ends)
        self.data, self.ends = bytearray(), numbers()
        for raw in bare.raws():
            self.append(raw.decode())
