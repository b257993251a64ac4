"""One HTTP exchange with a SIS, and nothing of when to try again.

The SIS is a host that a district typed in, so it is untrusted: every address its name resolves to is vetted and the
connection goes to a vetted address (the certificate is still checked against the name); redirects are not followed;
an answer is bounded in bytes *after* decompression and in seconds from its first byte to its last.

``Sender`` is the seam: a benchmark or a test may answer in the same process.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlencode

import certifi
import msgspec
import urllib3
import urllib3.connection
import urllib3.exceptions
import urllib3.util

from rollcall.domain.errors import NeedsAttention, SourceContract, SourceTransient, SyncError
from rollcall.domain.url import Addresses, address_allowed

MAX_ANSWER_BYTES = 64 * 1024 * 1024
CONNECT_SECONDS = 10.0
_CHUNK = 262_144
_BUFFER = 16_384
"""As much as a TLS record holds: what is longer goes past it, straight to where it is kept."""


Split = Callable[[bytes], Sequence[msgspec.Raw]]
"""Cuts an answer of rows into them, undecoded. Raises ``SourceContract`` for what is none."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One call. ``template`` is the path without ids, the only part of a request that may be logged.

    ``expect`` lists the statuses that are answers; every other one is an error. ``area`` names the permission that
    the call needs, for a SIS that says 401 both for a bad credential and for a missing permission. ``is_json`` and
    ``most`` say what an answer may be: JSON or any bytes, and how many of them after decompression. ``split`` cuts an
    answer of rows into them: what must be read to the end to see that it is whole is then read only once.
    """

    path: str
    template: str
    method: str = "GET"
    params: dict[str, str | int] = {}
    headers: dict[str, str] = {}
    body: bytes | None = None
    expect: tuple[int, ...] = (200,)
    area: str | None = None
    is_json: bool = True
    most: int = MAX_ANSWER_BYTES
    split: Split | None = None


class Answer(msgspec.Struct, frozen=True):
    """``headers`` has lower-case names; ``body`` is decompressed; ``rows`` is what the request's ``split`` found."""

    status: int
    headers: dict[str, str]
    body: bytes
    rows: Sequence[msgspec.Raw] = ()


class Sender(Protocol):
    """One attempt at one request.

    Raises ``SourceTransient`` where another attempt may help, ``NeedsAttention`` or ``SourceContract`` where not.
    """

    def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer: ...


