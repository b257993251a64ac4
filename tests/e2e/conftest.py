"""One stack for the whole session: the real template on the emulator, with a district on each system."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.api import Api
from local.stack import Stack
from local.tenants import Client, Tenant, set_up

PEOPLE = 120
ENDED = ("completed", "failed", "rejected", "cancelled", "skipped")
TENANTS = (Tenant("lakeview", "Lakeview", "powerschool", 7), Tenant("riverbend", "Riverbend", "aeries", 11))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with Stack("e2e") as up:
        yield up


@pytest.fixture(scope="session")
def api(stack: Stack) -> Api:
    return stack.api()


@pytest.fixture(scope="session", params=TENANTS, ids=lambda tenant: tenant.system)
def client(
    request: pytest.FixtureRequest, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """A district whose first sync is done."""
    home: Path = tmp_path_factory.mktemp(request.param.system)
    with set_up(api, request.param, home, PEOPLE) as client:
        run = sync(api, client)
        assert run["state"] == "completed", run["error"]
        yield client


def sync(api: Api, client: Client, mode: str = "sync") -> Any:
    run = api.post(f"{client.path}/integrations/{client.integration_id}/runs", {"mode": mode})
    return ended(api, client, run["id"])


def ended(api: Api, client: Client, run_id: str, seconds: float = 120) -> Any:
    return until(
        lambda: (run := api.get(f"{client.path}/runs/{run_id}"))["state"] in ENDED and run,
        f"{run_id} to end",
        seconds,
    )


def until(ask: Callable[[], Any], what: str, seconds: float) -> Any:
    """Ask until the answer is truthy."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if answer := ask():
            return answer
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds} s for {what}")


class Writes:
    """Counts what is written to the people table at the emulator, rewrites of the same included."""

    def __init__(self, stack: Stack) -> None:
        self._kinesis = stack.client("kinesis")
        name = "people-writes"
        self._kinesis.create_stream(StreamName=name, ShardCount=1)
        arn = self._kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"]
        stack.client("dynamodb").enable_kinesis_streaming_destination(
            TableName=stack.resources.people_table, StreamArn=arn
        )
        shard = self._kinesis.list_shards(StreamName=name)["Shards"][0]["ShardId"]
        self._iterator = self._kinesis.get_shard_iterator(
            StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]

    def since_last_asked(self) -> int:
        count = 0
        while True:
            answer = self._kinesis.get_records(ShardIterator=self._iterator, Limit=1000)
            self._iterator = answer["NextShardIterator"]
            count += len(answer["Records"])
            if not answer["Records"]:
                return count


@pytest.fixture(scope="session")
def writes(stack: Stack) -> Writes:
    return Writes(stack)


def everybody(api: Api, client: Client) -> list[dict[str, Any]]:
    """All people of the district, page by page, as the API shows them."""
    people, cursor = [], None
    while True:
        page = api.get(f"{client.path}/people", limit="200", **({"cursor": cursor} if cursor else {}))
        people += [api.get(f"{client.path}/people/{row['id']}") for row in page["items"]]
        cursor = page["next"]
        if not cursor:
            return people
