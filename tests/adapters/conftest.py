"""Each port twice: in memory and on moto. A test that asks for one of these fixtures runs on both."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from moto import mock_aws

from rollcall.store.blobs import S3Blobs
from rollcall.store.config import ConfigStore, DynamoConfig
from rollcall.store.dynamo import Table
from rollcall.store.memory import MemoryBlobs, MemoryClock, MemoryPeople, MemoryQueue, MemoryRuns, MemoryVault
from rollcall.store.memory_config import MemoryConfig
from rollcall.store.people import DynamoPeople
from rollcall.store.people_order import DynamoEverybody
from rollcall.store.queue import SqsQueue
from rollcall.store.runs import DynamoRuns
from rollcall.store.vault import KmsVault
from tests.support.aws import REGION, Stack, client, make_stack

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def stack(environment: None) -> Iterator[Stack]:
    with mock_aws():
        yield make_stack()


@pytest.fixture
def config_table(stack: Stack) -> Table:
    return Table(client("dynamodb"), stack.config_table, sleep=lambda seconds: None)


@pytest.fixture
def people_table(stack: Stack) -> Table:
    return Table(client("dynamodb"), stack.people_table, sleep=lambda seconds: None)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock(NOW)


both = pytest.fixture(params=["memory", "aws"])


@both
def config(request: pytest.FixtureRequest) -> ConfigStore:
    if request.param == "memory":
        return MemoryConfig()
    return DynamoConfig(request.getfixturevalue("config_table"))


@both
def runs(request: pytest.FixtureRequest, clock: MemoryClock) -> MemoryRuns | DynamoRuns:
    if request.param == "memory":
        return MemoryRuns(clock)
    return DynamoRuns(request.getfixturevalue("config_table"), clock)


@both
def people(request: pytest.FixtureRequest) -> MemoryPeople | DynamoPeople:
    if request.param == "memory":
        return MemoryPeople()
    return DynamoPeople(request.getfixturevalue("people_table"))


@both
def everybody(request: pytest.FixtureRequest) -> MemoryPeople | DynamoEverybody:
    """People who can be read from one end to the other."""
    if request.param == "memory":
        return MemoryPeople()
    return DynamoEverybody(request.getfixturevalue("people_table"))


@both
def blobs(request: pytest.FixtureRequest) -> MemoryBlobs | S3Blobs:
    if request.param == "memory":
        return MemoryBlobs()
    return S3Blobs(client("s3"), request.getfixturevalue("stack").bucket)


@both
def vault(request: pytest.FixtureRequest) -> MemoryVault | KmsVault:
    if request.param == "memory":
        return MemoryVault()
    return KmsVault(client("kms"), request.getfixturevalue("stack").key_id)


class Inbox:
    """A queue and a way to look into it, whichever kind it is."""

    def __init__(self, queue: MemoryQueue | SqsQueue, url: str | None = None) -> None:
        self.queue = queue
        self._url = url

    def bodies(self) -> list[bytes]:
        if isinstance(self.queue, MemoryQueue):
            return [msgspec.json.encode(message) for message in self.queue.messages]
        answer = client("sqs").receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        return [message["Body"].encode() for message in answer.get("Messages", [])]


@both
def inbox(request: pytest.FixtureRequest) -> Inbox:
    if request.param == "memory":
        return Inbox(MemoryQueue())
    url = request.getfixturevalue("stack").queue_url
    return Inbox(SqsQueue(client("sqs"), url), url)
