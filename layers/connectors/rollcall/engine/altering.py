"""Raw records as trees of values, and the same with one of them altered."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec

Path = tuple[str | int, ...]

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_YEAR_ENDS = 3
_DIGITS = "0123456789"
_OPPOSITE = {
    "y": "N",
    "n": "Y",
    "yes": "No",
    "no": "Yes",
    "true": "false",
    "false": "true",
    "0": "1",
    "1": "0",
}


def tree(raw: bytes) -> Any:
    """A record as plain data; None for one that is no JSON, of which no value can be altered."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def texts(node: Any) -> Iterator[str]:
    """Every name and value, as text."""
    for path, value in values(node):
        yield from map(str, (*path, value))


def values(node: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a tree, with the path that leads to it."""
    if isinstance(node, dict):
        for name, part in node.items():
            yield from values(part, (*path, name))
    elif isinstance(node, list):
        for at, part in enumerate(node):
            yield from values(part, (*path, at))
    else:
        yield path, node


def put(node: Any, path: Path, value: Any) -> Any:
    """The same tree with another value at ``path``; what is not on the way is shared."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    copy = node.copy()
    copy[step] = put(node[step], rest, value)
    return copy


def altered(value: Any) -> Any:
    """Something else of the same make: another number, word, year or answer to yes or no."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if is_blank(value):
        return "1"
    if value.strip().casefold() in _OPPOSITE:
        return _OPPOSITE[value.strip().casefold()]
    digit = _YEAR_ENDS if _DATE.match(value) else len(value) - 1
    if value[digit] not in _DIGITS:
        return f"{value}x"
    return value[:digit] + str((int(value[digit]) + 1) % 10) + value[digit + 1 :]


def is_blank(value: Any) -> bool:
    """Nothing, however it is written."""
    return value is None or (isinstance(value, str) and not value.strip())


def alike(stored: Any, raw: Any) -> bool:
    """Whether a stored value is a raw one, or a word of it, however either is punctuated."""
    folded = _folded(stored)
    return folded != "" and folded in {_folded(raw), *map(_folded, str(raw).split())}


def _folded(value: Any) -> str:
    return "".join(c for c in unicodedata.normalize("NFC", str(value)).casefold() if c.isalnum())


def blank(value: Any) -> Any:
    """Nothing, as far as a SIS can say so."""
    return "" if isinstance(value, str) else None
