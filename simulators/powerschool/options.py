"""Switches of the PowerSchool simulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

RESOURCES = ("course", "school", "section", "section_enrollment", "staff", "student", "term")


@dataclass(slots=True)
class Options:
    """Each field whose behaviour the fact sheet marks unknown says what the default picks.

    `max_page_sizes` by resource name, and `schema_table_query`; 100 when not named.
    `oversize`: a page size above the maximum is capped (`cap`) or answered 400 (`reject`).
    `school_students`: what `/school/{id}/student` returns without `q`: `active` only, or `all`.
    `token_calls_per_minute`: more token calls answer 429; 0 is no limit.
    `forbidden`: `/ws/v1` resources that answer 403.
    `ungranted`: `table.field` names that a PowerQuery or table call may not read.
    `empty_record_list`: an empty PowerQuery page is `record: []` instead of a missing key.
    `query_shape`: the shape of PowerQuery rows: as the query says (`asked`), `flat`, or `nested`.
    `registration`: how a plugin's credentials are posted to its registration URL: `json`, `form` or `xml`.
    `plugin`: a plugin zip (or where it lies) whose queries and access requests are loaded.
    """

    client_id: str = "5d3ba4a3-0b60-4a39-9c0e-6a6c2d1f0b01"
    client_secret: str = "c8a9f0de-51b7-4b83-8a3e-2f0d9e7b6c02"
    token_type: bool = True
    token_life: int = 2_592_000
    token_calls_per_minute: int = 0
    max_page_sizes: dict[str, int] = field(default_factory=dict)
    oversize: str = "cap"
    school_students: str = "active"
    staff_wrapper: str = "staffs"
    forbidden: frozenset[str] = frozenset()
    ungranted: frozenset[str] = frozenset()
    empty_record_list: bool = False
    query_shape: str = "asked"
    registration: str = "json"
    plugin: Path | bytes | None = None

    def max_page_size(self, resource: str) -> int:
        return self.max_page_sizes.get(resource, 100)
