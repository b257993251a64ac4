"""The `q` parameter: `field==value;other=ge=2`, a trailing `*`, and lists `==(A,P)`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

_TERM = re.compile(r"^([\w.]+)(==|=gt=|=ge=|=lt=|=le=)(.*)$", re.DOTALL)
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=gt=": operator.gt,
    "=ge=": operator.ge,
    "=lt=": operator.lt,
    "=le=": operator.le,
}
Getter = Callable[[Any], str]


def parse(query: str, fields: Mapping[str, Getter]) -> Callable[[Any], bool]:
    """A test for one record. ValueError for bad syntax or an unknown field.

    Text compares without case, as the documented example `name.last_name==RI*` needs.
    """
    tests = [_term(term.strip(), fields) for term in query.split(";") if term.strip()]
    return lambda record: all(test(record) for test in tests)


def _term(term: str, fields: Mapping[str, Getter]) -> Callable[[Any], bool]:
    match = _TERM.match(term)
    if not match:
        raise ValueError(f"cannot read the criterion {term!r}")
    name, sign, value = match.groups()
    if name not in fields:
        raise ValueError(f"unknown field {name!r}")
    get = fields[name]
    if sign != "==":
        return _ordering(get, _ORDER[sign], value)
    if value.startswith("(") and value.endswith(")"):
        wanted = {item.strip().lower() for item in value[1:-1].split(",")}
        return lambda record: get(record).lower() in wanted
    if value.endswith("*"):
        start = value[:-1].lower()
        return lambda record: get(record).lower().startswith(start)
    exact = value.lower()
    return lambda record: get(record).lower() == exact


def _ordering(get: Getter, compare: Callable[[Any, Any], bool], value: str) -> Callable[[Any], bool]:
    def test(record: Any) -> bool:
        mine = get(record)
        try:
            return compare(int(mine), int(value))
        except ValueError:
            return bool(mine) and compare(mine.lower(), value.lower())

    return test
