"""Many small values in few buffers: what a snapshot holds of a district, without an object for each record or person.

A column only grows at its end, and takes over whole stretches of another for the price of a copy.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import msgspec


def numbers() -> array[int]:
    """An empty column of unsigned 32-bit numbers."""
    return array("I")


def hashes() -> array[int]:
    """An empty column of unsigned 64-bit numbers."""
    return array("Q")


class Texts(msgspec.Struct):
    """Texts one behind the other, in UTF-8; ``ends[i]`` is where text i ends."""

    data: bytearray = msgspec.field(default_factory=bytearray)
    ends: array = msgspec.field(default_factory=numbers)  # type: ignore[type-arg]  # msgspec knows no array[int]

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, at: int) -> str:
        return self.raw(at).decode()

    def __iter__(self) -> Iterator[str]:
        start = 0
        if self.data.isascii():
            text = self.data.decode()
            for end in self.ends:
                yield text[start:end]
                start = end
        else:
            for end in self.ends:
                yield self.data[start:end].decode()
                start = end

    def raw(self, at: int) -> bytearray:
        """Text ``at`` as it is kept."""
        return self.data[self.ends[at - 1] if at else 0 : self.ends[at]]

    def append(self, text: str) -> None:
        """One more text."""
        self.data += text.encode()
        self.ends.append(len(self.data))

    def extend(self, other: Texts, first: int, end: int) -> None:
        """Texts ``first`` to ``end`` (exclusive) of another column."""
        if first == end:
            return
        start = other.ends[first - 1] if first else 0
        shift = len(self.data) - start
        self.data += other.data[start : other.ends[end - 1]]
        ends = other.ends[first:end]
        self.ends.extend([to + shift for to in ends] if shift else ends)
