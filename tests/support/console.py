"""The console over the real API and runner in this process. The SIS are simulators on loopback; people are in a table
of moto's, since they are searched by its indexes, and everything else in the adapters in memory, which pass the
contract tests of those on AWS.
"""

import base64
import dataclasses
import gzip
import json
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from config_api.api import Api
from config_api.app import build
from config_api.bootstrap import bootstrap as api_on_aws
from exporter.app import make as make_export
from exporter.bootstrap import bootstrap as exporter_on_aws
from local.console import Answer, console
from local.inprocess import FAMILY_FIELDS
from rollcall.connectors.powerschool_query.plugin import NAME, build_plugin, version
from rollcall.connectors.wire import HttpSender
from rollcall.domain.errors import StoreError
from rollcall.domain.run import RunMessage
from rollcall.engine.engine import Engine
from rollcall.exports.maker import Maker
from rollcall.store.audit import MemoryAudit
from rollcall.store.clock import SystemClock
from rollcall.store.memory import MemoryBlobs, MemoryRuns, MemoryVault
from rollcall.store.memory_config import MemoryConfig
from rollcall.store.memory_telling import MemoryMailing
from rollcall.store.settings import Settings
from rollcall.store.vault import VaultSecrets
from simulators import aeries, illuminate, oneroster, powerschool
from simulators.codes import code_tables
from simulators.control import Simulator
from simulators.district import generate
from simulators.serving import serve
from sync_runner.bootstrap import bootstrap as runner_on_aws
from sync_runner.examiner import SisExaminer
from tests.support.aws import STACK, make_stack

OPERATOR = ("*/admin",)
SLICE = timedelta(minutes=5)
ENDED = ("completed", "failed", "rejected", "cancelled", "skipped", "held")


class Context:
    """A Lambda context with a minute left."""

    function_name = "function"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:function"
    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@dataclass
class Exporter:
    """The exporter's own handler, called on the spot."""

    maker: Maker

    def start(self, district_id: str, export_id: str) -> None:
        make_export(self.maker, {"district_id": district_id, "export_id": export_id}, Context())


class Runner(threading.Thread):
    """Takes the messages of the run queue one after the other. While ``paused`` is set, runs stay queued."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.engine: Engine | None = None
        self.paused = threading.Event()
        self._messages: queue.Queue[RunMessage | None] = queue.Queue()

    def send(self, message: RunMessage, dedup: str) -> None:
        self._messages.put(message)

    def stop(self) -> None:
        self._messages.put(None)
        self.join(10)

    def run(self) -> None:
        deliveries = 0
        while (message := self._messages.get()) is not None:
            while self.paused.is_set():
                time.sleep(0.01)
            assert self.engine is not None
            deliveries += 1
            now = datetime.now(UTC)
            names = (f"message-{deliveries}", now, f"request-{deliveries}", now + SLICE)
            try:
                done = self.engine.handle(message, *names) == "done"
            except StoreError:
                done = False
            if not done:  # as the queue delivers it again
                self._messages.put(message)


@dataclass
class Site:
    """A console that is up. ``groups`` are the rights of whoever signs in next; without a token nobody is."""

    runner: Runner
    api: Api
    groups: tuple[str, ...] = OPERATOR
    url: str = ""
    systems: dict[str, dict[str, Any]] = field(default_factory=dict)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def token(self, groups: tuple[str, ...] = ()) -> str:
        """What an issuer would sign. Nothing verifies it here: on AWS, API Gateway does."""
        claims = {
            "sub": "1234",
            "username": "operator@example.org",
            "cognito:groups": groups or self.groups,
            "exp": int(time.time()) + 3600,
        }
        return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"

    def forward(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """A request as API Gateway would pass it on."""
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": "ANY /v1/{proxy+}",
            "rawPath": path,
            "rawQueryString": query,
            "headers": dict(headers),
            "requestContext": {
                "http": {"method": method, "path": path, "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"},
                "stage": "$default",
                "requestId": "id",
            },
            "isBase64Encoded": True,
            "body": base64.b64encode(body).decode() if body else None,
        }
        if query:
            event["queryStringParameters"] = dict(parse_qsl(query, keep_blank_values=True))
        if token := headers.get("authorization", "").removeprefix("Bearer "):
            part = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            claims["cognito:groups"] = f"[{' '.join(claims['cognito:groups'])}]"
            event["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
        # As in Lambda, where one instance has one request at a time.
        with self._one_at_a_time:
            answer = self.api.handle(event, Context())
        text: str = answer["body"] or ""
        data = base64.b64decode(text) if answer["isBase64Encoded"] else text.encode()
        if answer["headers"].get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)  # as whoever asks over HTTP gets it
        return Answer(answer["statusCode"], answer["headers"], data)

    def call(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """The API as the platform's operator; raises for anything but success."""
        data = json.dumps(body).encode() if body is not None else b""
        headers = {"authorization": f"Bearer {self.token(OPERATOR)}", "content-type": "application/json"}
        answer = self.forward(method, f"/v1{path}", urlencode(query), headers, data)
        assert answer.status < 300, (answer.status, answer.body)
        return json.loads(answer.body)

    def sync(self, district_id: str, integration_id: str) -> Any:
        """Run an integration to its end."""
        base = f"/districts/{district_id}"
        run = self.call("POST", f"{base}/integrations/{integration_id}/runs", {"mode": "sync"})
        give_up = time.monotonic() + 60
        while run["state"] not in ENDED:
            assert time.monotonic() < give_up, run
            time.sleep(0.05)
            run = self.call("GET", f"{base}/runs/{run['id']}")
        return run

    def add_mappings(self, district_id: str, system: str) -> dict[str, str]:
        """A mapping of each entity that a system's form asks for, by entity."""
        return {
            entity: self.call(
                "POST",
                f"/districts/{district_id}/mappings",
                {
                    "entity": entity,
                    "name": f"{entity.replace('_', ' ').capitalize()} codes",
                    "entries": [{"external": external, "value": value} for external, value in rows],
                },
            )["id"]
            for entity, rows in self.systems[system]["codes"].items()
        }

    def add_integration(
        self, district_id: str, system: str, mappings: Mapping[str, str], **changes: Any
    ) -> dict[str, Any]:
        """An integration of one of the simulators."""
        sis = self.systems[system]
        form = {
            "name": "Nightly",
            "system": system,
            "url": sis["url"],
            "credentials": sis["credentials"],
            "mappings": dict(mappings),
            "family_identifier": list(FAMILY_FIELDS[system]),
            "drop_students_not_in_file": True,
            **changes,
        }
        made: dict[str, Any] = self.call("POST", f"/districts/{district_id}/integrations", form)
        return made


