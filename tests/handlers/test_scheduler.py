"""The scheduler's tick: what is due is asked for once, and nothing that stops is forgotten."""

import dataclasses
import json
import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from moto import mock_aws

from rollcall.domain.district import District
from rollcall.domain.errors import StoreThrottled
from rollcall.domain.integration import Integration
from rollcall.domain.run import CHECK_AFTER, Run
from rollcall.domain.schedule import Daily, Hourly, Schedule
from rollcall.store.memory import MemoryClock, MemoryQueue, MemoryRuns
from rollcall.store.memory_config import MemoryConfig
from rollcall.store.memory_telling import MemoryEvents, MemoryMailing
from scheduler.app import tick
from scheduler.bootstrap import Parts, Settings, bootstrap
from scheduler.due import ask_for_due_runs
from scheduler.sweeper import MAX_SWEEPS, sweep
from tests.support.aws import STACK, Stack
from tests.support.aws import client as aws_client

from .conftest import NOW, Context

MINUTE = timedelta(minutes=1)


def make_parts() -> Parts:
    clock = MemoryClock(NOW)
    runs = MemoryRuns(clock)
    parts = Parts(
        clock=clock,
        config=MemoryConfig(),
        runs=runs,
        queue=MemoryQueue(),
        outbox=runs.outbox,
        events=MemoryEvents(),
        mailing=MemoryMailing(),
    )
    fill(parts)
    return parts


def fill(parts: Parts) -> None:
    parts.config.put_district(
        District(id="lakeview", name="L", time_zone="America/Chicago", created_at=NOW, updated_at=NOW)
    )
    for number in (1, 2, 3):
        parts.config.put_integration(
            Integration(
                id=f"int_{number}",
                district_id="lakeview",
                name="I",
                system="aeries",
                url="https://a.example.org",
                mappings={},
                source="aeries:1",
                active=number != 3,
                created_at=NOW,
                updated_at=NOW,
            ),
            {},
        )


def put_schedule(parts: Parts, number: int = 1, at: datetime = NOW, **fields: Any) -> None:
    parts.config.put_schedule(
        Schedule(
            **{
                "id": f"sch_{number}",
                "district_id": "lakeview",
                "name": "S",
                "integration_ids": ("int_1", "int_2", "int_3", "int_gone"),
                "frequency": Daily(every="day", at="02:00"),
                "run_as": "clerk@example.org",
                "next_run_at": at,
                "created_at": NOW,
                "updated_at": NOW,
                **fields,
            }
        )
    )


@pytest.fixture
def parts() -> Parts:
    return make_parts()


def later(parts: Parts, **delta: float) -> None:
    parts.clock.advance(**delta)


def ask(parts: Parts) -> Any:
    return ask_for_due_runs(parts, parts.clock.now() + MINUTE)


def test_one_run_of_each_active_integration(parts: Parts) -> None:
    put_schedule(parts)
    later(parts, seconds=20)
    asked = ask(parts)
    assert (asked.schedules, asked.runs, asked.failed, asked.seconds_late) == (1, 2, 0, 20)
    sent = parts.queue.messages
    assert [message.integration_id for message in sent] == ["int_1", "int_2"]
    assert {(message.trigger, message.requested_by) for message in sent} == {
        ("schedule", "clerk@example.org")
    }
    run = parts.runs.get("lakeview", sent[0].run_id)
    assert (run.state, run.system, run.check_at) == ("queued", "aeries", parts.clock.now() + CHECK_AFTER)
    schedule = parts.config.schedule("lakeview", "sch_1")
    assert (schedule.last_run_at, schedule.next_run_at) == (NOW, NOW + timedelta(days=1))


def test_nothing_is_due_early_or_twice(parts: Parts) -> None:
    put_schedule(parts, at=NOW + MINUTE)
    assert ask(parts).runs == 0
    later(parts, minutes=1)
    assert ask(parts).runs == 2
    assert ask(parts).runs == 0


