"""The people of an integration's SIS, as its last preview or sync found them: whom existing users are compared with."""

from __future__ import annotations

from http import HTTPStatus

from config_api.bootstrap import Parts
from config_api.problems import Problem
from rollcall.domain.candidates import SisPerson
from rollcall.domain.errors import Conflict, NotFound
from rollcall.domain.ids import person_id
from rollcall.domain.integration import Integration
from rollcall.domain.media import host_id, host_number
from rollcall.domain.person import split_person_key
from rollcall.domain.plan import Change, StoredPerson
from rollcall.domain.run import Run
from rollcall.domain.systems import SYSTEMS
from rollcall.engine.blobs import RunFolder, snapshot_key, unpack_lines
from rollcall.engine.people_table import ENDED, MISSING
from rollcall.engine.snapshot import read_snapshot


def last_completed(parts: Parts, integration: Integration) -> Run:
    """The newest run that came to its end. Raises ``Conflict`` when there is none."""
    before: str | None = None
    while True:
        runs, before = parts.runs.history(integration.district_id, integration.id, ["completed"], 1, before)
        if runs:
            return runs[0]
        if before is None:
            raise Conflict("preview_needed", "The SIS's people are not known yet. Run a preview first.")


def sis_people(parts: Parts, integration: Integration, run: Run) -> list[SisPerson]:
    """Everybody whom a sync would load after ``run``, with their host IDs."""
    try:
        people = _stored(parts, integration)
        if run.mode == "preview":
            _overlay(parts, run, people)
    except NotFound:
        detail = "The files of the last preview are no longer kept. Run a preview again."
        raise Problem(HTTPStatus.CONFLICT, "preview_expired", detail) from None
    found = (_sis_person(integration, stored) for stored in people.values())
    return sorted((person for person in found if person), key=lambda person: (person.type, person.host_id))


def _stored(parts: Parts, integration: Integration) -> dict[str, StoredPerson]:
    """Who was there at the last sync, if there was one."""
    district_id = integration.district_id
    snapshot = parts.runs.state(district_id, integration.id).snapshot
    if snapshot is None:
        return {}
    people = read_snapshot(parts.blobs.get(snapshot_key(district_id, integration.id, snapshot))).people
    there = [key for key, flags in people.standing() if not flags & (ENDED | MISSING)]
    ids = [person_id(district_id, integration.source, *split_person_key(key)) for key in there]
    return parts.people.get_many(district_id, ids)


def _overlay(parts: Parts, run: Run, people: dict[str, StoredPerson]) -> None:
    """What the preview would have changed."""
    folder = RunFolder(run)
    for part in range(int(run.checkpoint.get("plan_files", 0))):
        for change in unpack_lines(parts.blobs.get(folder.plan(part)), Change):
            people[change.after.id] = change.after


def _sis_person(integration: Integration, stored: StoredPerson) -> SisPerson | None:
    """None for who has no account of their own: leavers, other member types, parents who are staff too."""
    person = stored.person
    number = host_number(SYSTEMS[integration.system].family, person)
    if person.status != "active" or person.type not in integration.member_types or number is None:
        return None
    if stored.integration_id != integration.id or (person.media and person.media.same_as):
        return None
    return SisPerson(
        id=stored.id,
        type=person.type,
        host_id=person.host_id or host_id(integration.host_id_letters, person.type, number),
        number=number,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
    )
