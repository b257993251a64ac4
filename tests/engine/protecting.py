"""Protecting and releasing people of the small district, as the API does."""

from __future__ import annotations

from typing import Any

from rollcall.domain.hand_edit import HandEdit, ProtectionForm, apply_form
from rollcall.domain.plan import StoredPerson
from rollcall.domain.protection import Protection
from tests.engine.world import D, World


def stored(world: World, source_id: str, kind: str = "student") -> StoredPerson:
    (found,) = [s for s in world.people.all(D) if (s.person.type, s.person.source_id) == (kind, source_id)]
    return found


def protect(
    world: World, source_id: str, *fields: str, kind: str = "student", until: Any = None, **values: Any
) -> Protection:
    """Protect fields as they are and as they are written; without any, the whole person."""
    person, now = stored(world, source_id, kind), world.clock.now()
    form = ProtectionForm(
        whole=not fields and not values,
        fields=list(fields),
        values=HandEdit(**values),
        until=until.isoformat() if until else None,
        reason="Asked for by the school.",
    )
    today = now.astimezone(world.config.district(D).zone).date()
    before = world.config.protection(D, person.id)
    made = apply_form(form, person, before, {}, today, "ann@example.org", now)
    world.config.put_protection(made)
    return made


def release(world: World, source_id: str, kind: str = "student") -> None:
    known = world.config.protection(D, stored(world, source_id, kind).id)
    assert known
    world.config.put_protection(
        known.released(world.clock.now().date(), "ann@example.org", world.clock.now())
    )
