"""Testing a connection: what is asked, and what is found out. Nothing here holds a secret in the clear or a person."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from rollcall.domain.integration import Integration
from rollcall.domain.mapping import Entity, Lookup, Unmapped

MAX_GAPS = 50
"""Values without an entry that one answer lists; the counts are of all."""

# A code, not a sentence somebody typed: no blanks inside, and something to read.
_CODE_LIKE = re.compile(r"[^\s]{1,40}")

Basis = Literal["code_table", "sample"]


class Code(msgspec.Struct, frozen=True):
    """One code of a SIS and what the SIS calls it."""

    value: str
    label: str | None = None


class CodeTable(msgspec.Struct, frozen=True):
    """The codes that a SIS has for an entity, without those it has retired.

    ``open``: a standard lays them down and the SIS may use others as well.
    """

    entity: Entity
    codes: tuple[Code, ...]
    open: bool = False


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """An external value without an entry. ``count`` is how often the people of a sample have it."""

    value: str
    label: str | None = None
    count: int | None = None


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the SIS's values a mapping translates: of its code table, or of those seen in a sample."""

    entity: Entity
    basis: Basis
    mapped: int
    total: int
    unmapped: list[Gap]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at. ``ok`` is None where the test did not get that far."""

    name: str
    ok: bool | None
    detail: str
    coverage: Coverage | None = None


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A first mapping. It has the fields of a mapping as written, so it can be saved as it is."""

    entity: Entity
    name: str
    ignore_case: bool = False
    ignore_leading_zeros: bool = False
    entries: list[dict[str, str]]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a test. ``ok``: a sync would get through; what mappings lack does not stop one."""

    ok: bool
    checks: list[Check]
    suggestions: list[Suggestion]


class Inquiry(msgspec.Struct, frozen=True, kw_only=True):
    """What to test. ``sealed`` are the credentials, sealed for the integration's id, by credential key."""

    integration: Integration
    school_year: str
    sealed: Mapping[str, str]


class Recorder(Lookup):
    """A lookup that remembers what it was asked for. Without a mapping every value stands for itself."""

    def __init__(self, lookup: Lookup | None) -> None:
        self._lookup = lookup
        self.version = lookup.version if lookup else ""
        self.seen: Counter[str] = Counter()

    def find(self, external: str | int | None) -> str | None:
        """As :meth:`Lookup.find`."""
        text = "" if external is None else str(external).strip()
        if text:
            self.seen[text] += 1
        return self._lookup.find(text) if self._lookup else text or None

    def reverse(self, value: str) -> list[str]:
        """As :meth:`Lookup.reverse`."""
        return self._lookup.reverse(value) if self._lookup else [value]


def covers(lookup: Lookup, value: str) -> bool:
    """Whether a mapping has an entry for an external value."""
    try:
        return lookup.find(value) is not None
    except Unmapped:
        return False


def compare(entity: Entity, table: CodeTable | None, seen: Mapping[str, int], lookup: Lookup) -> Coverage:
    """How much of a code table a mapping translates, and of what was seen in a sample beside it.

    ``seen`` is how often each value was looked up. What people have comes first.
    """
    codes = {code.value: code for code in table.codes} if table else {}
    known = frozenset(codes)
    for value in seen:
        codes.setdefault(value, Code(value))
    gaps = [code for code in codes.values() if not covers(lookup, code.value)]
    gaps.sort(key=lambda code: -seen.get(code.value, 0))
    shown = [code for code in gaps if code.value in known or may_show(code.value, seen[code.value])]
    return Coverage(
        entity=entity,
        basis="code_table" if table else "sample",
        mapped=len(codes) - len(gaps),
        total=len(codes),
        unmapped=[Gap(value=c.value, label=c.label, count=seen.get(c.value)) for c in shown[:MAX_GAPS]],
    )


def may_show(value: str, count: int) -> bool:
    """Whether a value found in records may be shown: a code, or one that several records share.

    A field may hold free text, and what somebody once wrote of one person is that person's.
    """
    return count >= 2 or _CODE_LIKE.fullmatch(value) is not None


def in_words(coverage: Coverage) -> str:
    """``412 of 420 grade level codes are mapped; unmapped: 13, 14.``"""
    what = f"{coverage.entity.replace('_', ' ')} {'codes' if coverage.basis == 'code_table' else 'values'}"
    words = f"{coverage.mapped} of {coverage.total} {what} are mapped"
    if coverage.basis == "sample":
        words += " in a sample of the records"
    missing = coverage.total - coverage.mapped
    if not missing:
        return f"{words}."
    effect = "schools that will not be pulled" if coverage.entity == "building" else "unmapped"
    named = [
        f"{gap.value} ({gap.label})" if gap.label not in (None, gap.value) else gap.value
        for gap in coverage.unmapped[:10]
    ]
    rest = missing - len(named)
    return f"{words}; {effect}: {_listed(named, rest)}."


def _listed(named: Iterable[str], rest: int) -> str:
    named = list(named)
    if not named:
        return f"{rest} that are not shown, because each stands in one record only"
    return ", ".join(named) + (f" and {rest} more" if rest else "")
