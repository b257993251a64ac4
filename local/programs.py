"""Programs that come from the system's package manager and not from PyPI."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from local.bootstrap import BootstrapError

Say = Callable[[str], None]

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def find(*names: str) -> Path | None:
    """The first of these programs that is on the PATH."""
    return next((Path(path) for name in names if (path := shutil.which(name))), None)


def ensure_program(names: Sequence[str], packages: Sequence[str], say: Say) -> Path:
    """A program by any of its names, installed on a Debian where we may. Raises ``BootstrapError`` elsewhere."""
    if found := find(*names):
        return found
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() or not find("apt-get"):
        raise BootstrapError(f"{names[0]} was not found. On Debian: {' '.join(install)}")
    say(f"  {names[0]}: installing {', '.join(packages)}")
    for command in (["apt-get", "update", "--quiet"], install):
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
        if done.returncode:
            raise BootstrapError(f"{' '.join(command)}\n{done.stdout}{done.stderr}".rstrip())
    if found := find(*names):
        return found
    raise BootstrapError(f"{names[0]} was not found, although {', '.join(packages)} is installed.")