def test_what_was_missed_is_made_up_for_once(parts: Parts) -> None:
    put_schedule(parts, frequency=Hourly(every="hour", minute=0))
    later(parts, hours=30, minutes=10)
    assert ask(parts).runs == 2
    assert len(parts.queue.messages) == 2
    assert parts.config.schedule("lakeview", "sch_1").next_run_at == NOW + timedelta(hours=31)


def test_a_tick_that_died_before_it_advanced_is_repeated_without_harm(parts: Parts) -> None:
    """Sent first, advanced after: the other order would lose the run when the scheduler dies between."""
    put_schedule(parts)
    before = parts.config.schedule("lakeview", "sch_1")
    ask(parts)
    parts.config._schedules["lakeview", "sch_1"] = before  # as if the write had never come
    later(parts, minutes=1)
    ask(parts)
    assert len(parts.queue.messages) == 2
    assert len(parts.runs.history("lakeview", None, (), 10, None)[0]) == 2


def test_a_run_that_has_begun_is_not_sent_again_by_a_repeated_tick(parts: Parts) -> None:
    put_schedule(parts)
    before = parts.config.schedule("lakeview", "sch_1")
    ask(parts)
    run = parts.runs.get("lakeview", parts.queue.messages[0].run_id)
    run.state = "pulling"
    parts.runs.begin(run, parts.runs.acquire("lakeview", "int_1", "runner", NOW + MINUTE))
    parts.config._schedules["lakeview", "sch_1"] = before
    parts.queue._seen.clear()  # the deduplication window is over
    ask(parts)
    assert [message.integration_id for message in parts.queue.messages] == ["int_1", "int_2", "int_2"]


class BrokenQueue(MemoryQueue):
    def send(self, message: Any, dedup: str) -> None:
        if message.integration_id == "int_1":
            raise StoreThrottled("store_throttled", "Busy.")
        super().send(message, dedup)


def test_one_schedule_that_fails_does_not_keep_the_others(parts: Parts) -> None:
    parts = dataclasses.replace(parts, queue=BrokenQueue())
    put_schedule(parts, 1)
    put_schedule(parts, 2, integration_ids=("int_2",))
    put_schedule(parts, 3, district_id="nowhere")
    asked = ask(parts)
    assert (asked.schedules, asked.failed) == (1, 2)
    assert parts.config.schedule("lakeview", "sch_1").next_run_at == NOW, (
        "still due, so the next tick tries again"
    )


def test_a_tick_stops_when_its_time_is_up(parts: Parts) -> None:
    put_schedule(parts)
    assert ask_for_due_runs(parts, parts.clock.now()).runs == 0
    assert ask(parts).runs == 2


def test_more_schedules_than_one_query_gives(parts: Parts) -> None:
    for number in range(130):
        put_schedule(parts, number, integration_ids=("int_1",))
    assert ask(parts).schedules == 130
    assert len(parts.queue.messages) == 130


def stopped(parts: Parts, run_id: str = "run_1", **fields: Any) -> Run:
    fields = {"integration_id": "int_1", "check_at": NOW, "slice": 3, **fields}
    return parts.runs.create(Run(id=run_id, district_id="lakeview", queued_at=NOW, **fields))


def swept(parts: Parts) -> Any:
    return sweep(parts, "sweeper", parts.clock.now() + MINUTE)


def test_a_stopped_run_is_sent_on_from_where_it_stopped(parts: Parts) -> None:
    stopped(parts)
    assert swept(parts).resent == 1
    message = parts.queue.messages[0]
    assert (message.run_id, message.slice) == ("run_1", 3)
    run = parts.runs.get("lakeview", "run_1")
    assert (run.sweeps, run.check_at) == (1, NOW + CHECK_AFTER)
    assert swept(parts).resent == 0
    lease = parts.runs.acquire("lakeview", "int_1", "runner", NOW + MINUTE)
    assert lease is not None, "the sweeper has given the lease back"


