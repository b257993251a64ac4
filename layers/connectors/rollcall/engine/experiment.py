"""Which raw values, mapping entries and settings make a person what they are: found out by trying.

A connector's ``map`` is pure, so the records of one person can be mapped again with one raw value altered. What is
then missing from the person came from that value. Nothing here knows any SIS, and no connector says where it looks: a
note beside the code would be wrong some day, an experiment cannot be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import msgspec

from rollcall.connectors.base import Connector, Survey
from rollcall.domain.family import identifier, whole
from rollcall.domain.integration import Integration
from rollcall.domain.lineage import RawValue, Translation
from rollcall.domain.mapping import CodeMapping, Lookup
from rollcall.domain.media import host_id, host_number
from rollcall.domain.person import Address, ContactLink, Enrollment, Mapped, Person, Phone
from rollcall.domain.systems import SYSTEMS
from rollcall.engine.altering import Path, alike, altered, blank, is_blank, put, texts, tree, values
from rollcall.engine.mapping import with_grad_year
from rollcall.engine.traced import Found, Traced

Read = Callable[[Integration, str, Mapping[str, Lookup]], Connector]
"""From an integration, the school year and the lookups by entity, a connector that asks nobody."""


class Leaf(NamedTuple):
    """A value of a person: its place, with ``*`` for positions in a list, what it is, and what tells the element of the
    list that it is in from the others.
    """

    place: str
    value: Any
    element: str = ""


SURVEY = "survey"
"""In place of a stream: what the SIS said of itself before anybody was read."""

MAX_TRIALS = 4000
"""Times that one person is mapped: more than any record needs, few enough for an answer that somebody waits for."""

_TOLD_APART_BY: Mapping[type, str] = {
    Phone: "number",
    Address: "type",
    Enrollment: "school",
    ContactLink: "person_id",
}
_TRIES = 9
_OTHER_YEAR = "2001-02"


class RawRecord(NamedTuple):
    """A record as received."""

    stream: str
    id: str
    raw: bytes


@dataclass(frozen=True)
class Specimen:
    """One person's records, and everything that decides what they map to."""

    key: str
    records: Sequence[RawRecord]
    integration: Integration
    mappings: Mapping[str, CodeMapping]
    school_year: str
    survey: Survey
    today: date
    read: Read


class Findings(NamedTuple):
    """``person`` is None where the records are not one to load. ``counted``: the SIS does not say the grad year."""

    person: Person | None
    issues: tuple[str, ...]
    counted: bool
    complete: bool
    sources: Mapping[Leaf, list[RawValue]]
    translations: Mapping[Leaf, list[Translation]]
    settings: Mapping[Leaf, list[str]]


class _Group(NamedTuple):
    """Raw values that are altered together: the same place in records of one stream, and the same value."""

    places: list[tuple[int, Path]]
    value: Any


class _OutOfTrials(Exception):
    """``MAX_TRIALS`` are made."""


def examine(specimen: Specimen) -> Findings:
    """Map a person again and again, and tell what each value hangs on."""
    return _Bench(specimen).findings()


def leaves(value: Any, path: Path = (), element: str = "") -> Iterator[tuple[Path, Leaf]]:
    """Every value of a person with its path, without those at their default, which are not stored."""
    if isinstance(value, msgspec.Struct):
        element = str(getattr(value, _TOLD_APART_BY.get(type(value), ""), element))
        for name, default in _defaults(type(value)):
            part = getattr(value, name)
            if part != default:
                yield from leaves(part, (*path, name), element)
    elif isinstance(value, tuple):
        for at, part in enumerate(value):
            yield from leaves(part, (*path, at), element)
    else:
        yield path, Leaf(_place(path), value, element)


def _place(path: Path) -> str:
    """A path whatever the positions in lists."""
    return ".".join("*" if isinstance(step, int) else step for step in path)


@cache
def _defaults(kind: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.default) for field in msgspec.structs.fields(kind))


