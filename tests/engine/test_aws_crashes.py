"""The runner as Lambda calls it, over AWS adapters on moto, killed at every AWS and SIS call of a small run."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.dynamodb.models import dynamodb_backends

from rollcall.domain.integration import Integration
from rollcall.domain.plan import StoredPerson
from rollcall.domain.run import CHECK_AFTER, Run
from rollcall.store.dynamo import Table
from rollcall.store.memory import MemoryClock
from rollcall.store.outbox import DynamoOutbox
from rollcall.store.people import person_of
from rollcall.store.settings import Settings
from sync_runner.app import deliver
from sync_runner.bootstrap import Runner, bootstrap
from tests.engine.faults import Faults, Faulty, Killed, Mode, aws_faults
from tests.engine.sis import Sis, SisConnector
from tests.engine.world import NOON, D, World
from tests.support.aws import REGION, make_stack

CALLS_AT_LEAST = 50
SHARES = 4
"""Parts that the sweep is cut into, so that the processors can share it."""


@dataclass
class Context:
    """What the handler asks of Lambda."""

    aws_request_id: str
    remaining_ms: int = 300_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass
class Cloud:
    """The deployed runner and a queue that redelivers, for one integration."""

    sis: Sis
    faults: Faults = field(default_factory=Faults)
    clock: MemoryClock = field(default_factory=lambda: MemoryClock(NOON))

    def __post_init__(self) -> None:
        stack = make_stack()
        self.stack, self.env = stack, stack.environment()
        seed, self.runner = World().config, self._build()
        config = self.runner.engine.settings
        config.put_district(seed.district(D))  # type: ignore[attr-defined]
        for mapping_id in seed.integration(D, "int_1").mappings.values():
            config.put_mapping(seed.mappings(D, [mapping_id])[mapping_id])  # type: ignore[attr-defined]
        config.put_integration(seed.integration(D, "int_1"), {})  # type: ignore[attr-defined]
        self.requests = self.syncs = 0

    def _build(self) -> Runner:
        """Nothing in a runner outlives a delivery, so one serves for all: making clients is half of a case's time."""
        built = bootstrap(Settings.from_env(self.env), self.clock)

        def connect(integration: Integration, *_: Any) -> Any:
            return Faulty(
                SisConnector(self.sis, D, integration.source), self.faults, "sis"
            )  # of now, not of then

        return dataclasses.replace(built, engine=dataclasses.replace(built.engine, connect=connect))

    def sync(self) -> str:
        """Send the contract's message; deliver until the queue is empty; the state the newest run ended in."""
        return self._drive({"version": 1, "district_id": D, "integration_id": "int_1"})

    def undo(self) -> str:
        """The same for an undo of the newest run, as the API asks for one."""
        with Uncounted(self.faults):
            runs: Any = self.runner.engine.runs
            run = runs.history(D, "int_1", (), 1, None)[0][0]
            now = self.clock.now()
            made = Run(
                id=f"{run.id}-undo",
                district_id=D,
                integration_id="int_1",
                trigger="undo",
                undoes=run.id,
                queued_at=now,
                check_at=now + CHECK_AFTER,
            )
            runs.decide(run, msgspec.structs.replace(run, undone_by=made.id))
            runs.create(made)
        return self._drive(msgspec.to_builtins(made.message()))

    def _drive(self, body: dict[str, Any]) -> str:
        sqs = boto3.client("sqs")
        self.syncs += 1
        with Uncounted(self.faults):
            sqs.send_message(
                QueueUrl=self.stack.queue_url,
                MessageBody=json.dumps(body),
                MessageGroupId="int_1",
                MessageDeduplicationId=str(self.syncs),
            )
        while message := self._receive():
            for _ in range(10):
                if self._deliver(message):
                    break
                self.clock.advance(minutes=30)  # the queue's visibility time-out
            self.clock.advance(seconds=1)
            with Uncounted(self.faults):
                sqs.delete_message(QueueUrl=self.stack.queue_url, ReceiptHandle=message["ReceiptHandle"])
        with Uncounted(self.faults):
            runs, _ = self.runner.engine.runs.history(D, "int_1", (), 1, None)  # type: ignore[attr-defined]
        return str(runs[0].state)

    def _receive(self) -> dict[str, Any] | None:
        with Uncounted(self.faults):
            answer = boto3.client("sqs").receive_message(
                QueueUrl=self.stack.queue_url, AttributeNames=["All"]
            )
        return next(iter(answer.get("Messages", ())), None)

    def _deliver(self, message: dict[str, Any]) -> bool:
        self.requests += 1
        record = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        self.faults.revive()
        try:
            return deliver(self.runner, record, Context(f"request-{self.requests}"))  # type: ignore[arg-type]
        except Killed:
            return False

    def events(self) -> list[str]:
        """What the outbox has to tell, each event by type."""
        with Uncounted(self.faults):
            table = Table(boto3.client("dynamodb"), self.stack.config_table)
            return [event.type for event in DynamoOutbox(table).due(self.clock.now(), 100)]

    def people(self) -> dict[str, StoredPerson]:
        with Uncounted(self.faults):
            items = boto3.client("dynamodb").scan(TableName=self.stack.people_table)["Items"]
        stored = [person_of({k: next(iter(v.values())) for k, v in item.items()}) for item in items]
        return {s.id: s for s in stored}


