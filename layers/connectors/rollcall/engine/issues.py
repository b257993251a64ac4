"""Every issue a run can raise: those of connectors, of the media roster, and the engine's own, which stand here.

Nothing makes an issue but the three functions that look it up in these tables, so a code that is in none cannot be
raised.
"""

from __future__ import annotations

from collections.abc import Mapping

from rollcall.connectors.mapping import ISSUES, IssueKind
from rollcall.domain.media import REASONS
from rollcall.domain.person import Issue, PersonType

ENGINE: Mapping[str, IssueKind] = {
    "pos_id_taken": IssueKind(
        "error",
        "This POS ID belongs to {other}; the record is left out.",
        "Give one of the two another local ID in the SIS.",
    ),
    "staff_parent_candidate": IssueKind(
        "warning",
        "This parent has the name of staff {other}; they may be one person.",
        "Say whether they are one person; until then they have two accounts.",
    ),
    "family_implausibly_large": IssueKind(
        "warning",
        "{size} students share one family; more than {usual} is unusual.",
        "Check the family identifier's fields for a value that many students share.",
    ),
    "duplicate_row": IssueKind(
        "warning",
        "{count} records of {part} came more than once; the last was taken.",
        "Look for duplicate records in the SIS.",
    ),
    "drop_withheld": IssueKind(
        "warning",
        "Records of {part} repeat from page to page and the SIS announces no count, so others "
        "may be missing. Nobody was dropped in this run.",
        "Look for duplicate records in the SIS.",
    ),
    "changes_postponed": IssueKind(
        "warning",
        "{count} changes wait, because the district wants people to be added only at this time.",
        "The first run after that time makes them; an administrator may override it for one run.",
    ),
    "protected_person_missing": IssueKind(
        "warning",
        "The SIS does not have this person any more, or not as one to load; they are protected, and stay.",
        "Release them if they have left.",
    ),
    "protected_since_plan": IssueKind(
        "warning",
        "This person was protected after the plan was made, so their change was not made.",
        "Nothing: the next sync plans it again, without what is protected.",
    ),
    "family_change_kept_back": IssueKind(
        "warning",
        "Another student of this change of families was changed after the plan was held, so none of it was made.",
        "Nothing: the next sync plans it again.",
    ),
    "changed_since_hold": IssueKind(
        "warning",
        "This person was changed after the plan was held, so the approved change was not made.",
        "Nothing: the next sync plans it again.",
    ),
    "changed_since_run": IssueKind(
        "warning",
        "This person was changed after the run that is undone, so they were left as they are.",
        "Compare them with the SIS, and mend there what is wrong; the next sync brings it.",
    ),
    "taken_since_run": IssueKind(
        "warning",
        "What the undo would give back to this person belongs to {other} by now, so they were left as they are.",
        "Give one of the two another value in the SIS; the next sync brings it.",
    ),
}
"""What the engine itself finds; the words in braces are filled in."""

ALL: Mapping[str, IssueKind] = {
    **ISSUES,
    **{code: IssueKind("warning", message, fix) for code, (message, fix) in REASONS.items()},
    **ENGINE,
}
"""Every code, with its usual severity."""


def issue(
    code: str,
    *,
    person: tuple[PersonType, str] | None = None,
    field: str | None = None,
    value: str | None = None,
    **words: str | int,
) -> Issue:
    """An issue of the engine's table; ``words`` fill in its message."""
    kind = ENGINE[code]
    person_type, source_id = person or (None, None)
    return Issue(
        severity=kind.severity,
        code=code,
        message=kind.message.format(**words),
        fix=kind.fix,
        person_type=person_type,
        source_id=source_id,
        field=field,
        value=value,
    )
