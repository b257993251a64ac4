"""The simulator's own side: what is really so, edits, faults, request counts. Served under `/_sim/`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from simulators.codes import code_tables
from simulators.district import Change, District, generate, truth
from simulators.faults import FaultBook, FaultLayer

PREFIX = "/_sim"


@lru_cache(maxsize=4096)
def path_template(path: str) -> str:
    """`/ws/v1/student/5011` → `/ws/v1/student/{id}`."""
    return re.sub(r"/\d+(?=/|$)", "/{id}", path)


class RequestLog:
    """Counts by method and path template, and how many ran at once."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.running = 0
        self.max_parallel = 0

    def describe(self) -> dict[str, Any]:
        counts = dict(sorted(self.counts.items()))
        return {"counts": counts, "total": sum(counts.values()), "max_parallel": self.max_parallel}


class Simulator:
    """ASGI app of one simulated system: the system itself, its faults, and the control API.

    `use` hands the system a new district after a reset, `expire` makes its tokens invalid.
    """

    def __init__(
        self,
        system: str,
        district: District,
        inner: ASGIApp,
        credentials: dict[str, str],
        use: Callable[[District], None],
        expire: Callable[[], bool],
        base_path: str = "",
    ) -> None:
        self.system = system
        self.district = district
        self.credentials = credentials
        self.base_path = base_path
        self.faults = FaultBook()
        self.log = RequestLog()
        self._use = use
        self._front = FaultLayer(inner, self.faults, expire)
        self._control = Starlette(
            routes=[
                Route(f"{PREFIX}/health", self._health),
                Route(f"{PREFIX}/truth", self._truth),
                Route(f"{PREFIX}/change", self._change, methods=["POST"]),
                Route(f"{PREFIX}/faults", self._faults, methods=["GET", "POST", "DELETE"]),
                Route(f"{PREFIX}/requests", self._requests, methods=["GET", "DELETE"]),
                Route(f"{PREFIX}/reset", self._reset, methods=["POST"]),
                Route(f"{PREFIX}/codes", self._codes),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the simulators speak HTTP only, not {scope['type']}")
        if scope["path"].startswith(f"{PREFIX}/"):
            await self._control(scope, receive, send)
            return
        log = self.log
        log.counts[f"{scope['method']} {path_template(scope['path'])}"] += 1
        log.running += 1
        log.max_parallel = max(log.max_parallel, log.running)
        try:
            await self._front(scope, receive, send)
        finally:
            log.running -= 1

    def change(self, kind: str, **arguments: Any) -> Change:
        """One of the district's edits by its control-API name; KeyError for an unknown one or an unknown id."""
        edits: dict[str, Callable[..., Change]] = {
            "rename": self.district.rename_student,
            "phone": self.district.change_household_phone,
            "move": self.district.move_student,
            "enroll": self.district.enroll_student,
            "withdraw": self.district.withdraw_student,
            "delete": self.district.delete_student,
            "guardian_email": self.district.change_guardian_email,
            "grade": self.district.change_grade,
            "rollover": self.district.roll_over,
            "photo": self.district.change_photo,
            "touch": self.district.touch_student,
            "remove_contact": self.district.remove_contact,
            "some": self.district.change_some,
        }
        if kind not in edits:
            raise KeyError(f"no change {kind}; known: {', '.join(edits)}")
        return edits[kind](**arguments)

    def reset(self) -> None:
        """The district as it was generated, no faults, no counts."""
        old = self.district
        self.district = generate(
            old.seed,
            old.people,
            old.name,
            today=old.today,
            unknown_codes=old.unknown_codes,
            school_rounds=old.school_rounds,
        )
        self._use(self.district)
        self.faults.clear()
        self.log.counts.clear()
        self.log.max_parallel = 0

    async def _health(self, request: Request) -> Response:
        return _json({"status": "ok", "system": self.system, "district": self.district.name})

    async def _truth(self, request: Request) -> Response:
        try:
            return _json(truth(self.district, request.query_params.get("only", "")))
        except KeyError as error:
            return _json({"message": str(error.args[0])}, 404)

    async def _codes(self, request: Request) -> Response:
        return _json(code_tables(self.system, self.district))

    async def _change(self, request: Request) -> Response:
        try:
            arguments = msgspec.json.decode(await request.body(), type=dict[str, Any])
            change = self.change(arguments.pop("kind", ""), **arguments)
        except (KeyError, TypeError, ValueError) as error:
            return _json({"message": str(error.args[0])}, 400)
        return _json(asdict(change))

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.faults.clear()
        elif request.method == "POST":
            try:
                rules = msgspec.json.decode(await request.body())
                self.faults.set(rules if isinstance(rules, list) else rules["rules"])
            except (KeyError, TypeError, ValueError, re.error) as error:
                return _json({"message": str(error.args[0])}, 400)
        return _json({"rules": [rule.describe() for rule in self.faults.rules]})

    async def _requests(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.log.counts.clear()
            self.log.max_parallel = 0
        return _json(self.log.describe())

    async def _reset(self, request: Request) -> Response:
        self.reset()
        return _json({"status": "ok"})


def _json(document: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status, media_type="application/json")
