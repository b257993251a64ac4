"""The protections that a run works with: what of its people stays, whatever the SIS says.

They are laid over a person as soon as one is mapped, so whatever is judged later, such as who may have a POS ID, is
judged of the person as they will be stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec.structs import replace

from rollcall.domain.ids import person_id
from rollcall.domain.integration import Integration
from rollcall.domain.person import Issue, Person, person_key
from rollcall.domain.protection import PROTECTABLE, Protection

_PICTURES = frozenset({"photo"})
_PEOPLE = frozenset(PROTECTABLE) - _PICTURES
"""Each kind of integration writes its own part of a person, and keeps to what is protected of that."""


class Protections:
    """Protections of an integration's people, by key. ``known`` are also those that were over lately (``ended``): such
    people are compared with the store itself, whatever the snapshot says, since a run that had planned before left them
    out, or wrote them in the same second.
    """

    def __init__(self, protections: Iterable[Protection], integration: Integration, today: date) -> None:
        self._fields = _PICTURES if integration.pictures_only else _PEOPLE
        district_id, source = integration.district_id, integration.source
        ours = {
            person_key(p.person_type, p.source_id): p
            for p in protections
            if p.concerns(today) and p.person_id == person_id(district_id, source, p.person_type, p.source_id)
        }
        self._known = {k: p for k, p in ours.items() if any(p.covers(field) for field in self._fields)}
        self._in_force = {key: p for key, p in self._known.items() if p.in_force(today)}
        self.known = self._known.keys()
        self.ended = self.known - self._in_force.keys()

    def __contains__(self, key: str) -> bool:
        """Whether something of the person is protected."""
        return key in self._in_force

    def __iter__(self) -> Iterator[str]:
        return iter(self._in_force)

    def over(self, key: str, person: Person) -> Person:
        """The person as they are to be stored."""
        protection = self._in_force.get(key)
        return protection.over(person, self._fields) if protection else person

    def brought(self, key: str, stored: Person, person: Person) -> Person:
        """The stored person with the fields of ``person`` that are, or were, protected: two integrations that bring
        somebody need not agree on the others.
        """
        names = [name for name in self._fields if self._known[key].covers(name)]
        return replace(stored, **{name: getattr(person, name) for name in names})

    def stays(self, key: str) -> bool:
        """Whether the person is not to be ended or brought back."""
        return self._covers(key, "status")

    def covers_account(self, key: str) -> bool:
        """Whether the person's place in the media roster is protected; a host ID is part of it."""
        return self._covers(key, "media") or self._covers(key, "host_id")

    def silence(self, key: str, issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
        """The issues without warnings of values that are not taken anyway."""
        protection = self._in_force.get(key)
        if protection is None:
            return issues
        mute = protection.whole or self._fields == _PICTURES
        return tuple(
            i
            for i in issues
            if i.severity == "error"
            or not (mute or (i.field is not None and protection.covers(i.field.partition(".")[0])))
        )

    def _covers(self, key: str, field: str) -> bool:
        protection = self._in_force.get(key)
        return protection is not None and field in self._fields and protection.covers(field)
