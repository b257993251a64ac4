"""Values to begin with: what a first mapping makes of a SIS's codes. Whoever saves it may change every one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rollcall.domain.inspection import Code, CodeTable, Suggestion
from rollcall.domain.mapping import MAX_ENTRIES, MAX_LENGTH, Entity

STATES = (
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA",
    "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ",
    "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT",
    "VA", "WA", "WV", "WI", "WY", "DC", "AS", "GU", "MP", "PR", "VI", "AA", "AE", "AP",
)  # fmt: skip
"""As the postal service writes them."""

_GENDERS = {
    **dict.fromkeys(("f", "female", "girl", "woman"), "Female"),
    **dict.fromkeys(("m", "male", "boy", "man"), "Male"),
    **dict.fromkeys(("x", "nonbinary", "non-binary", "non binary", "other"), "Nonbinary"),
}
_ETHNICITIES = {
    **dict.fromkeys(("y", "yes", "true", "1", "hispanic", "hispanic or latino"), "Hispanic"),
    **dict.fromkeys(("n", "no", "false", "0", "not hispanic", "not hispanic or latino"), "Not Hispanic"),
}
_GRADES = {
    **dict.fromkeys(("k", "kg", "kf", "kh", "kn", "kindergarten", "0", "00"), "K"),
    **dict.fromkeys(
        ("pk", "pkf", "pkh", "prek", "pre-k", "pre-kindergarten", "prekindergarten", "preschool", "ps", "-2"),
        "PK",
    ),
    **dict.fromkeys(("tk", "transitional kindergarten", "-1"), "TK"),
    **dict.fromkeys(("99", "graduate", "graduated"), "Graduate"),
}
_GRADE = re.compile(r"(?:grade\s+)?0*([1-9]|1[0-3])(?:st|nd|rd|th)?(?:\s+grade)?")
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|_")
_ONCE = frozenset({"building"})
"""Entities where two codes with one value would make two things one."""


def standard_value(entity: Entity, code: Code) -> str:
    """Our value for a code, told by its label before the code itself; never blank."""
    return usual_value(entity, code) or code.label or code.value


def usual_value(entity: Entity, code: Code) -> str | None:
    """What a word or code usually means, told by its label first; None where nothing is usual."""
    known = _KNOWN.get(entity, {})
    for written in (code.label, code.value):
        folded = (written or "").strip().casefold()
        if folded in known:
            return known[folded]
        grade = _GRADE.fullmatch(folded) if entity == "grade_level" else None
        if grade:
            return grade[1]
    return None


def suggestion(table: CodeTable) -> Suggestion:
    """A mapping of every code of a table. Codes of one spelling are named once; a shared school name, by its code."""
    codes = list({c.value: c for c in table.codes if len(c.value) <= MAX_LENGTH}.values())[:MAX_ENTRIES]
    values = [standard_value(table.entity, code)[:MAX_LENGTH].strip() for code in codes]
    if table.entity in _ONCE:
        often = Counter(values)
        values = [
            value if often[value] == 1 else code.value for value, code in zip(values, codes, strict=True)
        ]
    entries = [{"external": code.value, "value": value} for code, value in zip(codes, values, strict=True)]
    name = table.entity.replace("_", " ").capitalize()
    return Suggestion(entity=table.entity, name=f"{name} codes", entries=entries)


def state_table() -> CodeTable:
    """The states, for a SIS that has no codes of its own for them."""
    return CodeTable("state", tuple(Code(state) for state in STATES))


def fixed_table(entity: Entity, values: Iterable[str]) -> CodeTable:
    """Codes that a standard lays down, labelled by their own words: ``blackOrAfricanAmerican``."""
    return CodeTable(entity, tuple(Code(value, _words(value)) for value in values), open=True)


def grade_range(lowest: int, highest: int) -> CodeTable:
    """Grades by number, where 0 is kindergarten and below it lie transitional and pre-kindergarten."""
    grades = range(max(lowest, -2), min(highest, 13) + 1)
    return CodeTable("grade_level", tuple(Code(str(grade)) for grade in grades), open=True)


def _words(value: str) -> str:
    return _WORDS.sub(" ", value).strip().title()


_KNOWN: dict[str, dict[str, str]] = {"gender": _GENDERS, "ethnicity": _ETHNICITIES, "grade_level": _GRADES}
