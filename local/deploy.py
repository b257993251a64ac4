"""Builds and deploys the template with the official SAM CLI, as a real deployment does."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.bootstrap import EMULATOR, SAM, TOOLS
from local.emulator import REGION
from local.paths import ROOT, STATE
from local.process import LocalError

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
# A layer built here is for this machine, so it must never be found by a build for AWS, nor one of another Python.
BUILD = STATE / "build"
CACHE = STATE / f"build-cache-{sys.version_info.major}.{sys.version_info.minor}-{platform.machine()}"


def build() -> None:
    """Run `sam build`, for the Python that the emulator runs on and the platform of this machine."""
    uv = f"{TOOLS.script('uv')} pip install --python {EMULATOR.python}"
    pip = f"{TOOLS.python} -m pip install --disable-pip-version-check --no-compile"
    for install in (uv, pip):
        done = _sam(
            {"LAYER_INSTALL": install}, "build", "--cached", "--build-dir", BUILD, "--cache-dir", CACHE
        )
        if not done.returncode:
            return
    raise LocalError(f"sam build failed\n{done.stdout}")


def deploy(endpoint_url: str, bucket: str) -> None:
    """Run `sam deploy` against the emulator, with its artifacts in a bucket that is there already."""
    options: dict[str, str | Path] = {
        "--template-file": BUILD / "template.yaml",
        "--stack-name": STACK_NAME,
        "--region": REGION,
        "--s3-bucket": bucket,
        "--capabilities": "CAPABILITY_IAM",
    }
    overrides = [f"{name}={value}" for name, value in PARAMETERS.items()]
    done = _sam(
        {"AWS_ENDPOINT_URL": endpoint_url},
        "deploy",
        *(word for option in options.items() for word in option),
        *("--no-confirm-changeset", "--no-progressbar", "--parameter-overrides", *overrides),
    )
    if done.returncode:
        raise LocalError(f"sam deploy failed\n{done.stdout}")


def _sam(env: Mapping[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the SAM CLI with nothing of the caller's AWS settings, so that it cannot reach a real account."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
    return subprocess.run(
        [SAM.script("sam"), *map(str, arguments)],
        cwd=ROOT,
        env=inherited | CREDENTIALS | SETTINGS | dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
