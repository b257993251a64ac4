"""Outbox, bus and mail, and what the configuration store knows of both: in memory and on AWS alike."""

import copy
import json
from datetime import timedelta
from typing import Any

import boto3
import msgspec
import pytest
from botocore.stub import Stubber
from moto.core import DEFAULT_ACCOUNT_ID
from moto.events import events_backends
from moto.sns import sns_backends

from rollcall.domain.errors import Conflict, LeaseLost, StoreThrottled
from rollcall.domain.events import Event, run_event
from rollcall.domain.notification import Mail, Notifications, Recipient
from rollcall.domain.run import Run
from rollcall.domain.schedule import Daily, Schedule
from rollcall.store.config import ConfigStore
from rollcall.store.due import SHARDS
from rollcall.store.dynamo import Table
from rollcall.store.events import BusEvents
from rollcall.store.mailing import SnsMailing
from rollcall.store.memory import MemoryRuns
from rollcall.store.memory_telling import MemoryEvents, MemoryMailing, MemoryOutbox
from rollcall.store.outbox import DynamoOutbox
from tests.support.aws import REGION, STACK, client

from .conftest import NOW, both

MINUTE = timedelta(minutes=1)


def make_run(number: int = 1, **fields: Any) -> Run:
    return Run(
        **{"id": f"run_{number}", "district_id": "lakeview", "integration_id": "int_1", "queued_at": NOW}
        | fields
    )


def make_event(number: int = 1, minutes: int = 0, **fields: Any) -> Event:
    ended = NOW + minutes * MINUTE
    return run_event(make_run(number, **{"state": "completed", "ended_at": ended} | fields), 0, ended)


@both
def outbox(request: pytest.FixtureRequest) -> MemoryOutbox | DynamoOutbox:
    if request.param == "memory":
        return MemoryOutbox()
    return DynamoOutbox(request.getfixturevalue("config_table"))


def outbox_of(runs: Any) -> MemoryOutbox | DynamoOutbox:
    return runs.outbox if isinstance(runs, MemoryRuns) else DynamoOutbox(runs._table)


def test_an_event_is_due_until_it_was_told(outbox: Any) -> None:
    for number, minutes in [(1, 3), (2, 1), (3, 2), (4, 10)]:
        outbox.add(make_event(number, minutes))
    assert outbox.due(NOW + 5 * MINUTE, 2) == [make_event(2, 1), make_event(3, 2)]
    outbox.told(make_event(3, 2))
    outbox.told(make_event(3, 2))
    assert [event.id for event in outbox.due(NOW + 5 * MINUTE, 9)] == [
        "run_2:RunCompleted",
        "run_1:RunCompleted",
    ]


def test_an_event_that_was_told_is_not_told_again(outbox: Any) -> None:
    """Guards: a mail each time that a held run is written, or that silence is looked at."""
    outbox.add(make_event(1))
    outbox.told(make_event(1))
    outbox.add(make_event(1, minutes=2, system="other"))
    assert outbox.due(NOW + 5 * MINUTE, 9) == []
    assert outbox.between("lakeview", NOW, NOW + 5 * MINUTE) == [make_event(1)], "the first word stands"


def test_between_holds_a_districts_events_told_or_not(outbox: Any) -> None:
    for minutes in range(5):
        outbox.add(make_event(minutes, minutes))
    outbox.add(make_event(9, 2, district_id="hilltop"))
    outbox.told(make_event(2, 2))
    found = outbox.between("lakeview", NOW + MINUTE, NOW + 4 * MINUTE)
    assert found == [make_event(n, n) for n in (1, 2, 3)], "from the first instant on, before the last"


def test_more_events_than_one_page(outbox: Any) -> None:
    for number in range(120):
        outbox.add(make_event(number, coverage={}, requested_by="x"))
    assert len(outbox.due(NOW, 200)) == len(outbox.between("lakeview", NOW, NOW + MINUTE)) == 120


@pytest.mark.parametrize("state", ["completed", "failed", "held", "skipped", "cancelled"])
def test_a_run_that_ends_leaves_its_event(runs: Any, state: str) -> None:
    run = runs.create(make_run())
    lease = runs.acquire("lakeview", "int_1", "a", NOW + 10 * MINUTE)
    runs.begin(run, lease)
    assert outbox_of(runs).due(NOW + MINUTE, 9) == []
    ended = copy.deepcopy(run)
    ended.state, ended.ended_at = state, None if state == "held" else NOW
    if state == "held":
        runs.save(ended, lease)
        runs.save(ended, lease)
    else:
        runs.finish(ended, lease, None, None)
        runs.finish(ended, lease, None, None)  # the same again: a reply was lost
    (told,) = outbox_of(runs).due(NOW + MINUTE, 9)
    assert told.run is not None
    assert (told.run.run_id, told.run.state, told.at) == ("run_1", state, NOW)


