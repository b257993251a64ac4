"""A thin table over the DynamoDB client: flat items, conditions whose failure shows the old item, bounded
patience.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from rollcall.domain.errors import Conflict
from rollcall.store.aws import translated
from rollcall.store.batches import Batches, pause, write_plainly

Value = str | int | bool | list[str]
Item = dict[str, Value]
_ATTEMPTS = 8
_WHAT = "database"
_CONTENTION = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class ConditionFailed(Exception):
    """The condition did not hold. ``old`` is what stands there, None for nothing."""

    def __init__(self, old: Item | None) -> None:
        super().__init__("condition failed")
        self.old = old


class TransactionFailed(Exception):
    """Some condition did not hold. ``failed`` maps the position of each such operation to what stands there."""

    def __init__(self, failed: dict[int, Item | None]) -> None:
        super().__init__("transaction failed")
        self.failed = failed


class Table:
    """One table. Every read is consistent, except on an index, which cannot be."""

    def __init__(self, client: Any, name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep
        self._reads = Batches(100, sleep)
        self._writes = Batches(25, sleep)
        self.name = name
        write_plainly(client)

    def get(self, key: Item) -> Item | None:
        """The item, or None."""
        with translated(_WHAT):
            answer = self._client.get_item(TableName=self.name, Key=encode(key), ConsistentRead=True)
        return decode(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[Item]) -> list[Item]:
        """Those of the items that exist, in no particular order. Raises ``StoreThrottled`` when patience
        ends.
        """
        encoded = [encode(dict(key)) for key in {tuple(sorted(key.items())) for key in keys}]
        found: list[Item] = []

        def read(batch: list[Any]) -> list[Any]:
            with translated(_WHAT):
                answer = self._client.batch_get_item(
                    RequestItems={self.name: {"Keys": batch, "ConsistentRead": True}}
                )
            found.extend(decode(item) for item in answer["Responses"].get(self.name, []))
            rest: list[Any] = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            return rest

        self._reads.do(encoded, read)
        return found

    def put(self, item: Item, condition: str | None = None, values: Item | None = None) -> None:
        """Replace an item. Raises :class:`ConditionFailed`."""
        self._conditional(self._client.put_item, Item=encode(item), **_condition(condition, values))

    def update(self, key: Item, expression: str, values: Item, condition: str | None = None) -> Item:
        """Change an item and return all of it. Raises :class:`ConditionFailed`."""
        answer = self._conditional(
            self._client.update_item,
            Key=encode(key),
            UpdateExpression=expression,
            ReturnValues="ALL_NEW",
            **_condition(condition, values) | _names(f"{expression} {condition or ''}"),
        )
        return decode(answer["Attributes"])

    def put_many(self, items: Sequence[Item]) -> None:
        """Replace items, in no order and not as one. Raises ``StoreThrottled`` when patience ends."""

        def write(batch: list[Any]) -> list[Any]:
            with translated(_WHAT):
                answer = self._client.batch_write_item(RequestItems={self.name: batch})
            rest: list[Any] = answer.get("UnprocessedItems", {}).get(self.name, [])
            return rest

        self._writes.do([{"PutRequest": {"Item": encode(item)}} for item in items], write)

    def query(
        self,
        condition: str,
        values: Item,
        *,
        index: str | None = None,
        keep: str | None = None,
        start: Item | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> tuple[list[Item], Item | None]:
        """One page of a partition: at most ``limit`` items looked at, and the key to go on from.

        ``keep`` filters what was looked at. A name that DynamoDB reserves is written with a ``#``.
        """
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": encode(values),
            "ScanIndexForward": not newest_first,
            "ConsistentRead": index is None,
        }
        if index:
            request["IndexName"] = index
        if keep:
            request["FilterExpression"] = keep
        if start:
            request["ExclusiveStartKey"] = encode(start)
        if limit:
            request["Limit"] = limit
        request |= _names(f"{condition} {keep or ''}")
        with translated(_WHAT):
            answer = self._client.query(**request)
        last = answer.get("LastEvaluatedKey")
        return [decode(item) for item in answer["Items"]], decode(last) if last else None

    def query_all(self, condition: str, values: Item) -> Iterator[Item]:
        """Every item of a small partition."""
        start: Item | None = None
        while True:
            items, start = self.query(condition, values, start=start)
            yield from items
            if start is None:
                return

    def transact(self, *operations: dict[str, Any]) -> None:
        """All or nothing. Raises :class:`TransactionFailed`, or ``Conflict`` when others keep getting in
        between.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with translated(_WHAT):
                    self._transact(operations)
            except _Contended:
                self._sleep(pause(attempt))
            else:
                return
        raise Conflict("contended", "Too many changes to the same thing at once; try again.")

    def put_op(self, item: Item, condition: str | None = None, values: Item | None = None) -> dict[str, Any]:
        """A put for :meth:`transact`."""
        return {"Put": {"TableName": self.name, "Item": encode(item), **_condition(condition, values)}}

    def update_op(self, key: Item, expression: str, values: Item) -> dict[str, Any]:
        """An update for :meth:`transact`."""
        update = {"TableName": self.name, "Key": encode(key), "UpdateExpression": expression}
        return {"Update": update | {"ExpressionAttributeValues": encode(values)} | _names(expression)}

    def check_op(self, key: Item, condition: str, values: Item | None = None) -> dict[str, Any]:
        """A condition on an item that :meth:`transact` leaves alone."""
        return {
            "ConditionCheck": {"TableName": self.name, "Key": encode(key), **_condition(condition, values)}
        }

    def _transact(self, operations: Sequence[dict[str, Any]]) -> None:
        try:
            self._client.transact_write_items(TransactItems=list(operations))
        except ClientError as error:
            reasons = error.response.get("CancellationReasons")
            if not reasons:
                raise
            failed = {
                position: decode(reason["Item"]) if reason.get("Item") else None
                for position, reason in enumerate(reasons)
                if reason.get("Code") == "ConditionalCheckFailed"
            }
            if failed:
                raise TransactionFailed(failed) from error
            if any(reason.get("Code") in _CONTENTION for reason in reasons):
                raise _Contended from error
            raise

    def _conditional(self, call: Callable[..., Any], **request: Any) -> Any:
        with translated(_WHAT):
            try:
                return call(TableName=self.name, **request)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
                old = error.response.get("Item")
                raise ConditionFailed(decode(old) if old else None) from error


