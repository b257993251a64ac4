"""What each kind of fault does to a request, an answer or its bytes. The table `KINDS` at the end is the reference."""

from __future__ import annotations

import email.utils
import gzip
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

Params = dict[str, Any]
Headers = list[tuple[bytes, bytes]]

JSON_TYPE: Headers = [(b"content-type", b"application/json;charset=UTF-8")]
HTML_TYPE: Headers = [(b"content-type", b"text/html;charset=UTF-8")]
LOGIN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign In</title></head><body><form action='/login' method='post'>"
    b"<input name='user'><input name='password' type='password'></form></body></html>"
)


@dataclass(slots=True)
class Reply:
    """One whole answer, before it is delivered."""

    status: int
    headers: Headers
    body: bytes


@dataclass(slots=True)
class Memory:
    """What a rule remembers between requests: the last row it saw, by path."""

    last_row: dict[str, Any] = field(default_factory=dict)


# Answers given instead of the system's own -----------------------------------------------------------------------


def _retry_after(params: Params) -> Headers:
    seconds = int(params.get("seconds", 1))
    forms = {
        "seconds": str(seconds),
        "date": email.utils.formatdate(time.time() + seconds, usegmt=True),
        "past_date": email.utils.formatdate(time.time() - 3600, usegmt=True),
        "negative": "-5",
        "absurd": "99999999999",
        "text": "soon",
    }
    form = str(params.get("retry_after", "absent"))
    return [(b"retry-after", forms[form].encode())] if form in forms else []


def _status(status: int) -> Callable[[Params], Reply]:
    def answer(params: Params) -> Reply:
        body = str(params.get("body", "" if status == 204 else '{"message":"Simulated fault"}')).encode()
        headers = [*JSON_TYPE, *_retry_after(params)]
        if status == 401:
            realm = b'Bearer error="invalid_token",realm="PowerSchool",error_description="The access token has expired"'
            headers.append((b"www-authenticate", realm))
        return Reply(status, headers, body)

    return answer


def _html_login(params: Params) -> Reply:
    return Reply(200, HTML_TYPE, LOGIN_PAGE)


def _maintenance_page(params: Params) -> Reply:
    """Where the maintenance redirect ends: an answer that looks like success."""
    page = (
        b"<!DOCTYPE html><html><head><title>PowerSchool page unavailable</title></head><body></body></html>"
    )
    return Reply(200, HTML_TYPE, page)


def _redirect(params: Params) -> Reply:
    location = str(params.get("location", "http://message.powerschool.invalid/?server=sis.example.org"))
    return Reply(302, [(b"location", location.encode())], b"")


@lru_cache(maxsize=4)
def _zeros(megabytes: int) -> bytes:
    return gzip.compress(b"[" + b" " * (megabytes * 1024 * 1024) + b"]", 9)


def _gzip_bomb(params: Params) -> Reply:
    return Reply(200, [*JSON_TYPE, (b"content-encoding", b"gzip")], _zeros(int(params.get("megabytes", 100))))


def _deep_json(params: Params) -> Reply:
    depth = int(params.get("depth", 100_000))
    return Reply(200, JSON_TYPE, b"[" * depth + b"]" * depth)


# Changes to the request ------------------------------------------------------------------------------------------


def loop_query(query: str) -> str:
    """The same question for the first page: a server that ignores its paging parameters."""
    query = re.sub(r"(^|&)page=\d+", r"\1page=1", query)
    query = re.sub(r"(^|&)offset=\d+", r"\1offset=0", query)
    start = re.search(r"StartingRecord=(\d+)", query, re.IGNORECASE)
    end = re.search(r"EndingRecord=(\d+)", query, re.IGNORECASE)
    if start and end:
        size = max(1, int(end[1]) - int(start[1]) + 1)
        query = re.sub(r"StartingRecord=\d+", "StartingRecord=1", query, flags=re.IGNORECASE)
        query = re.sub(r"EndingRecord=\d+", f"EndingRecord={size}", query, flags=re.IGNORECASE)
    return query


# Changes to the decoded answer -----------------------------------------------------------------------------------


def rows_of(document: Any, depth: int = 2) -> list[Any] | None:
    """The list of records in an answer of any of the systems: the answer itself, or inside one or two wrappers."""
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and depth:
        for value in document.values():
            found = rows_of(value, depth - 1)
            if found is not None and all(isinstance(row, dict) for row in found):
                return found
    return None


def _count_mismatch(document: Any, params: Params, memory: Memory, path: str) -> Any:
    """Announces more than there is. Lists without an announced count have `drop_rows`."""
    extra = int(params.get("extra", 3))
    holder = document
    if isinstance(document, dict) and isinstance(document.get("resource"), dict):
        holder = document["resource"]
    for name in ("count", "num_results"):
        if isinstance(holder, dict) and isinstance(holder.get(name), int):
            holder[name] += extra
    return document


def _drop_rows(document: Any, params: Params, memory: Memory, path: str) -> Any:
    rows = rows_of(document)
    if rows:
        del rows[-int(params.get("rows", 1)) :]
    return document


def _duplicate_row(document: Any, params: Params, memory: Memory, path: str) -> Any:
    rows = rows_of(document)
    if rows:
        last = rows[-1]
        if path in memory.last_row:
            rows.insert(0, memory.last_row[path])
        memory.last_row[path] = last
    return document


