"""One local stack of a name at a time."""

import fcntl
import os
from pathlib import Path
from typing import IO

from local.process import LocalError


class Lock:
    """A lock that the system lets go of when its holder ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock, or say who holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise LocalError(
                f"This stack is already up (process {holder}). Use it, or stop that process first."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let go. Safe to call without holding it."""
        if self._file:
            self._file.close()
            self._file = None
