"""What every way of paging must refuse: a page that comes back, and pages without end."""

from __future__ import annotations

from rollcall.domain.errors import SourceContract
from rollcall.domain.person import fingerprint


class LoopGuard:
    """Checks the pages of one part in turn. Knows only those since it was made, not those before a resume."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pages = 0
        self._seen: set[bytes] = set()

    def check(self, body: bytes, rows: int) -> None:
        """Raises ``SourceContract`` for a body seen before, or one page too many.

        Empty pages are alike without being a loop; that something is missing is for the count to tell.
        """
        mark = fingerprint(body)
        if mark in self._seen and rows:
            raise SourceContract("paging_loop", "The SIS sent the same page twice.")
        if self._pages == self._most:
            raise SourceContract("too_many_pages", "The SIS sends more pages than a school can have.")
        self._pages += 1
        self._seen.add(mark)
