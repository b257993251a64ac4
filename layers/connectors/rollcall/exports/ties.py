"""Who belongs to which students, on disk: a package names both sides, and there may be millions of ties."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self


class Ties:
    """A context manager. All ties are added before the first is asked for."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        # A file that is thrown away anyway need not survive a crash.
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("CREATE TABLE tie (agent TEXT, student TEXT, word TEXT)")
        self._indexed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._db.close()

    def add(self, student: str, agents: Iterable[tuple[str, str]]) -> None:
        """A student's agents, each with the word for what they are to the student."""
        rows = ((agent, student, word) for agent, word in agents)
        self._db.executemany("INSERT INTO tie VALUES (?, ?, ?)", rows)

    def of(self, agent: str) -> list[tuple[str, str]]:
        """The students of an agent, each with the word, in the order in which they were added."""
        if not self._indexed:
            self._db.execute("CREATE INDEX by_agent ON tie (agent)")
            self._indexed = True
        found = self._db.execute("SELECT student, word FROM tie WHERE agent = ? ORDER BY rowid", (agent,))
        return found.fetchall()
