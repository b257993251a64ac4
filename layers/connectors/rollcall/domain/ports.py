"""What the engine and the functions need from the outside, as seen from the inside.

Each port has two adapters, one on AWS (``rollcall.store``) and one in memory (``rollcall.store.memory``), and both
pass the same contract tests. Adapters raise :class:`~rollcall.domain.errors.StoreError` and its children.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from rollcall.domain.audit import AuditRecord
from rollcall.domain.district import District
from rollcall.domain.events import Event
from rollcall.domain.inspection import Findings, Inquiry
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import CodeMapping
from rollcall.domain.notification import Mail
from rollcall.domain.person import PersonType
from rollcall.domain.plan import Claim, StoredPerson
from rollcall.domain.protection import Protection
from rollcall.domain.reconciliation import ReconciliationHead
from rollcall.domain.run import Decision, Run, RunMessage
from rollcall.domain.twins import Twin


class Clock(Protocol):
    """Aware UTC time; the only clock the engine knows."""

    def now(self) -> datetime: ...


class IntegrationState(msgspec.Struct, kw_only=True):
    """What the engine remembers of an integration between runs.

    ``snapshot`` names the current snapshot (the id of the run that left it; after an approval, with
    an ending), ``active_run`` the run that has begun and not ended,
    ``waiting_run`` the one to start after it, ``held_run`` the one whose dangerous part waits for a person.
    ``failures`` counts syncs that failed since the last success.
    """

    snapshot: str | None = None
    active_run: str | None = None
    waiting_run: str | None = None
    last_run: str | None = None
    last_success_at: datetime | None = None
    held_run: str | None = None
    failures: int = 0


class Lease(msgspec.Struct, frozen=True):
    """The right to run one integration until ``expires_at``; ``fence`` rises with every new holder."""

    owner: str
    fence: int
    expires_at: datetime


class Settings(Protocol):
    """Configuration, read only. Every method raises ``NotFound`` for an id that the district does not have."""

    def district(self, district_id: str) -> District: ...
    def integration(self, district_id: str, integration_id: str) -> Integration: ...
    def integrations(self, district_id: str) -> list[Integration]: ...
    def mappings(self, district_id: str, mapping_ids: Iterable[str]) -> dict[str, CodeMapping]: ...
    def twins(self, district_id: str) -> list[Twin]: ...
    def protections(self, district_id: str) -> list[Protection]:
        """All that were ever made, also those that are over."""

    def reconciliation(self, district_id: str, integration_id: str) -> ReconciliationHead | None:
        """What is known of a returning school's accounts; None when nothing was uploaded."""


class Runs(Protocol):
    """Runs, leases and what an integration remembers. Writes by the engine carry the lease and fail once it is lost.

    Every write that ends a run, or leaves it held, puts its event into the :class:`Outbox`: both or neither.
    """

    def create(self, run: Run, audit: AuditRecord | None = None) -> Run:
        """Store a new run, with its audit record, and return it; if the id exists already, return what is stored
        (a repeated request).
        """

    def get(self, district_id: str, run_id: str) -> Run | None: ...

    def save(self, run: Run, lease: Lease | None, *, unless_cancelled: bool = False) -> None:
        """Replace the stored run. With a lease the write is refused (``LeaseLost``) when the lease has passed on, and
        ``unless_cancelled`` also when somebody has asked to cancel the run (``CancelRequested``).

        Without one only a run that nobody holds yet may be written; an ended run is never written again (``Conflict``).
        """

    def acquire(
        self, district_id: str, integration_id: str, owner: str, expires_at: datetime
    ) -> Lease | None:
        """Take or extend the lease: free, expired by our clock or already ours. None when somebody else holds it."""

    def release(self, district_id: str, integration_id: str, lease: Lease) -> None:
        """Give the lease back; does nothing when it has passed on."""

    def state(self, district_id: str, integration_id: str) -> IntegrationState: ...

    def begin(self, run: Run, lease: Lease) -> bool:
        """Make ``run`` the integration's active run; False when another run is active and has not ended."""

    def wait(self, run: Run) -> bool:
        """Put ``run`` behind the active one; False when another run waits already."""

    def finish(
        self,
        run: Run,
        lease: Lease,
        snapshot: str | None,
        previous: str | None,
        audit: AuditRecord | None = None,
    ) -> str | None:
        """End ``run`` in one transaction: the run itself, the integration's pointers, the snapshot if one is given, and
        the audit record if there is one.

        ``snapshot`` replaces ``previous``; a different stored value raises ``Conflict``. Repeating the call is
        harmless. Returns the id of the run that waited and must now be queued, if any.
        """

    def decide(self, before: Run, after: Run, audit: AuditRecord | None = None) -> None:
        """Replace a run that nobody works on, such as a held one, and say who did; ``Conflict`` unless it is still as
        ``before``.
        """

    def request_cancel(self, run: Run, request: Decision, audit: AuditRecord | None = None) -> None:
        """Ask the runner of a working run to cancel it, and say who did; does nothing when it has been asked before.
        ``Conflict`` unless the stored run is still in one of the states ``WORKING``.

        Once this returns, no save ``unless_cancelled`` gets through any more. It is a thing of its own beside the run,
        because the run is its runner's to write.
        """

    def cancel_requests(self, district_id: str, run_ids: Iterable[str]) -> dict[str, Decision]:
        """Who asked that these runs be cancelled, by run, for those of which somebody did."""

    def due(self, now: datetime, limit: int) -> list[Run]:
        """Open runs whose ``check_at`` has passed, oldest first: their runner is dead or their pause is over."""


