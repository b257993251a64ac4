"""What DynamoDB does to its callers: throttles, loses replies, answers half a batch, answers nonsense."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import botocore.client
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from rollcall.domain.errors import Conflict, StoreError, StoreThrottled
from rollcall.domain.integration import CredentialInfo
from rollcall.domain.person import Person
from rollcall.domain.plan import StoredPerson
from rollcall.domain.run import Run
from rollcall.store import aws
from rollcall.store.config import DynamoConfig
from rollcall.store.dynamo import ConditionFailed, Item, Table, decode, encode
from rollcall.store.idempotency import KEPT, DynamoIdempotency
from rollcall.store.memory import MemoryClock
from rollcall.store.people import DynamoPeople
from rollcall.store.runs import DynamoRuns

from .conftest import NOW
from .test_config import integration, schedule
from .test_runs import begun, ended, make_run, take

Call = Callable[[], Any]


class Calls:
    """Stands between boto3 and AWS; ``fault`` sees every call, and may carry it out, fail it, or both."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = botocore.client.BaseClient._make_api_call
        self.fault: Callable[[str, dict, Call], Any] = lambda operation, request, call: call()
        self.made: list[tuple[str, dict]] = []

        def make(client: Any, operation: str, request: dict) -> Any:
            self.made.append((operation, request))
            return self.fault(operation, request, lambda: original(client, operation, request))

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", make)

    def lose_reply_of(self, operation: str) -> None:
        """The first such call takes effect; its reply is lost, so the SDK makes it again."""

        def fault(name: str, request: dict, call: Call) -> Any:
            if name == operation:
                self.fault = lambda name, request, call: call()
                call()
            return call()

        self.fault = fault


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, config_table: Table, people_table: Table) -> Calls:
    return Calls(monkeypatch)


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "x"}}, "Operation")


def items(count: int) -> list[Item]:
    return [{"pk": f"lakeview#{n}", "doc": "x"} for n in range(count)]


def test_batches_have_at_most_25_writes(people_table: Table, calls: Calls) -> None:
    """moto takes 26, DynamoDB refuses them."""
    people_table.put_many(items(51))
    sizes = [len(request["RequestItems"][people_table.name]) for _, request in calls.made]
    assert sorted(sizes) == [1, 25, 25]


def test_what_is_written_goes_out_as_boto3_would_have_written_it(people_table: Table, stack: Any) -> None:
    """Signed and all: only its look at every attribute is left out."""
    sent: list[tuple[Any, dict[str, str]]] = []

    def catch(request: Any, **_: object) -> None:
        sent.append((json.loads(request.body), dict(request.headers)))

    odd: list[Item] = [
        {"pk": "a", "doc": 'Zoë "\\\u0000\u202e 🏫', "yes": True, "n": -7, "list": ["", "é"], "none": []},
        {"pk": "b", "doc": ""},
    ]
    plain = boto3.client("dynamodb")
    for client in (people_table._client, plain):
        client.meta.events.register_first("before-send.dynamodb.BatchWriteItem", catch)
    people_table.put_many(odd)
    puts = [{"PutRequest": {"Item": encode(item)}} for item in odd]
    plain.batch_write_item(RequestItems={people_table.name: puts})
    (ours, our_headers), (theirs, their_headers) = sent
    assert ours == theirs
    varying = {"Authorization", "X-Amz-Date", "User-Agent", "amz-sdk-invocation-id", "Content-Length"}
    assert our_headers.keys() == their_headers.keys()
    assert {k: v for k, v in our_headers.items() if k not in varying} == {
        k: v for k, v in their_headers.items() if k not in varying
    }
    assert len(people_table.get_many([{"pk": "a"}, {"pk": "b"}])) == 2


def test_batches_have_at_most_100_reads_and_no_key_twice(people_table: Table, calls: Calls) -> None:
    people_table.put_many(items(3))
    calls.made.clear()
    keys: list[Item] = [{"pk": f"lakeview#{n}"} for n in range(201)]
    assert len(people_table.get_many(keys + keys)) == 3
    sizes = [len(request["RequestItems"][people_table.name]["Keys"]) for _, request in calls.made]
    assert sorted(sizes) == [1, 100, 100]
    assert all(request["RequestItems"][people_table.name]["ConsistentRead"] for _, request in calls.made)