class _Bench:
    """One person's trials."""

    def __init__(self, specimen: Specimen) -> None:
        self._specimen = specimen
        self._lookups = {entity: Traced(mapping) for entity, mapping in specimen.mappings.items()}
        self._connector = specimen.read(specimen.integration, specimen.school_year, self._lookups)
        self._trees = [tree(record.raw) for record in specimen.records]
        self._encoded = [msgspec.json.encode(root) for root in self._trees]
        self._known = set(texts([*self._trees, specimen.survey.reference]))
        self._known |= {entry.external for mapping in specimen.mappings.values() for entry in mapping.entries}
        self._trials = 0
        self._base: Counter[Leaf] = Counter()
        self._sources: dict[Leaf, dict[RawValue, None]] = {}
        self._settings: dict[Leaf, list[str]] = {}
        self._translated: dict[Leaf, list[Translation]] = {}

    def findings(self) -> Findings:
        mapped = self._map(self._encoded, self._connector)
        issues = tuple(sorted({found.code for found in mapped.issues})) if mapped else ()
        if mapped is None or mapped.person is None:
            return Findings(None, issues, False, True, {}, {}, {})
        person = with_grad_year(mapped.person, self._specimen.school_year)
        self._base = self._leaves(mapped)
        self._translated = self._translations(person)
        for lookup in self._lookups.values():
            lookup.lenient = True
        complete = True
        try:
            self._try_all()
            self._try_settings()
        except _OutOfTrials:
            complete = False
        counted = mapped.person.grad_year != person.grad_year
        sources = {leaf: list(found) for leaf, found in self._sources.items()}
        return Findings(person, issues, counted, complete, sources, self._translated, self._settings)

    def _try_all(self) -> None:
        """First each value by itself; then, for what is still unexplained, without it, and then equal values together:
        a phone number that stands in two places is missed only when both are altered.
        """
        groups = self._groups(self._where)
        said = [group for group in groups if not is_blank(group.value)]
        self._try(said, self._altered, None)
        equal = [g for g in self._groups(lambda _, __, value: value) if len(self._parts(g)) > 1]
        self._try(equal, self._altered, None, parts=True)
        self._try_synonyms(said)
        self._try_reference(groups)
        self._try(said, blank, self._unexplained())
        self._try(equal, blank, self._unexplained(), parts=True)
        self._try([group for group in groups if is_blank(group.value)], self._altered, self._unexplained())
        number = self._specimen.key.partition(":")[2]
        for group in groups:
            if str(group.value) == number:
                self._note(Leaf("source_id", number), group)

    def _try(
        self,
        groups: Iterable[_Group],
        other: Callable[[Any], Any],
        wanted: Set[Leaf] | None,
        parts: bool = False,
    ) -> None:
        """Put ``other`` in the place of each value. Only what is ``wanted`` is noted; None is everything.

        ``parts``: of a group only those places are noted any of which would have been enough to keep the value.
        """
        if wanted is not None and not wanted:
            return
        for group in groups:
            missing = self._without(group, other)
            noted = [leaf for leaf in missing if wanted is None or leaf in wanted]
            for part in self._parts(group) if parts and noted else ():
                rest = _Group([p for p in group.places if p not in part.places], group.value)
                kept = self._without(rest, other)
                for leaf in noted:
                    if leaf not in kept:
                        self._note(leaf, part)
            for leaf in noted if not parts else ():
                self._note(leaf, group)

    def _altered(self, value: Any) -> Any:
        """Another value that is nobody's and nothing's: to become another person's or school's is no answer."""
        first = other = altered(value)
        for _ in range(_TRIES):
            if str(other) not in self._known:
                return other
            other = altered(other)
        return first

    def _parts(self, group: _Group) -> list[_Group]:
        """The places of a group by stream and path."""
        found: dict[tuple[str, str], _Group] = {}
        for at, path in group.places:
            name = (self._specimen.records[at].stream, _place(path))
            found.setdefault(name, _Group([], group.value)).places.append((at, path))
        return list(found.values())

    def _without(self, group: _Group, other: Callable[[Any], Any]) -> list[Leaf]:
        """What is not as it was. Of an element of a list that is no longer there, only what it is told apart by.

        Where a SIS gives no number, the values that make one cannot be altered without making somebody else: then
        what they are equal to came from them.
        """
        mapped = self._map(self._with(group, other(group.value)), self._connector)
        if mapped is None:
            return [
                leaf for leaf in self._base if leaf.place == "source_id" or alike(leaf.value, group.value)
            ]
        if mapped.person is not None:
            lost = list(self._base - self._leaves(mapped))
            gone = {leaf.element for leaf in lost if leaf.value == leaf.element}
            return [leaf for leaf in lost if leaf.element not in gone or leaf.value == leaf.element]
        # Rejected is a fault of the trial; not to be loaded is an answer.
        rejected = any(found.severity == "error" for found in mapped.issues)
        return [] if rejected else [leaf for leaf in self._base if leaf.place == "status"]

    def _try_synonyms(self, groups: Sequence[_Group]) -> None:
        """Two codes that a mapping translates alike are missed only when both are altered: two races, one of ours."""
        for leaf, entries in self._translated.items():
            lookup = self._lookups[entries[0].entity]
            alike = [group for group in groups if lookup.means(group.value, leaf.value)]
            if leaf in self._sources or not self._is_lost(leaf, alike):
                continue
            for group in alike:
                if not self._is_lost(leaf, [other for other in alike if other is not group]):
                    self._note(leaf, group)

    def _is_lost(self, leaf: Leaf, groups: Sequence[_Group]) -> bool:
        places = [where for group in groups for where in group.places]
        return bool(places) and leaf in self._without(_Group(places, groups[0].value), self._altered)

    def _try_reference(self, groups: Iterable[_Group]) -> None:
        """The same with what the survey knows, such as schools' numbers by their ids; and with what in the records
        leads to that, which mostly cannot be altered without the person being refused.
        """
        reference = self._specimen.survey.reference
        for path, value in values(reference):
            survey = msgspec.structs.replace(
                self._specimen.survey, reference=put(reference, path, self._altered(value))
            )
            mapped = self._map(self._encoded, self._connector, survey)
            if mapped is None or mapped.person is None:
                continue
            for leaf in self._base - self._leaves(mapped):
                found = self._sources.setdefault(leaf, {})
                found[_raw(SURVEY, "", path, value)] = None
                for group in groups:
                    if str(group.value) in path and self._matters(group, leaf):
                        self._note(leaf, group)

    def _matters(self, group: _Group, leaf: Leaf) -> bool:
        mapped = self._map(self._with(group, self._altered(group.value)), self._connector)
        return mapped is None or mapped.person is None or leaf not in self._leaves(mapped)

    def _note(self, leaf: Leaf, group: _Group) -> None:
        found = self._sources.setdefault(leaf, {})
        for at, path in group.places:
            record = self._specimen.records[at]
            found[_raw(record.stream, record.id, path, group.value)] = None

    def _unexplained(self) -> set[Leaf]:
        return {leaf for leaf in self._base if leaf not in self._sources}

    def _where(self, at: int, path: Path, value: Any) -> Any:
        """What values must share to be altered together: list, place and value."""
        return self._specimen.records[at].stream, _place(path), value

    def _groups(self, alike: Callable[[int, Path, Any], Any]) -> list[_Group]:
        found: dict[Any, _Group] = {}
        for at, root in enumerate(self._trees):
            for path, value in values(root):
                # 1 and True are equal, and not the same
                name = (type(value), alike(at, path, value))
                found.setdefault(name, _Group([], value)).places.append((at, path))
        return list(found.values())

    def _with(self, group: _Group, value: Any) -> list[bytes]:
        records = list(self._encoded)
        by_record: dict[int, list[Path]] = {}
        for at, path in group.places:
            by_record.setdefault(at, []).append(path)
        for at, paths in by_record.items():
            tree = self._trees[at]
            for path in paths:
                tree = put(tree, path, value)
            records[at] = msgspec.json.encode(tree)
        return records

    def _map(
        self, records: Sequence[bytes], connector: Connector, survey: Survey | None = None
    ) -> Mapped | None:
        """What the records map to; None where they are not this person's any more."""
        self._trials += 1
        if self._trials > MAX_TRIALS:
            raise _OutOfTrials
        by_stream: dict[str, list[bytes]] = {}
        for record, raw in zip(self._specimen.records, records, strict=True):
            by_stream.setdefault(record.stream, []).append(raw)
        try:
            return connector.map(
                self._specimen.key, by_stream, survey or self._specimen.survey, self._specimen.today
            )
        except Exception:  # noqa: BLE001 - no run gives a mapper the records of somebody else, so none expects them
            return None

    def _leaves(self, mapped: Mapped) -> Counter[Leaf]:
        """What the records come to, with what the engine makes of them alone: status, family and number."""
        if mapped.person is None:
            return Counter()
        person = with_grad_year(mapped.person, self._specimen.school_year)
        found: Counter[Leaf] = Counter(leaf for _, leaf in leaves(person))
        found[Leaf("status", person.status)] = 1
        integration = self._specimen.integration
        household = identifier(mapped.household, integration.family_identifier) if mapped.household else b""
        if whole(household) and person.type == "student":
            found[Leaf("family_id", household)] = 1
        number = host_number(SYSTEMS[integration.system].family, person)
        if number and "media" in integration.destinations:
            found[Leaf("host_id", host_id(integration.host_id_letters, person.type, number))] = 1
        return found

    def _translations(self, person: Person) -> dict[Leaf, list[Translation]]:
        found: dict[Leaf, list[Translation]] = {}
        for _, leaf in leaves(person):
            if isinstance(leaf.value, Found):
                known = found.setdefault(leaf, [])
                if leaf.value.translation not in known:
                    known.append(leaf.value.translation)
        return found

    def _try_settings(self) -> None:
        for name, integration, year in _variations(self._specimen):
            connector = self._specimen.read(integration, year, self._lookups)
            mapped = self._map(self._encoded, connector)
            if mapped is not None and mapped.person is not None:
                for leaf in self._base - self._leaves(mapped):
                    self._settings.setdefault(leaf, []).append(name)


def _variations(specimen: Specimen) -> Iterator[tuple[str, Integration, str]]:
    """Each setting that shapes people by itself, changed."""
    integration, year = specimen.integration, specimen.school_year
    codes = integration.primary_enrollment_codes, integration.alternate_enrollment_codes
    changed: dict[str, Any] = {
        "use_local_id_as_pin": not integration.use_local_id_as_pin,
        "use_contact_record": not integration.use_contact_record,
    }
    changed |= {"primary_enrollment_codes": ()} if codes[0] else {}
    changed |= {"alternate_enrollment_codes": ()} if codes[1] else {}
    for name, value in changed.items():
        yield name, integration.model_copy(update={name: value}), year
    yield "school_year", integration, _OTHER_YEAR


def _raw(stream: str, record_id: str, path: Path, value: Any) -> RawValue:
    return RawValue(stream=stream, record_id=record_id, path=".".join(map(str, path)), value=value)
