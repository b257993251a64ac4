"""The console of a stack that is up: served on this machine, with somebody signed in."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local.console import console, over_http
from local.stack import OPERATOR, Stack
from local.web import vendor
from simulators.serving import serve

USER = "operator@example.org"
"""Who is signed in at the console."""
AT_ONCE = 3
"""Requests that the API gets at a time. A page asks for more, but the emulator starts a worker for each that finds none
free, and that takes longer than waiting for one that is.
"""

TOKEN_SECONDS = 1800.0
"""How long pages get the same token, which is good for an hour: signing in anew takes a page longer than all else."""


class _SignedIn:
    """Gives a token of the user, and another one only when that grows old."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._lock = threading.Lock()
        self._token, self._since = "", float("-inf")

    def token(self) -> str:
        with self._lock:
            if time.monotonic() - self._since > TOKEN_SECONDS:
                self._token, self._since = self._stack.token(OPERATOR, user=USER), time.monotonic()
            return self._token


@contextmanager
def served(stack: Stack, districts: Mapping[str, str]) -> Iterator[str]:
    """The address of the console, which offers these districts (id → name) to an operator of the platform."""
    vendor()
    stack.warm_api(AT_ONCE)
    forward = over_http(stack.api_url, AT_ONCE)
    with serve(console(forward, _SignedIn(stack).token, districts, USER)) as url:
        yield url
