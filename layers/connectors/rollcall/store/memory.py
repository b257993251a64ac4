"""Every port in memory, for tests. They pass the same contract tests as the adapters on AWS.

What is put in is copied, and what comes out is a copy, as if it had gone over the wire.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from rollcall.domain.audit import AuditRecord
from rollcall.domain.errors import CancelRequested, Conflict, LeaseLost, NotFound, StoreError
from rollcall.domain.events import is_event, run_event
from rollcall.domain.person import PersonType, decode_person, encode_person
from rollcall.domain.plan import Claim, StoredPerson, new_claims
from rollcall.domain.ports import Clock, IntegrationState, Lease
from rollcall.domain.run import WORKING, Decision, Run, RunMessage, RunState
from rollcall.store.audit import MemoryAudit
from rollcall.store.memory_telling import MemoryOutbox
from rollcall.store.people import name_sort
from rollcall.store.runs import finished


@dataclass
class MemoryClock:
    """A clock that moves only when told to."""

    time: datetime

    def now(self) -> datetime:
        return self.time

    def advance(self, **delta: float) -> None:
        """Move on by ``timedelta(**delta)``."""
        self.time += timedelta(**delta)


@dataclass
class MemoryRuns:
    """:class:`~rollcall.store.runs.RunLog`."""

    clock: Clock
    _runs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _held: set[str] = field(default_factory=set)
    _leases: dict[tuple[str, str], Lease] = field(default_factory=dict)
    _fences: dict[tuple[str, str], int] = field(default_factory=dict)
    _states: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _successors: dict[str, str | None] = field(default_factory=dict)
    _cancels: dict[tuple[str, str], Decision] = field(default_factory=dict)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)

    def create(self, run: Run, audit: AuditRecord | None = None) -> Run:
        stored = self.get(run.district_id, run.id)
        if stored is None:
            self._write(run)
            self.audit.write(audit)
        return stored or run

    def get(self, district_id: str, run_id: str) -> Run | None:
        doc = self._runs.get((district_id, run_id))
        return msgspec.json.decode(doc, type=Run) if doc else None

    def get_many(self, district_id: str, run_ids: Iterable[str]) -> dict[str, Run]:
        found = {run_id: self.get(district_id, run_id) for run_id in run_ids}
        return {run_id: run for run_id, run in found.items() if run}

    def save(self, run: Run, lease: Lease | None, *, unless_cancelled: bool = False) -> None:
        if lease is not None:
            self._check_lease(run, lease)
        if not self._repeated(run):
            if lease is None and run.id in self._held:
                raise Conflict("run_held", "A runner works on this run.")
            if unless_cancelled and (run.district_id, run.id) in self._cancels:
                raise CancelRequested
        self._write(run, lease)
        self._tell(run)

    def acquire(
        self, district_id: str, integration_id: str, owner: str, expires_at: datetime
    ) -> Lease | None:
        key = (district_id, integration_id)
        held = self._leases.get(key)
        if held and held.owner != owner and held.expires_at >= self.clock.now():
            return None
        if held is None or held.owner != owner:
            self._fences[key] = self._fences.get(key, 0) + 1
        self._leases[key] = Lease(owner, self._fences[key], expires_at)
        return self._leases[key]

    def release(self, district_id: str, integration_id: str, lease: Lease) -> None:
        held = self._leases.get((district_id, integration_id))
        if held and (held.owner, held.fence) == (lease.owner, lease.fence):
            del self._leases[district_id, integration_id]

    def state(self, district_id: str, integration_id: str) -> IntegrationState:
        doc = self._states.get((district_id, integration_id))
        return msgspec.json.decode(doc, type=IntegrationState) if doc else IntegrationState()

    def states(self, district_id: str, integration_ids: Iterable[str]) -> dict[str, IntegrationState]:
        known = [item for item in integration_ids if (district_id, item) in self._states]
        return {item: self.state(district_id, item) for item in known}

    def begin(self, run: Run, lease: Lease) -> bool:
        state = self.state(run.district_id, run.integration_id)
        if self._open(run, state.active_run):
            return False
        self._check_lease(run, lease)
        self._repeated(run)
        self._write(run, lease)
        state.active_run = run.id
        if state.waiting_run == run.id:
            state.waiting_run = None
        self._remember(run, state)
        return True

    def wait(self, run: Run) -> bool:
        state = self.state(run.district_id, run.integration_id)
        if self._open(run, state.waiting_run):
            return False
        if state.waiting_run != run.id:
            if not self._open(run, state.active_run):
                raise Conflict("nothing_to_wait_for", "The run before has ended; begin this one.")
            state.waiting_run = run.id
            self._remember(run, state)
        return True

    def finish(
        self,
        run: Run,
        lease: Lease,
        snapshot: str | None,
        previous: str | None,
        audit: AuditRecord | None = None,
    ) -> str | None:
        state = self.state(run.district_id, run.integration_id)
        if snapshot is not None and state.snapshot not in (previous, snapshot):
            raise Conflict(
                "snapshot_moved", "Another run has replaced the snapshot that this one started from."
            )
        if self._repeated(run):
            return self._successors.get(run.id)
        self._check_lease(run, lease)
        other_active = self._open(run, state.active_run)
        successor = None if other_active or state.waiting_run == run.id else state.waiting_run
        self._write(run, lease)
        self._remember(run, finished(state, run, snapshot, other_active=other_active))
        self.audit.write(audit)
        self._successors[run.id] = successor
        self._tell(run)
        return successor

    def request_cancel(self, run: Run, request: Decision, audit: AuditRecord | None = None) -> None:
        stored = self.get(run.district_id, run.id)
        if stored is None or stored.state not in WORKING:
            raise Conflict("run_changed", "The run has changed in the meantime; read it again.")
        if (run.district_id, run.id) not in self._cancels:
            self._cancels[run.district_id, run.id] = request
            self.audit.write(audit)

    def cancel_requests(self, district_id: str, run_ids: Iterable[str]) -> dict[str, Decision]:
        asked = {run_id: self._cancels.get((district_id, run_id)) for run_id in run_ids}
        return {run_id: request for run_id, request in asked.items() if request}

    def due(self, now: datetime, limit: int) -> list[Run]:
        runs = [msgspec.json.decode(doc, type=Run) for doc in self._runs.values()]
        due = [(run.check_at, run.id, run) for run in runs if run.check_at and not run.ended]
        return [run for at, _, run in sorted(due, key=lambda row: row[:2]) if at <= now][:limit]

    def decide(self, before: Run, after: Run, audit: AuditRecord | None = None) -> None:
        stored = self.get(before.district_id, before.id)
        if stored not in (before, after):
            raise Conflict("run_changed", "The run has changed in the meantime; read it again.")
        if stored == before:
            self.audit.write(audit)
        self._write(after)
        self._held.discard(after.id)
        self._tell(after)

    def history(
        self,
        district_id: str,
        integration_id: str | None,
        states: Iterable[RunState],
        limit: int,
        before: str | None,
    ) -> tuple[list[Run], str | None]:
        wanted = set(states)
        runs = [msgspec.json.decode(self._runs[key], type=Run) for key in sorted(self._runs, reverse=True)]
        found = [
            run
            for run in runs
            if run.district_id == district_id
            and integration_id in (None, run.integration_id)
            and (not wanted or run.state in wanted)
            and (before is None or run.id < before)
        ]
        return found[:limit], found[limit - 1].id if len(found) > limit else None

    def _repeated(self, run: Run) -> bool:
        """Whether just this has been written already. Raises when the run is unknown or has ended otherwise."""
        stored = self.get(run.district_id, run.id)
        if stored is None:
            raise NotFound("run")
        if stored == run:
            return True
        if stored.ended:
            raise Conflict("run_ended", "The run has ended.")
        return False

    def _check_lease(self, run: Run, lease: Lease) -> None:
        held = self._leases.get((run.district_id, run.integration_id))
        if held is None or (held.owner, held.fence) != (lease.owner, lease.fence):
            raise LeaseLost

    def _open(self, run: Run, other_id: str | None) -> bool:
        other = self.get(run.district_id, other_id) if other_id and other_id != run.id else None
        return other is not None and not other.ended

    def _write(self, run: Run, lease: Lease | None = None) -> None:
        self._runs[run.district_id, run.id] = msgspec.json.encode(run)
        if lease:
            self._held.add(run.id)

    def _tell(self, run: Run) -> None:
        if is_event(run):
            failures = self.state(run.district_id, run.integration_id).failures
            self.outbox.add(run_event(run, failures, self.clock.now()))

    def _remember(self, run: Run, state: IntegrationState) -> None:
        self._states[run.district_id, run.integration_id] = msgspec.json.encode(state)


@dataclass
class MemoryPeople:
    """The ``People`` port; ``items`` maps (district, person id) to integration and document, ``photos`` to the
    photo.
    """

    items: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    photos: dict[tuple[str, str], str | None] = field(default_factory=dict)
    _claims: dict[tuple[str, Claim, str], str] = field(default_factory=dict)

    def get_many(self, district_id: str, person_ids: Sequence[str]) -> dict[str, StoredPerson]:
        known = [person_id for person_id in person_ids if (district_id, person_id) in self.items]
        return {person_id: self._person(district_id, person_id) for person_id in known}

    def put_many(
        self, people: Sequence[StoredPerson], before: Mapping[str, StoredPerson] | None = None
    ) -> None:
        for item in people:
            doc = encode_person(replace(item.person, photo=None))
            self.items[item.district_id, item.id] = (item.integration_id, doc)
            for kind, value in new_claims(item, (before or {}).get(item.id)):
                self._claims[item.district_id, kind, value] = item.id

    def put_photos(self, district_id: str, photos: Mapping[str, str | None]) -> None:
        self.photos.update({(district_id, person_id): photo for person_id, photo in photos.items()})

    def claimants(self, district_id: str, kind: Claim, values: Sequence[str]) -> dict[str, str]:
        known = [value for value in values if (district_id, kind, value) in self._claims]
        return {value: self._claims[district_id, kind, value] for value in known}

    def ids(self, district_id: str, person_type: PersonType) -> Iterator[str]:
        people = [stored for stored in self.all(district_id) if stored.person.type == person_type]
        yield from (stored.id for stored in sorted(people, key=name_sort))

    def all(self, district_id: str) -> list[StoredPerson]:
        """Everybody in a district, in the order of their ids."""
        return [self._person(*key) for key in sorted(self.items) if key[0] == district_id]

    def _person(self, district_id: str, person_id: str) -> StoredPerson:
        integration_id, doc = self.items[district_id, person_id]
        person = replace(decode_person(doc), photo=self.photos.get((district_id, person_id)))
        return StoredPerson(
            id=person_id, district_id=district_id, integration_id=integration_id, person=person
        )


@dataclass
class MemoryBlobs:
    """The ``Blobs`` port."""

    files: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, data: bytes) -> None:
        self.files[key] = bytes(data)

    def put_all(self, files: Mapping[str, bytes]) -> None:
        for key, data in files.items():
            self.put(key, data)

    def put_stream(self, key: str, chunks: Iterable[bytes]) -> int:
        self.put(key, b"".join(chunks))
        return len(self.files[key])

    def get(self, key: str) -> bytes:
        if key not in self.files:
            raise NotFound("file")
        return self.files[key]

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.files if key.startswith(prefix))

    def sizes(self, prefix: str) -> dict[str, int]:
        return {key: len(self.files[key]) for key in self.keys(prefix)}

    def link(self, key: str, seconds: int, name: str) -> str:
        return f"memory:{key}?seconds={seconds}&name={name}"

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.files.pop(key, None)


@dataclass
class MemoryQueue:
    """The ``Queue`` port; ``messages`` holds what was sent, each deduplication id once, ``postponed`` the seconds by
    receipt.
    """

    messages: list[RunMessage] = field(default_factory=list)
    postponed: dict[str, int] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def send(self, message: RunMessage, dedup: str) -> None:
        if dedup not in self._seen:
            self._seen.add(dedup)
            self.messages.append(msgspec.json.decode(msgspec.json.encode(message), type=RunMessage))

    def postpone(self, receipt: str, seconds: int) -> None:
        self.postponed[receipt] = seconds


class MemoryVault:
    """The ``Vault`` port; hides nothing, but opens only what was sealed for the same district and
    integration.
    """

    def seal(self, district_id: str, integration_id: str, secret: str) -> str:
        return base64.b64encode(f"{district_id}\0{integration_id}\0{secret}".encode()).decode()

    def open(self, district_id: str, integration_id: str, sealed: str) -> str:
        district, integration, secret = base64.b64decode(sealed).decode().split("\0", 2)
        if (district, integration) != (district_id, integration_id):
            raise StoreError(
                "store_refused", "The key service refused a request (InvalidCiphertextException)."
            )
        return secret
