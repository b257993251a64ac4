"""Before- and after-images: whether the store is as one shows it, and how the changes of a plan get there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from rollcall.domain.person import fingerprint, person_key
from rollcall.domain.plan import Change, StoredPerson
from rollcall.engine.blobs import RunFolder, pack, pack_lines, unpack_lines
from rollcall.engine.job import Job


def key_of(change: Change) -> str:
    """How the engine names the person of a change."""
    return person_key(change.type, change.after.person.source_id)


def plan_file(job: Job, folder: RunFolder, number: int) -> Iterator[Change]:
    """The changes in one file of a plan, this run's or another's."""
    return unpack_lines(job.blobs.get(folder.plan(number)), Change)


def plan_changes(job: Job) -> Iterator[Change]:
    """Every change of this run's plan so far."""
    for number in range(job.at.plan_files):
        yield from plan_file(job, job.folder, number)


def write_plan_file(job: Job, changes: Sequence[Change]) -> None:
    """One more file of the plan, counted in the run, with what the last snapshot knew of these people: whoever undoes
    the run puts that back.
    """
    if not changes:
        return
    for change in changes:
        job.run.count(change.type, change.kind, change.dropped)
    data = pack_lines(changes)
    known = [(key, job.snapshot.people.get(key)) for key in map(key_of, changes)]
    job.blobs.put(job.folder.known(job.at.plan_files), pack(known))
    job.blobs.put(job.folder.plan(job.at.plan_files), data)
    job.at.plan_files += 1
    job.run.plan_hash = fingerprint((job.run.plan_hash or "").encode() + data).hex()


def shows(job: Job, image: StoredPerson | None, stored: StoredPerson | None) -> bool:
    """Whether the stored person is as the image, as far as the run writes: photos and the rest come by two ways."""
    if image is None or stored is None:
        return image is stored
    if job.integration.pictures_only:
        return image.person.photo == stored.person.photo
    return replace(image, person=replace(image.person, photo=stored.person.photo)) == stored


def put_changes(job: Job, changes: Sequence[Change]) -> None:
    """Write the after-images, each whole, so repeating it changes nothing."""
    if job.integration.pictures_only:
        photos = {change.after.id: change.after.person.photo for change in changes}
        job.people.put_photos(job.run.district_id, photos)
    else:
        before = {change.after.id: change.before for change in changes if change.before is not None}
        job.people.put_many([change.after for change in changes], before)
