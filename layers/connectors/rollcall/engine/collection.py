"""How often Python looks for garbage while a slice works."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG = 20_000


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for cycles after tens of thousands of new objects, not after the usual few hundred or thousand.

    A batch of people is that many small objects, none of them in a cycle: looking at them again and again took a
    quarter of a first load.
    """
    usual = gc.get_threshold()
    gc.set_threshold(_YOUNG, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
