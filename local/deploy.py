"""Builds and deploys the template with the official SAM CLI, as a real deployment does."""

import os
import platform
import sys
from pathlib import Path

from local.bootstrap import EMULATOR, SAM, TOOLS
from local.emulator import REGION
from local.process import LocalError, Service

STACK_NAME = "rollcall"
# The emulator takes these for the account's owner; they open nothing anywhere else.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
SETTINGS = {
    "AWS_CONFIG_FILE": os.devnull,
    "SAM_CLI_TELEMETRY": "0",
    "SAM_CLI_POLL_DELAY": "0.2",  # seconds; for AWS, whose calls are limited, the default is 5
}
PARAMETERS = {
    "Architecture": "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64",
    "SisAddresses": "loopback",
    "DeletionProtection": "false",
    "ApiRequestsPerSecond": "1000",
    "ApiRequestBurst": "1000",
}
# A layer built here is for this machine and its Python, and SAM's cache knows neither: it must never serve a build for
# AWS, nor one for another Python.
_CACHE = f"build-cache-{sys.version_info.major}.{sys.version_info.minor}-{platform.machine()}"


def build(home: Path) -> None:
    """Run `sam build`, for the Python that the emulator runs on and the platform of this machine."""
    uv = f"{TOOLS.script('uv')} pip install --python {EMULATOR.python}"
    pip = f"{TOOLS.python} -m pip install --disable-pip-version-check --no-compile"
    options = ("--cached", "--build-dir", str(home / "build"), "--cache-dir", str(home / _CACHE))
    compiler = {"LAYER_COMPILER": str(EMULATOR.python)}
    # As in the bootstrap: where uv cannot reach the package index, pip may.
    if _sam(home, {"LAYER_INSTALL": uv, **compiler}, "build", *options):
        failure = _sam(home, {"LAYER_INSTALL": pip, **compiler}, "build", *options)
        if failure:
            raise LocalError(f"sam build failed\n{failure}")


def deploy(home: Path, endpoint_url: str, bucket: str) -> None:
    """Run `sam deploy` against the emulator, with its artifacts in a bucket that is there already."""
    options = {
        "--template-file": str(home / "build" / "template.yaml"),
        "--stack-name": STACK_NAME,
        "--region": REGION,
        "--s3-bucket": bucket,
        "--capabilities": "CAPABILITY_IAM",
    }
    overrides = [f"{name}={value}" for name, value in PARAMETERS.items()]
    failure = _sam(
        home,
        {"AWS_ENDPOINT_URL": endpoint_url},
        "deploy",
        *(word for option in options.items() for word in option),
        *("--no-confirm-changeset", "--no-progressbar", "--parameter-overrides", *overrides),
    )
    if failure:
        raise LocalError(f"sam deploy failed\n{failure}")


def _sam(home: Path, env: dict[str, str], command: str, *options: str) -> str:
    """Run the SAM CLI with nothing of the caller's AWS settings, so that it cannot reach a real account.

    Gives back what it said when it failed, and nothing otherwise.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
    line = [SAM.script("sam"), command, *options]
    log = home / f"sam-{command}.log"
    with Service(f"sam {command}", line, log, inherited | CREDENTIALS | SETTINGS | env) as running:
        return "" if running.finish() else running.last_words(100)
