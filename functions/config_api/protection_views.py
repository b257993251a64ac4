"""What the API answers of protected people."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from config_api.people_views import PersonView, person_view
from config_api.views import View
from rollcall.domain.person import PersonType
from rollcall.domain.plan import StoredPerson
from rollcall.domain.protection import Protection, written_values


class ProtectionView(View):
    """What of a person stays as it is. ``values`` were written by hand, and stand among the ``fields``; of a ``whole``
    person no fields are named. ``in_force`` until it is released, or its last day is over.
    """

    person_id: str
    person_type: PersonType
    first_name: str | None
    last_name: str | None
    whole: bool
    fields: list[str]
    values: dict[str, Any]
    reason: str
    until: date | None
    in_force: bool
    set_by: str
    set_at: datetime
    version: int


class ProtectedView(View):
    """A protection that was made. ``run_id`` is the run that makes it visible now, without asking the SIS; without one
    the next sync does, which is planned for ``next_sync_at``.
    """

    protection: ProtectionView
    run_id: str | None
    next_sync_at: datetime | None


class ReleasedView(View):
    """A protection that is over: the next sync takes the SIS's values, and is planned for ``next_sync_at``."""

    person_id: str
    next_sync_at: datetime | None


class PersonDetailView(PersonView):
    """A person, with what of them is protected."""

    protection: ProtectionView | None


def protection_view(protection: Protection, stored: StoredPerson | None, today: date) -> ProtectionView:
    """A protection, on a day, with the name of the person as they are stored."""
    return ProtectionView(
        person_id=protection.person_id,
        person_type=protection.person_type,
        first_name=stored.person.first_name if stored else None,
        last_name=stored.person.last_name if stored else None,
        whole=protection.whole,
        fields=list(protection.fields),
        values=written_values(protection),
        reason=protection.reason,
        until=protection.until,
        in_force=protection.in_force(today),
        set_by=protection.set_by,
        set_at=protection.set_at,
        version=protection.version,
    )


def person_detail(stored: StoredPerson, protection: Protection | None, today: date) -> PersonDetailView:
    """A person with their protection, unless it is released."""
    shown = (
        protection_view(protection, stored, today) if protection and protection.released_on is None else None
    )
    return PersonDetailView(**person_view(stored).model_dump(), protection=shown)
