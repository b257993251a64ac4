"""`filter`, `sort`, `orderBy`, `fields`, `limit` and `offset`, as the sheet describes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
Rows = list[Row]

_CLAUSE = re.compile(r"\s*([A-Za-z][\w.]*)\s*(!=|>=|<=|=|>|<|~)\s*'([^']*)'\s*")
_JOINER = re.compile(r"(AND|OR)\s")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
}


class Refused(Exception):
    """Ends a request with a status, a code minor and a sentence."""

    def __init__(self, status: int, minor: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.minor = minor
        self.message = message


def filtered(rows: Rows, expression: str, known: Collection[str]) -> Rows:
    """One clause, or two joined by one ` AND ` or ` OR `."""
    clauses: list[Callable[[Row], bool]] = []
    position, joiner = 0, ""
    while True:
        match = _CLAUSE.match(expression, position)
        if match is None or len(clauses) == 2:
            raise Refused(400, "invalid_filter_field", f"cannot read the filter {expression!r}")
        clauses.append(_clause(match[1], match[2], match[3], known))
        position = match.end()
        if position == len(expression):
            break
        word = _JOINER.match(expression, position)
        if word is None:
            raise Refused(400, "invalid_filter_field", f"cannot read the filter {expression!r}")
        joiner, position = word[1], word.end()
    every = any if joiner == "OR" else all
    return [row for row in rows if every(clause(row) for clause in clauses)]


def _clause(field: str, operator: str, wanted: str, known: Collection[str]) -> Callable[[Row], bool]:
    _require(field, known)

    def holds(row: Row) -> bool:
        found = values_at(row, field.split("."))
        if operator == "~":
            return any(wanted.lower() in value.lower() for value in found)
        text = ",".join(found)
        left, right = _comparable(text), _comparable(wanted)
        if type(left) is not type(right):
            left, right = text, wanted
        return _OPERATORS[operator](left, right)

    return holds


def _require(field: str, known: Collection[str]) -> None:
    if field.partition(".")[0] not in known:
        raise Refused(400, "invalid_filter_field", f"no field {field}")


def _comparable(text: str) -> datetime | str:
    """Timestamps compare as moments, whatever their precision or zone; everything else as text."""
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def values_at(value: Any, path: list[str]) -> list[str]:
    """The texts under a dotted path; a list on the way means each of its members."""
    if isinstance(value, list):
        return [text for member in value for text in values_at(member, path)]
    if path:
        return values_at(value.get(path[0]), path[1:]) if isinstance(value, dict) else []
    if value is None:
        return []
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def ordered(rows: Rows, field: str, direction: str) -> Rows:
    if direction not in ("", "asc", "desc"):
        raise Refused(400, "invaliddata", f"orderBy is asc or desc, not {direction}")
    path = field.split(".")
    return sorted(rows, key=lambda row: ",".join(values_at(row, path)), reverse=direction == "desc")


def whole(text: str | None, name: str, default: int, least: int) -> int:
    """`limit` and `offset`: a number from `least` on."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise Refused(400, "invaliddata", f"{name} is a number from {least} on, not {text!r}")
    return int(text)
