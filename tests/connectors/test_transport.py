"""Retries, what a status means, tokens, and the ordered prefetch."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from rollcall.connectors.auth import ClientCredentials, HeaderAuth
from rollcall.connectors.records import raw_rows
from rollcall.connectors.transport import TRIES, Client
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import NeedsAttention, SourceContract, SourceTransient, SyncError
from tests.connectors.build import Sis, transport

GET = Request(path="/things/1", template="/things/{id}", params={"q": "a"})


def client(reply: Callable[[Request], Any], **options: Any) -> tuple[Client, Sis]:
    sis = Sis(reply)
    return transport(sis, **options).client("https://sis.example.org/x/", HeaderAuth("X-Key", "k3y")), sis


def in_turn(*replies: Any) -> Callable[[Request], Any]:
    """The replies one after another; the last one for ever."""
    waiting = list(replies)
    return lambda request: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def retry_after(value: str) -> Answer:
    return Answer(429, {"retry-after": value}, b"")


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (401, NeedsAttention, "credentials_rejected"),
        (403, NeedsAttention, "permission_missing"),
        (404, NeedsAttention, "endpoint_wrong"),
        (301, NeedsAttention, "endpoint_redirects"),
        (Answer(302, {"location": "https://[bad"}, b""), NeedsAttention, "endpoint_redirects"),
        (Answer(200, {}, b"\n <html>Sign in</html>"), NeedsAttention, "endpoint_not_json"),
        (400, SourceContract, "request_refused"),
        (501, SourceContract, "request_refused"),
        (204, SourceContract, "request_refused"),
        (429, SourceTransient, "rate_limited"),
        (500, SourceTransient, "source_unavailable"),
        (503, SourceTransient, "source_unavailable"),
        (Answer(200, {}, b'{"a":[1,'), SourceTransient, "source_interrupted"),
        (Answer(200, {}, b""), SourceTransient, "source_interrupted"),
        (
            Answer(302, {"location": "https://message.powerschool.com/?server=x"}, b""),
            SourceTransient,
            "sis_in_maintenance",
        ),
    ],
)
def test_what_an_answer_means(reply: Any, kind: type[SyncError], code: str) -> None:
    found, sis = client(lambda request: reply)
    with pytest.raises(kind) as caught:
        found.send(GET)
    assert caught.value.code == code
    again = kind is SourceTransient and code != "sis_in_maintenance"
    assert len(sis.requests) == (TRIES if again else 1)


@pytest.mark.parametrize("body", [b'[{"a":[1]},{"a":[2]}', b'{"a":[1]', b'{"rows":[{"a":1}]'], ids=str)
def test_an_answer_of_rows_that_was_cut_off_behind_a_bracket_is_asked_for_again(body: bytes) -> None:
    """Guards: half a list, or half an object, taken for all of it."""
    found, sis = client(in_turn(body, b'[{"a":[1]},{"a":[2]}]'))
    answer = found.send(replace(GET, split=raw_rows))
    assert [bytes(row) for row in answer.rows] == [b'{"a":[1]}', b'{"a":[2]}']
    assert len(sis.requests) == 2


@pytest.mark.parametrize("body", [b'"text"', b"[1]]", b'[{"a":1}] []', b'{"a":1,}'], ids=str)
def test_an_answer_without_the_rows_asked_for_is_refused(body: bytes) -> None:
    found, sis = client(lambda request: body)
    with pytest.raises(SourceContract) as caught:
        found.send(replace(GET, split=raw_rows))
    assert caught.value.code == "unexpected_shape"
    assert len(sis.requests) == 1


def test_a_refused_area_is_a_missing_permission() -> None:
    found, _ = client(lambda request: 401)
    with pytest.raises(NeedsAttention) as caught:
        found.send(Request(path="/c", template="/c", area="Contacts"))
    assert caught.value.code == "permission_missing"
    assert "Contacts" in caught.value.message


def test_expected_statuses_are_answers() -> None:
    found, _ = client(lambda request: 204)
    assert found.send(Request(path="/c", template="/c", expect=(200, 204))).status == 204


def test_transient_faults_are_tried_again() -> None:
    slept: list[float] = []
    found, sis = client(in_turn(500, SourceTransient("source_interrupted", "reset"), 429, b"{}"), slept=slept)
    assert found.send(GET).body == b"{}"
    assert len(sis.requests) == 4
    assert slept == [pytest.approx(seconds, abs=0.05) for seconds in (2, 8, 32)]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.5), ("0", 0.5), ("-5", 0.5), ("999999999", 30.5), ("Mon, 02 Nov 2026 03:00:12 GMT", 12.5),
        ("Mon, 02 Nov 2026 02:00:00 GMT", 0.5), ("Fri, 31 Dec 9999 23:59:59 GMT", 30.5), ("soon", 2.0),
        ("", 2.0), ("nan", 2.0), ("1e400", 30.5), ("Mon, 99 Foo 2026", 2.0),
    ],
)  # fmt: skip
def test_every_form_of_retry_after(value: str, seconds: float) -> None:
    slept: list[float] = []
    found, _ = client(in_turn(retry_after(value), b"{}"), slept=slept)
    found.send(GET)
    assert slept == [pytest.approx(seconds, abs=0.05)]


def test_the_engine_learns_how_long_to_wait() -> None:
    found, _ = client(lambda request: retry_after("600"))
    with pytest.raises(SourceTransient) as caught:
        found.send(GET)
    assert caught.value.retry_after == 600


def test_patience_ends_the_tries() -> None:
    ticks = count(0, 50)
    found, sis = client(lambda request: 500, clock=lambda: float(next(ticks)))
    with pytest.raises(SourceTransient):
        found.send(GET)
    assert len(sis.requests) < TRIES


def test_an_address_that_is_none_is_refused() -> None:
    for url in ("https://a@b/", "ftp://sis.example.org", "https://good.example\\@169.254.169.254/"):
        with pytest.raises(NeedsAttention) as caught:
            transport(Sis(lambda request: b"{}")).client(url, HeaderAuth("X", "y"))
        assert caught.value.code == "address_not_allowed"


# ---------------------------------------------------------------------------------------------------- tokens


class Tokens:
    """Gives out tokens; ``valid`` says which ones the API takes."""

    def __init__(self, *token_replies: Any) -> None:
        self.issued = 0
        self.valid: set[str] = set()
        self._replies = list(token_replies)

    def __call__(self, request: Request) -> Any:
        if request.path == "/oauth/access_token/":
            self.issued += 1
            if self._replies:
                return self._replies.pop(0)
            self.valid = {f"t{self.issued}"}
            return {"access_token": f"t{self.issued}", "expires_in": "2592000"}
        return b"{}"


def oauth(tokens: Tokens, clock: Callable[[], float] = lambda: 0.0) -> tuple[Client, Sis]:
    sis = Sis(tokens)
    original = sis.exchange

    def guarded(url: str, request: Request, headers: Any, seconds: float) -> Answer:
        answer = original(url, request, headers, seconds)
        if request.method == "GET" and headers["Authorization"].removeprefix("Bearer ") not in tokens.valid:
            return Answer(401, {"www-authenticate": 'Bearer error="invalid_token"'}, b"")
        return answer

    sis.exchange = guarded  # type: ignore[method-assign]
    found = transport(sis, clock=clock)
    return found.client(
        "https://ps.example.org", ClientCredentials("/oauth/access_token/", "id", "se", clock)
    ), sis


def test_one_token_for_many_calls() -> None:
    tokens = Tokens()
    found, sis = oauth(tokens)
    for _ in range(5):
        found.send(GET)
    assert tokens.issued == 1
    token_request, headers = sis.requests[0], sis.headers[0]
    assert token_request.body == b"grant_type=client_credentials"
    assert headers["Authorization"] == "Basic aWQ6c2U="


def test_a_revoked_token_is_renewed_once() -> None:
    tokens = Tokens()
    found, _ = oauth(tokens)
    found.send(GET)
    tokens.valid = set()
    assert found.send(GET).status == 200
    assert tokens.issued == 2


def test_threads_renew_a_token_together() -> None:
    tokens = Tokens()
    found, _ = oauth(tokens)
    found.send(GET)
    tokens.valid = set()
    assert len(list(found.fetch_ordered([GET] * 8, ahead=8))) == 8
    assert tokens.issued == 2


def test_a_token_that_never_works_is_rejected() -> None:
    tokens = Tokens(*[{"access_token": "other", "expires_in": 5}] * 9)
    found, _ = oauth(tokens)
    with pytest.raises(NeedsAttention) as caught:
        found.send(GET)
    assert (caught.value.code, tokens.issued) == ("credentials_rejected", 2)


@pytest.mark.parametrize("reply", [400, 401, 403, {"error": "invalid_client"}])
def test_wrong_client_credentials(reply: Any) -> None:
    found, _ = oauth(Tokens(reply))
    with pytest.raises(NeedsAttention) as caught:
        found.send(GET)
    assert caught.value.code == "credentials_rejected"


@pytest.mark.parametrize("reply", [b"[]", b'{"access_token":5}', b'{"access_token":"a","expires_in":"x"}'])
def test_no_token_in_the_answer(reply: bytes) -> None:
    found, _ = oauth(Tokens(reply))
    with pytest.raises(SourceContract) as caught:
        found.send(GET)
    assert caught.value.code == "unexpected_shape"


def test_a_busy_token_endpoint_is_tried_again() -> None:
    tokens = Tokens(429, 429)
    found, _ = oauth(tokens)
    assert found.send(GET).status == 200
    assert tokens.issued == 3


def test_a_token_is_fetched_again_before_it_ends() -> None:
    seconds = [0.0]
    tokens = Tokens({"access_token": "t1", "expires_in": "100"})
    tokens.valid = {"t1"}
    found, _ = oauth(tokens, lambda: seconds[0])
    for seconds[0] in (0.0, 49.0, 51.0, 52.0):
        found.send(GET)
    assert tokens.issued == 2


# -------------------------------------------------------------------------------------------------- prefetch


def numbered(many: int) -> list[Request]:
    return [Request(path=f"/p/{i}", template="/p/{n}") for i in range(many)]


def test_answers_come_in_order() -> None:
    def reply(request: Request) -> bytes:
        position = int(request.path.rpartition("/")[2])
        threading.Event().wait(0.002 * (position % 3))
        return b"[%d]" % position

    found, _ = client(reply)
    assert [a.body for a in found.fetch_ordered(numbered(20))] == [b"[%d]" % i for i in range(20)]


def test_prefetch_is_bounded_and_lazy() -> None:
    asked: list[int] = []

    def endless() -> Iterator[Request]:
        for i in count():
            asked.append(i)
            yield Request(path=f"/p/{i}", template="/p/{n}")

    found, _ = client(lambda request: b"[]")
    answers = found.fetch_ordered(endless(), ahead=4)
    for _ in range(3):
        next(answers)
    assert len(asked) <= 3 + 4
    answers.close()
    assert len(asked) <= 3 + 4


def test_an_error_comes_in_its_place() -> None:
    found, _ = client(lambda request: 404 if request.path == "/p/2" else b"[]")
    answers = found.fetch_ordered(numbered(9))
    assert [next(answers).status, next(answers).status] == [200, 200]
    with pytest.raises(NeedsAttention):
        next(answers)
    assert list(answers) == []


def test_an_abandoned_prefetch_does_not_try_again() -> None:
    entered, release = threading.Event(), threading.Event()

    def reply(request: Request) -> Any:
        if request.path == "/p/0":
            return b"[]"
        entered.set()
        release.wait(5)
        return 500

    others = threading.enumerate()
    found, sis = client(reply)
    answers = found.fetch_ordered(numbered(2), ahead=2)
    next(answers)
    entered.wait(5)
    own = [thread for thread in threading.enumerate() if thread not in others]
    answers.close()
    release.set()
    del found, answers
    for thread in own:
        thread.join(5)
    assert own
    assert not any(thread.is_alive() for thread in own)
    assert sis.paths.count("/p/1") == 1


def test_nothing_to_fetch() -> None:
    found, _ = client(lambda request: b"[]")
    assert list(found.fetch_ordered([])) == []


def test_logs_say_nothing_but_template_status_time_and_size(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    found, _ = client(in_turn(500, Answer(200, {"x-private": "Rivers"}, b'{"last":"Rivers"}')))
    found.send(Request(path="/things/5011", template="/things/{id}", params={"q": "Rivers"}))
    assert "/things/{id}" in caplog.text
    assert not [secret for secret in ("Rivers", "5011", "k3y", "X-Key", "q=") if secret in caplog.text]
