"""The whole of Rollcall on this machine: the real template on the emulator, with users that can sign in."""

import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import requests
from botocore.config import Config

from local.api import Api, ApiError
from local.bootstrap import EMULATOR, SAM, TOOLS, ensure
from local.deploy import CREDENTIALS, STACK_NAME, build, deploy
from local.emulator import REGION, free_port, start_emulator
from local.lock import Lock
from local.paths import STATE
from local.process import LocalError, Service

Say = Callable[[str], None]

OPERATOR = "*/admin"
"""The group of the platform's operators."""


@dataclass(frozen=True)
class Resources:
    """What the template made, by the names of its outputs."""

    queue_url: str
    config_table: str
    people_table: str
    bucket: str
    user_pool_id: str
    user_pool_client_id: str
    credential_key_id: str


class Stack:
    """A context manager: up when entered, gone without a trace when left.

    `endpoint_url` is the emulator, `api_url` the API (its paths begin with /v1), `resources` what the template made.
    """

    def __init__(self, name: str = "demo", say: Say = print) -> None:
        """Prepare a stack. Those with different names can be up at the same time."""
        self.name = name
        self._home = STATE / name
        self._say = say
        self._lock = Lock(self._home / "lock")
        self._port = free_port()
        self._emulator: Service | None = None
        self._functions: dict[str, str] = {}
        self.endpoint_url = f"http://127.0.0.1:{self._port}"
        self.api_url = ""
        self.resources = Resources("", "", "", "", "", "", "")

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> None:
        """Start the emulator, build and deploy the template, and make sure that the API knows friend from foe."""
        self._lock.acquire()
        try:
            ensure([TOOLS, EMULATOR, SAM], self._say)
            self._timed("emulator and layer", self._start_and_build)
            self._timed("deploy", self._deploy)
            self._read_outputs()
            self._timed("warm functions", self._warm)
            self._check_authorizer()
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """Stop everything. Safe to call twice, and on a stack that never came up."""
        if self._emulator:
            self._emulator.stop()
            self._emulator = None
        self._lock.release()

    def client(self, service: str) -> Any:
        """A boto3 client of the emulator."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}, read_timeout=120, retries={"total_max_attempts": 2}),
        )

    def api(self, *groups: str) -> Api:
        """The API as a user in these groups sees it, or as a platform operator without any."""
        return Api(self.api_url, self.token(*(groups or (OPERATOR,))))

    def token(self, *groups: str, user: str | None = None) -> str:
        """Make a user in these groups and sign in: an access token, as the console would get it."""
        cognito, pool = self.client("cognito-idp"), self.resources.user_pool_id
        username = user or f"{secrets.token_hex(4)}@example.org"
        # Long, and of every kind of character that a pool may ask for.
        password = f"{secrets.token_urlsafe(24)}-aA1"
        # The emulator invents a temporary password that breaks the pool's own policy, so it gets one.
        with suppress(cognito.exceptions.UsernameExistsException):
            cognito.admin_create_user(
                UserPoolId=pool, Username=username, TemporaryPassword=password, MessageAction="SUPPRESS"
            )
        cognito.admin_set_user_password(UserPoolId=pool, Username=username, Password=password, Permanent=True)
        for group in groups:
            with suppress(cognito.exceptions.GroupExistsException):
                cognito.create_group(UserPoolId=pool, GroupName=group)
            cognito.admin_add_user_to_group(UserPoolId=pool, Username=username, GroupName=group)
        signed_in = cognito.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=self.resources.user_pool_client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": password},
        )
        return str(signed_in["AuthenticationResult"]["AccessToken"])

    def logs(self, function: str) -> list[str]:
        """What a function has logged: config-api, connection-tester, exporter, scheduler or sync-runner."""
        pages = self.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=f"/aws/lambda/{STACK_NAME}-{function}")
        return [event["message"] for page in found for event in page["events"]]

    def warm_api(self, at_once: int) -> None:
        """Have workers of the API ready for that many requests at once, so that none waits for one to start."""
        self._invoke(*[("ConfigApi", _ask_for_document())] * at_once)

    def hand_over(self, path: Path, systems: Mapping[str, Any], ui_url: str | None = None) -> None:
        """Write what the console, scripts and checks need to use this stack. It holds a token, so it is ours alone."""
        content = {
            "api_url": self.api_url,
            "ui_url": ui_url,
            "token": self.token(OPERATOR, user="operator@example.org"),
            "endpoint_url": self.endpoint_url,
            "region": REGION,
            "systems": dict(systems),
            **asdict(self.resources),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file, indent=2)
        draft.replace(path)

    def _timed(self, what: str, do: Callable[[], None]) -> None:
        started = time.monotonic()
        do()
        self._say(f"  {what}: {time.monotonic() - started:.1f} s")

    def _start_and_build(self) -> None:
        with ThreadPoolExecutor(1) as pool:
            built = pool.submit(build, self._home)
            self._emulator = start_emulator(self._home, self._port)
            built.result()

    def _deploy(self) -> None:
        bucket = f"{STACK_NAME}-artifacts"
        # Without one, the SAM CLI deploys a stack of its own first, only to have a bucket.
        self.client("s3").create_bucket(Bucket=bucket)
        deploy(self._home, self.endpoint_url, bucket)

    def _read_outputs(self) -> None:
        cloudformation = self.client("cloudformation")
        (stack,) = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        self.resources = Resources(
            queue_url=outputs["RunQueueUrl"],
            config_table=outputs["ConfigTable"],
            people_table=outputs["PeopleTable"],
            bucket=outputs["BucketName"],
            user_pool_id=outputs["UserPoolId"],
            user_pool_client_id=outputs["UserPoolClientId"],
            credential_key_id=outputs["CredentialKeyId"],
        )
        # The emulator's own host names do not resolve everywhere; this path always does.
        api_id = outputs["ApiUrl"].removeprefix("http://").split(".")[0]
        self.api_url = f"{self.endpoint_url}/_aws/execute-api/{api_id}"
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
        self._functions = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::Lambda::Function"
        }

    def _warm(self) -> None:
        """Start the functions' workers, so that the first run is not the one that waits for imports."""
        empty_batch = json.dumps({"Records": []}).encode()
        self._invoke(
            ("ConfigApi", _ask_for_document()),
            ("SyncRunner", empty_batch),
            ("SyncRunner", empty_batch),
            ("Scheduler", b"{}"),
            ("Exporter", b"{}"),
        )

    def _invoke(self, *calls: tuple[str, bytes]) -> None:
        """Call functions at the same time, each with a payload."""

        def invoke(call: tuple[str, bytes]) -> None:
            function, payload = call
            answer = self.client("lambda").invoke(FunctionName=self._functions[function], Payload=payload)
            if "FunctionError" in answer:
                raise LocalError(f"{function} does not start: {answer['Payload'].read().decode()[:2000]}")

        with ThreadPoolExecutor(len(calls)) as pool:
            list(pool.map(invoke, calls))

    def _check_authorizer(self) -> None:
        self.api().get("/systems")
        try:
            Api(self.api_url, "not-a-token").get("/systems")
        except ApiError as refusal:
            if refusal.status == requests.codes.unauthorized:
                return
        raise LocalError("the API lets in a caller without a valid token")


def _ask_for_document() -> bytes:
    """What API Gateway sends for GET /v1/openapi.json."""
    path = "/v1/openapi.json"
    http = {
        "method": "GET",
        "path": path,
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "rollcall",
    }
    event = {
        "version": "2.0",
        "routeKey": f"GET {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "application/json"},
        "requestContext": {
            "apiId": "local",
            "accountId": "000000000000",
            "domainName": "localhost",
            "http": http,
            "requestId": "warm",
            "routeKey": f"GET {path}",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1767225600000,
        },
        "isBase64Encoded": False,
    }
    return json.dumps(event).encode()
