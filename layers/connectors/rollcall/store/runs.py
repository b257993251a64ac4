"""Runs, leases and what an integration remembers, in DynamoDB.

Whoever writes for a run proves in the same transaction that they still hold the integration's lease: only a
fence that the store checks stops a runner which was frozen and wakes up late. The lease item outlives its
holders, because the fence must never start again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

import msgspec

from rollcall.domain.audit import AuditRecord
from rollcall.domain.errors import CancelRequested, Conflict, LeaseLost, NotFound
from rollcall.domain.events import is_event, run_event
from rollcall.domain.ports import Clock, IntegrationState, Lease, Runs
from rollcall.domain.run import Decision, Run, RunState
from rollcall.store.audit import audit_op
from rollcall.store.cancels import not_requested_op, read_requests, request_op, works_op
from rollcall.store.due import due_keys, due_shard, moment
from rollcall.store.dynamo import ConditionFailed, Item, Table, TransactionFailed, number, text
from rollcall.store.outbox import add_op

_ATTEMPTS = 5
_ROUNDS = 5
_LOOKED_AT = 200
_decode_run = msgspec.json.Decoder(Run).decode
_decode_state = msgspec.json.Decoder(IntegrationState).decode


class RunLog(Runs, Protocol):
    """What the API reads of runs, beyond what the engine needs."""

    def history(
        self,
        district_id: str,
        integration_id: str | None,
        states: Iterable[RunState],
        limit: int,
        before: str | None,
    ) -> tuple[list[Run], str | None]:
        """Runs, newest first, from the one older than run ``before`` on, and where to go on (None: the end).

        ``states`` empty means every state. A page may be short, even empty, and still have a next one: each
        call does a bounded amount of work.
        """

    def states(self, district_id: str, integration_ids: Iterable[str]) -> dict[str, IntegrationState]:
        """What the integrations remember, for those that remember anything."""

    def get_many(self, district_id: str, run_ids: Iterable[str]) -> dict[str, Run]:
        """Those of the runs that exist, by id."""


class DynamoRuns:
    """:class:`RunLog` over the config table."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def create(self, run: Run, audit: AuditRecord | None = None) -> Run:
        put = self._table.put_op(_run_item(run), "attribute_not_exists(pk)")
        try:
            self._table.transact(put, *self._audited(audit))
        except TransactionFailed as failed:
            old = failed.failed.get(0)
            if old is None:
                raise Conflict(
                    "contended", "The run is being created by somebody else; try again."
                ) from failed
            return _run(old)
        return run

    def get(self, district_id: str, run_id: str) -> Run | None:
        item = self._table.get(_run_key(district_id, run_id))
        return _run(item) if item else None

    def get_many(self, district_id: str, run_ids: Iterable[str]) -> dict[str, Run]:
        items = self._table.get_many(_run_key(district_id, run_id) for run_id in run_ids)
        return {text(item, "sk"): _run(item) for item in items}

    def save(self, run: Run, lease: Lease | None, *, unless_cancelled: bool = False) -> None:
        tells = self._tells(run)
        if lease is None:
            item = _run_item(run)
            unheld = "attribute_exists(pk) AND ended = :no AND attribute_not_exists(fence)"
            try:
                self._table.transact(self._table.put_op(item, unheld, {":no": False}), *tells)
            except TransactionFailed as failed:
                _unless_repeated(item, failed.failed[0])
            return
        item = _run_item(run, lease.fence)
        # In the same transaction: between a look and a write somebody might ask, and be told that it was in time.
        asks = [not_requested_op(self._table, run)] if unless_cancelled else []
        try:
            self._table.transact(self._holds(run, lease), self._writes(item), *asks, *tells)
        except TransactionFailed as failed:
            _unless_lost(failed)
            if 1 in failed.failed:
                _unless_repeated(item, failed.failed[1])
            else:
                raise CancelRequested from failed

    def acquire(
        self, district_id: str, integration_id: str, owner: str, expires_at: datetime
    ) -> Lease | None:
        key: Item = {"pk": f"{district_id}#LEASE", "sk": integration_id}
        mine: Item = {":me": owner, ":until": moment(expires_at)}
        try:
            kept = self._table.update(key, "SET expires_at = :until", mine, "holder = :me")
            return Lease(owner, number(kept, "fence"), expires_at)
        except ConditionFailed:
            pass
        try:
            taken = self._table.update(
                key,
                "SET holder = :me, expires_at = :until, fence = if_not_exists(fence, :zero) + :one",
                {**mine, ":zero": 0, ":one": 1, ":now": moment(self._clock.now())},
                "attribute_not_exists(holder) OR expires_at < :now",
            )
        except ConditionFailed as failed:
            # Our own first try may have got through although its reply was lost.
            if failed.old is None or failed.old.get("holder") != owner:
                return None
            taken = failed.old
        return Lease(owner, number(taken, "fence"), expires_at)

    def release(self, district_id: str, integration_id: str, lease: Lease) -> None:
        key: Item = {"pk": f"{district_id}#LEASE", "sk": integration_id}
        condition = "holder = :me AND fence = :fence"
        try:
            self._table.update(key, "REMOVE holder", {":me": lease.owner, ":fence": lease.fence}, condition)
        except ConditionFailed:
            return

    def state(self, district_id: str, integration_id: str) -> IntegrationState:
        return self._state(district_id, integration_id)[0]

    def states(self, district_id: str, integration_ids: Iterable[str]) -> dict[str, IntegrationState]:
        items = self._table.get_many({"pk": f"{district_id}#STATE", "sk": sk} for sk in integration_ids)
        return {text(item, "sk"): _decode_state(text(item, "doc")) for item in items}

    def begin(self, run: Run, lease: Lease) -> bool:
        item = _run_item(run, lease.fence)
        for _ in range(_ATTEMPTS):
            state, version = self._state(run.district_id, run.integration_id)
            if self._open(run, state.active_run):
                return False
            state.active_run = run.id
            if state.waiting_run == run.id:
                state.waiting_run = None
            try:
                self._table.transact(
                    self._holds(run, lease), self._writes(item), self._remembers(run, state, version)
                )
            except TransactionFailed as failed:
                _unless_lost(failed)
                if 1 in failed.failed:
                    _unless_repeated(item, failed.failed[1])
                    return True
            else:
                return True
        raise Conflict("contended", "Too many changes to the same integration at once; try again.")

    def wait(self, run: Run) -> bool:
        for _ in range(_ATTEMPTS):
            state, version = self._state(run.district_id, run.integration_id)
            if self._open(run, state.waiting_run):
                return False
            if state.waiting_run == run.id:
                return True
            if not self._open(run, state.active_run):
                # Nobody would ever wake it.
                raise Conflict("nothing_to_wait_for", "The run before has ended; begin this one.")
            state.waiting_run = run.id
            try:
                self._table.transact(self._remembers(run, state, version))
            except TransactionFailed:
                continue
            return True
        raise Conflict("contended", "Too many changes to the same integration at once; try again.")

    def finish(
        self,
        run: Run,
        lease: Lease,
        snapshot: str | None,
        previous: str | None,
        audit: AuditRecord | None = None,
    ) -> str | None:
        for _ in range(_ATTEMPTS):
            state, version = self._state(run.district_id, run.integration_id)
            if snapshot is not None and state.snapshot not in (previous, snapshot):
                raise Conflict(
                    "snapshot_moved", "Another run has replaced the snapshot that this one started from."
                )
            other_active = self._open(run, state.active_run)
            after = finished(state, run, snapshot, other_active=other_active)
            successor = None if other_active or state.waiting_run == run.id else state.waiting_run
            item = _run_item(run, lease.fence)
            if successor:
                item["successor"] = successor
            try:
                self._table.transact(
                    self._holds(run, lease),
                    self._writes(item),
                    self._remembers(run, after, version),
                    *self._audited(audit),
                    *self._tells(run, after),
                )
            except TransactionFailed as failed:
                if 1 in failed.failed:
                    # It has ended already: by us, with the reply lost or the lease given back since, or by
                    # another.
                    old = failed.failed[1]
                    _unless_repeated(item, old)
                    return (text(old, "successor") or None) if old else None
                _unless_lost(failed)
            else:
                return successor
        raise Conflict("contended", "Too many changes to the same integration at once; try again.")

    def decide(self, before: Run, after: Run, audit: AuditRecord | None = None) -> None:
        item = _run_item(after)
        put = self._table.put_op(item, "doc = :doc", {":doc": text(_run_item(before), "doc")})
        try:
            self._table.transact(put, *self._audited(audit), *self._tells(after))
        except TransactionFailed as failed:
            old = failed.failed.get(0)
            if old is None or old.get("doc") != item["doc"]:
                raise Conflict(
                    "run_changed", "The run has changed in the meantime; read it again."
                ) from failed

    def request_cancel(self, run: Run, request: Decision, audit: AuditRecord | None = None) -> None:
        works = works_op(self._table, _run_key(run.district_id, run.id))
        try:
            self._table.transact(works, request_op(self._table, run, request), *self._audited(audit))
        except TransactionFailed as failed:
            if 0 in failed.failed:
                raise Conflict(
                    "run_changed", "The run has changed in the meantime; read it again."
                ) from failed

    def cancel_requests(self, district_id: str, run_ids: Iterable[str]) -> dict[str, Decision]:
        return read_requests(self._table, district_id, run_ids)

    def due(self, now: datetime, limit: int) -> list[Run]:
        runs = [_run(item) for item in self._table.get_many(due_keys(self._table, "RUN", now, limit))]
        # The index lags behind: a run that has ended or been checked meanwhile is not due.
        due = [
            (run.check_at, run.id, run)
            for run in runs
            if run.check_at and run.check_at <= now and not run.ended
        ]
        return [run for _, _, run in sorted(due, key=lambda row: row[:2])]

    def history(
        self,
        district_id: str,
        integration_id: str | None,
        states: Iterable[RunState],
        limit: int,
        before: str | None,
    ) -> tuple[list[Run], str | None]:
        wanted = sorted(states)
        partition = f"{district_id}#{integration_id}#RUN" if integration_id else f"{district_id}#RUN"
        names = ("gsi1pk", "gsi1sk") if integration_id else ("pk", "sk")
        values: Item = {":pk": partition, **{f":s{n}": state for n, state in enumerate(wanted)}}
        found: list[Run] = []
        for _ in range(_ROUNDS):
            condition = f"{names[0]} = :pk"
            if before:
                condition += f" AND {names[1]} < :before"
                values[":before"] = before
            items, more = self._table.query(
                condition,
                values,
                index="gsi1" if integration_id else None,
                keep=f"#state IN ({', '.join(f':s{n}' for n in range(len(wanted)))})" if wanted else None,
                limit=_LOOKED_AT if wanted else limit - len(found),
                newest_first=True,
            )
            for item in items:
                found.append(_run(item))
                if len(found) == limit:
                    break
            if len(found) == limit:
                before = found[-1].id
                break
            if more is None:
                return found, None
            before = text(more, "sk")
        return found, before

    def _state(self, district_id: str, integration_id: str) -> tuple[IntegrationState, int]:
        item = self._table.get({"pk": f"{district_id}#STATE", "sk": integration_id})
        return (
            (_decode_state(text(item, "doc")), number(item, "version")) if item else (IntegrationState(), 0)
        )

    def _open(self, run: Run, other_id: str | None) -> bool:
        """Whether ``other_id`` is another run than ``run`` and has not ended."""
        if other_id is None or other_id == run.id:
            return False
        other = self.get(run.district_id, other_id)
        return other is not None and not other.ended

    def _audited(self, audit: AuditRecord | None) -> list[dict[str, object]]:
        return [audit_op(self._table, audit)] if audit else []

    def _holds(self, run: Run, lease: Lease) -> dict[str, object]:
        return self._table.check_op(
            {"pk": f"{run.district_id}#LEASE", "sk": run.integration_id},
            "holder = :me AND fence = :fence",
            {":me": lease.owner, ":fence": lease.fence},
        )

    def _writes(self, item: Item) -> dict[str, object]:
        return self._table.put_op(item, "attribute_exists(pk) AND ended = :no", {":no": False})

    def _tells(self, run: Run, state: IntegrationState | None = None) -> list[dict[str, object]]:
        """The event of a run that ends or is held, to be written with it."""
        if not is_event(run):
            return []
        failures = (state or self.state(run.district_id, run.integration_id)).failures
        return [add_op(self._table, run_event(run, failures, self._clock.now()))]

    def _remembers(self, run: Run, state: IntegrationState, version: int) -> dict[str, object]:
        item: Item = {
            "pk": f"{run.district_id}#STATE",
            "sk": run.integration_id,
            "doc": msgspec.json.encode(state).decode(),
            "version": version + 1,
        }
        if version == 0:
            return self._table.put_op(item, "attribute_not_exists(pk)")
        return self._table.put_op(item, "version = :version", {":version": version})