def test_an_update_writes_one_item(people_table: Table, calls: Calls) -> None:
    """A first load writes a person and what they lay claim to; after that only what is new."""

    def person(number: int, **fields: Any) -> StoredPerson:
        pupil = Person(
            type="student", source_id=str(number), pos_id=f"47{number}", host_id=f"S{number}", **fields
        )
        return StoredPerson(id=f"per_{number}", district_id="lakeview", integration_id="int_1", person=pupil)

    def written() -> list[str]:
        found = [put for _, asked in calls.made for put in asked["RequestItems"][people_table.name]]
        calls.made.clear()
        return sorted(put["PutRequest"]["Item"]["pk"]["S"] for put in found)

    people = DynamoPeople(people_table)
    first = [person(n) for n in range(60)]
    people.put_many(first)
    assert len(written()) == 3 * 60
    moved = [person(n, grade="4") for n in range(30)]
    people.put_many(moved, {stored.id: stored for stored in first})
    assert written() == sorted(f"lakeview#per_{n}" for n in range(30))
    ended = person(1, status="ended")
    people.put_many([ended], {"per_1": moved[1]})
    assert written() == ["lakeview#per_1"]
    people.put_many([person(1)], {"per_1": ended})
    assert written() == ["lakeview#POS#471", "lakeview#per_1"]


def test_unprocessed_items_are_written_in_the_end(people_table: Table, calls: Calls) -> None:
    """Guards against losing what DynamoDB hands back from a batch."""
    name = people_table.name

    def half(operation: str, request: dict, call: Call) -> Any:
        if operation != "BatchWriteItem":
            return call()
        wanted = request["RequestItems"][name]
        done = wanted[: (len(wanted) + 1) // 2]
        request["RequestItems"] = {name: done}
        answer = call()
        rest = wanted[len(done) :]
        return {**answer, "UnprocessedItems": {name: rest} if rest else {}}

    calls.fault = half
    people_table.put_many(items(30))
    calls.fault = lambda operation, request, call: call()
    assert len(people_table.get_many({"pk": f"lakeview#{n}"} for n in range(30))) == 30


def test_unprocessed_keys_are_read_in_the_end(people_table: Table, calls: Calls) -> None:
    name = people_table.name
    people_table.put_many(items(30))

    def one(operation: str, request: dict, call: Call) -> Any:
        keys = request["RequestItems"][name]["Keys"]
        request["RequestItems"] = {name: {"Keys": keys[:7], "ConsistentRead": True}}
        answer = call()
        rest = {name: {"Keys": keys[7:], "ConsistentRead": True}} if keys[7:] else {}
        return {**answer, "UnprocessedKeys": rest}

    calls.fault = one
    assert len(people_table.get_many({"pk": f"lakeview#{n}"} for n in range(30))) == 30


@pytest.mark.parametrize("operation", ["put_many", "get_many"])
def test_patience_ends(people_table: Table, calls: Calls, operation: str) -> None:
    name = people_table.name

    def nothing(_: str, request: dict, call: Call) -> Any:
        wanted = request["RequestItems"]
        return {"UnprocessedItems": wanted, "Responses": {name: []}, "UnprocessedKeys": wanted}

    calls.fault = nothing
    with pytest.raises(StoreThrottled):
        getattr(people_table, operation)(items(1))
    assert 5 <= len(calls.made) <= 20


@pytest.mark.parametrize(
    ("raised", "kind", "code"),
    [
        (error("ProvisionedThroughputExceededException"), StoreThrottled, "store_throttled"),
        (error("ThrottlingException"), StoreThrottled, "store_throttled"),
        (error("InternalServerError"), StoreThrottled, "store_throttled"),
        (error("ServiceUnavailable"), StoreThrottled, "store_throttled"),
        (error("ValidationException"), StoreError, "store_refused"),
        (error("AccessDeniedException"), StoreError, "store_refused"),
        (error("ResourceNotFoundException"), StoreError, "store_refused"),
        (EndpointConnectionError(endpoint_url="https://x"), StoreThrottled, "store_unreachable"),
        (ConnectTimeoutError(endpoint_url="https://x"), StoreThrottled, "store_unreachable"),
        (ReadTimeoutError(endpoint_url="https://x"), StoreThrottled, "store_unreachable"),
        (ResponseParserError("garbled"), StoreThrottled, "store_unreachable"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), StoreThrottled, "store_unreachable"),
        (ConnectionResetError(), StoreThrottled, "store_unreachable"),
    ],
)
def test_whatever_boto3_raises_is_an_error_of_ours(
    config_table: Table, calls: Calls, raised: Exception, kind: type[StoreError], code: str
) -> None:
    def fault(*_: object) -> Any:
        raise raised

    calls.fault = fault
    requests: list[Call] = [
        lambda: config_table.get({"pk": "a", "sk": "b"}),
        lambda: config_table.get_many([{"pk": "a", "sk": "b"}]),
        lambda: config_table.put({"pk": "a", "sk": "b"}),
        lambda: config_table.put_many([{"pk": "a", "sk": "b"}]),
        lambda: config_table.update({"pk": "a", "sk": "b"}, "SET x = :x", {":x": 1}),
        lambda: config_table.query("pk = :pk", {":pk": "a"}),
        lambda: config_table.transact(config_table.put_op({"pk": "a", "sk": "b"})),
    ]
    for request in requests:
        with pytest.raises(kind) as caught:
            request()
        assert caught.value.code == code


