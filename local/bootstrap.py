"""Makes the virtual environments that everything else runs in. Uses the standard library only.

There are three because their packages disagree: the emulator and the SAM CLI each pin another boto3 than the one the
tests use. What benchmarks compare with has one of its own, made when it is asked for. A small one holds uv, which fills
the others several times faster than pip; where uv cannot reach a package index that pip is configured for, pip does it.

A stamp in each environment holds a hash of its requirements and interpreter, so doing this again costs nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from local.paths import ROOT, VENVS

Say = Callable[[str], None]

OLDEST = (3, 11)
LAMBDA = (3, 13)
"""The Python that Lambda runs, and so the first choice here: the emulator runs functions on its own interpreter."""


class BootstrapError(Exception):
    """The environments cannot be made; the message says what a person can do about it."""


@dataclass(frozen=True)
class Environment:
    """One virtual environment and the pinned file that fills it."""

    name: str
    path: Path
    requirements: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    def script(self, name: str) -> str:
        """A program that one of its packages brought."""
        return str(self.path / "bin" / name)


def _environment(name: str, path: Path) -> Environment:
    return Environment(name, path, ROOT / "requirements" / f"{name}.txt")


TOOLS = _environment("tools", VENVS / "tools")
DEV = _environment("dev", ROOT / ".venv")
EMULATOR = _environment("emulator", VENVS / "emulator")
SAM = _environment("sam", VENVS / "sam")
BENCH = _environment("bench", VENVS / "bench")


def ensure(environments: Iterable[Environment], say: Say = print) -> None:
    """Make those of the environments that are missing or out of date, at the same time."""
    python = find_python()
    stale = [environment for environment in environments if not _is_fresh(environment, python)]
    if not stale:
        return
    if not _is_fresh(TOOLS, python):
        say(f"  uv: installing for {python}")
        _make(TOOLS, python, _fill_with_pip)
    say("  packages: installing for " + ", ".join(environment.name for environment in stale))
    with ThreadPoolExecutor(len(stale)) as pool:
        for line in pool.map(lambda environment: _make_timed(environment, python), stale):
            say(line)


@cache
def find_python() -> Path:
    """The interpreter for all environments: Lambda's version if it is to be had, else the newest that is new enough."""
    found: dict[Path, tuple[int, int]] = {}
    for candidate in _candidates():
        probed = _probe(candidate)
        if probed and probed[1] >= OLDEST:
            if probed[1] == LAMBDA:
                return probed[0]
            found[probed[0]] = probed[1]
    if not found:
        raise BootstrapError(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer, with its venv module, was not found. "
            "On Debian: apt-get install python3-venv. Or name one: PYTHON=/path/to/python make …"
        )
    return max(found, key=lambda python: (found[python] < LAMBDA, found[python]))


def _candidates() -> Iterator[str]:
    if chosen := os.environ.get("PYTHON"):
        yield chosen
        return
    yield "python3.13"
    # Version managers keep interpreters off the PATH until a project asks for them.
    home = Path.home()
    for pattern in (
        ".pyenv/versions/3.13*/bin/python",
        ".local/share/uv/python/cpython-3.13*/bin/python3.13",
    ):
        yield from (str(path) for path in sorted(home.glob(pattern), reverse=True))
    yield sys.executable
    yield from ("python3.12", "python3.11", "python3")


def _probe(candidate: str) -> tuple[Path, tuple[int, int]] | None:
    """Ask an interpreter what it is. A version manager's stand-in may be on the PATH with nothing behind it."""
    code = (
        "import ensurepip, os, sys, venv; "
        "print(os.path.realpath(sys.executable), sys.version_info[0], sys.version_info[1])"
    )
    try:
        answer = subprocess.run(
            [candidate, "-c", code], capture_output=True, text=True, timeout=30, check=True
        )
        path, major, minor = answer.stdout.rsplit(maxsplit=2)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Path(path), (int(major), int(minor))


def _make_timed(environment: Environment, python: Path) -> str:
    started = time.monotonic()
    try:
        _make(environment, python, _fill_with_uv)
        by = "uv"
    except BootstrapError:
        _make(environment, python, _fill_with_pip)
        by = "pip"
    return f"  {environment.name}: installed by {by} in {time.monotonic() - started:.0f} s"


def _make(environment: Environment, python: Path, fill: Callable[[Environment], None]) -> None:
    shutil.rmtree(environment.path, ignore_errors=True)
    _run(
        [
            str(python),
            "-m",
            "venv",
            *([] if fill is _fill_with_pip else ["--without-pip"]),
            str(environment.path),
        ]
    )
    fill(environment)
    _stamp_of(environment).write_text(_fingerprint(environment, python))


def _fill_with_uv(environment: Environment) -> None:
    command = [TOOLS.script("uv"), "pip", "install", "--quiet", "--python", str(environment.python)]
    _run([*command, "--require-hashes", "--requirement", str(environment.requirements)])


def _fill_with_pip(environment: Environment) -> None:
    command = [str(environment.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*command, "--require-hashes", "--requirement", str(environment.requirements)])


def _run(command: list[str]) -> None:
    # An activated environment, or one of Python's own settings, must not leak into the new ones.
    clean = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean)
    if done.returncode:
        raise BootstrapError(f"{' '.join(command)}\n{done.stdout}{done.stderr}".rstrip())


def _stamp_of(environment: Environment) -> Path:
    return environment.path / "rollcall-stamp"


def _is_fresh(environment: Environment, python: Path) -> bool:
    stamp = _stamp_of(environment)
    return stamp.is_file() and stamp.read_text() == _fingerprint(environment, python)


def _fingerprint(environment: Environment, python: Path) -> str:
    return hashlib.sha256(f"{python}\n".encode() + environment.requirements.read_bytes()).hexdigest()
