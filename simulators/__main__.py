"""`python -m simulators powerschool --port 0 --seed 7 --people 300`: serves until SIGTERM.

When ready it prints one line of JSON: `{system, url, control_url, credentials}`.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from simulators import aeries, illuminate, oneroster, powerschool
from simulators.control import PREFIX, Simulator
from simulators.district import TODAY, generate
from simulators.serving import serve

Switches = TypeVar("Switches", aeries.Options, illuminate.Options, oneroster.Options, powerschool.Options)
ILLUMINATE_CREDENTIALS = ("consumer_token", "consumer_secret", "user_token", "user_secret")
ROSTERS: dict[str, Callable[..., oneroster.Options]] = {
    "oneroster": oneroster.Options,
    "schooltool": oneroster.schooltool,
}


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="python -m simulators", description="Serves a simulated SIS on 127.0.0.1."
    )
    systems = root.add_subparsers(dest="system", required=True)
    for system in ("powerschool", "aeries", "illuminate", *ROSTERS):
        one = systems.add_parser(system)
        one.add_argument("--port", type=int, default=0, help="0 takes a free one")
        one.add_argument("--seed", type=int, default=7)
        one.add_argument("--people", type=int, default=300, help="students, staff and guardians together")
        one.add_argument("--name", default="Lakeview Unified")
        one.add_argument("--today", type=date.fromisoformat, default=TODAY, help="YYYY-MM-DD")
        one.add_argument(
            "--unknown-codes", type=int, default=0, help="students with a code that no mapping holds"
        )
        one.add_argument("--tls-certificate", default="", help="PEM file, to serve HTTPS")
        one.add_argument("--tls-key", default="")
        one.add_argument(
            "--switch", action="append", default=[], metavar="NAME=VALUE", help="a switch of the README"
        )
    power = systems.choices["powerschool"]
    power.add_argument("--client-id", default=powerschool.Options().client_id)
    power.add_argument("--client-secret", default=powerschool.Options().client_secret)
    power.add_argument(
        "--plugin", type=Path, help="a plugin zip whose queries and access requests are loaded"
    )
    power.add_argument("--page-size", type=int, default=100, help="the largest page of every resource")
    one = systems.choices["aeries"]
    one.add_argument("--certificate", default=aeries.Options().certificate)
    one.add_argument("--base-path", default=aeries.Options().base_path)
    one = systems.choices["illuminate"]
    for name in ILLUMINATE_CREDENTIALS:
        one.add_argument(f"--{name.replace('_', '-')}", default=getattr(illuminate.Options(), name))
    for system, preset in ROSTERS.items():
        systems.choices[system].add_argument("--client-id", default=preset().client_id)
        systems.choices[system].add_argument("--client-secret", default=preset().client_secret)
    return root


def make(arguments: argparse.Namespace) -> Simulator:
    district = generate(
        arguments.seed,
        arguments.people,
        arguments.name,
        today=arguments.today,
        unknown_codes=arguments.unknown_codes,
    )
    if arguments.system == "aeries":
        path = arguments.base_path.strip("/")
        base_path = f"/{path}" if path else ""
        return aeries.create_app(
            district, switched(aeries.Options(arguments.certificate, base_path), arguments.switch)
        )
    if arguments.system == "illuminate":
        signing = {name: getattr(arguments, name) for name in ILLUMINATE_CREDENTIALS}
        return illuminate.create_app(district, switched(illuminate.Options(**signing), arguments.switch))
    if arguments.system in ROSTERS:
        preset = ROSTERS[arguments.system](
            client_id=arguments.client_id, client_secret=arguments.client_secret
        )
        return oneroster.create_app(district, switched(preset, arguments.switch))
    options = powerschool.Options(
        arguments.client_id,
        arguments.client_secret,
        plugin=arguments.plugin,
        max_page_sizes=dict.fromkeys((*powerschool.RESOURCES, "schema_table_query"), arguments.page_size),
    )
    return powerschool.create_app(district, switched(options, arguments.switch))


def switched(options: Switches, pairs: list[str]) -> Switches:
    """`options` with `NAME=VALUE` pairs applied: true/false, a number, a comma list, or text, as the field is."""
    values: dict[str, Any] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        match getattr(options, name, None):
            case bool():
                values[name] = text == "true"
            case int():
                values[name] = int(text)
            case str():
                values[name] = text
            case frozenset():
                values[name] = frozenset(text.split(",")) if text else frozenset()
            case _:
                raise SystemExit(f"no switch {name!r}")
    return replace(options, **values)


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    app = make(arguments)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    tls = (arguments.tls_certificate, arguments.tls_key) if arguments.tls_certificate else None
    with serve(app, arguments.port, tls) as url:
        control = f"{url.removesuffix(app.base_path)}{PREFIX}"
        ready = {"system": app.system, "url": url, "control_url": control, "credentials": app.credentials}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
