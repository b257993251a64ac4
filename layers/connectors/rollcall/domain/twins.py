"""Parents who work at the school: what somebody decided about one of them and a member of staff."""

from __future__ import annotations

from pydantic import AwareDatetime

from rollcall.domain.form import Record


class Twin(Record):
    """A decision, remembered for ever. ``staff_id`` is None where the two, or any two, are not one person.

    ``contact_source_id`` names the parent within their SIS, so that the next run looks at them again.
    """

    district_id: str
    contact_id: str
    contact_source_id: str
    staff_id: str | None
    decided_by: str
    decided_at: AwareDatetime
