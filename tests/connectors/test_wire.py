"""The network against a server that does everything wrong. Each fault says the code an administrator sees."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rollcall.connectors.auth import HeaderAuth
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import Answer, HttpSender, Request
from rollcall.domain.errors import NeedsAttention, SourceContract, SourceTransient, SyncError

GET = Request(path="/x", template="/x", params={"name": "Rivers"})
Script = Callable[[socket.socket, bytes], None]


@contextmanager
def server(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Runs ``script`` for every request of every connection, on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_sockets: list[socket.socket] = []

    def converse(connection: socket.socket) -> None:
        with connection:
            try:
                with tls.wrap_socket(connection, server_side=True) if tls else connection as peer:
                    while request := _request(peer):
                        script(peer, request)
            except (OSError, ValueError):
                pass

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_sockets.append(connection)
            threading.Thread(target=converse, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        # Closing alone does not wake the thread that accepts.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_sockets:
            connection.close()


def _request(peer: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = peer.recv(65536)
        if not chunk:
            return b""
        received += chunk
    return received


def ask(
    port: int,
    *,
    seconds: float = 3.0,
    sender: HttpSender | None = None,
    scheme: str = "http",
    request: Request = GET,
) -> Answer:
    found = sender or HttpSender("loopback", 2)
    url = f"{scheme}://localhost:{port}/x"
    return found.exchange(url, request, {"X-Secret": "k3y"}, seconds)


def fails(port: int, kind: type[SyncError], **options: Any) -> SyncError:
    with pytest.raises(kind) as caught:
        ask(port, **options)
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    assert "Rivers" not in str(error)
    return error


def send(*parts: bytes, pause: float = 0.0, close: bool = False, reset: bool = False) -> Script:
    def script(peer: socket.socket, request: bytes) -> None:
        for part in parts:
            peer.sendall(part)
            time.sleep(pause)
        if reset:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if close or reset:
            peer.close()

    return script


def ok(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    size = b"Content-Length: %d" % (len(body) if length is None else length)
    return b"\r\n".join((b"HTTP/1.1 200 OK", size, *headers, b"", body))


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_plain_answer_and_what_is_sent() -> None:
    seen: list[bytes] = []

    def script(peer: socket.socket, request: bytes) -> None:
        seen.append(request)
        peer.sendall(ok(b"[1]", b"X-Mixed: Case"))

    with server(script) as port:
        answer = ask(port)
    assert (answer.status, answer.body, answer.headers["x-mixed"]) == (200, b"[1]", "Case")
    assert seen[0].startswith(b"GET /x?name=Rivers HTTP/1.1\r\n")
    assert b"X-Secret: k3y" in seen[0]


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"[]"),
        ok(b"[" + b" " * 900_000 + b"]"),
        ok(gzip.compress(b"[]"), b"Content-Encoding: gzip"),
        CHUNKED + b"2\r\n[]\r\n0\r\n\r\n",
        b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["plain", "long", "gzip", "chunked", "empty"],
)
def test_connections_are_kept(answer: bytes) -> None:
    connections: set[int] = set()

    def script(peer: socket.socket, request: bytes) -> None:
        connections.add(peer.fileno())
        peer.sendall(answer)

    with server(script) as port:
        sender = HttpSender("loopback", 2)
        for _ in range(3):
            ask(port, sender=sender)
    assert len(connections) == 1


def test_a_slow_answer_on_a_kept_connection_has_a_time_limit_of_its_own() -> None:
    replies = iter([send(ok(b"[]")), send(ok(b"[]")), lambda peer, request: time.sleep(2)])
    with server(lambda peer, request: next(replies)(peer, request)) as port:
        sender = HttpSender("loopback", 1)
        ask(port, sender=sender, seconds=5)
        time.sleep(0.3)
        ask(port, sender=sender, seconds=0.2)
        with pytest.raises(SourceTransient):
            ask(port, sender=sender, seconds=0.2)


def test_chunked_and_compressed_bodies() -> None:
    packed = gzip.compress(b"[" + b"1," * 9999 + b"1]")
    with server(send(CHUNKED + b"2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n")) as port:
        assert ask(port).body == b"[1]"
    with server(send(ok(packed, b"Content-Encoding: gzip"))) as port:
        assert len(ask(port).body) == 20_001


def test_redirects_are_answers_and_not_followed() -> None:
    redirect = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with server(send(redirect)) as port:
        answer = ask(port)
    assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/")


def test_a_body_that_ends_too_early() -> None:
    for script in (
        send(ok(b'[{"a":', length=500), close=True),
        send(CHUNKED + b"5\r\n[1,2", close=True),
        send(ok(b"[1", length=500), reset=True),
        send(b"nonsense\r\n\r\n", close=True),
        send(CHUNKED + b"zz\r\n", close=True),
        send(ok(b"not gzip", b"Content-Encoding: gzip")),
        send(close=True),
        send(reset=True),
    ):
        with server(script) as port:
            assert fails(port, SourceTransient).code == "source_interrupted"


@pytest.mark.parametrize(
    "script",
    [
        lambda peer, request: time.sleep(3),
        send(b"HTTP/1.1 200 OK\r\n", *[b"X-A: b\r\n"] * 60, pause=0.05),
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", *[b" "] * 60, pause=0.05),
        send(CHUNKED, *[b"1\r\n \r\n"] * 60, pause=0.05),
        send(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 60, pause=0.05),
    ],
    ids=["silence", "headers", "body", "chunks", "continue"],
)
def test_a_slow_drip_is_stopped(script: Script) -> None:
    with server(script) as port:
        began = time.monotonic()
        assert fails(port, SourceTransient, seconds=0.5).code == "source_timeout"
        assert time.monotonic() - began < 1.2


def test_a_gzip_bomb_stops_at_the_cap() -> None:
    request = msgspec.structs.replace(GET, most=1_000_000)
    bomb = gzip.compress(b"\0" * 50_000_000)
    with server(send(ok(bomb, b"Content-Encoding: gzip"))) as port:
        assert fails(port, SourceContract, request=request).code == "answer_too_large"
    with server(send(ok(b"x" * 1_000_001))) as port:
        assert fails(port, SourceContract, request=request).code == "answer_too_large"
        assert len(ask(port).body) == 1_000_001, "how much is too much is for each request to say"


def test_an_answer_that_says_it_is_too_large_is_not_waited_for() -> None:
    with server(send(ok(b"[", length=10**12))) as port:
        assert fails(port, SourceContract).code == "answer_too_large"


def test_endless_headers_are_refused() -> None:
    with server(send(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500 + b"\r\n", close=True)) as port:
        assert fails(port, SourceTransient).code == "source_interrupted"


def test_nobody_listens() -> None:
    with server(send()) as port:
        pass
    assert fails(port, SourceTransient).code == "source_unavailable"


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with server(send(ok(b"[]"))) as port:
        assert ask(port).status == 200


# ------------------------------------------------------------------------------------------------- addresses


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every name leads to ``addresses``."""

    def getaddrinfo(host: str, port: int, **options: object) -> list[object]:
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port))
            for a in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0", "::1", "fe80::1%eth0", "fd00::1",
        "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "224.0.0.1", "100.64.0.1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolving(monkeypatch, "93.184.215.14", address)
    with pytest.raises(NeedsAttention) as caught:
        HttpSender("public", 1).exchange("https://sis.example.org/x", GET, {}, 2)
    assert caught.value.code == "address_not_allowed"


