"""The audit: one record per change, whatever becomes of the reply; in memory and on DynamoDB alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollcall.domain.audit import AuditRecord, audit_record
from rollcall.domain.errors import Conflict
from rollcall.domain.run import Decision, Run
from rollcall.domain.twins import Twin
from rollcall.store.audit import AuditLog, DynamoAudit
from rollcall.store.config import ConfigStore, DynamoConfig
from rollcall.store.dynamo import Table
from rollcall.store.memory import MemoryClock, MemoryRuns
from rollcall.store.memory_config import MemoryConfig
from rollcall.store.runs import DynamoRuns

from .conftest import NOW
from .test_config import district, integration, mapping, schedule
from .test_runs import make_run, take

LONG_AGO, LATER = NOW - timedelta(days=4000), NOW + timedelta(days=4000)


def record(
    number: int = 1, at: datetime = NOW, actor: str = "u", district_id: str = "lakeview"
) -> AuditRecord:
    return audit_record(district_id, at, actor, f"request-{number}", "district.changed", district_id, [])


@dataclass
class Stores:
    config: ConfigStore
    runs: MemoryRuns | DynamoRuns
    audit: AuditLog

    def written(self) -> list[AuditRecord]:
        return everything(self.audit)


def everything(
    audit: AuditLog, limit: int = 3, district_id: str = "lakeview", **span: Any
) -> list[AuditRecord]:
    """All pages."""
    found: list[AuditRecord] = []
    more: str | None = None
    since, until = span.get("since", LONG_AGO), span.get("until", LATER)
    keep: Callable[[AuditRecord], bool] = span.get("keep", lambda _: True)
    while True:
        page, more = audit.history(district_id, since, until, keep, limit, more)
        assert len(page) <= limit
        found += page
        if more is None:
            return found


@pytest.fixture(params=["memory", "aws"])
def stores(request: pytest.FixtureRequest, clock: MemoryClock) -> Stores:
    if request.param == "memory":
        config, runs = MemoryConfig(), MemoryRuns(clock)
        runs.audit = config.audit
        return Stores(config, runs, config.audit)
    table: Table = request.getfixturevalue("config_table")
    return Stores(DynamoConfig(table), DynamoRuns(table, clock), DynamoAudit(table))


PUTS = {
    "district": (district, lambda c, thing, audit: c.put_district(thing, audit)),
    "integration": (integration, lambda c, thing, audit: c.put_integration(thing, {"token": "x"}, audit)),
    "mapping": (mapping, lambda c, thing, audit: c.put_mapping(thing, audit)),
    "schedule": (schedule, lambda c, thing, audit: c.put_schedule(thing, audit)),
}


@pytest.mark.parametrize(("make", "put"), PUTS.values(), ids=PUTS)
def test_a_change_leaves_one_record_and_a_refused_one_none(stores: Stores, make: Any, put: Any) -> None:
    put(stores.config, make(), record(1))
    put(stores.config, make(), record(1))  # the same again: a reply was lost
    put(stores.config, make(), record(2))  # and again by a caller who repeats the request
    assert stores.written() == [record(1)]
    with pytest.raises(Conflict):
        put(stores.config, make(name="Late"), record(3))
    assert stores.written() == [record(1)]
    put(stores.config, make(version=2, name="Other"), record(4))
    assert {found.request_id for found in stores.written()} == {"request-1", "request-4"}


def test_a_decision_leaves_one_record(stores: Stores) -> None:
    twin = Twin(
        district_id="lakeview",
        contact_id="per_1",
        contact_source_id="1",
        staff_id="per_2",
        decided_by="u",
        decided_at=NOW,
    )
    stores.config.put_twin(twin, record(1))
    stores.config.put_twin(twin, record(1))
    stores.config.put_twin(twin.model_copy(update={"staff_id": None}), record(2))
    assert stores.config.twins("lakeview")[0].staff_id is None
    assert len(stores.written()) == 2


def test_a_run_is_asked_for_once(stores: Stores) -> None:
    run = make_run()
    stores.runs.create(run, record(1))
    assert stores.runs.create(run, record(2)) == run
    assert stores.written() == [record(1)]


def test_who_asked_to_cancel_a_run_is_told_once(stores: Stores) -> None:
    run = stores.runs.create(make_run())
    for number in (1, 2):
        stores.runs.request_cancel(run, Decision("u", NOW, "Wrong night."), record(number))
    late = stores.runs.create(make_run("run_2", state="applying"))
    with pytest.raises(Conflict):
        stores.runs.request_cancel(late, Decision("u", NOW, "Too late."), record(3))
    assert stores.written() == [record(1)]


def test_what_a_run_dropped_is_told_once(stores: Stores) -> None:
    run = stores.runs.create(make_run())
    lease = take(stores.runs)
    assert stores.runs.begin(run, lease)
    run.state, run.check_at = "completed", None
    for _ in range(2):
        stores.runs.finish(run, lease, run.id, None, record(1))
    assert stores.written() == [record(1)]
    late: Run = make_run(state="failed", check_at=None)
    with pytest.raises(Conflict):
        stores.runs.finish(late, lease, None, None, record(2))
    assert stores.written() == [record(1)]


def test_no_record_is_ever_written_over(config_table: Table, clock: MemoryClock) -> None:
    """Guards: a second change that takes the first one's place in the audit, or is let through without a record."""
    config, audit = DynamoConfig(config_table), DynamoAudit(config_table)
    config.put_mapping(mapping(), record(1))
    forged = record(1).model_copy(update={"actor": "somebody else"})
    with pytest.raises(Conflict):
        config.put_mapping(mapping(version=2, name="Other"), forged)
    assert everything(audit) == [record(1)]
    assert config.mappings("lakeview", ["map_1"])["map_1"] == mapping()


MONTHS = [datetime(2026, month, 28, 23, 59, 59, tzinfo=UTC) for month in (1, 2, 5, 11)]


@pytest.fixture
def filled(stores: Stores) -> list[AuditRecord]:
    """Seven a month in four months of a year, oldest first, and one of another district."""
    made = [
        record(number, at + timedelta(milliseconds=number), f"user-{number % 2}")
        for at in MONTHS
        for number in range(7)
    ]
    for version, found in enumerate(made, 1):
        stores.config.put_mapping(mapping(version=version), found)
    stores.config.put_mapping(mapping(district_id="hilltop"), record(1, district_id="hilltop"))
    return made


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_the_newest_come_first_page_by_page(stores: Stores, filled: list[AuditRecord], limit: int) -> None:
    assert everything(stores.audit, limit) == filled[::-1]
    assert len(everything(stores.audit, district_id="hilltop")) == 1
    assert everything(stores.audit, district_id="nowhere") == []


def test_a_span_begins_with_its_first_moment_and_ends_before_its_last(
    stores: Stores, filled: list[AuditRecord]
) -> None:
    since, until = filled[3].at, filled[16].at
    assert everything(stores.audit, since=since, until=until) == filled[3:16][::-1]
    assert everything(stores.audit, since=until, until=since) == []


def test_what_is_not_wanted_is_left_out(stores: Stores, filled: list[AuditRecord]) -> None:
    found = everything(stores.audit, keep=lambda item: item.actor == "user-1")
    assert found == [item for item in filled if item.actor == "user-1"][::-1]
