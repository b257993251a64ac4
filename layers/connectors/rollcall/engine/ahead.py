"""The next parts of a pull, read while the one before them is: a district of many small schools is otherwise read one
answer after another, however many the SIS would give at once.

Pages still come in the order of the parts, each part's in its own, and errors in their place. Nothing of a part that
was read ahead counts before it is its turn, so a slice that ends loses a few pages that the next one asks for again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from rollcall.connectors.base import Page, Part
from rollcall.engine.job import Job

PAGES = 12
"""Of a part that is not yet needed: enough that there is something to ask for while the empty page behind the end of
another is waited for.
"""


class Ahead:
    """The pages of a job's parts. ``job.parts_ahead`` parts are begun before their turn; with none, nothing is."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._readers: dict[int, _Reader] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reader in self._readers.values():
            reader.stop()

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str]) -> Iterator[Page]:
        """What the connector says of the part whose turn it is, from ``cursor`` on."""
        number = self._job.at.pull.part
        begun = self._readers.pop(number, None)
        self._begin(number + 1)
        if begun is None:
            return self._job.connector.pages(part, cursor, subjects)
        if cursor is not None:
            begun.stop()
            return self._job.connector.pages(part, cursor, subjects)
        return begun.pages()

    def _begin(self, first: int) -> None:
        for number, part in enumerate(self._job.survey.parts[first : first + self._job.parts_ahead], first):
            # Whom to ask for, one by one, is known only once the stream before is there.
            if number not in self._readers and self._job.streams[part.stream].per is None:
                self._readers[number] = _Reader(self._job, part)


class _Reader:
    """One part, read by a thread of its own as far as there is room."""

    def __init__(self, job: Job, part: Part) -> None:
        self._connector, self._part = job.connector, part
        self._read: SimpleQueue[Page | BaseException | None] = SimpleQueue()
        self._room = threading.Semaphore(PAGES)
        self._stopped = False
        threading.Thread(target=self._go, name="part", daemon=True).start()

    def pages(self) -> Iterator[Page]:
        """Pages as they come; raises what reading them raised."""
        try:
            while (item := self._read.get()) is not None:
                self._room.release()
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self.stop()

    def stop(self) -> None:
        """Ask for no more."""
        self._stopped = True
        self._room.release()

    def _go(self) -> None:
        try:
            for page in self._connector.pages(self._part, None):
                self._room.acquire()
                if self._stopped:
                    return
                self._read.put(page)
            self._read.put(None)
        except BaseException as error:  # noqa: BLE001 - raised where the part has its turn
            self._read.put(error)