@contextmanager
def open_site(people: int, districts: Mapping[str, str]) -> Iterator[Site]:
    """A site with these districts (id → name), each empty, and a simulator of every system."""
    with ExitStack() as cleanup:
        cleanup.enter_context(mock_aws())
        cleanup.enter_context(_one_call_at_a_time())
        make_stack()
        env = {**STACK.environment(), "SIS_ADDRESSES": "loopback"}
        clock, audit, blobs, vault = SystemClock(), MemoryAudit(), MemoryBlobs(), MemoryVault()
        config, runs = MemoryConfig(audit=audit), MemoryRuns(clock, audit=audit)
        runner = Runner()
        runner.engine = dataclasses.replace(
            runner_on_aws(Settings.from_env(env)).engine,
            settings=config,
            secrets=VaultSecrets(config, vault),
            runs=runs,
            blobs=blobs,
            queue=runner,
        )
        parts = dataclasses.replace(
            api_on_aws(Settings.from_env(env), env),
            config=config,
            runs=runs,
            audit=audit,
            blobs=blobs,
            vault=vault,
            examiner=SisExaminer(config, vault, clock, lambda: HttpSender("loopback", 4)),
            exporter=Exporter(dataclasses.replace(exporter_on_aws(env), blobs=blobs)),
            mailing=MemoryMailing(),
            queue=runner,
        )
        site = Site(runner, build(parts))
        for system, app in _simulators(people).items():
            site.systems[system] = {
                "url": cleanup.enter_context(serve(app)),
                "credentials": app.credentials,
                "codes": code_tables(system, app.district),
            }
        for district_id, name in districts.items():
            site.call("PUT", f"/districts/{district_id}", {"name": name, "time_zone": "America/Los_Angeles"})
        site.url = cleanup.enter_context(serve(console(site.forward, site.token, districts)))
        runner.start()
        cleanup.callback(runner.stop)
        yield site


@contextmanager
def _one_call_at_a_time() -> Iterator[None]:
    """Moto keeps its tables in plain dictionaries; here the API and the runner work at the same time."""
    answer, lock = BotocoreStubber.__call__, threading.Lock()

    def locked(self: BotocoreStubber, *args: Any, **kwargs: Any) -> Any:
        with lock:
            return answer(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BotocoreStubber, "__call__", locked)
        yield


def _simulators(people: int) -> dict[str, Simulator]:
    town = generate(7, people)
    with_plugin = powerschool.Options(plugin=build_plugin(NAME, version()))
    return {
        "powerschool": powerschool.create_app(town, None),
        "powerschool_query": powerschool.create_app(town, with_plugin),
        "aeries": aeries.create_app(town, None),
        "illuminate": illuminate.create_app(town, None),
        "schooltool": oneroster.create_app(town, oneroster.schooltool()),
        "oneroster": oneroster.create_app(town, None),
    }
