"""Batches for DynamoDB: several under way at a pace that the table takes, and what it hands back asked for again."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from typing import Any

import msgspec

from rollcall.domain.errors import StoreThrottled
from rollcall.domain.pace import Pace, Sign, Ticket

AT_ONCE = 8
TRIES = 8
"""In a row that may leave all undone; what is under way together is one."""
SECONDS = 30.0
"""In which one call must send all its batches: with the last answer, less than a slice keeps for its end."""

Ask = Callable[[list[Any]], list[Any]]
"""Sends one batch and returns what of it is still to be done. Raises ``StoreThrottled`` and its kin."""


class Batches:
    """One kind of request about ``size`` things at most, such as a table's writes, at the pace of that table.

    ``clock`` counts seconds. Safe to share between threads.
    """

    def __init__(
        self,
        size: int,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size = size
        self._sleep = sleep
        self._clock = clock
        self._pace = Pace(AT_ONCE)
        self._lock = threading.Lock()

    def do(self, things: Sequence[Any], ask: Ask) -> None:
        """All of ``things``, in whatever order. Raises ``StoreThrottled`` when patience ends, and what ``ask`` raises
        otherwise.
        """
        left = deque(things)
        under_way: dict[Future[list[Any]], tuple[Ticket, list[Any], int]] = {}
        until = self._clock() + SECONDS
        tries, handed_back = 0, False  # tries since anything got through
        several = len(things) > self._size
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="batch") if several else _Here() as pool:
            try:
                while left or under_way:
                    # Whoever has nothing under way may always send: the pace is everybody's.
                    while left and (self._pace.free or not under_way):
                        batch = [left.popleft() for _ in range(min(self._size, len(left)))]
                        rest = pause(tries) if tries or handed_back else 0.0
                        handed_back = False
                        ticket = self._begin()
                        under_way[pool.submit(self._ask, ask, batch, rest)] = (ticket, batch, tries)
                    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                        undone = future.result()
                        ticket, batch, tried = under_way.pop(future)
                        self._end(ticket, len(undone), len(batch))
                        left.extend(undone)
                        tries = max(tries, tried + 1) if len(undone) == len(batch) else 0
                        handed_back |= bool(undone)
                    if left and (tries >= TRIES or self._clock() >= until):
                        raise StoreThrottled("store_throttled", "The database is busy; try again later.")
            finally:
                for ticket, batch, _ in under_way.values():
                    self._end(ticket, 0, len(batch))

    def _ask(self, ask: Ask, batch: list[Any], rest: float) -> list[Any]:
        if rest:
            self._sleep(rest)
        try:
            return ask(batch)
        except StoreThrottled as error:
            if error.code != "store_throttled":
                raise
            return batch

    def _begin(self) -> Ticket:
        with self._lock:
            return self._pace.send(self._clock())

    def _end(self, ticket: Ticket, undone: int, of: int) -> None:
        sign: Sign = "fine" if not undone else "slow" if undone < of else "refused"
        with self._lock:
            self._pace.end(ticket, self._clock(), sign)


class _Here(Executor):
    """Does at once what it is given. Who has one batch needs no threads."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it, as from any executor
            future.set_exception(error)
        return future


def pause(attempt: int) -> float:
    """Seconds, jittered, so that many who were refused do not come back together."""
    return random.uniform(0, min(2.0, 0.05 * 2**attempt))


# ------------------------------------------------------------------------------------------------- plain writes

_WRITES = "dynamodb.BatchWriteItem"


def write_plainly(client: Any) -> None:
    """Have a boto3 client send what ``batch_write_item`` is given as it stands.

    boto3 spends most of such a call on checking and copying every attribute by its model of the service. Our items are
    written as DynamoDB wants them (``dynamo.encode``), so boto3 gets one of them to see, and the whole request when it
    is to be signed.
    """
    events = client.meta.events
    events.register(f"provide-client-params.{_WRITES}", _set_aside, unique_id="rollcall-set-aside")
    events.register(f"before-call.{_WRITES}", _put_back, unique_id="rollcall-put-back")


def _set_aside(params: dict[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any]:
    context["rollcall"] = msgspec.json.encode(params)
    return {**params, "RequestItems": {table: items[:1] for table, items in params["RequestItems"].items()}}


def _put_back(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    params["body"] = context.pop("rollcall")
