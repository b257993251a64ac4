"""The console of a stack that is up: served on this machine, with somebody signed in."""

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


@contextmanager
def served(stack: Stack, districts: Mapping[str, str]) -> Iterator[str]:
    """The address of the console, which offers these districts (id → name) to an operator of the platform."""
    vendor()
    stack.warm_api(AT_ONCE)
    forward = over_http(stack.api_url, AT_ONCE)
    with serve(console(forward, lambda: stack.token(OPERATOR, user=USER), districts, USER)) as url:
        yield url