def test_a_run_that_is_ended_without_a_lease_leaves_its_event(runs: Any) -> None:
    run = runs.create(make_run())
    runs.save(msgspec.structs.replace(run, state="cancelled", ended_at=NOW), None)
    assert [event.type for event in outbox_of(runs).due(NOW, 9)] == ["RunStopped"]


def test_a_write_that_is_refused_leaves_no_event(runs: Any) -> None:
    """Guards: telling of an end that never came about."""
    run = runs.create(make_run())
    lease = runs.acquire("lakeview", "int_1", "a", NOW + 10 * MINUTE)
    runs.begin(run, lease)
    ended = msgspec.structs.replace(run, state="failed", ended_at=NOW)
    with pytest.raises(LeaseLost):
        runs.finish(ended, msgspec.structs.replace(lease, fence=7), None, None)
    with pytest.raises(LeaseLost):
        runs.save(ended, msgspec.structs.replace(lease, fence=7))
    with pytest.raises(Conflict):
        runs.save(ended, None)
    assert outbox_of(runs).due(NOW + MINUTE, 9) == []


def test_failures_are_counted_until_a_success(runs: Any) -> None:
    lease = runs.acquire("lakeview", "int_1", "a", NOW + 10 * MINUTE)
    story = [("failed", "sync"), ("skipped", "sync"), ("failed", "preview"), ("failed", "sync"),
             ("completed", "preview"), ("failed", "sync"), ("completed", "sync"), ("failed", "sync")]  # fmt: skip
    for number, (state, mode) in enumerate(story):
        run = runs.create(make_run(number, mode=mode))
        runs.begin(run, lease)
        ended = msgspec.structs.replace(run, state=state, ended_at=NOW + number * MINUTE)
        runs.finish(ended, lease, None, None)
    events = outbox_of(runs).due(NOW + 10 * MINUTE, 20)
    assert [event.run.failures_in_a_row for event in events] == [1, 1, 1, 2, 2, 3, 0, 1]


@both
def bus(request: pytest.FixtureRequest) -> MemoryEvents | BusEvents:
    if request.param == "memory":
        return MemoryEvents()
    request.getfixturevalue("stack")
    return BusEvents(client("events"), "events")


def test_the_bus_takes_more_than_one_request_holds(bus: Any) -> None:
    events = [make_event(number) for number in range(23)]
    assert bus.put(events) == {event.id for event in events}
    assert bus.put([]) == set()


def test_what_is_on_the_bus_can_be_matched_and_read(stack: Any) -> None:
    archive = client("events").create_archive(
        ArchiveName="all",
        EventSourceArn=f"arn:aws:events:{REGION}:{DEFAULT_ACCOUNT_ID}:event-bus/events",
        EventPattern=json.dumps({"source": ["rollcall"], "detail-type": ["RunCompleted"]}),
    )
    assert archive["State"] == "ENABLED"
    BusEvents(client("events"), "events").put([make_event(1), make_event(2, state="failed")])
    (found,) = events_backends[DEFAULT_ACCOUNT_ID][REGION].archives["all"].events
    assert msgspec.json.decode(msgspec.json.encode(found["detail"]), type=Event) == make_event(1)


def test_events_that_the_bus_refuses_are_not_taken(environment: None) -> None:
    """Guards: EventBridge answers 200 also when it has taken a part."""
    bus = boto3.client("events")
    with Stubber(bus) as answers:
        entries: list[dict[str, str]] = [
            {"EventId": "1"},
            {"ErrorCode": "ThrottlingException", "ErrorMessage": "m"},
            {"EventId": "3"},
        ]
        answers.add_response("put_events", {"FailedEntryCount": 1, "Entries": entries})
        taken = BusEvents(bus, "events").put([make_event(number) for number in (1, 2, 3)])
        assert taken == {"run_1:RunCompleted", "run_3:RunCompleted"}
        answers.add_client_error("put_events", "InternalException", "m", 500)
        with pytest.raises(StoreThrottled):
            BusEvents(bus, "events").put([make_event()])


@both
def mailing(request: pytest.FixtureRequest) -> MemoryMailing | SnsMailing:
    if request.param == "memory":
        return MemoryMailing()
    request.getfixturevalue("stack")
    return SnsMailing(client("sns"), STACK.environment()["MAIL_TOPICS"])


def make_mail(*recipients: str, district: str = "lakeview") -> Mail:
    return Mail(district_id=district, severity="error", recipients=list(recipients), subject="S", text="T")


