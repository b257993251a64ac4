"""Programs that the local stack starts and stops."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from local.guard import GRACE_SECONDS
from local.paths import ROOT


class LocalError(Exception):
    """The local stack cannot go on; the message says why, for a person."""


class Service:
    """A program in the background, with everything it starts. It ends with this process, however this one ends."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str], *, answers: bool = False
    ) -> None:
        """Start it. Its output goes to the log, or, when it answers, its standard output is kept to be read."""
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as sink:
            self._guard = subprocess.Popen(
                [sys.executable, "-m", "local.guard", *command],
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if answers else sink,
                stderr=sink,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def output(self) -> IO[bytes]:
        """Its standard output, for a service that answers."""
        if self._guard.stdout is None:
            raise ValueError(f"the output of {self.name} goes to {self.log}")
        return self._guard.stdout

    def check(self) -> None:
        """Raise if it has ended by itself."""
        if (code := self._guard.poll()) is not None:
            raise LocalError(f"{self.name} ended with status {code}\n{self.last_words()}")

    def finish(self) -> bool:
        """Wait until it ends by itself; True when it was successful."""
        return self._guard.wait() == 0

    def last_words(self, lines: int = 20) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """End it and everything it started. It may have ended before."""
        if self._guard.stdin and not self._guard.stdin.closed:
            self._guard.stdin.close()
        try:
            self._guard.wait(2 * GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()
        if self._guard.stdout:
            self._guard.stdout.close()
