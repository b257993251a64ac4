"""What the API answers to a connection test."""

from __future__ import annotations

import msgspec

from config_api.views import View
from rollcall.domain.inspection import Basis, Findings
from rollcall.domain.mapping import Entity, Entry


class GapView(View):
    """An external value without an entry. ``count`` is how often the people of a sample have it."""

    value: str
    label: str | None
    count: int | None


class MappingCoverageView(View):
    """How many of the SIS's values a mapping translates: of its code table, or of those seen in a sample."""

    entity: Entity
    basis: Basis
    mapped: int
    total: int
    unmapped: list[GapView]


class CheckView(View):
    """One thing looked at. ``ok`` is null where the test did not get that far."""

    name: str
    ok: bool | None
    detail: str
    coverage: MappingCoverageView | None


class SuggestionView(View):
    """A first mapping, to be saved as it is or after changes: the body of a new mapping."""

    entity: Entity
    name: str
    ignore_case: bool
    ignore_leading_zeros: bool
    entries: list[Entry]


class FindingsView(View):
    """The outcome of a connection test. ``ok``: a sync would get through; gaps in mappings do not stop one."""

    ok: bool
    checks: list[CheckView]
    suggestions: list[SuggestionView]


def findings_view(findings: Findings) -> FindingsView:
    """The outcome of a connection test."""
    return FindingsView.model_validate(msgspec.to_builtins(findings))