def finished(
    state: IntegrationState, run: Run, snapshot: str | None, *, other_active: bool
) -> IntegrationState:
    """What an integration remembers once ``run`` has ended; a waiting run is let go unless another is active."""
    # An undo brings nothing up to date.
    syncs = run.mode == "sync" and run.trigger != "undo"
    succeeded = run.state == "completed" and syncs
    return IntegrationState(
        snapshot=snapshot or state.snapshot,
        active_run=state.active_run if other_active else None,
        waiting_run=state.waiting_run if other_active and state.waiting_run != run.id else None,
        last_run=run.id,
        last_success_at=run.ended_at if succeeded else state.last_success_at,
        held_run=run.id if run.state == "held" else None if snapshot else state.held_run,
        failures=0 if succeeded else state.failures + (run.state == "failed" and syncs),
    )


def _run_key(district_id: str, run_id: str) -> Item:
    return {"pk": f"{district_id}#RUN", "sk": run_id}


def _run_item(run: Run, fence: int | None = None) -> Item:
    item: Item = {
        **_run_key(run.district_id, run.id),
        "gsi1pk": f"{run.district_id}#{run.integration_id}#RUN",
        "gsi1sk": run.id,
        "state": run.state,
        "ended": run.ended,
        "doc": msgspec.json.encode(run).decode(),
    }
    if fence is not None:
        item["fence"] = fence
    if run.check_at and not run.ended:
        item |= {"due_pk": due_shard("RUN", run.id), "due_at": moment(run.check_at)}
    return item


def _run(item: Item) -> Run:
    return _decode_run(text(item, "doc"))


def _unless_lost(failed: TransactionFailed) -> None:
    if 0 in failed.failed:
        raise LeaseLost


def _unless_repeated(item: Item, old: Item | None) -> None:
    """A retry after a lost reply finds its own write in the way, which is success."""
    if old is None:
        raise NotFound("run")
    if old.get("doc") != item["doc"]:
        message = "The run has ended." if old.get("ended") else "A runner works on this run."
        raise Conflict("run_ended" if old.get("ended") else "run_held", message)
