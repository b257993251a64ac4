"""A person in a line, where an id alone would tell nobody who is meant."""

from __future__ import annotations

from config_api.views import View
from rollcall.domain.person import PersonType
from rollcall.domain.plan import StoredPerson


class BriefView(View):
    """Who somebody is. ``source_id`` is the SIS's own id."""

    id: str
    type: PersonType
    source_id: str
    first_name: str | None
    last_name: str | None
    email: str | None
    schools: list[str]


def brief_view(stored: StoredPerson) -> BriefView:
    """A stored person in a line."""
    person = stored.person
    return BriefView(
        id=stored.id,
        type=person.type,
        source_id=person.source_id,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        schools=list(person.schools),
    )
