"""The lineage of one person: from the records that a run's snapshot points to, by the settings it froze."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import msgspec

from rollcall.connectors.base import Connector, Survey
from rollcall.domain.errors import NotFound
from rollcall.domain.ids import person_id
from rollcall.domain.lineage import PLACED, RULE_OF_FIELD, FieldLineage, Lineage, RecordLineage
from rollcall.domain.person import Person, person_key, split_person_key
from rollcall.domain.plan import StoredPerson
from rollcall.domain.ports import Blobs
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, unpack
from rollcall.engine.experiment import Findings, Leaf, RawRecord, Read, Specimen, examine, leaves
from rollcall.engine.frozen import Frozen
from rollcall.engine.pull import chunk_raws
from rollcall.engine.snapshot import Snapshot, read_snapshot

_SETTINGS = {"family_id": "family_identifier", "host_id": "host_id_letters"}


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """Records of one list that stand though they did not come: the run that received them, and when."""

    stream: str
    run_id: str
    received_on: date
    records: int


def trace(blobs: Blobs, read: Read, run: Run, stored: StoredPerson, current: bool) -> Lineage:
    """Where every value of a person comes from, by a run that left a snapshot.

    ``current``: the run is the last word, so the values are the stored ones; else they are what the run made of its
    records. Raises ``NotFound`` of a person whom another SIS brings, and of a file when those of the run, or the pages
    that it points to, are no longer kept.
    """
    folder = RunFolder(run)
    frozen = Frozen.load(blobs, run)
    known = stored.person.type, stored.person.source_id
    if person_id(run.district_id, frozen.integration.source, *known) != stored.id:
        # Another SIS may number somebody else like that.
        raise NotFound("person")
    survey = unpack(blobs.get(folder.survey()), Survey)
    seen = read_snapshot(blobs.get(folder.snapshot()))
    started = run.started_at or run.queued_at
    school_year = frozen.district.school_year_at(started)
    key = person_key(*known)
    connector = read(frozen.integration, school_year, frozen.lookups())
    found = list(_records(blobs, connector, seen, key))
    specimen = Specimen(
        key=key,
        records=[record for record, _ in found],
        integration=frozen.integration,
        mappings=frozen.mappings,
        school_year=school_year,
        survey=survey,
        today=started.astimezone(frozen.district.zone).date(),
        read=read,
    )
    findings = examine(specimen) if found else Findings(None, (), False, True, {}, {}, {})
    person = stored.person if current else _as_left(findings.person, seen, key)
    return Lineage(
        current=current,
        complete=findings.complete,
        issues=findings.issues,
        records=tuple(lineage for _, lineage in found),
        fields=tuple(_field(field, leaf, findings, person.source_id) for field, leaf in _shown(person))
        if person
        else (),
    )


def carried(blobs: Blobs, run: Run) -> list[Carried]:
    """What a run knew without having received it. Raises ``NotFound`` when its snapshot is no longer kept."""
    seen = read_snapshot(blobs.get(RunFolder(run).snapshot()))
    found: Counter[tuple[str, str, date]] = Counter()
    for stream, table in seen.tables.items():
        for blob, count in Counter(table.blobs).items():
            found[stream, _run_of(seen.blobs[blob]), seen.days[blob]] += count
    return [
        Carried(stream=stream, run_id=run_id, received_on=day, records=count)
        for (stream, run_id, day), count in sorted(found.items())
        if run_id != run.id
    ]


def named_beside(blobs: Blobs, source: str, run: Run, stored: StoredPerson) -> list[str]:
    """Ids of the people whom a record of the run's snapshot names together with a person: whoever has a tie to them is
    among these, in no order that means anything.

    ``source`` is the SIS that the run asked, as an integration says it. Raises ``NotFound`` when the snapshot is no
    longer kept.
    """
    seen = read_snapshot(blobs.get(RunFolder(run).snapshot()))
    key = person_key(stored.person.type, stored.person.source_id)
    others = {
        other for table in seen.tables.values() for at in table.naming({key}) for other in table.people_at(at)
    }
    return sorted(person_id(run.district_id, source, *split_person_key(other)) for other in others - {key})


def _records(
    blobs: Blobs, connector: Connector, seen: Snapshot, key: str
) -> Iterator[tuple[RawRecord, RecordLineage]]:
    """What speaks of a person, by stream and record id, as a run would read it."""
    for stream, table in sorted(seen.tables.items()):
        rows = table.naming({key})
        chunks = {
            blob: chunk_raws(connector, stream, blobs.get(seen.blobs[blob]))
            for blob in {table.blobs[at] for at in rows}
        }
        for at in sorted(rows, key=table.ids.__getitem__):
            blob, record_id = table.blobs[at], table.ids[at]
            lineage = RecordLineage(
                stream=stream, id=record_id, run_id=_run_of(seen.blobs[blob]), received_on=seen.days[blob]
            )
            yield RawRecord(stream, record_id, bytes(chunks[blob][table.places[at]])), lineage


def _run_of(page_key: str) -> str:
    """The run in whose folder a page lies."""
    return page_key.split("/")[3]


def _as_left(person: Person | None, seen: Snapshot, key: str) -> Person | None:
    """The person that a run made of its records, with the family and host ID that it remembered."""
    row = seen.people.get(key)
    if person is None or row is None:
        return None
    family = row.family if split_person_key(key)[0] == "student" else None
    return msgspec.structs.replace(person, family_id=family, host_id=row.host_id)


def _shown(person: Person) -> list[tuple[str, Leaf]]:
    """What is stored, with the status, which is stored only of those who have left."""
    found = {".".join(map(str, path)): leaf for path, leaf in leaves(person)}
    first = {"type": found["type"], "status": Leaf("status", person.status)}
    return list({**first, **found}.items())


def _field(field: str, leaf: Leaf, findings: Findings, number: str) -> FieldLineage:
    sources = findings.sources.get(leaf, [])
    setting = _SETTINGS.get(leaf.place)
    if setting:
        # Whatever the family or the host ID is called: the household and the number decide.
        sources = next((raw for known, raw in findings.sources.items() if known.place == leaf.place), [])
    rule = _rule(leaf, findings)
    if not sources and (leaf.value == number or leaf.place == "host_id"):
        sources, rule = findings.sources.get(Leaf("source_id", number), []), rule or "record_id"
    settings = findings.settings.get(leaf, [])
    return FieldLineage(
        field=field,
        value=leaf.value,
        sources=tuple(sources),
        translations=tuple(findings.translations.get(leaf, ())),
        settings=(*settings, setting) if setting else tuple(settings),
        rule=rule,
    )


def _rule(leaf: Leaf, findings: Findings) -> str | None:
    rule = RULE_OF_FIELD.get(leaf.place.partition(".")[0])
    if rule and not (leaf.place == "photo" and leaf in findings.sources):
        return rule
    if leaf.place == "grad_year" and findings.counted:
        return "grad_year"
    made = {made for _, made in leaves(findings.person)} if findings.person else set()
    if leaf not in made:
        return "stands"
    return "place" if leaf.place in PLACED and leaf not in findings.sources else None
