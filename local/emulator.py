"""The AWS emulator: MiniStack, in an environment of its own, on a port of 127.0.0.1."""

import os
import shutil
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

from local.bootstrap import EMULATOR
from local.process import LocalError, Service

REGION = "us-east-1"
START_SECONDS = 60.0


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_emulator(home: Path, port: int) -> Service:
    """Start the emulator with nothing in it, and wait until it answers."""
    scratch = home / "tmp"
    # Every function worker leaves a copy of the layer there when it is killed.
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    # Functions inherit this environment, so it holds nothing of the caller's: no credentials, no other endpoint.
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
        "AUTH": "true",  # the roles in the template are enforced
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        # Seconds. Workers that have been warmed stay so: a page that asks after five minutes should not wait for them.
        "LAMBDA_WARM_TTL_SECONDS": "86400",
        "IOT_MTLS_ENABLED": "0",  # it would listen on every address of the machine
        "TMPDIR": str(scratch),
    }
    service = Service("the AWS emulator", [EMULATOR.script("ministack")], home / "emulator.log", env)
    try:
        _wait_until_healthy(service, port)
    except BaseException:
        service.stop()
        raise
    return service


def _wait_until_healthy(service: Service, port: int) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        service.check()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=2):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise LocalError(f"the AWS emulator did not answer within {START_SECONDS:.0f} s\n{service.last_words()}")