def test_a_transaction_waits_for_others_and_gives_up_in_the_end(config_table: Table, calls: Calls) -> None:
    def fault(*_: object) -> Any:
        answer = {
            "Error": {"Code": "TransactionCanceledException"},
            "CancellationReasons": [{"Code": "TransactionConflict"}],
        }
        raise ClientError(answer, "TransactWriteItems")

    calls.fault = fault
    with pytest.raises(Conflict):
        config_table.transact(config_table.put_op({"pk": "a", "sk": "b"}))
    assert 5 <= len(calls.made) <= 20


def test_a_lost_reply_looks_like_success(config_table: Table, calls: Calls, clock: MemoryClock) -> None:
    """The SDK repeats a write whose reply was lost, and meets its own first try."""
    config, runs = DynamoConfig(config_table), DynamoRuns(config_table, clock)
    calls.lose_reply_of("TransactWriteItems")
    info = CredentialInfo(updated_at=NOW)
    config.put_integration(integration(credentials={"token": info}), {"token": "sealed"})
    calls.lose_reply_of("PutItem")
    config.put_schedule(schedule())
    calls.lose_reply_of("PutItem")
    run = runs.create(make_run())
    calls.lose_reply_of("UpdateItem")
    lease = take(runs)
    assert lease.fence >= 1
    calls.lose_reply_of("TransactWriteItems")
    assert runs.begin(run, lease)
    run.progress.done = 3
    calls.lose_reply_of("TransactWriteItems")
    runs.save(run, lease)
    runs.wait(runs.create(make_run("run_2")))
    calls.lose_reply_of("TransactWriteItems")
    assert runs.finish(ended(run), lease, "run_1", None) == "run_2"
    assert runs.state("lakeview", "int_1").last_run == "run_1"
    calls.lose_reply_of("UpdateItem")
    runs.release("lakeview", "int_1", lease)
    calls.lose_reply_of("TransactWriteItems")
    second = runs.get("lakeview", "run_2")
    assert runs.begin(second, take(runs, "b"))


def test_the_lease_that_was_taken_with_a_lost_reply_is_held(
    config_table: Table, calls: Calls, clock: MemoryClock
) -> None:
    """A conditional write whose reply is lost looks like somebody else's lock, unless the owner is compared."""
    runs = DynamoRuns(config_table, clock)
    updates = 0

    def lose_second(operation: str, request: dict, call: Call) -> Any:
        nonlocal updates
        updates += 1
        if updates == 2:  # the first finds nothing to extend; this one takes the lease
            call()
        return call()

    calls.fault = lose_second
    lease = take(runs, "a")
    calls.fault = lambda operation, request, call: call()
    assert runs.acquire("lakeview", "int_1", "b", NOW + timedelta(minutes=9)) is None
    runs.save(begun(runs, lease), lease)


