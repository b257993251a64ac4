"""What the scheduler tells: every event at least once, silence once, a digest a day; and nothing in a blackout."""

import dataclasses
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from rollcall.domain.blackout import Blackout
from rollcall.domain.errors import StoreThrottled
from rollcall.domain.notification import Notifications, Recipient
from rollcall.domain.run import Failure, Run
from rollcall.store.due import SHARDS
from rollcall.store.memory_telling import MemoryEvents, MemoryMailing
from scheduler.app import tick
from scheduler.bootstrap import Parts, Settings, bootstrap
from scheduler.digests import send_digests
from scheduler.silence import watch
from scheduler.telling import tell
from tests.engine.faults import MODES, Faults, Faulty, Killed, Mode
from tests.support.aws import STACK, Stack

from .conftest import NOW, Context
from .test_scheduler import ask, fill, later, make_parts, put_schedule

MINUTE = timedelta(minutes=1)
ALL = ["info", "warning", "error", "critical"]


@pytest.fixture
def parts() -> Parts:
    return make_parts()


def want(parts: Parts, *recipients: dict[str, Any], **fields: Any) -> None:
    stored = parts.config.notifications("lakeview")
    parts.config.put_notifications(
        Notifications(
            **{
                "district_id": "lakeview",
                "recipients": tuple(Recipient(**recipient) for recipient in recipients),
                "version": stored.version + 1,
            }
            | fields
        )
    )


def end(parts: Parts, number: int, state: str = "failed", **fields: Any) -> None:
    """A run of int_1 that has come to this state."""
    run = parts.runs.create(
        Run(
            id=f"run_{number:02}",
            district_id="lakeview",
            integration_id="int_1",
            queued_at=parts.clock.now(),
            **fields,
        )
    )
    lease = parts.runs.acquire("lakeview", "int_1", "runner", parts.clock.now() + MINUTE)
    assert lease is not None
    parts.runs.begin(run, lease)
    run.state = state  # type: ignore[assignment]
    run.ended_at = parts.clock.now()
    if state == "failed":
        run.error = Failure("empty_pull", "The SIS sent no students at all.")
    parts.runs.finish(run, lease, None, None)
    parts.runs.release("lakeview", "int_1", lease)


def told(parts: Parts) -> Any:
    return tell(parts, parts.clock.now() + MINUTE)


def bus(parts: Parts) -> list[str]:
    assert isinstance(parts.events, MemoryEvents)
    return [event.id for event in parts.events.taken]


def mails(parts: Parts) -> list[tuple[str, list[str]]]:
    assert isinstance(parts.mailing, MemoryMailing)
    return [(mail.severity, mail.recipients) for mail in parts.mailing.sent]


def test_everybody_is_told_of_what_they_asked_for(parts: Parts) -> None:
    want(
        parts,
        {"email": "all@example.org", "severities": ALL},
        {"email": "worst@example.org", "severities": ["critical"]},
        {"email": "daily@example.org", "severities": ALL, "digest": "daily"},
        failures_in_a_row=2,
    )
    for number, state in enumerate(("completed", "failed", "failed", "failed"), start=1):
        end(parts, number, state)
        later(parts, minutes=1)
    assert (told(parts).events, told(parts).events) == (4, 0)
    assert bus(parts) == ["run_01:RunCompleted", "run_02:RunFailed", "run_03:RunFailed", "run_04:RunFailed"]
    assert mails(parts) == [
        ("info", ["all@example.org"]),
        ("error", ["all@example.org"]),
        ("critical", ["all@example.org", "worst@example.org"]),
        ("error", ["all@example.org"]),
    ]


def test_a_hold_is_told_and_then_its_end(parts: Parts) -> None:
    want(parts, {"email": "all@example.org", "severities": ALL})
    run = parts.runs.create(Run(id="run_1", district_id="lakeview", integration_id="int_1", queued_at=NOW))
    lease = parts.runs.acquire("lakeview", "int_1", "runner", NOW + MINUTE)
    assert lease is not None
    parts.runs.begin(run, lease)
    run.state = "held"
    parts.runs.save(run, lease)
    assert told(parts).mails == 1
    run.requested_by = "somebody approved a half"
    parts.runs.save(run, lease)
    assert told(parts).events == 0, "held still"
    run.state, run.ended_at = "rejected", NOW
    parts.runs.finish(run, lease, None, None)
    assert told(parts).events == 1
    assert bus(parts) == ["run_1:RunHeld", "run_1:RunStopped"]


def test_a_preview_goes_to_the_bus_alone(parts: Parts) -> None:
    want(parts, {"email": "all@example.org", "severities": ALL})
    end(parts, 1, mode="preview")
    assert (told(parts).events, mails(parts)) == (1, [])


def test_a_district_that_asked_for_nothing_still_has_its_events(parts: Parts) -> None:
    end(parts, 1)
    assert (told(parts).events, mails(parts)) == (1, [])


class Refusing(MemoryEvents):
    """A bus that takes every other event."""

    def put(self, events: Any) -> set[str]:
        return super().put(events[::2])


