"""Runs a command that must not outlive whoever started it: python -m local.guard COMMAND…

The guard's standard input is a pipe that its parent holds open. When the parent ends, however it ends, the pipe
closes, and the guard ends the command and everything that the command started.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

GRACE_SECONDS = 5.0


def main(command: list[str]) -> int:
    """Run the command until it ends or the parent lets go."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def on_signal(_signal: int, _frame: FrameType | None) -> None:
        _end_group(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, on_signal)
    # Ctrl-C reaches every process of the terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(child,), daemon=True).start()
    code = child.wait()
    _end_group(child, signal.SIGKILL)
    return code


def _end_with_parent(child: subprocess.Popen[bytes]) -> None:
    # Not sys.stdin, whose lock this thread would still hold when the interpreter shuts down.
    while os.read(0, 1024):
        pass
    _end_group(child, signal.SIGTERM)
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _end_group(child, signal.SIGKILL)


def _end_group(child: subprocess.Popen[bytes], how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, how)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
