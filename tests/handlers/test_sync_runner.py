"""What the runner makes of messages: good, bad, early, and of those that kill it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from rollcall.domain.errors import StoreError, StoreThrottled
from rollcall.engine.engine import Engine
from rollcall.store.settings import Settings
from sync_runner.app import CRASHES, RETRY_SECONDS, deliver
from sync_runner.bootstrap import Runner
from tests.engine.world import D, World


@dataclass
class Context:
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def message(**fields: Any) -> dict[str, Any]:
    return {"version": 1, "district_id": D, "integration_id": "int_1", **fields}


def record(body: Any, receives: int = 1) -> dict[str, Any]:
    return {
        "messageId": "m-1",
        "receiptHandle": "r-1",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"SentTimestamp": "1795382400000", "ApproximateReceiveCount": str(receives)},
    }


@pytest.fixture
def world() -> World:
    world = World()
    world.sis.students["1"] = {"school": "north", "first": "Noor", "last": "Rivers", "phone": None}
    world.sis.staff["1"] = {"first": "Orla"}
    return world


def runner(world: World, **changes: Any) -> Runner:
    engine: Engine = dataclasses.replace(world.engine(), **changes)
    return Runner(engine, world.queue)


def test_a_message_from_any_system_runs_a_sync(world: World) -> None:
    assert deliver(runner(world), record(message(requested_by="ops@example.org")), Context())  # type: ignore[arg-type]
    (run_id,) = world.run_ids()
    run = world.runs.get(D, run_id)
    assert run is not None
    assert (run.state, run.trigger, run.requested_by) == ("completed", "manual", "ops@example.org")


def test_the_same_delivery_twice_is_one_run(world: World) -> None:
    for _ in range(2):
        assert deliver(runner(world), record(message()), Context())  # type: ignore[arg-type]
    assert len(world.run_ids()) == 1


@pytest.mark.parametrize(
    "body",
    [
        "", "not json", "[]", "null", {}, message(version=2), message(mode="wipe"), message(trigger="whim"),
        message(district_id=7), message(integration_id=None), message(slice="x"), message(student="Noor Rivers"),
        message(district_id="elsewhere"), message(integration_id="int_unknown"), "{" * 5000, '{"version": 1e400}',
    ],
)  # fmt: skip
def test_a_message_that_does_not_fit_is_hurried_to_the_dead_letters(
    world: World, body: Any, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not deliver(runner(world), record(body), Context())  # type: ignore[arg-type]
    assert world.queue.postponed == {"r-1": 0}
    assert world.run_ids() == []
    logged = caplog.text + capsys.readouterr().out
    assert "message refused" in logged
    assert "Noor" not in logged


def test_an_integration_in_other_hands_is_tried_again_soon(world: World) -> None:
    world.runs.acquire(D, "int_1", "another", world.clock.now() + timedelta(minutes=5))
    assert not deliver(runner(world), record(message()), Context())  # type: ignore[arg-type]
    assert world.queue.postponed == {"r-1": 60}


def test_a_store_that_is_busy_brings_the_message_back(world: World) -> None:
    class Busy:
        def __getattr__(self, name: str) -> Any:
            def refuse(*_: Any) -> None:
                raise StoreThrottled("store_throttled", "busy")

            return refuse

    assert not deliver(runner(world, blobs=Busy()), record(message()), Context())  # type: ignore[arg-type]
    assert world.queue.postponed == {"r-1": RETRY_SECONDS}
    assert deliver(runner(world), record(message()), Context())  # type: ignore[arg-type]
    assert world.persons()


def test_credentials_that_cannot_be_opened_fail_the_run_at_once(world: World) -> None:
    """Guards: a run that nobody can mend but the administrator coming back again and again."""

    class Sealed:
        def credentials(self, district_id: str, integration_id: str) -> Any:
            raise StoreError(
                "store_refused", "The key service refused a request (InvalidCiphertextException)."
            )

    assert deliver(runner(world, secrets=Sealed()), record(message()), Context())  # type: ignore[arg-type]
    (run_id,) = world.run_ids()
    run = world.runs.get(D, run_id)
    assert run is not None
    assert (run.state, run.error and run.error.code) == ("failed", "credentials_unreadable")


def test_an_unforeseen_error_is_tried_again_and_then_given_up(
    world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: a bug in mapping one record blocking its district for ever; and its text, which may be a person's, in
    a log.
    """
    world.sis.students["1"]["first"] = ValueError  # cannot be encoded: the connector dies

    for receives in range(1, CRASHES + 1):
        assert not deliver(runner(world), record(message(), receives), Context())  # type: ignore[arg-type]
    (run_id,) = world.run_ids()
    run = world.runs.get(D, run_id)
    assert run is not None
    assert (run.state, run.error and run.error.code) == ("failed", "internal_error")
    assert deliver(runner(world), record(message()), Context()), "the last delivery finds it ended"  # type: ignore[arg-type]
    logged = caplog.text + capsys.readouterr().out
    assert "unforeseen error" in logged
    assert "Rivers" not in logged


def test_settings_name_what_is_missing() -> None:
    env = {
        "CONFIG_TABLE": "c", "PEOPLE_TABLE": "p", "BUCKET": "b", "RUN_QUEUE_URL": "q", "CREDENTIAL_KEY_ID": "k",
    }  # fmt: skip
    with pytest.raises(KeyError, match="SIS_ADDRESSES"):
        Settings.from_env(env)
    with pytest.raises(ValueError, match="SIS_ADDRESSES"):
        Settings.from_env(env | {"SIS_ADDRESSES": "anywhere"})
    env |= {"SIS_ADDRESSES": "public"}
    assert Settings.from_env(env).sis_addresses == "public"
    assert Settings.from_env(env | {"SIS_CONNECTIONS": "8"}).sis_connections == 8
    for few_or_many in ("0", "17", "many"):
        with pytest.raises(ValueError, match=r"SIS_CONNECTIONS|invalid literal"):
            Settings.from_env(env | {"SIS_CONNECTIONS": few_or_many})
