"""Which people of the SIS a user of the media application may be, by number, e-mail address and name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Literal, Protocol

import msgspec
from rapidfuzz import fuzz, process

from rollcall.domain.media import Named, folded_email, folded_name
from rollcall.domain.person import PersonType

By = Literal["number", "email", "name"]

AT_MOST = 5
CONFIDENT = 70
"""Below this confidence, of 100, nobody is proposed."""

CERTAIN = 90
"""From this confidence on two accounts of somebody would be one person's; a name alone never says so."""

_SPELLING = 85
"""How alike two names must be, of 100, to be one name spelled in two ways."""

_TYPES: dict[PersonType, tuple[PersonType, ...]] = {
    "student": ("student",),
    "staff": ("staff",),
    # A parent who works at the school has one account, that of the member of staff.
    "contact": ("contact", "staff"),
}


class SisPerson(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person of the SIS with the host ID that the policy gives them; ``number`` is it without the letters."""

    id: str
    type: PersonType
    host_id: str
    number: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who a user may be: the person's id, how sure that is (0 to 100), and what says so."""

    person: str
    confidence: int
    by: tuple[By, ...]


class Account(Named, Protocol):
    """A user of the media application."""

    @property
    def type(self) -> PersonType: ...
    @property
    def host_id(self) -> str: ...


class People:
    """The people of the SIS, by everything that they are looked up by."""

    def __init__(self, people: Iterable[SisPerson]) -> None:
        self.by_id: dict[str, SisPerson] = {}
        self.by_host: dict[str, list[SisPerson]] = {}
        self._by_number: dict[tuple[PersonType, str], list[SisPerson]] = {}
        self._by_email: dict[tuple[PersonType, str], list[SisPerson]] = {}
        self._by_word: dict[tuple[PersonType, str], dict[str, str]] = {}
        self._names: dict[str, str] = {}
        for person in people:
            self.by_id[person.id] = person
            self.by_host.setdefault(person.host_id, []).append(person)
            self._by_number.setdefault((person.type, person.number), []).append(person)
            if email := folded_email(person):
                self._by_email.setdefault((person.type, email), []).append(person)
            self._names[person.id] = name = folded_name(person)
            for word in set(name.split()):
                self._by_word.setdefault((person.type, word), {})[person.id] = name

    def with_host_id(self, kind: PersonType, host_id: str) -> list[SisPerson]:
        """Who may be a user of a member type with this host ID."""
        return [person for person in self.by_host.get(host_id, ()) if person.type in _TYPES[kind]]

    def with_number(self, kind: PersonType, number: str) -> list[SisPerson]:
        """Who of a member type has this number."""
        return self._by_number.get((kind, number), [])

    def with_email(self, kind: PersonType, email: str) -> Iterator[SisPerson]:
        """Who may be a user of a member type with this e-mail address."""
        for own in _TYPES[kind]:
            yield from self._by_email.get((own, email), ())

    def spelled_like(self, kind: PersonType, name: str) -> Iterator[tuple[SisPerson, float]]:
        """Who has such a name, with how alike the two are: one word of it the same, the rest nearly."""
        for own, word in product(_TYPES[kind], set(name.split())):
            pool = self._by_word.get((own, word), {})
            found = process.extract(name, pool, scorer=fuzz.ratio, score_cutoff=_SPELLING, limit=2 * AT_MOST)
            for _, score, person_id in found:
                yield self.by_id[person_id], score

    def alike(self, person: SisPerson, name: str) -> float:
        """How alike a person's name is to another one, of 100."""
        return fuzz.ratio(self._names[person.id], name)


def candidates(user: Account, people: People) -> tuple[Candidate, ...]:
    """Who ``user`` may be, the likeliest first; equally likely ones by their id."""
    name, email = folded_name(user), folded_email(user)
    found: dict[str, dict[By, int]] = {}
    for person in people.with_number(user.type, user.host_id):
        # A number without its letters may be anybody's; the name must speak for it.
        found.setdefault(person.id, {})["number"] = (
            round(60 + 0.4 * people.alike(person, name)) if name else CERTAIN
        )
    for person in people.with_email(user.type, email) if email else ():
        found.setdefault(person.id, {})["email"] = (
            round(60 + 0.4 * people.alike(person, name)) if name else CERTAIN
        )
    for person, score in people.spelled_like(user.type, name):
        found.setdefault(person.id, {})["name"] = round(0.85 * score)
    ranked = [Candidate(person, max(said.values()), tuple(said)) for person, said in found.items()]
    ranked = [candidate for candidate in ranked if candidate.confidence >= CONFIDENT]
    return tuple(sorted(ranked, key=lambda candidate: (-candidate.confidence, candidate.person))[:AT_MOST])