class HttpSender:
    """The network, by way of kept connections. Safe to share between threads."""

    def __init__(self, addresses: Addresses, connections: int) -> None:
        # urllib3 writes whole URLs, query strings included, to its own log.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        self._addresses = addresses
        self._connections = connections
        self._classes = _pool_classes(addresses)
        # The SIS, and for some a server that gives tokens.
        self._pool = lru_cache(2)(self._open)

    def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        if self._addresses == "public" and not url.startswith("https://"):
            raise NeedsAttention("address_not_allowed", "The address of the SIS must begin with https://.")
        deadline = time.monotonic() + seconds
        try:
            origin, target = _parts(url)
            response = self._pool(origin).urlopen(
                request.method,
                f"{target}?{urlencode(request.params)}" if request.params else target,
                body=request.body,
                headers={"Accept-Encoding": "gzip", "User-Agent": "rollcall", **headers},
                timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
                # One layer tries again, and it is not this one.
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                body = _read(response, deadline, request.most)
            finally:
                response.close()
        except urllib3.exceptions.LocationValueError:
            raise NeedsAttention("host_not_found", "The address of the SIS is not an address.") from None
        except (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
            # ``from None``: the text of these exceptions holds the whole URL.
            raise _as_sync_error(error) from None
        except ValueError:
            # Of what is sent, only what somebody typed in can have characters that no header takes.
            raise NeedsAttention(
                "credentials_rejected", "The credentials hold characters that cannot be sent to a SIS."
            ) from None
        return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, body)

    def _open(self, origin: str) -> urllib3.HTTPConnectionPool:
        parts = urllib3.util.parse_url(origin)
        secure = {"ca_certs": certifi.where()} if parts.scheme == "https" else {}
        pool: urllib3.HTTPConnectionPool = self._classes[parts.scheme or ""](
            parts.host, parts.port, maxsize=self._connections, **secure
        )
        return pool


def _parts(url: str) -> tuple[str, str]:
    """The origin, and what is asked of it. Taking a URL apart by its rules costs more than asking."""
    slash = url.find("/", url.index("//") + 2)
    return (url[:slash], url[slash:]) if slash >= 0 else (url, "/")


def _read(response: urllib3.BaseHTTPResponse, deadline: float, most: int) -> bytes:
    """The body. One that says how long it is comes in one piece; of others ``read1`` returns what has arrived, so that
    a small answer that unpacks to a large one is noticed in time.
    """
    length = 0 if "content-encoding" in response.headers else response.length_remaining or 0
    chunks: list[bytes] = []
    size = length
    while size <= most:
        if length:
            chunk = response.read(length, decode_content=False)
        else:
            chunk = response.read1(_CHUNK, decode_content=True)
            size += len(chunk)
        if not chunk:
            return b"".join(chunks)
        if time.monotonic() > deadline:
            raise TimeoutError
        chunks.append(chunk)
    raise SourceContract("answer_too_large", "The SIS sent an answer that is too large to be read.")


def _as_sync_error(error: BaseException) -> SyncError:
    """What the administrator is told, judged by the innermost causes."""
    causes = _causes(error)
    if any(isinstance(c, TimeoutError | urllib3.exceptions.TimeoutError) for c in causes):
        return SourceTransient("source_timeout", "The SIS took too long to answer.")
    # A server that goes away in the middle of a handshake is like any other reset.
    gone = any(isinstance(c, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionError) for c in causes)
    if not gone and any(isinstance(c, ssl.SSLError | ssl.CertificateError) for c in causes):
        return NeedsAttention("tls_failed", "The SIS does not offer a valid TLS certificate for its address.")
    if any(isinstance(c, ConnectionRefusedError) for c in causes):
        return SourceTransient("source_unavailable", "The SIS refused the connection.")
    return SourceTransient("source_interrupted", "The connection to the SIS broke off.")


def _causes(error: BaseException) -> list[BaseException]:
    """``error`` and everything inside it; urllib3 keeps the cause in ``args`` or ``reason``."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        item = waiting.pop()
        if isinstance(item, BaseException) and all(item is not f for f in found):
            found.append(item)
            waiting += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
    return found


# ---------------------------------------------------------------------------------------------------- connections


def resolve(host: str, port: int, addresses: Addresses) -> list[tuple[Any, ...]]:
    """``getaddrinfo`` of ``host`` once every address has been vetted; a single bad one refuses the host."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise SourceTransient(
                "source_unavailable", "The name of the SIS could not be looked up just now."
            ) from None
        raise NeedsAttention("host_not_found", "There is no host of that name.") from None
    except UnicodeError:
        raise NeedsAttention("host_not_found", "There is no host of that name.") from None
    for *_, address in found:
        # A scope id (fe80::1%eth0) is no part of the address.
        ip = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if not address_allowed(ip, addresses):
            raise NeedsAttention(
                "address_not_allowed", "The address of the SIS is not on the public internet."
            )
    return found


def _connect(host: str, port: int, timeout: float | None, addresses: Addresses) -> socket.socket:
    refused: OSError | None = None
    for family, kind, protocol, _, address in resolve(host, port, addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(timeout)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
            return sock
        except OSError as error:
            sock.close()
            refused = error
    raise refused or ConnectionRefusedError


class _TimedSocket:
    """A socket whose whole answer, headers and body, must arrive within the read timeout set on it.

    A plain socket timeout counts from one byte to the next, so a server that drips would hold us for ever.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        """What ``http.client`` reads the answer from; it asks for ``rb``."""
        seconds = self._sock.gettimeout() or 0.0
        reader = _TimedReader(self._sock, self._sock.makefile("rb", buffering=0), seconds)
        return io.BufferedReader(reader, _BUFFER)


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, raw: Any, seconds: float) -> None:
        self._sock = sock
        self._raw = raw
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_TimedSocket(sock), *args, **kwargs)  # type: ignore[arg-type]


def _pool_classes(addresses: Addresses) -> dict[str, Any]:
    """Connects to vetted addresses only. Urllib3 offers subclassing as its one way to say how to connect."""

    def new_connection(self: Any) -> socket.socket:
        return _connect(self._dns_host, self.port, self.timeout, addresses)

    def pinned(base: type[Any]) -> type[Any]:
        members: dict[str, Callable[..., Any] | type[Any]] = {
            "_new_conn": new_connection,
            "response_class": _TimedResponse,
        }
        return type(f"Pinned{base.__name__}", (base,), members)

    http_pool: type[Any] = urllib3.HTTPConnectionPool
    https_pool: type[Any] = urllib3.HTTPSConnectionPool
    plain = pinned(urllib3.connection.HTTPConnection)
    secure = pinned(urllib3.connection.HTTPSConnection)
    return {
        "http": type("PinnedHTTPPool", (http_pool,), {"ConnectionCls": plain}),
        "https": type("PinnedHTTPSPool", (https_pool,), {"ConnectionCls": secure}),
    }