def test_a_run_that_never_gets_further_is_given_up(parts: Parts) -> None:
    stopped(parts)
    for _ in range(MAX_SWEEPS):
        assert swept(parts).resent == 1
        later(parts, minutes=7)
    assert len(parts.queue.messages) == MAX_SWEEPS, "each time another message, or the queue would drop it"
    assert swept(parts).abandoned == 1
    run = parts.runs.get("lakeview", "run_1")
    assert (run.state, run.error.code, run.ended_at) == ("failed", "abandoned", parts.clock.now())
    assert parts.runs.state("lakeview", "int_1").active_run is None
    assert swept(parts).abandoned == 0


def test_a_run_that_is_applying_is_never_given_up(parts: Parts) -> None:
    """Half a plan would be in the people table, and the next comparison would not see it."""
    stopped(parts, state="applying", sweeps=MAX_SWEEPS)
    for _ in range(3):
        assert swept(parts).resent == 1
        later(parts, minutes=7)
    assert len(parts.queue.messages) == 3


def test_the_run_that_waited_for_an_abandoned_one_is_sent(parts: Parts) -> None:
    first = stopped(parts, sweeps=MAX_SWEEPS)
    lease = parts.runs.acquire("lakeview", "int_1", "runner", NOW + MINUTE)
    parts.runs.begin(first, lease)
    parts.runs.wait(stopped(parts, "run_2", check_at=NOW + timedelta(hours=1)))
    parts.runs.release("lakeview", "int_1", lease)
    assert swept(parts).abandoned == 1
    assert [message.run_id for message in parts.queue.messages] == ["run_2"]


def test_a_run_at_work_is_left_alone(parts: Parts) -> None:
    stopped(parts)
    parts.runs.acquire("lakeview", "int_1", "runner", NOW + MINUTE)
    assert swept(parts).resent == 0
    assert parts.runs.get("lakeview", "run_1").sweeps == 0


def test_a_run_that_waits_its_turn_is_not_given_up(parts: Parts) -> None:
    """The run before it may pause for an hour: that is no lack of progress of this one."""
    first = stopped(parts, check_at=NOW + timedelta(hours=3))
    lease = parts.runs.acquire("lakeview", "int_1", "runner", NOW + MINUTE)
    parts.runs.begin(first, lease)
    parts.runs.release("lakeview", "int_1", lease)
    parts.runs.wait(stopped(parts, "run_2"))
    for _ in range(MAX_SWEEPS + 2):
        assert (swept(parts).resent, parts.queue.messages) == (0, [])
        later(parts, minutes=7)
    assert parts.runs.get("lakeview", "run_2").state == "queued"


def test_the_real_handlers_parts_on_aws(
    stack: Stack, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = bootstrap(Settings.from_env(STACK.environment()))
    parts = dataclasses.replace(parts, clock=MemoryClock(NOW))
    fill(parts)
    put_schedule(parts, integration_ids=("int_1",))
    stopped(parts, integration_id="int_2")
    with caplog.at_level(logging.DEBUG, "scheduler"), caplog.at_level(logging.DEBUG, "rollcall"):
        done = tick(parts, Logger(service="test"), Context())
    assert (done["schedules"], done["runs"], done["swept"]["resent"]) == (1, 1, 1)
    answer = aws_client("sqs").receive_message(QueueUrl=stack.queue_url, MaxNumberOfMessages=10)
    bodies = [json.loads(message["Body"]) for message in answer["Messages"]]
    assert {body["integration_id"] for body in bodies} == {"int_1", "int_2"}
    printed = capsys.readouterr().out
    metric = next(json.loads(line) for line in printed.splitlines() if "SecondsLate" in line)
    assert metric["SecondsLate"] == [0.0]
    assert metric["service"] == "scheduler"
    assert "clerk@example.org" not in printed + caplog.text
    assert tick(parts, Logger(service="test"), Context())["runs"] == 0


def test_settings_that_are_missing_are_named() -> None:
    with pytest.raises(KeyError, match="RUN_QUEUE_URL"), mock_aws():
        Settings.from_env({"CONFIG_TABLE": "x"})
