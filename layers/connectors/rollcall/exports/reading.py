"""Everybody of a district, a hundred at a time, as one destination may know them.

This is where people become projections: nothing else in this package sees a ``Person``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, NamedTuple

from rollcall.domain.destinations import project
from rollcall.domain.export import Export
from rollcall.domain.person import PersonType
from rollcall.domain.plan import StoredPerson
from rollcall.domain.ports import Everybody

Facts = Mapping[str, Any]
"""What :func:`~rollcall.domain.destinations.project` tells of a person. What is at its default is not in it."""

BATCH = 100
AHEAD = 6
"""Batches that are fetched while one is written."""


class Known(NamedTuple):
    """Somebody, as far as the destination may know them."""

    id: str
    facts: Facts


class Batch(NamedTuple):
    """Some people, and by id those whom they refer to: contacts, and the staff who stand for some of these."""

    people: list[Known]
    related: Mapping[str, Known]


class Reader:
    """Reads what one export needs. ``heard`` is called with the size of every batch and may raise."""

    def __init__(self, everybody: Everybody, export: Export, heard: Callable[[int], None]) -> None:
        self._everybody = everybody
        self._district_id = export.district_id
        self._destination = export.destination
        self._suppliers = frozenset(export.integration_ids)
        self._heard = heard

    def batches(self, person_type: PersonType) -> Iterator[Batch]:
        """People of a type by name, in the same order every time."""
        ids = self._everybody.ids(self._district_id, person_type)
        with ThreadPoolExecutor(AHEAD) as pool:
            ahead: deque[Future[Batch]] = deque()
            try:
                while True:
                    while len(ahead) < AHEAD and (chunk := list(islice(ids, BATCH))):
                        ahead.append(pool.submit(self._batch, chunk))
                    if not ahead:
                        return
                    batch = ahead.popleft().result()
                    self._heard(len(batch.people))
                    yield batch
            finally:
                for waiting in ahead:
                    waiting.cancel()

    def people(self, *types: PersonType) -> Iterator[Known]:
        """People of these types, one type after the other."""
        for person_type in types:
            for batch in self.batches(person_type):
                yield from batch.people

    def _batch(self, ids: Sequence[str]) -> Batch:
        found = self._fetched(ids)
        contacts = self._others(_contacts, found)
        staff = self._others(_stand_ins, contacts)
        known = {**contacts, **staff}
        return Batch(
            [self._known(found[person_id]) for person_id in ids if person_id in found],
            {person_id: self._known(stored) for person_id, stored in known.items()},
        )

    def _others(
        self, refers: Callable[[StoredPerson], list[str]], people: Mapping[str, StoredPerson]
    ) -> dict[str, StoredPerson]:
        wanted = dict.fromkeys(other for stored in people.values() for other in refers(stored))
        return self._fetched(list(wanted)) if wanted else {}

    def _fetched(self, ids: Sequence[str]) -> dict[str, StoredPerson]:
        """Those of them whom the destination is fed. Nobody leaves the media roster, so media is not asked again."""
        found = self._everybody.get_many(self._district_id, ids)
        if self._destination == "media":
            return found
        return {
            person_id: stored
            for person_id, stored in found.items()
            if stored.integration_id in self._suppliers
        }

    def _known(self, stored: StoredPerson) -> Known:
        return Known(stored.id, project(stored.person, self._destination))


def _contacts(stored: StoredPerson) -> list[str]:
    return [link.person_id for link in stored.person.contacts]


def _stand_ins(stored: StoredPerson) -> list[str]:
    media = stored.person.media
    return [media.same_as] if media and media.same_as else []


def text(facts: Facts, field: str) -> str:
    """A field as text, blank when there is none."""
    value = facts.get(field)
    return "" if value is None else str(value)


def is_active(facts: Facts) -> bool:
    """Whether somebody belongs to the district today."""
    return bool(facts.get("status", "active") == "active")


def stays(facts: Facts) -> list[Facts]:
    """Enrollments that have not ended, the primary one first."""
    found = [stay for stay in facts.get("enrollments", ()) if "drop_date" not in stay]
    return sorted(found, key=lambda stay: not stay.get("primary", True))


def buildings(facts: Facts) -> list[str]:
    """Where somebody is enrolled or works, the primary school first, each once."""
    return list(dict.fromkeys((*(stay["school"] for stay in stays(facts)), *facts.get("schools", ()))))


def links(facts: Facts) -> list[Facts]:
    """A student's ties to contacts, the first one first. Media is not told of priorities, but of their order."""
    return sorted(facts.get("contacts", ()), key=lambda link: link.get("priority", 0))