class Uncounted:
    """Lets the test's own AWS calls through, uncounted."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    def __enter__(self) -> None:
        self.kept = (self.faults.k, self.faults.dead, list(self.faults.calls))
        self.faults.k, self.faults.dead = None, False

    def __exit__(self, *_: object) -> None:
        self.faults.k, self.faults.dead, self.faults.calls[:] = self.kept


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def night(faults: Faults) -> Cloud:
    """One sync done, and a night with an add, an update, a leaver and a sibling waiting in the SIS."""
    sis = Sis(page_size=10)
    for n in range(1, 5):
        sis.students[str(n)] = {
            "school": "north",
            "first": "Noor",
            "last": f"N{n // 2}",
            "phone": "555-555-0148",
        }
    sis.students["6"] = {"school": "south", "first": "Ann", "last": "Reed", "phone": "555-555-0149"}
    sis.staff = {"1": {"first": "Orla"}}
    with Uncounted(faults):
        cloud = Cloud(sis, Faults())
        assert cloud.sync() == "completed"
        cloud.faults = faults
    sis.students["1"]["first"] = "Nori"
    del sis.students["3"]
    sis.students["7"] = {"school": "south", "first": "Bo", "last": "Reed", "phone": "555-555-0149"}
    return cloud


def shape(people: dict[str, StoredPerson]) -> Any:
    """People without the family ids that a run mints, and who shares one."""
    families: dict[str | None, list[str]] = {}
    for s in people.values():
        families.setdefault(s.person.family_id, []).append(s.id)
    return {
        i: (
            s.integration_id,
            [getattr(s.person, n) for n in s.person.__struct_fields__ if n != "family_id"],
            sorted(families[s.person.family_id]) if s.person.family_id else None,
        )
        for i, s in people.items()
    }


class Eve:
    """What stands before a run, put back before each case: to make it anew would be most of a case's time. Lives within
    ``mock_aws``.
    """

    def __init__(self, undo: bool = False) -> None:
        self._undo = undo
        self._s3_client = boto3.client("s3")
        self._cloud = night(Faults())
        if undo:
            self._cloud.sync()
        self._sis, self._now = copy.deepcopy(self._cloud.sis), self._cloud.clock.now()
        self._tables = pickle.dumps([table.items for table in self._dynamodb()])
        self._files = dict(self._s3())

    def drive(self, k: int | None, mode: Mode) -> tuple[str, Any, list[str]]:
        """A night, or the undo of one, killed at its ``k``-th call."""
        for table, items in zip(self._dynamodb(), pickle.loads(self._tables), strict=True):
            table.items = items
        left = dict(self._s3())
        for key in left.keys() - self._files.keys():
            self._s3_client.delete_object(Bucket=self._cloud.stack.bucket, Key=key)
        for key in {key for key, body in self._files.items() if left.get(key) != body}:
            self._s3_client.put_object(Bucket=self._cloud.stack.bucket, Key=key, Body=self._files[key])
        cloud, faults = self._cloud, Faults(k, mode)
        cloud.sis, cloud.clock.time, cloud.faults = copy.deepcopy(self._sis), self._now, faults
        with aws_faults(faults):
            state = cloud.undo() if self._undo else cloud.sync()
            return state, (shape(cloud.people()), cloud.events()), list(faults.calls)

    def _dynamodb(self) -> list[Any]:
        stack = self._cloud.stack
        tables = dynamodb_backends[ACCOUNT][REGION].tables
        return [tables[name] for name in (stack.config_table, stack.people_table)]

    def _s3(self) -> Iterator[tuple[str, bytes]]:
        bucket = self._cloud.stack.bucket
        for item in self._s3_client.list_objects_v2(Bucket=bucket).get("Contents", ()):
            yield item["Key"], self._s3_client.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()


@pytest.fixture
def eve(request: pytest.FixtureRequest, aws: None) -> Iterator[Eve]:
    with mock_aws():
        yield Eve(**getattr(request, "param", {}))


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_killed_at_every_call_and_delivered_again_it_ends_the_same(share: int, eve: Eve) -> None:
    """Before a call is after the one before it, so only the first is tried both ways."""
    state, expected, calls = eve.drive(None, "before")
    assert state == "completed"
    assert expected[1] == ["RunCompleted", "RunCompleted"], "of the first night and of this one, each once"
    assert len(calls) >= CALLS_AT_LEAST, calls
    failures = []
    moments: list[tuple[int, Mode]] = [(k, "after") for k in range(1 + share, len(calls) + 1, SHARES)]
    for k, mode in [*moments, (1, "before")] if share == 0 else moments:
        ended, people, _ = eve.drive(k, mode)
        if (ended, people) != ("completed", expected):
            failures.append((k, mode, calls[k - 1], ended))
    assert failures == []


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("mode", ["lost_reply", "throttled"])
def test_a_lost_reply_or_a_throttle_at_any_call_changes_nothing(mode: Mode, share: int, eve: Eve) -> None:
    _, expected, calls = eve.drive(None, "before")
    failures = []
    for k in range(1 + share, len(calls) + 1, SHARES):
        ended, people, _ = eve.drive(k, mode)
        if (ended, people) != ("completed", expected):
            failures.append((k, calls[k - 1], ended))
    assert failures == []


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("eve", [{"undo": True}], indirect=True, ids=["undo"])
def test_an_undo_killed_at_any_call_ends_the_same(share: int, eve: Eve) -> None:
    """What a lost reply or a throttle does is the stores' affair, and tried with a sync."""
    state, expected, calls = eve.drive(None, "before")
    assert state == "completed"
    failures = []
    for k in range(1 + share, len(calls) + 1, SHARES):
        ended, people, _ = eve.drive(k, "after")
        if (ended, people) != ("completed", expected):
            failures.append((k, calls[k - 1], ended))
    assert failures == []
