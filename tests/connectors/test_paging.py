"""What every way of paging must refuse."""

from __future__ import annotations

import pytest

from rollcall.connectors.paging import LoopGuard
from rollcall.domain.errors import SourceContract


def refused(guard: LoopGuard, body: bytes, rows: int = 1) -> str:
    with pytest.raises(SourceContract) as caught:
        guard.check(body, rows)
    return caught.value.code


def test_a_page_that_comes_again_is_a_loop() -> None:
    guard = LoopGuard(9)
    guard.check(b"[1]", 1)
    guard.check(b"[2]", 1)
    assert refused(guard, b"[1]") == "paging_loop"


def test_empty_pages_are_alike_and_no_loop() -> None:
    guard = LoopGuard(9)
    guard.check(b"[]", 0)
    guard.check(b"[]", 0)


def test_pages_that_differ_anywhere_are_no_loop() -> None:
    """Guards: pages told apart by their ends alone, which failed a run whose pages differ between."""
    guard = LoopGuard(9)
    for number in range(9):
        guard.check(b"[" + b" " * 9000 + b"%d" % number + b" " * 9000 + b"]", 1)


def test_pages_without_end_are_refused() -> None:
    guard = LoopGuard(2)
    guard.check(b"[1]", 1)
    guard.check(b"[2]", 1)
    assert refused(guard, b"[3]") == "too_many_pages"
