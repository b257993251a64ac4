"""The real handlers over moto: events as API Gateway sends them, answers as it gets them."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from moto import mock_aws

from config_api.api import Api
from config_api.app import build
from config_api.bootstrap import Parts, bootstrap
from rollcall.store.memory import MemoryClock
from rollcall.store.settings import Settings
from tests.support.aws import REGION, STACK, Stack, make_stack

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ENTITIES = [
    "building",
    "ethnicity",
    "grade_level",
    "race",
    "state",
    "gender",
    "language",
    "relationship",
    "academic_year",
]
CREDENTIALS = {
    "powerschool": {"consumer_token": "CNRYtoken000001", "consumer_secret": "CNRYsecret00002"},
    "powerschool_query": {"consumer_token": "CNRYtoken000004", "consumer_secret": "CNRYsecret00005"},
    "aeries": {"token": "CNRYcertificate3"},
    "illuminate": {
        "consumer_token": "CNRYtoken000004",
        "consumer_secret": "CNRYsecret00005",
        "user_token": "CNRYtoken000006",
        "user_secret": "CNRYsecret00007",
    },
    "schooltool": {"consumer_token": "CNRYtoken000008", "consumer_secret": "CNRYsecret00009"},
    "oneroster": {"consumer_token": "CNRYtoken000010", "consumer_secret": "CNRYsecret00011"},
}


class Context:
    """A Lambda context with a minute left."""

    function_name = "function"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:function"
    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str
    is_base64: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def faults(self) -> set[tuple[str, str]]:
        return {(fault["field"], fault["code"]) for fault in self.json["errors"]}


@dataclass(frozen=True)
class Client:
    """Calls the API as somebody."""

    api: Api
    groups: object = "[*/admin]"
    user: str = "user@example.org"

    def as_(self, *groups: str) -> "Client":
        return dataclasses.replace(self, groups=f"[{' '.join(groups)}]")

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        raw: str | None = None,
        **query: object,
    ) -> Answer:
        headers = {"content-type": "application/json", **{k.lower(): v for k, v in (headers or {}).items()}}
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": "ANY /v1/{proxy+}",
            "rawPath": path,
            "rawQueryString": urlencode(query),
            "headers": headers,
            "requestContext": {
                "http": {"method": method, "path": path, "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"},
                "stage": "$default",
                "requestId": "id",
            },
            "isBase64Encoded": False,
        }
        if self.groups is not None:
            claims = {"email": self.user, "sub": "1234", "cognito:groups": self.groups}
            event["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
        if query:
            event["queryStringParameters"] = {name: str(value) for name, value in query.items()}
        if raw is not None:
            event["body"] = raw
        elif body is not None:
            event["body"] = json.dumps(body)
        answer = self.api.handle(event, Context())
        kept = path.endswith("/photo") and answer["statusCode"] in (200, 304)
        assert answer["headers"]["Cache-Control"] == ("private, no-cache" if kept else "no-store")
        return Answer(answer["statusCode"], answer["headers"], answer["body"], answer["isBase64Encoded"])

    def get(self, path: str, **query: object) -> Answer:
        return self.call("GET", path, **query)

    def post(self, path: str, body: object, headers: dict[str, str] | None = None) -> Answer:
        return self.call("POST", path, body, headers)

    def put(self, path: str, body: object, headers: dict[str, str] | None = None) -> Answer:
        return self.call("PUT", path, body, headers)

    def patch(self, path: str, body: object, headers: dict[str, str] | None = None) -> Answer:
        return self.call("PATCH", path, body, headers)


@pytest.fixture(scope="session", autouse=True)
def environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield


@pytest.fixture
def stack(environment: None) -> Iterator[Stack]:
    with mock_aws():
        yield make_stack()


@pytest.fixture(scope="session")
def shared_api(environment: None) -> Api:
    """Built once: it keeps nothing between requests, as in Lambda. The stack under it is new for every test."""
    with mock_aws():
        env = STACK.environment()
        parts = bootstrap(Settings.from_env(env), env["TESTER_FUNCTION"], env["MAIL_TOPICS"])
    return build(dataclasses.replace(parts, clock=MemoryClock(NOW)))


@pytest.fixture
def parts(stack: Stack, shared_api: Api) -> Parts:
    return shared_api.parts


@pytest.fixture
def clock(parts: Parts) -> MemoryClock:
    assert isinstance(parts.clock, MemoryClock)
    parts.clock.time = NOW
    return parts.clock


@pytest.fixture
def client(shared_api: Api, stack: Stack, clock: MemoryClock) -> Client:
    """The platform operator, in a stack with one district, Lakeview, in Chicago."""
    client = Client(shared_api)
    answer = client.put("/v1/districts/lakeview", {"name": "Lakeview", "time_zone": "America/Chicago"})
    assert answer.status == 201
    return client


@pytest.fixture
def mappings(client: Client) -> dict[str, str]:
    """One mapping of each entity, by entity."""
    return {
        entity: client.post(
            "/v1/districts/lakeview/mappings", {"entity": entity, "name": entity.title()}
        ).json["id"]
        for entity in ENTITIES
    }


@dataclass
class Forms:
    mappings: dict[str, str]

    def __call__(self, system: str = "powerschool", **changes: Any) -> dict[str, Any]:
        entities = ENTITIES if system == "aeries" else ENTITIES[:-1]
        return {
            "name": "Nightly",
            "system": system,
            "url": "https://sis.example.org",
            "credentials": dict(CREDENTIALS[system]),
            "mappings": {entity: self.mappings[entity] for entity in entities},
            "family_identifier": ["hoh_last_name"],
            **changes,
        }


@pytest.fixture
def form(mappings: dict[str, str]) -> Forms:
    """Makes the body of an integration."""
    return Forms(mappings)


@pytest.fixture
def integration(client: Client, form: Forms) -> dict[str, Any]:
    answer = client.post("/v1/districts/lakeview/integrations", form())
    assert answer.status == 201
    return answer.json


def schedule_form(*integration_ids: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Nightly",
        "integration_ids": list(integration_ids),
        "frequency": {"every": "day", "at": "02:00"},
        "run_as": "user@example.org",
        **changes,
    }