def test_a_list_holds_just_who_is_on_it(mailing: Any) -> None:
    assert mailing.agreed("lakeview") == set()
    mailing.keep("lakeview", ["a@example.org", "B@example.org"])
    mailing.keep("hilltop", ["b@example.org"])
    assert mailing.agreed("lakeview") == {"a@example.org", "b@example.org"}, "moto agrees at once"
    mailing.keep("lakeview", ["b@example.org", "c@example.org"])
    mailing.keep("lakeview", ["b@example.org", "c@example.org"])
    assert mailing.agreed("lakeview") == {"b@example.org", "c@example.org"}
    mailing.keep("lakeview", [])
    assert (mailing.agreed("lakeview"), mailing.agreed("hilltop")) == (set(), {"b@example.org"})


def test_a_mail_for_a_district_without_a_list_goes_nowhere(mailing: Any) -> None:
    """Guards: an event that can never be told being tried again for ever."""
    mailing.send(make_mail("a@example.org", district="nowhere"))


def test_a_subscription_lets_through_only_what_names_it(stack: Any) -> None:
    mailing = SnsMailing(client("sns"), STACK.environment()["MAIL_TOPICS"])
    mailing.keep("lakeview", ["a@example.org", "b@example.org"])
    mailing.send(make_mail("B@example.org"))
    backend = sns_backends[DEFAULT_ACCOUNT_ID][REGION]
    (topic,) = [topic for topic in backend.topics.values() if topic.name == "rollcall-district-lakeview"]
    (sent,) = topic.sent_notifications
    attributes = sent[3]
    matching = {
        subscription.endpoint
        for subscription in backend.subscriptions.values()
        if subscription._filter_policy_matcher.matches(attributes, "T")
    }
    assert matching == {"b@example.org"}
    assert "example.org" not in json.dumps(attributes)


def schedule(number: int, **fields: Any) -> Schedule:
    return Schedule(
        **{
            "id": f"sch_{number}",
            "district_id": "lakeview",
            "name": "S",
            "integration_ids": ("int_1",),
            "frequency": Daily(every="day", at="02:00"),
            "run_as": "u",
            "next_run_at": NOW + timedelta(days=90),
            "created_at": NOW,
            "updated_at": NOW,
        }
        | fields
    )


def test_the_parts_of_the_active_schedules_are_all_of_them(config: ConfigStore) -> None:
    for number in range(30):
        config.put_schedule(schedule(number, district_id=f"d{number % 3}"))
    config.put_schedule(schedule(40, active=False, next_run_at=None))
    parts = [config.active_schedules(shard) for shard in range(SHARDS)]
    assert sorted(item.id for part in parts for item in part) == sorted(f"sch_{n}" for n in range(30))
    assert max(len(part) for part in parts) < 15


def wanted(version: int = 1, **fields: Any) -> Notifications:
    recipients = (Recipient(email="it@example.org", severities=["error"], digest="daily"),)
    return Notifications(
        **{"district_id": "lakeview", "recipients": recipients, "next_digest_at": NOW, "version": version}
        | fields
    )


def test_who_is_told_is_written_once_a_version(config: ConfigStore) -> None:
    assert config.notifications("lakeview") == Notifications(district_id="lakeview")
    config.put_notifications(wanted())
    config.put_notifications(wanted())
    with pytest.raises(Conflict):
        config.put_notifications(wanted(failures_in_a_row=5))
    config.put_notifications(wanted(2, failures_in_a_row=5))
    assert config.notifications("lakeview") == wanted(2, failures_in_a_row=5)


def test_a_digest_is_due_until_it_was_sent(config: ConfigStore) -> None:
    config.put_notifications(wanted())
    config.put_notifications(wanted(district_id="hilltop", next_digest_at=None))
    assert config.due_digests(NOW - MINUTE, 9) == []
    assert config.due_digests(NOW, 9) == [wanted()]
    later = NOW + timedelta(days=1)
    config.advance_digest(wanted(), wanted(next_digest_at=later, last_digest_at=NOW))
    config.advance_digest(wanted(), wanted(next_digest_at=later + MINUTE))  # a second scheduler, late
    assert config.due_digests(NOW, 9) == []
    assert config.notifications("lakeview") == wanted(next_digest_at=later, last_digest_at=NOW)
    edited = wanted(2, next_digest_at=later, last_digest_at=NOW)
    config.put_notifications(edited)
    config.advance_digest(wanted(next_digest_at=later, last_digest_at=NOW), wanted(next_digest_at=None))
    assert config.notifications("lakeview") == edited


def test_an_event_goes_when_its_time_is_over(config_table: Table) -> None:
    DynamoOutbox(config_table).add(make_event())
    item = config_table.get({"pk": "lakeview#EVENT", "sk": "run_1:RunCompleted"})
    assert item is not None
    assert item["ttl"] == int((NOW + timedelta(days=90)).timestamp())