def _moving_row(document: Any, params: Params, memory: Memory, path: str) -> Any:
    """A record slid over the page edge: one row comes twice, another never, and the total still looks right."""
    rows = rows_of(document)
    if rows:
        last = rows[-1]
        if path in memory.last_row:
            rows[0] = memory.last_row[path]
        memory.last_row[path] = last
    return document


def _empty_list(document: Any, params: Params, memory: Memory, path: str) -> Any:
    rows = rows_of(document)
    if rows is not None:
        rows.clear()
    return document


def _wrong_types(document: Any, params: Params, memory: Memory, path: str) -> Any:
    rows = rows_of(document) or []
    for row in rows[: int(params.get("rows", 1))]:
        name = str(params.get("field") or next((key for key in row if not key.startswith("@")), ""))
        row[name] = params.get("value", {"unexpected": [True]})
    return document


def _missing_wrapper(document: Any, params: Params, memory: Memory, path: str) -> Any:
    if isinstance(document, dict) and len(document) == 1:
        return next(iter(document.values()))
    return {"data": document}


# Changes to the headers ------------------------------------------------------------------------------------------


def _count_header(value: str, query: str, params: Params) -> str:
    return str(int(value) + int(params.get("extra", 3)))


_NEXT = re.compile(r"<?([^<>\s,;]+)>?(\s*;\s*rel=\"next\")")


def _looping_links(value: str, query: str, params: Params) -> str:
    """The next page of every page is the first, or with `to=self` the page itself."""

    def back(link: re.Match[str]) -> str:
        address, _, following = link[1].partition("?")
        to = re.sub(r"(^|&)offset=\d+", r"\1offset=0", following) if params.get("to") != "self" else query
        return f"<{address}?{to}>{link[2]}"

    return _NEXT.sub(back, value)


def _foreign_links(value: str, query: str, params: Params) -> str:
    origin = str(params.get("origin", "https://elsewhere.invalid"))
    return _NEXT.sub(lambda link: f"<{re.sub(r'^https?://[^/]+', origin, link[1])}>{link[2]}", value)


# Changes to the bytes --------------------------------------------------------------------------------------------


def _invalid_utf8(body: bytes, params: Params) -> bytes:
    return body.replace(b'":"', b'":"\xff\xc3(', 1)


Data = Callable[[Any, Params, Memory, str], Any]
Header = tuple[bytes, Callable[[str, str, Params], str]]

ANSWERS: dict[str, Callable[[Params], Reply]] = {
    "http_204": _status(204),
    "http_400": _status(400),
    "http_401": _status(401),
    "http_403": _status(403),
    "http_404": _status(404),
    "http_429": _status(429),
    "http_500": _status(500),
    "http_502": _status(502),
    "http_503": _status(503),
    "html_login": _html_login,
    "maintenance_page": _maintenance_page,
    "redirect": _redirect,
    "gzip_bomb": _gzip_bomb,
    "deep_json": _deep_json,
}
DATA: dict[str, Data] = {
    "count_mismatch": _count_mismatch,
    "drop_rows": _drop_rows,
    "duplicate_row": _duplicate_row,
    "moving_row": _moving_row,
    "empty_list": _empty_list,
    "wrong_types": _wrong_types,
    "missing_wrapper": _missing_wrapper,
}
HEADERS: dict[str, Header] = {
    "count_mismatch": (b"x-total-count", _count_header),
    "looping_links": (b"link", _looping_links),
    "foreign_links": (b"link", _foreign_links),
}
BYTES: dict[str, Callable[[bytes, Params], bytes]] = {"invalid_utf8": _invalid_utf8}

KINDS: dict[str, str] = {
    **dict.fromkeys(
        ANSWERS,
        "that status; body=; retry_after=absent|seconds|date|past_date|negative|absurd|text, seconds=",
    ),
    "html_login": "200 with an HTML login page",
    "maintenance_page": "200 with the HTML page that a server in maintenance redirects to",
    "redirect": "302; location=",
    "gzip_bomb": "200 gzip of a few kB that unpacks to megabytes=100",
    "deep_json": "200 with depth=100000 nested lists",
    "token_expired": "the token dies on the server, so the system answers 401 until a new one is fetched",
    "latency": "seconds=0.05 before the request is handled",
    "slow_first_byte": "seconds=1 after it was handled, before the first byte",
    "max_concurrency": "429 while more than n=1 requests run; retry_after=",
    "looping_pages": "the page parameter is ignored: every page is the first",
    "looping_links": "the link to the next page leads to=first or self",
    "foreign_links": "the link to the next page leads to origin=https://elsewhere.invalid",
    "count_mismatch": "counts announce extra=3 more than is served",
    "drop_rows": "the last rows=1 of the page are not served",
    "duplicate_row": "the last row of the page before comes again",
    "moving_row": "the last row of the page before comes again in place of another",
    "empty_list": "200 with an empty list",
    "wrong_types": "field= (first) of the first rows=1 becomes value={object}",
    "missing_wrapper": "a wrapped answer comes bare, a bare one wrapped",
    "invalid_utf8": "a broken byte sequence inside a text",
    "truncated": "the body stops at fraction=0.5; content_length=correct (of the short body) | wrong (of the whole)",
    "reset": "TCP reset at fraction=0.5 of the body",
    "slow_drip": "bytes_per_second=200, in chunks of chunk=20",
}


def decode(body: bytes) -> Any:
    return msgspec.json.decode(body)


def encode(document: Any) -> bytes:
    return msgspec.json.encode(document)