def test_loopback_is_all_that_the_local_stack_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "10.0.0.1")
    with pytest.raises(NeedsAttention):
        HttpSender("loopback", 1).exchange("http://sis.example.org/x", GET, {}, 2)


def test_the_vetted_address_is_the_one_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere at the second look-up (DNS rebinding) is looked up once."""
    looked_up: list[str] = []
    with server(send(ok(b"[]"))) as port:
        original = socket.getaddrinfo

        def counting(host: str, *args: object, **options: object) -> object:
            looked_up.append(host)
            return original("127.0.0.1", *args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", counting)
        HttpSender("loopback", 1).exchange(f"http://sis.example.org:{port}/x", GET, {}, 2)
    assert looked_up == ["sis.example.org"]


def test_a_second_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(send(ok(b"[]"))) as port:
        resolving(monkeypatch, "::1", "127.0.0.1")
        assert (
            HttpSender("loopback", 1).exchange(f"http://sis.example.org:{port}/x", GET, {}, 2).status == 200
        )


def test_only_https_in_public() -> None:
    with pytest.raises(NeedsAttention) as caught:
        HttpSender("public", 1).exchange("http://sis.example.org/x", GET, {}, 2)
    assert caught.value.code == "address_not_allowed"


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (socket.gaierror(socket.EAI_NONAME, "no such name"), NeedsAttention, "host_not_found"),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), SourceTransient, "source_unavailable"),
        (UnicodeError("label too long"), NeedsAttention, "host_not_found"),
    ],
)
def test_names_that_lead_nowhere(
    monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[SyncError], code: str
) -> None:
    def getaddrinfo(*args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(kind) as caught:
        HttpSender("public", 1).exchange("https://sis.example.org/x", GET, {}, 2)
    assert caught.value.code == code


def test_an_address_that_is_none() -> None:
    with pytest.raises(NeedsAttention) as caught:
        HttpSender("loopback", 1).exchange("http://[::1/x", GET, {}, 2)
    assert caught.value.code == "host_not_found"
    assert caught.value.__suppress_context__


def test_credentials_that_cannot_be_sent() -> None:
    for secret in ("schlüssel→", "line\nbreak"):
        client = Transport(HttpSender("loopback", 1)).client(
            "http://127.0.0.1:9", HeaderAuth("AERIES-CERT", secret)
        )
        with pytest.raises(NeedsAttention) as caught:
            client.send(GET)
        assert caught.value.code == "credentials_rejected"
        assert secret not in str(caught.value)


# ------------------------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate for localhost that nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    began = datetime(2026, 1, 1)  # noqa: DTZ001
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=3650))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


def secured(certificate: Path, script: Script) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return server(script, context)  # type: ignore[return-value]


def test_a_certificate_that_nobody_signed(self_signed: Path) -> None:
    with secured(self_signed, send(ok(b"[]"))) as port:  # type: ignore[attr-defined]
        assert fails(port, NeedsAttention, scheme="https").code == "tls_failed"  # type: ignore[arg-type]


def test_a_signed_certificate_is_checked_against_the_name(
    self_signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("certifi.where", lambda: str(self_signed))
    with secured(self_signed, send(ok(b"[1]"))) as port:  # type: ignore[attr-defined]
        assert ask(port, scheme="https").body == b"[1]"
        resolving(monkeypatch, "127.0.0.1")
        with pytest.raises(NeedsAttention) as caught:
            HttpSender("loopback", 1).exchange(f"https://sis.example.org:{port}/x", GET, {}, 2)
    assert caught.value.code == "tls_failed"


def test_a_slow_drip_over_tls(self_signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("certifi.where", lambda: str(self_signed))
    drip = send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", *[b" "] * 60, pause=0.05)
    with secured(self_signed, drip) as port:  # type: ignore[attr-defined]
        began = time.monotonic()
        assert fails(port, SourceTransient, scheme="https", seconds=0.5).code == "source_timeout"  # type: ignore[arg-type]
        assert time.monotonic() - began < 1.2


def test_https_to_a_server_that_speaks_http() -> None:
    def answer_in_clear() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer_in_clear, daemon=True).start()
        with pytest.raises(NeedsAttention) as caught:
            ask(listener.getsockname()[1], scheme="https")
    assert caught.value.code == "tls_failed"


def test_urllib3_keeps_urls_to_itself(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with server(send(ok(b"[]"))) as port:
        ask(port)
    with server(send(b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n[]", close=True)) as port:
        ask(port)
    assert "Rivers" not in caplog.text