def test_what_the_bus_refuses_is_put_again(parts: Parts) -> None:
    parts = dataclasses.replace(parts, events=Refusing())
    for number in range(1, 4):
        end(parts, number)
        later(parts, seconds=1)
    assert (told(parts).events, told(parts).events, told(parts).events) == (2, 1, 0)
    assert sorted(bus(parts)) == [f"run_0{n}:RunFailed" for n in (1, 2, 3)]


class Broken(MemoryMailing):
    def send(self, mail: Any) -> None:
        if mail.severity == "critical":
            raise StoreThrottled("store_throttled", "Busy.")
        super().send(mail)


def test_a_mail_that_fails_keeps_no_other_back_and_comes_again(parts: Parts) -> None:
    healthy, parts = parts, dataclasses.replace(parts, mailing=Broken())
    want(parts, {"email": "all@example.org", "severities": ALL}, failures_in_a_row=2)
    for number in range(1, 4):
        end(parts, number)
        later(parts, seconds=1)
    first = told(parts)
    assert (first.events, first.failed) == (2, 1)
    assert told(healthy).events == 1
    assert mails(healthy) == [("critical", ["all@example.org"])]


def test_a_tick_that_is_late_tells_in_the_next(parts: Parts) -> None:
    end(parts, 1)
    assert tell(parts, parts.clock.now()).events == 0
    assert told(parts).events == 1


def test_more_events_than_one_query_gives(parts: Parts) -> None:
    for number in range(1, 231):
        end(parts, number)
    assert told(parts).events == 230
    assert len(bus(parts)) == len(set(bus(parts))) == 230


@pytest.mark.parametrize("mode", MODES)
def test_killed_at_every_call_each_event_is_told_and_each_mail_sent(mode: Mode) -> None:
    """At least once, whatever dies: only a copy too many is allowed."""

    def drive(k: int | None) -> tuple[set[str], int, int, int]:
        parts, faults = make_parts(), Faults(k, mode)
        daily = {"email": "daily@example.org", "severities": ALL, "digest": "daily"}
        want(parts, {"email": "all@example.org", "severities": ALL}, daily, next_digest_at=NOW + 10 * MINUTE)
        put_schedule(parts, next_run_at=NOW + timedelta(days=9), integration_ids=("int_2",))
        for number in (1, 2):
            end(parts, number)
        later(parts, days=3)
        names = ("config", "runs", "outbox", "events", "mailing")
        dying = dataclasses.replace(parts, **{n: Faulty(getattr(parts, n), faults, n) for n in names})
        for _ in range(2 * SHARDS + 2):
            faults.revive()
            deadline = parts.clock.now() + MINUTE
            try:
                for step in (watch, tell, send_digests):
                    step(dying, deadline)
            except (Killed, StoreThrottled):
                pass
            later(parts, minutes=1)
        digests = sum(recipients == ["daily@example.org"] for _, recipients in mails(parts))
        return (
            set(bus(parts)),
            len(bus(parts)),
            len(mails(parts)) - digests,
            digests if k is None else len(faults.calls),
        )

    expected, events, sent, digests = drive(None)
    assert (len(expected), events, sent, digests) == (3, 3, 3, 1), "two failures, one silence, one digest"
    for k in range(1, 60):
        found, copies, again, _ = drive(k)
        assert found == expected, k
        assert copies <= events + 2, k
        assert sent <= again <= sent + 1, k


def silent(parts: Parts) -> int:
    """How many integrations are silent, by a whole round of ticks."""
    found = 0
    for _ in range(SHARDS):
        found += watch(parts, parts.clock.now() + MINUTE).silent
        later(parts, minutes=1)
    return found


def test_two_nights_without_success_are_told_once(parts: Parts) -> None:
    """Guards: a schedule that is dead, which says nothing; and a mail a minute because of it."""
    put_schedule(parts, integration_ids=("int_1", "int_3"), next_run_at=NOW + timedelta(days=400))
    end(parts, 1, "completed")  # at 02:00 in Chicago
    told(parts)
    later(parts, hours=49)
    assert silent(parts) == 0
    later(parts, hours=1)
    assert [silent(parts), silent(parts)] == [1, 1], "the inactive int_3 is not watched"
    assert told(parts).events == 1
    later(parts, days=30)
    assert (silent(parts), told(parts).events) == (1, 0)
    end(parts, 2, "completed")
    assert (silent(parts), told(parts).events) == (0, 1)
    later(parts, hours=75)
    assert (silent(parts), told(parts).events) == (1, 1), "another silence"
    assert [event.type for event in parts.events.taken].count("NoSuccess") == 2  # type: ignore[attr-defined]


def test_failures_are_no_success(parts: Parts) -> None:
    put_schedule(parts, integration_ids=("int_1",))
    for number in range(1, 4):
        later(parts, days=1)
        end(parts, number, "failed")
    assert silent(parts) == 1


def test_whatever_was_just_mended_has_its_time(parts: Parts) -> None:
    put_schedule(parts, integration_ids=("int_1",), updated_at=NOW + timedelta(days=60))
    later(parts, days=61)
    assert silent(parts) == 0
    later(parts, days=2)
    assert silent(parts) == 1