def test_two_at_once_finish_in_one_order(config_table: Table, calls: Calls, clock: MemoryClock) -> None:
    """Guards against a run that begins to wait just as the one before it ends, and then waits for ever."""
    runs = DynamoRuns(config_table, clock)
    lease = take(runs)
    first = begun(runs, lease)
    second: Run = runs.create(make_run("run_2"))
    raced = False

    def race(operation: str, request: dict, call: Call) -> Any:
        nonlocal raced
        if operation == "TransactWriteItems" and not raced:
            raced = True
            assert runs.wait(second)
        return call()

    calls.fault = race
    assert runs.finish(ended(first), lease, "run_1", None) == "run_2"


def test_an_index_that_lags_behind_sends_nobody(
    config_table: Table, calls: Calls, clock: MemoryClock
) -> None:
    """An index is read as it was a moment ago: what it names may have moved on."""
    config, runs = DynamoConfig(config_table), DynamoRuns(config_table, clock)
    config.put_schedule(schedule())
    run = runs.create(make_run(check_at=NOW))
    late: dict[str, Any] = {}

    def lag(operation: str, request: dict, call: Call) -> Any:
        if request.get("IndexName") != "due":
            return call()
        shard = request["ExpressionAttributeValues"][":pk"]["S"]
        return late.setdefault(shard, call())

    calls.fault = lag
    now = NOW + timedelta(minutes=1)
    assert len(config.due_schedules(now, 9)) == len(runs.due(now, 9)) == 1
    config.advance(config.schedule("lakeview", "sch_1"), NOW + timedelta(days=1))
    runs.save(ended(run, "cancelled"), None)
    assert config.due_schedules(now, 9) == runs.due(now, 9) == []


def test_idempotency_keys_last_a_day(config_table: Table) -> None:
    store = DynamoIdempotency(config_table)
    first = store.claim("lakeview", "key", "request", NOW)
    again = store.claim("lakeview", "key", "request", NOW + timedelta(hours=1))
    assert first.new_id("int") == again.new_id("int")
    assert (again.now, again.answer) == (NOW, None)
    store.answered(first, "{}")
    assert store.claim("lakeview", "key", "request", NOW).answer == "{}"
    with pytest.raises(Conflict):
        store.claim("lakeview", "key", "other", NOW)
    assert store.claim("hilltop", "key", "other", NOW).answer is None
    next_day = store.claim("lakeview", "key", "other", NOW + KEPT + timedelta(seconds=1))
    assert next_day.answer is None
    assert next_day.new_id("int") != first.new_id("int")


def test_conditions_show_the_old_item(config_table: Table) -> None:
    item: Item = {"pk": "a", "sk": "b", "n": 1}
    config_table.put(item)
    with pytest.raises(ConditionFailed) as caught:
        config_table.put({**item, "n": 2}, "n = :n", {":n": 5})
    assert caught.value.old == item
    with pytest.raises(ConditionFailed) as caught:
        config_table.put({**item, "sk": "c"}, "attribute_exists(pk)")
    assert caught.value.old is None


def test_values_come_back_as_they_went() -> None:
    item: Item = {"s": "é", "n": -7, "yes": True, "no": False, "list": ["a", ""], "empty": []}
    assert decode(encode(item)) == item
    assert encode({"b": True})["b"] == {"BOOL": True}, "a bool is a kind of int"


def test_clients_give_up_in_seconds(stack: object) -> None:
    config = aws.client("dynamodb").meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 10)
    assert config.retries["total_max_attempts"] == 4


def test_garbled_answers_below_the_sdk(stack: Any) -> None:
    """botocore lets a bare UnicodeDecodeError out when an answer is garbled."""
    from botocore.awsrequest import AWSResponse

    client = boto3.client("dynamodb")

    class Raw:
        def stream(self, **_: object) -> Any:
            yield b'{"Item": {"pk": {"S": "\xff\xfe'

    def garbled(request: Any, **_: object) -> AWSResponse:
        return AWSResponse(request.url, 200, {}, Raw())

    client.meta.events.register_first("before-send.dynamodb.GetItem", garbled)
    with pytest.raises(StoreError):
        Table(client, stack.config_table).get({"pk": "a", "sk": "b"})
