"""The invented Student Information Systems, each a program of its own on 127.0.0.1."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from local.paths import ROOT
from local.process import LocalError, Service

START_SECONDS = 60.0
_BUILD = (
    "import pathlib, sys; from rollcall.connectors.powerschool_query import plugin; "
    "pathlib.Path(sys.argv[1]).write_bytes(plugin.build_plugin(plugin.NAME, plugin.version()))"
)


class Simulator:
    """A running SIS: where it is, how to sign in, and a way to change what it holds."""

    def __init__(self, system: str, home: Path, **options: str | int) -> None:
        """Start it over one invented district, and wait until it answers.

        The options are the simulator's own: name, seed, people, unknown_codes and so on.
        """
        self.system = system
        command = [sys.executable, "-m", "simulators", system, "--port", "0"]
        if system == "powerschool_query":
            # The same server, with the plugin that an administrator would have installed.
            command[3] = "powerschool"
            command += ["--plugin", str(_plugin(home / "plugin.zip"))]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        log = home / f"{system}.log"
        self._service = Service(f"the {system} simulator", command, log, os.environ, answers=True)
        try:
            ready = self._read_ready()
        except BaseException:
            self.stop()
            raise
        self.url = str(ready["url"])
        self.credentials: dict[str, Any] = ready["credentials"]
        self._control_url = str(ready["control_url"])
        self._session = requests.Session()
        self._session.trust_env = False

    def codes(self) -> dict[str, list[tuple[str, str]]]:
        """For each entity, the codes it uses and what they mean to us."""
        found: dict[str, list[tuple[str, str]]] = self._ask("GET", "/codes")
        return found

    def change(self, kind: str, **arguments: object) -> dict[str, Any]:
        """Make an edit, as somebody at the school would; tells what it touched."""
        touched: dict[str, Any] = self._ask("POST", "/change", json={"kind": kind, **arguments})
        return touched

    def truth(self) -> dict[str, Any]:
        """What is really so at the schools, before any system distorts it."""
        facts: dict[str, Any] = self._ask("GET", "/truth")
        return facts

    def break_with(self, rules: list[dict[str, Any]]) -> None:
        """Misbehave by these rules from now on, and by no others; without any, behave."""
        self._ask("POST", "/faults", json=rules)

    def hand_over(self) -> dict[str, Any]:
        """What others need to reach it."""
        return {"url": self.url, "credentials": self.credentials, "control_url": self._control_url}

    def stop(self) -> None:
        """End it."""
        self._service.stop()

    def _read_ready(self) -> dict[str, Any]:
        readable, _, _ = select.select([self._service.output], [], [], START_SECONDS)
        line = self._service.output.readline() if readable else b""
        if not line:
            raise LocalError(f"{self._service.name} did not start\n{self._service.last_words()}")
        ready: dict[str, Any] = json.loads(line)
        return ready

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = self._session.request(method, self._control_url + path, timeout=60, **options)
        answer.raise_for_status()
        return answer.json()


def _plugin(target: Path) -> Path:
    """Write the plugin package, in a process of its own: here, what is deployed cannot be imported."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "layers" / "connectors")}
    subprocess.run([sys.executable, "-c", _BUILD, str(target)], env=environment, check=True)
    return target