def digested(parts: Parts) -> Any:
    return send_digests(parts, parts.clock.now() + MINUTE)


def test_a_digest_comes_once_a_day_with_what_each_asked_for(parts: Parts) -> None:
    want(
        parts,
        {"email": "all@example.org", "severities": ALL, "digest": "daily"},
        {"email": "bad@example.org", "severities": ["error", "critical"], "digest": "daily"},
        {"email": "now@example.org", "severities": ["info"]},
        next_digest_at=NOW + timedelta(hours=4),
        digest_at="06:00",
    )
    end(parts, 1, "completed")
    end(parts, 2, "completed")
    assert digested(parts).mails == 0
    later(parts, hours=4)
    assert [digested(parts).mails, digested(parts).mails] == [1, 0]
    assert mails(parts) == [("info", ["all@example.org"])], (
        "nothing bad, so no mail for who asked for that alone"
    )
    end(parts, 3, "failed")
    later(parts, days=1)
    assert digested(parts).mails == 2
    assert mails(parts)[1:] == [("error", ["all@example.org"]), ("error", ["bad@example.org"])]
    later(parts, days=1)
    assert (digested(parts).districts, digested(parts).districts) == (1, 0)
    assert len(mails(parts)) == 3, "nothing happened, so nothing is sent"


def test_digests_keep_the_districts_hour_over_a_change_of_clocks(parts: Parts) -> None:
    want(
        parts,
        {"email": "all@example.org", "severities": ALL, "digest": "daily"},
        next_digest_at=datetime(2027, 3, 13, 12, 0, tzinfo=UTC),
        digest_at="06:00",
    )
    sent = []
    later(parts, seconds=(datetime(2027, 3, 13, 11, 0, tzinfo=UTC) - NOW).total_seconds())
    for hour in range(72):
        if digested(parts).districts:
            sent.append(hour)
        later(parts, hours=1)
    assert sent == [1, 24, 48], "06:00 in Chicago: an hour earlier once clocks have changed"


def put_blackout(parts: Parts, first: str, to: str, kind: str = "no_runs") -> None:
    stored = parts.config.district("lakeview")
    blackout = Blackout.model_validate({"from": first, "to": to, "kind": kind})
    update = {"blackouts": (blackout,), "version": stored.version + 1}
    parts.config.put_district(stored.model_copy(update=update))


def test_a_schedule_in_a_blackout_asks_for_nothing_and_goes_on_after_it(parts: Parts) -> None:
    put_schedule(parts)
    put_blackout(parts, "2026-11-22", "2026-11-29")
    asked = ask(parts)
    assert (asked.schedules, asked.runs, asked.failed) == (1, 0, 0)
    schedule = parts.config.schedule("lakeview", "sch_1")
    assert schedule.next_run_at == datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
    assert parts.runs.history("lakeview", None, (), 9, None)[0] == []


def test_an_adds_only_time_asks_for_runs(parts: Parts) -> None:
    put_schedule(parts)
    put_blackout(parts, "2026-11-22", "2026-11-29", "adds_only")
    assert ask(parts).runs == 2


def test_a_tick_on_aws_tells_and_logs_no_address(
    stack: Stack, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    built = bootstrap(Settings.from_env(STACK.environment()))
    clock = make_parts().clock
    parts = dataclasses.replace(built, clock=clock, runs=type(built.runs)(built.runs._table, clock))  # type: ignore[attr-defined,call-arg]
    fill(parts)
    recipient = {"email": "clerk@example.org", "severities": ALL}
    want(
        parts,
        recipient,
        {**recipient, "email": "daily@example.org", "digest": "daily"},
        next_digest_at=NOW + MINUTE,
    )
    parts.mailing.keep("lakeview", ["clerk@example.org"])
    end(parts, 1)
    later(parts, minutes=10)
    with caplog.at_level(logging.DEBUG):
        done = tick(parts, Logger(service="test"), Context())  # type: ignore[arg-type]
    assert [done["told"][name] for name in ("events", "mails", "failed")] == [1, 1, 0]
    assert done["digested"]["districts"] == 1
    printed = capsys.readouterr().out
    metric = next(json.loads(line) for line in printed.splitlines() if "EventsTold" in line)
    assert (metric["EventsTold"], metric["SchedulerFailures"]) == ([1.0], [0.0])
    assert "example.org" not in printed
    assert not [
        record
        for record in caplog.records
        if record.name.startswith(("rollcall", "scheduler")) and "example.org" in record.getMessage()
    ]


class DeadBus(MemoryEvents):
    def put(self, events: Any) -> set[str]:
        raise StoreThrottled("store_unreachable", "The event bus did not answer.")


def test_a_dead_bus_keeps_no_run_from_being_asked_for_and_is_seen(parts: Parts) -> None:
    """Guards: a failure to tell that nobody is told of; the alarm on the scheduler's errors sees this one."""
    parts = dataclasses.replace(parts, events=DeadBus())
    end(parts, 1)
    put_schedule(parts)
    with pytest.raises(StoreThrottled):
        tick(parts, Logger(service="test"), Context())  # type: ignore[arg-type]
    assert len(parts.queue.messages) == 2  # type: ignore[attr-defined]
