"""The local stack's commands: python -m local COMMAND. Needs nothing but Python; it installs the rest by itself."""

import argparse
import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType

from local.bootstrap import DEV, EMULATOR, SAM, BootstrapError, ensure
from local.paths import ROOT, STATE
from local.programs import CHROMIUM, ensure_program
from local.web import GENERATED, VENDOR, WEB, check, publish, vendor


def main() -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    bootstrap = commands.add_parser("bootstrap", help="make the virtual environment of development")
    bootstrap.add_argument("--stack", action="store_true", help="and those that the local stack needs")
    web = commands.add_parser("web", help="the console's packages, copied for a browser")
    web.add_argument("--check", action="store_true", help="and check its types against the API")
    web.add_argument("--browser", action="store_true", help="and install what its tests look at it with")
    web.add_argument("--publish", type=Path, metavar="FOLDER", help="and write it as it is deployed")
    commands.add_parser("demo", help="the whole of Rollcall, with six invented districts")
    commands.add_parser("evening", help="a rollover arrives: held, looked at, approved, undone")
    commands.add_parser("clean", help="delete everything that the commands here have made")
    chosen = parser.parse_args()
    command = chosen.command
    # Both by name: a shell that starts this in the background has it ignore Ctrl-C.
    for interruption in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interruption, _stop)
    try:
        if command == "clean":
            return _clean()
        if command == "bootstrap":
            ensure([DEV, EMULATOR, SAM] if chosen.stack else [DEV], _say)
            return 0
        if command == "web":
            return _web(chosen)
        vendor(_say)
        ensure([DEV, EMULATOR, SAM], _say)
        return _story(command)
    except BootstrapError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _story(name: str) -> int:
    """Go on in the development environment, where the stories' packages are."""
    if sys.prefix != str(DEV.path):
        os.chdir(ROOT)
        os.execv(DEV.python, [str(DEV.python), "-m", "local", name])
    from local import demo, evening
    from local.process import LocalError

    try:
        return {"demo": demo.main, "evening": evening.main}[name]()
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1


def _web(chosen: argparse.Namespace) -> int:
    vendor(_say)
    if chosen.browser:
        ensure_program(CHROMIUM, ["chromium"], _say)
    if chosen.publish:
        _say(publish(chosen.publish))
    if chosen.check:
        ensure([DEV], _say)
        return 0 if check(str(DEV.python), _say) else 1
    return 0


def _clean() -> int:
    for path in (STATE, DEV.path, ROOT / ".aws-sam", ROOT / "dist", WEB / "node_modules", GENERATED, VENDOR):
        shutil.rmtree(path, ignore_errors=True)
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    """Leave in good order: as when a person presses Ctrl-C."""
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