class People(Protocol):
    """The people table. A photo is kept beside its person, because another integration brings it: a run that writes
    people and one that writes photos may go on at the same time, and neither may undo what the other wrote.
    """

    def get_many(self, district_id: str, person_ids: Sequence[str]) -> dict[str, StoredPerson]: ...

    def put_many(
        self, people: Sequence[StoredPerson], before: Mapping[str, StoredPerson] | None = None
    ) -> None:
        """Replace people, all but their photos. ``before`` is what stands there of some of them, by id: what they laid
        claim to then already is not written again.
        """

    def put_photos(self, district_id: str, photos: Mapping[str, str | None]) -> None:
        """Replace photos, by person id, and nothing else of those people; None takes a photo away."""

    def claimants(self, district_id: str, kind: Claim, values: Sequence[str]) -> dict[str, str]:
        """Who was last stored with each value, by value; whether they still have it is theirs to say."""


class Everybody(Protocol):
    """The people table, read from one end to the other."""

    def ids(self, district_id: str, person_type: PersonType) -> Iterator[str]:
        """Ids of everybody of a type, by name and then by id: the same order whenever they were stored."""

    def get_many(self, district_id: str, person_ids: Sequence[str]) -> dict[str, StoredPerson]: ...


class Blobs(Protocol):
    """Pages, plans, snapshots, photos and exports. Keys are paths; a put replaces."""

    def put(self, key: str, data: bytes) -> None: ...

    def put_all(self, files: Mapping[str, bytes]) -> None:
        """Store several files, by key. When it raises, some of them may have been stored."""

    def put_stream(self, key: str, chunks: Iterable[bytes]) -> int:
        """Store what comes piece by piece, without holding all of it; returns its size.

        When ``chunks`` raises, nothing is stored and what was there stays.
        """

    def get(self, key: str) -> bytes:
        """Raises ``NotFound``."""

    def keys(self, prefix: str) -> list[str]:
        """Every key that begins with ``prefix``, in order."""

    def sizes(self, prefix: str) -> dict[str, int]:
        """The same with the bytes that each takes as stored."""

    def link(self, key: str, seconds: int, name: str) -> str:
        """An address from which anybody who has it may fetch the file, called ``name``, for ``seconds``."""

    def delete(self, keys: Sequence[str]) -> None: ...


class Queue(Protocol):
    """The run queue: FIFO, one group per integration."""

    def send(self, message: RunMessage, dedup: str) -> None: ...

    def postpone(self, receipt: str, seconds: int) -> None:
        """Let a message that is being handled come again after ``seconds``, not after the queue's own time-out."""


class Vault(Protocol):
    """Credentials: sealed by the API, opened only by the runner. Bound to district and integration."""

    def seal(self, district_id: str, integration_id: str, secret: str) -> str: ...
    def open(self, district_id: str, integration_id: str, sealed: str) -> str: ...


class Secrets(Protocol):
    """The opened credentials of one integration, by credential key."""

    def credentials(self, district_id: str, integration_id: str) -> Mapping[str, str]: ...


class Examiner(Protocol):
    """Tests a connection, where secrets may be opened and a SIS be called."""

    def examine(self, inquiry: Inquiry) -> Findings:
        """Raises ``StoreThrottled`` when the test itself could not be made; what the SIS does wrong is a finding."""


class Exporter(Protocol):
    """Makes files in its own time."""

    def start(self, district_id: str, export_id: str) -> None:
        """Have a stored export made; returns before it is. Starting it twice is harmless."""


class Outbox(Protocol):
    """Events that are on record and must still be told. What was told stays for a time, for the digests."""

    def add(self, event: Event) -> None:
        """Keep an event to be told. Does nothing when one of its id was ever added."""

    def due(self, now: datetime, limit: int) -> list[Event]:
        """Events that have not been told, oldest first."""

    def told(self, event: Event) -> None:
        """Note that an event was told. Repeating the call is harmless."""

    def between(self, district_id: str, since: datetime, until: datetime) -> list[Event]:
        """Events of a district from ``since`` on and before ``until``, told or not, oldest first."""


class Events(Protocol):
    """The event bus."""

    def put(self, events: Sequence[Event]) -> set[str]:
        """Put events on the bus; returns the ids of those that it took. The others must be put again."""


class Mailing(Protocol):
    """Mail to people who agreed to it, by district."""

    def keep(self, district_id: str, emails: Sequence[str]) -> None:
        """Ask those who are new on the district's list whether they agree, and let go of who is not on it any more."""

    def agreed(self, district_id: str) -> set[str]:
        """Addresses, in lower case, whose owners have agreed."""

    def send(self, mail: Mail) -> None:
        """Send a mail to those of its recipients who have agreed."""
