"""Switchable faults, the same for every simulator: rules, and the ASGI layer that applies them."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from simulators import fault_kinds as kinds
from simulators.fault_kinds import KINDS, Memory, Params, Reply

ASKED_QUERY = "simulators.asked_query"
"""Where the scope keeps the query as it came, when a fault has changed it: a signature is made over that one."""


@dataclass(slots=True)
class Rule:
    """Applies `kind` to requests whose `path?query` matches, after the first `after`, `times` times (None: always)."""

    kind: str
    path: str = ".*"
    times: int | None = None
    after: int = 0
    method: str = ""
    params: Params = field(default_factory=dict)
    seen: int = 0
    fired: int = 0
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault kind {self.kind!r}; known: {', '.join(sorted(KINDS))}")
        re.compile(self.path)

    def take(self, method: str, target: str) -> bool:
        """Whether the rule applies to this request; counts it."""
        if (self.method and self.method != method) or not re.search(self.path, target, re.IGNORECASE):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True

    def describe(self) -> dict[str, Any]:
        names = ("kind", "path", "times", "after", "method", "params", "seen", "fired")
        return {name: getattr(self, name) for name in names}


class FaultBook:
    """The rules in force."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def set(self, rules: Iterable[Rule | MutableMapping[str, Any]]) -> None:
        """Replaces all rules. A mapping is `{kind, path, times, after, method, params}`, all but `kind` optional."""
        self.rules = [rule if isinstance(rule, Rule) else Rule(**rule) for rule in rules]

    def add(
        self, kind: str, path: str = ".*", *, times: int | None = None, after: int = 0, **params: Any
    ) -> Rule:
        rule = Rule(kind, path, times, after, params=params)
        self.rules = [*self.rules, rule]
        return rule

    def clear(self) -> None:
        self.rules = []


async def pause(scope: Scope, seconds: float) -> None:
    """Sleeps; a call without an event loop (`inprocess`) brings its own sleep."""
    sleep: Callable[[float], None] | None = scope.get("simulators.sleep")
    if sleep is not None:
        sleep(seconds)
    else:
        await asyncio.sleep(seconds)


class FaultLayer:
    """ASGI layer in front of one system. `expire` makes its tokens invalid; False when it has none."""

    def __init__(self, inner: ASGIApp, book: FaultBook, expire: Callable[[], bool]) -> None:
        self.inner = inner
        self.book = book
        self.expire = expire
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.running += 1
        try:
            rules = self._matching(scope)
            if rules:
                await self._faulty(rules, scope, receive, send)
            else:
                await self.inner(scope, receive, send)
        finally:
            self.running -= 1

    def _matching(self, scope: Scope) -> list[Rule]:
        if not self.book.rules:
            return []
        query = scope["query_string"].decode("latin-1")
        target = f"{scope['path']}?{query}" if query else scope["path"]
        return [rule for rule in self.book.rules if rule.take(scope["method"], target)]

    async def _faulty(self, rules: list[Rule], scope: Scope, receive: Receive, send: Send) -> None:
        by_kind = {rule.kind: rule for rule in rules}
        if latency := by_kind.get("latency"):
            await pause(scope, float(latency.params.get("seconds", 0.05)))
        reply = self._answer(rules)
        if reply is None:
            if "looping_pages" in by_kind:
                query = kinds.loop_query(scope["query_string"].decode("latin-1")).encode()
                scope = {**scope, ASKED_QUERY: scope["query_string"], "query_string": query}
            reply = await self._record(scope, receive)
            reply = self._distort(rules, reply, scope)
        if slow := by_kind.get("slow_first_byte"):
            await pause(scope, float(slow.params.get("seconds", 1)))
        await deliver(reply, by_kind, scope, send)

    def _answer(self, rules: list[Rule]) -> Reply | None:
        for rule in rules:
            if rule.kind in kinds.ANSWERS:
                return kinds.ANSWERS[rule.kind](rule.params)
            if rule.kind == "max_concurrency" and self.running > int(rule.params.get("n", 1)):
                return kinds.ANSWERS["http_429"](rule.params)
            if rule.kind == "token_expired" and not self.expire():
                return kinds.ANSWERS["http_401"](rule.params)
        return None

    async def _record(self, scope: Scope, receive: Receive) -> Reply:
        reply = Reply(500, [], b"")
        chunks: list[bytes] = []

        async def keep(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                reply.status, reply.headers = message["status"], list(message["headers"])
            else:
                chunks.append(message.get("body", b""))

        await self.inner(scope, receive, keep)
        reply.body = b"".join(chunks)
        return reply

    def _distort(self, rules: list[Rule], reply: Reply, scope: Scope) -> Reply:
        data = [rule for rule in rules if rule.kind in kinds.DATA]
        if data and reply.status == 200 and reply.body[:1] in (b"{", b"["):
            document = kinds.decode(reply.body)
            for rule in data:
                document = kinds.DATA[rule.kind](document, rule.params, rule.memory, scope["path"])
            reply.body = kinds.encode(document)
        for rule in rules:
            if rule.kind in kinds.HEADERS:
                reply.headers = _distorted(reply.headers, rule, scope["query_string"].decode("latin-1"))
            if rule.kind in kinds.BYTES:
                reply.body = kinds.BYTES[rule.kind](reply.body, rule.params)
        return reply


def _distorted(headers: kinds.Headers, rule: Rule, query: str) -> kinds.Headers:
    wanted, change = kinds.HEADERS[rule.kind]
    return [
        (
            name,
            change(value.decode("latin-1"), query, rule.params).encode() if name.lower() == wanted else value,
        )
        for name, value in headers
    ]


async def deliver(reply: Reply, by_kind: dict[str, Rule], scope: Scope, send: Send) -> None:
    """Sends the answer whole, cut, torn or drop by drop."""
    reset, cut, drip = by_kind.get("reset"), by_kind.get("truncated"), by_kind.get("slow_drip")
    body, announced, torn = reply.body, len(reply.body), reset is not None
    if rule := reset or cut:
        body = body[: int(len(body) * float(rule.params.get("fraction", 0.5)))]
        if cut and not reset:
            torn = cut.params.get("content_length", "correct") == "wrong"
        if not torn:
            announced = len(body)
    headers = [(name, value) for name, value in reply.headers if name.lower() != b"content-length"]
    # A 204 must not announce a length.
    if reply.status != 204:
        headers.append((b"content-length", str(announced).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if drip:
        size = int(drip.params.get("chunk", 20))
        for start in range(0, len(body), size):
            await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
            await pause(scope, size / float(drip.params.get("bytes_per_second", 200)))
        body = b""
    await send({"type": "http.response.body", "body": body, "more_body": torn})
    if torn:
        await pause(scope, 0.02)
        _hang_up(send, hard=reset is not None)


def _hang_up(send: Send, *, hard: bool) -> None:
    """Ends the connection in the middle of an answer; `hard` sends a TCP reset.

    ASGI has no message for this, so it reaches for the transport that uvicorn keeps beside its `send`.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the simulator tore the connection")
    if hard:
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
