"""When to try again, and what a status means. One place for all systems.

``Transport`` is the policy; ``Client`` is one SIS over it: an address and an authentication. How many requests a host
gets at once is for its ``Gate`` to say, which is told how each of them ended. Errors:

====================== ================= ==========================================================================
code                   class             when
====================== ================= ==========================================================================
address_not_allowed    NeedsAttention    not https, or the name leads to an address that is not public
host_not_found         NeedsAttention    no such name
tls_failed             NeedsAttention    no valid certificate for the name
endpoint_wrong         NeedsAttention    404: no such API under this address
endpoint_redirects     NeedsAttention    any redirect; none is followed
endpoint_not_json      NeedsAttention    a web page where data belongs
credentials_rejected   NeedsAttention    401 after one renewal of the token, or refused by the token endpoint
permission_missing     NeedsAttention    403, or a 401 to a call for one area of a SIS that accepted the credential
rate_limited           SourceTransient   429 until the tries were used up
source_unavailable     SourceTransient   refused connection, 5xx, name service out of order
source_timeout         SourceTransient   the answer was not complete in time
source_interrupted     SourceTransient   reset, or a body that ends too early
sis_in_maintenance     SourceTransient   redirect to the vendor's maintenance page
answer_too_large       SourceContract    more than ``Request.most`` bytes after decompression
request_refused        SourceContract    any other status
unexpected_shape       SourceContract    JSON that is not what was asked for (raised where it is read)
====================== ================= ==========================================================================
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from urllib.parse import urlsplit

import msgspec

from rollcall.connectors.auth import Auth, Send
from rollcall.connectors.gate import Gate, Gates
from rollcall.connectors.wire import Answer, Request, Sender
from rollcall.domain.errors import NeedsAttention, SourceContract, SourceTransient, SyncError
from rollcall.domain.pace import FEW, Sign
from rollcall.domain.url import SisUrl, UrlRefused, parse_url

ANSWER_SECONDS = 45.0
PATIENCE_SECONDS = 60.0
"""Together well under the engine's margin before a slice's deadline."""
TRIES = 4
AHEAD = FEW
"""Answers asked for before they are needed, where nobody knows whether they ever will be."""
_BACKOFF_SECONDS = 0.5
_MAX_WAIT_SECONDS = 30.0
_MAX_RETRY_AFTER_SECONDS = 3600.0
_MAINTENANCE_HOSTS = frozenset({"message.powerschool.com"})
_OVERTAXED = frozenset({"source_timeout", "source_interrupted"})
"""What a host with too much to do does to its callers, whatever else may be the cause."""

log = logging.getLogger(__name__)


def _unsigned(url: str, request: Request) -> dict[str, str]:
    return {}


class Transport:
    """Retries over a ``Sender``: at most ``TRIES`` attempts within ``patience`` seconds of the first. This is the one
    layer that tries again.

    ``gates`` are shared by all that call the same hosts. ``clock`` counts seconds, ``now`` is aware UTC (for a
    ``Retry-After`` that is a date), ``rng`` gives [0, 1).
    """

    def __init__(
        self,
        sender: Sender,
        *,
        gates: Gates | None = None,
        answer_seconds: float = ANSWER_SECONDS,
        patience: float = PATIENCE_SECONDS,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rng: Callable[[], float] = random.random,
    ) -> None:
        self.clock = clock
        self._sender = sender
        self._gates = gates or Gates(clock=clock)
        self._answer_seconds = answer_seconds
        self._patience = patience
        self._sleep = sleep
        self._now = now
        self._rng = rng

    def client(self, url: str, auth: Auth) -> Client:
        """One SIS: ``url`` is the part of its addresses that stands before every ``Request.path``."""
        return Client(self, _base(url), auth)

    def gate(self, base: str) -> Gate:
        """Where requests to addresses that begin with ``base`` wait for their turn."""
        parts = urlsplit(base)
        return self._gates.of(f"{parts.scheme}://{parts.netloc}")

    def unsigned(self, url: str) -> Send:
        """Requests without authentication to another server, such as one that only gives tokens."""
        base = _base(url)
        return lambda request, headers: self.send(base, request, headers, threading.Event())

    def send(
        self,
        base: str,
        request: Request,
        headers: Mapping[str, str],
        stop: threading.Event,
        sign: Callable[[str, Request], Mapping[str, str]] = _unsigned,
    ) -> Answer:
        """One answer whose status is in ``request.expect``. ``stop`` ends the tries of an abandoned prefetch.

        ``sign`` adds headers to each try.
        """
        gate = self.gate(base)
        tried = 0
        began: float | None = None
        again = -math.inf
        while True:
            ticket = gate.enter(request.template, stop, self._sleep, again)
            began = self.clock() if began is None else began
            try:
                signed = {**headers, **sign(base + request.path, request)}
                answer = self._attempt(base, request, signed, began)
            except SourceTransient as error:
                gate.leave(ticket, _sign_of(error), min(error.retry_after or 0.0, _MAX_WAIT_SECONDS))
                tried += 1
                wait = self._wait(tried, error.retry_after)
                spent = self.clock() - began
                final = tried >= TRIES or spent + wait >= self._patience or stop.is_set()
                log.info(
                    "%s %s: %s, try %d%s", request.method, request.template, error.code, tried,
                    "" if final else f", again in {wait:.1f} s",
                )  # fmt: skip
                if final or error.code == "sis_in_maintenance":
                    raise
                again = self.clock() + wait
            except BaseException:
                gate.leave(ticket, "unsaid")
                raise
            else:
                gate.leave(ticket, "fine")
                return answer

    def _attempt(self, base: str, request: Request, headers: Mapping[str, str], began: float) -> Answer:
        start = self.clock()
        seconds = max(1.0, min(self._answer_seconds, self._patience - (start - began)))
        answer = self._sender.exchange(base + request.path, request, {**request.headers, **headers}, seconds)
        log.debug(
            "%s %s: %d, %.0f ms, %d bytes", request.method, request.template, answer.status,
            (self.clock() - start) * 1000, len(answer.body),
        )  # fmt: skip
        if answer.status not in request.expect:
            raise self.refusal(request, answer)
        return _whole(request, answer) if answer.status == 200 and request.is_json else answer

    def _wait(self, tried: int, retry_after: float | None) -> float:
        """Full jitter, so that many integrations of one host do not come back together."""
        if retry_after is not None:
            return min(retry_after, _MAX_WAIT_SECONDS) + self._rng() * _BACKOFF_SECONDS
        return self._rng() * _BACKOFF_SECONDS * 4.0**tried

    def refusal(self, request: Request, answer: Answer) -> SyncError:
        """What a status that is no answer means, by the table above."""
        status = answer.status
        if status == 401 and request.area is None:
            return NeedsAttention("credentials_rejected", "The SIS does not accept the credentials.")
        if status in (401, 403):
            what = f" to read “{request.area}”" if request.area else ""
            return NeedsAttention("permission_missing", f"The credentials lack the permission{what}.")
        if status == 404:
            return NeedsAttention(
                "endpoint_wrong", f"There is no {request.template} under the address of the SIS."
            )
        if 300 <= status < 400:
            if _leads_to(answer) in _MAINTENANCE_HOSTS:
                return SourceTransient("sis_in_maintenance", "The SIS is down for maintenance.")
            return NeedsAttention(
                "endpoint_redirects", "The address of the SIS redirects; enter the address it leads to."
            )
        if status == 429:
            return SourceTransient(
                "rate_limited", "The SIS asks for fewer requests.", self._retry_after(answer)
            )
        if status >= 500 and status != 501:
            return SourceTransient(
                "source_unavailable", f"The SIS answers with error {status}.", self._retry_after(answer)
            )
        return SourceContract("request_refused", f"The SIS refused {request.template} with status {status}.")

    def _retry_after(self, answer: Answer) -> float | None:
        """Seconds to wait: the header may hold seconds or a date, and may be absurd."""
        text = answer.headers.get("retry-after", "").strip()
        try:
            seconds = float(text)
        except ValueError:
            try:
                when = parsedate_to_datetime(text)
                seconds = (when.replace(tzinfo=when.tzinfo or UTC) - self._now()).total_seconds()
            except (ValueError, OverflowError):
                return None
        if seconds != seconds:  # "nan" is a float
            return None
        return min(max(seconds, 0.0), _MAX_RETRY_AFTER_SECONDS)


class Client:
    """Requests to one SIS, authenticated. Safe to share between threads."""

    def __init__(self, transport: Transport, base: str, auth: Auth) -> None:
        self._transport = transport
        self._base = base
        self._auth = auth
        self._gate = transport.gate(base)
        # For all parts of a pull, since a district may have hundreds.
        self._threads = ThreadPoolExecutor(self._gate.most, thread_name_prefix="sis")

    def send(self, request: Request) -> Answer:
        """The answer, with at most one renewal of the credential."""
        return self._send(request, threading.Event())

    def fetch_ordered(
        self, requests: Iterable[Request], ahead: int | None = None
    ) -> Generator[Answer, None, None]:
        """Answers in the order of ``requests``, at most ``ahead`` of them under way or waiting, and never more than
        two for each that the host is given at once: so one that is late holds up none of the others.

        An error is raised in its place, after the answers before it. When the consumer stops, what is queued is
        dropped and what is under way is not tried again.
        """
        waiting = iter(requests)
        stop = threading.Event()
        queue: deque[Future[Answer]] = deque()

        def fill() -> None:
            most = 2 * self._gate.limit
            room = min(most, ahead or most) - len(queue)
            queue.extend(self._threads.submit(self._send, r, stop) for r in islice(waiting, max(0, room)))

        try:
            fill()
            while queue:
                answer = queue.popleft().result()
                fill()
                yield answer
        finally:
            stop.set()
            for late in queue:
                late.cancel()

    def _send(self, request: Request, stop: threading.Event) -> Answer:
        def plain(inner: Request, headers: Mapping[str, str]) -> Answer:
            return self._transport.send(self._base, inner, headers, stop)

        def signed(inner: Request, headers: Mapping[str, str]) -> Answer:
            return self._transport.send(self._base, inner, headers, stop, self._auth.sign)

        # The 401 must come back here once, to renew the credential, before it is an error.
        lenient = msgspec.structs.replace(request, expect=(*request.expect, 401))
        used = self._auth.headers(plain)
        answer = signed(lenient, used)
        if answer.status != 401:
            return answer
        if self._auth.renew(used):
            return signed(request, self._auth.headers(plain))
        raise self._transport.refusal(request, answer)


def parsed(url: str) -> SisUrl:
    """An address in pieces. Raises ``NeedsAttention``.

    Only the sender knows whether loopback is allowed; here the URL is taken apart by its one parser.
    """
    try:
        return parse_url(url, "loopback")
    except UrlRefused as refused:
        raise NeedsAttention("address_not_allowed", refused.message) from None


def _base(url: str) -> str:
    parts = parsed(url)
    return parts.origin + parts.path


def _sign_of(error: SourceTransient) -> Sign:
    """What a failure says of the host: whether it has too much to do."""
    if error.code == "rate_limited" or error.retry_after is not None:
        return "refused"
    return "slow" if error.code in _OVERTAXED else "unsaid"


def _leads_to(answer: Answer) -> str | None:
    try:
        return urlsplit(answer.headers.get("location", "")).hostname
    except ValueError:
        return None


def _whole(request: Request, answer: Answer) -> Answer:
    """Data, and all of it, with its rows if it has any; whether it is what was asked for, the reader says."""
    body = answer.body
    text = body.strip() if body[:1].isspace() or body[-1:].isspace() else body
    if text[:1] == b"<":
        raise NeedsAttention(
            "endpoint_not_json", "The address of the SIS answers with a web page instead of data."
        )
    # An answer cut off within its headers looks like one with an empty body.
    if not text or (text[:1] in (b"{", b"[") and text[-1:] not in (b"}", b"]")):
        raise _cut_off()
    if request.split:
        try:
            return msgspec.structs.replace(answer, rows=request.split(body))
        except SourceContract:
            _read_through(text)
            raise
    _read_through(text)
    return answer


def _read_through(text: bytes) -> None:
    """The cut may also fall right behind an inner bracket."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError) as error:
        if "truncated" in str(error):
            raise _cut_off() from None


def _cut_off() -> SourceTransient:
    return SourceTransient("source_interrupted", "An answer of the SIS ends too early.")