class _Contended(Exception):
    pass


def encode(item: Mapping[str, Value]) -> dict[str, Any]:
    """An item as DynamoDB writes it."""
    return {name: _encode(value) for name, value in item.items()}


def decode(item: Mapping[str, Any]) -> Item:
    """The inverse of :func:`encode`; numbers are whole."""
    return {name: _decode(value) for name, value in item.items()}


def text(item: Item, name: str) -> str:
    """A text attribute, empty when the item has none."""
    value = item.get(name, "")
    return value if isinstance(value, str) else str(value)


def number(item: Item, name: str) -> int:
    """A whole number, 0 when the item has none."""
    value = item.get(name, 0)
    return value if isinstance(value, int) else 0


def _encode(value: Value) -> dict[str, Any]:
    # bool before int, of which it is a kind.
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    return {"L": [{"S": element} for element in value]}


def _decode(value: Mapping[str, Any]) -> Value:
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content)
    if kind == "L":
        return [element["S"] for element in content]
    return content  # type: ignore[no-any-return]


def _condition(condition: str | None, values: Item | None) -> dict[str, Any]:
    """The condition of a write and, for an update, the values and names of its expression."""
    request: dict[str, Any] = {}
    if values:
        request["ExpressionAttributeValues"] = encode(values)
    if condition:
        request["ConditionExpression"] = condition
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        request |= _names(condition)
    return request


def _names(expression: str) -> dict[str, Any]:
    names = {
        word
        for word in expression.replace("(", " ").replace(")", " ").replace(",", " ").split()
        if word[0] == "#"
    }
    return {"ExpressionAttributeNames": {name: name[1:] for name in names}} if names else {}
