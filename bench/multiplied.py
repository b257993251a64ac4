"""One recorded Aeries district answering as many: every school again and again, with other people in it each time.

So a state's worth of people needs neither the memory to generate it nor the disk to record it.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from rollcall.connectors.wire import Answer, Request, Sender

_SCHOOLS = re.compile(r"(.*/schools)(?:/(\d+)(/.*))?$")
_COPY = 10_000
"""School 101 of the seventh copy is 70101."""

_STUDENT = re.compile(rb'"StudentID":(?=[1-9])')
_SCHOOL = re.compile(rb'"SchoolCode":(?=[1-9]\d\d[,}])')
_FAMILY = re.compile(rb'"FamilyKey":(?=[1-9])')
_NAMES = re.compile(rb'"((?:LastName|MailingName|EmailAddress)":")(?=[^" ])')


class Multiplied:
    """A ``Sender`` of ``copies`` districts in one; staff are those of the first alone. ``requests`` and ``bytes`` count
    what was asked for and sent, ``seconds`` the CPU that answering took.
    """

    def __init__(self, inner: Sender, copies: int) -> None:
        self._inner = inner
        self._copies = copies
        self._lock = threading.Lock()
        self.requests = 0
        self.bytes = 0
        self.seconds = 0.0

    def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        """One answer, with the ids, the families and the names of its copy."""
        began = time.thread_time()
        answer = self._answer(url, request, headers, seconds)
        with self._lock:
            self.requests += 1
            self.bytes += len(answer.body)
            self.seconds += time.thread_time() - began
        return answer

    def _answer(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        found = _SCHOOLS.match(urlsplit(url).path)
        if found is None:
            return self._inner.exchange(url, request, headers, seconds)
        if found[2] is None:
            answer = self._inner.exchange(url, request, headers, seconds)
            return replace(answer, body=self._all_schools(answer.body))
        copy, school = divmod(int(found[2]), _COPY)
        # The last part of the path may be a student's id.
        path = found[3].replace(f"/{copy + 10}", "/", 1) if copy else found[3]
        origin = url.removesuffix(urlsplit(url).path)
        answer = self._inner.exchange(f"{origin}{found[1]}/{school}{path}", request, headers, seconds)
        return replace(answer, body=_copied(answer.body, copy)) if copy else answer

    def _all_schools(self, body: bytes) -> bytes:
        schools = msgspec.json.decode(body)
        copied = [
            {**school, "SchoolCode": copy * _COPY + school["SchoolCode"]}
            for copy in range(self._copies)
            for school in schools
            if school["SchoolCode"] or not copy
        ]
        return msgspec.json.encode(copied)


def multiplied_buildings(rows: Sequence[tuple[str, str]], copies: int) -> list[tuple[str, str]]:
    """The building mapping of so many copies, each school a building of its own."""
    return [
        (str(copy * _COPY + int(school)), f"{building}-{copy}" if copy else building)
        for copy in range(copies)
        for school, building in rows
        if int(school) or not copy
    ]


def _copied(body: bytes, copy: int) -> bytes:
    number = b"%d" % (copy + 10)
    word = "".join(chr(ord("a") + int(digit)) for digit in str(copy)).encode()
    body = _STUDENT.sub(b'"StudentID":' + number, body)
    body = _SCHOOL.sub(b'"SchoolCode":%d0' % copy, body)
    body = _FAMILY.sub(b'"FamilyKey":' + number, body)
    return _NAMES.sub(b'"\\1' + word, body)
