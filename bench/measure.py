"""What a command costs: CPU seconds of it and all its children, wall time, and memory."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

_SAMPLE_SECONDS = 0.05
_SIZES = re.compile(r"^(VmHWM|VmRSS):\s*(\d+) kB$", re.MULTILINE)


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """``cpu`` and ``wall`` in seconds, memory in bytes: of the largest process, and of all of them together.

    The latter is sampled, so a short peak may be missed; what processes share is counted for each. The former is what
    the kernel tells of a program: what wait4 tells is never below the size of whoever started it.
    """

    cpu: float
    wall: float
    largest: int
    together: int


class Failed(Exception):
    """The command ended with an error; the message holds the end of what it said."""


def measure(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> tuple[str, Cost]:
    """Run a command to its end: its standard output and its cost. Raises :class:`Failed`."""
    began = time.monotonic()
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(env), cwd=cwd
        ) as process,
        _Sampler(process.pid) as sampler,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        errors: list[str] = []
        reader = threading.Thread(target=lambda stream: errors.append(stream.read()), args=(process.stderr,))
        reader.start()
        output = process.stdout.read()
        reader.join()
        # Unlike RUSAGE_CHILDREN of the whole process, this is of one command: it and the children it has waited for.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"{' '.join(command)}: exit {process.returncode}\n{errors[0][-2000:]}")
    return output, Cost(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=time.monotonic() - began,
        largest=sampler.largest,
        together=max(sampler.together, sampler.largest),
    )


class _Sampler:
    """Watches the resident memory of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        self.together = 0
        self.largest = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> _Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            self.together = max(self.together, self._resident(self._pid))

    def _resident(self, pid: int) -> int:
        """Bytes of a process and its descendants now; one that ends meanwhile counts as nothing."""
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            children = [
                int(child)
                for task in Path(f"/proc/{pid}/task").iterdir()
                for child in (task / "children").read_text().split()
            ]
        except OSError:
            return 0
        sizes = {name: int(size) * 1024 for name, size in _SIZES.findall(status)}
        self.largest = max(self.largest, sizes.get("VmHWM", 0))
        return sizes.get("VmRSS", 0) + sum(map(self._resident, children))
