"""The connection test over HTTP: who may, what is accepted, which secrets go where, and what comes back."""

from __future__ import annotations

import dataclasses
import io
import json
import traceback
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from config_api.app import build
from config_api.bootstrap import Parts
from local.inprocess import Insider
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import StoreThrottled
from rollcall.domain.inspection import Check, Findings, Inquiry
from rollcall.store import aws
from rollcall.store.examiner import LambdaExaminer, pack, unpack
from simulators import aeries
from simulators import district as generated
from sync_runner import examiner as deployed
from sync_runner.examiner import SisExaminer
from tests.support.aws import Stack

from .conftest import CREDENTIALS, Client, Context, Forms

BASE = "/v1/districts/lakeview/integrations"
URL = "https://sis.example.org/aeries"


class Calls:
    """A SIS that remembers to whom each request was sent, and with what."""

    def __init__(self, sis: Any) -> None:
        self._sender = Insider(sis)
        self.sent: list[tuple[str, str]] = []

    def exchange(self, url: str, request: Request, headers: Any, seconds: float) -> Answer:
        self.sent.append((url.split("/")[2], headers.get("AERIES-CERT", "")))
        return self._sender.exchange(url, request, headers, seconds)


@pytest.fixture
def sis() -> Calls:
    options = aeries.Options(certificate=CREDENTIALS["aeries"]["token"])
    return Calls(aeries.create_app(generated.generate(7, 60), options))


@pytest.fixture
def tester(client: Client, parts: Parts, sis: Calls) -> Client:
    """The API with the examiner that the tester runs, over the same stores and a SIS in this process."""
    examiner = SisExaminer(parts.config, parts.vault, parts.clock, lambda: sis)
    return dataclasses.replace(client, api=build(dataclasses.replace(parts, examiner=examiner)))


def unsaved(**changes: Any) -> dict[str, Any]:
    return {"system": "aeries", "url": URL, "credentials": dict(CREDENTIALS["aeries"]), **changes}


def checks(answer: Any) -> dict[str, Any]:
    assert answer.status == 200, answer.text
    return {check["name"]: check for check in answer.json["checks"]}


@pytest.fixture
def stored(client: Client, form: Forms) -> str:
    made = client.post(BASE, form("aeries", url=URL, family_identifier=[]))
    assert made.status == 201, made.text
    return f"{BASE}/{made.json['id']}/test"


# ------------------------------------------------------------------------------------------------- before saving


def test_address_and_credentials_are_enough(tester: Client) -> None:
    found = checks(tester.post(f"{BASE}/test", unsaved()))
    assert all(check["ok"] for check in found.values())
    assert {"reachable", "tls", "credentials", "academic_year", "schools", "counts"} <= found.keys()
    assert tester.get(BASE, include_inactive=True).json["items"] == [], "and nothing is stored"


def test_what_is_suggested_can_be_saved_and_then_covers(tester: Client) -> None:
    suggested = tester.post(f"{BASE}/test", unsaved()).json["suggestions"]
    made = {s["entity"]: tester.post("/v1/districts/lakeview/mappings", s) for s in suggested}
    assert {answer.status for answer in made.values()} == {201}
    chosen = {entity: answer.json["id"] for entity, answer in made.items()}
    found = checks(tester.post(f"{BASE}/test", unsaved(mappings=chosen)))
    assert found["coverage.grade_level"]["coverage"] == {
        "entity": "grade_level", "basis": "code_table", "mapped": 15, "total": 15, "unmapped": [],
    }  # fmt: skip
    assert found["coverage.race"]["ok"]
    saved = tester.post(BASE, unsaved(name="Nightly", mappings=chosen))
    assert saved.status == 201, saved.text


def test_an_empty_mapping_covers_nothing(tester: Client, mappings: dict[str, str]) -> None:
    answer = tester.post(f"{BASE}/test", unsaved(mappings={"gender": mappings["gender"]}))
    gender = checks(answer)["coverage.gender"]
    assert (gender["ok"], gender["coverage"]["mapped"], gender["coverage"]["total"]) == (False, 0, 3)
    assert [gap["label"] for gap in gender["coverage"]["unmapped"] if gap["value"] == "F"] == ["Female"]
    assert answer.json["ok"], "a sync would run all the same"


BAD: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"system": "sis"}, {("system", "system_not_available")}),
    ({"system": None}, {("system", "system_not_available")}),
    ({"url": "http://sis.example.org"}, {("url", "url_scheme")}),
    ({"url": "https://127.0.0.1"}, {("url", "url_host")}),
    ({"url": "https://169.254.169.254"}, {("url", "url_host")}),
    ({"credentials": {}}, {("credentials.token", "required")}),
    ({"credentials": {"token": "a", "user_token": "b"}}, {("credentials.user_token", "unknown_field")}),
    ({"mappings": {"gender": "map_none"}}, {("mappings.gender", "unknown_mapping")}),
    ({"mappings": {"colour": "map_none"}}, {("mappings.colour", "unknown_field")}),
    ({"colour": "blue"}, {("colour", "unknown_field")}),
    ({"member_types": ["parent"]}, {("member_types.0", "not_allowed")}),
    ({"active": True}, {("active", "unknown_field")}),
]


@pytest.mark.parametrize(("changes", "faults"), BAD)
def test_a_bad_form_is_refused_field_by_field(
    tester: Client, sis: Calls, changes: dict[str, Any], faults: set[tuple[str, str]]
) -> None:
    answer = tester.post(f"{BASE}/test", unsaved(**changes))
    assert (answer.status, answer.faults()) == (422, faults)
    assert sis.sent == []


def test_a_mapping_of_another_entity_is_refused(tester: Client, mappings: dict[str, str]) -> None:
    answer = tester.post(f"{BASE}/test", unsaved(mappings={"gender": mappings["race"]}))
    assert answer.faults() == {("mappings.gender", "wrong_entity")}


@pytest.mark.parametrize("right", ["viewer", "operator"])
def test_only_administrators_may(tester: Client, stored: str, sis: Calls, right: str) -> None:
    """Whoever may test can make the stack call an address of their choice."""
    somebody = tester.as_(f"lakeview/{right}")
    assert somebody.post(f"{BASE}/test", unsaved()).status == 403
    assert somebody.post(stored, {}).status == 403
    assert tester.as_("hilltop/admin").post(stored, {}).status == 403
    assert sis.sent == []


# -------------------------------------------------------------------------------------------------- after saving


def test_a_stored_integration_is_tested_with_its_stored_secrets(
    tester: Client, stored: str, sis: Calls
) -> None:
    answer = tester.call("POST", stored)
    assert checks(answer)["credentials"]["ok"]
    assert {certificate for _, certificate in sis.sent} == {CREDENTIALS["aeries"]["token"]}


def test_what_passes_as_it_is_stored_is_noted_as_validated(
    tester: Client, form: Forms, parts: Parts, sis: Calls
) -> None:
    """An onboarding takes it as proof; what was edited, or failed, proves nothing of what is stored."""
    suggested = tester.post(f"{BASE}/test", unsaved()).json["suggestions"]
    saved = {
        item["entity"]: tester.post("/v1/districts/lakeview/mappings", item).json["id"] for item in suggested
    }
    whole = form("aeries", url=URL, family_identifier=[])
    made = tester.post(BASE, {**whole, "mappings": {**whole["mappings"], **saved}}).json["id"]
    assert tester.post(f"{BASE}/{made}/test", {"name": "Edited"}).json["ok"] is True
    assert tester.post(f"{BASE}/{made}/test", {"credentials": {"token": "wrong"}}).json["ok"] is False
    assert parts.config.validations("lakeview") == {}
    answer = tester.call("POST", f"{BASE}/{made}/test")
    assert answer.json["ok"] is True, answer.json["checks"]
    assert parts.config.validations("lakeview") == {made: parts.clock.now()}


def test_edits_are_tested_and_not_stored(tester: Client, stored: str, sis: Calls) -> None:
    before = tester.get(stored.removesuffix("/test")).json
    answer = tester.post(
        stored, {"credentials": {"token": "a-certificate-of-old"}, "member_types": ["staff"]}
    )
    found = checks(answer)
    assert found["credentials"]["ok"] is False
    assert "permission.staff" in found
    assert "permission.students" not in found
    assert {certificate for _, certificate in sis.sent} == {"a-certificate-of-old"}
    assert tester.get(stored.removesuffix("/test")).json == before
    assert checks(tester.post(stored, {}))["credentials"]["ok"], "the stored secret is what it was"


def test_a_stored_secret_never_goes_to_a_new_address(tester: Client, stored: str, sis: Calls) -> None:
    """Else an administrator, or who took over their browser, could have it sent to a server of their own."""
    answer = tester.post(stored, {"url": "https://elsewhere.example.com/aeries"})
    assert (answer.status, answer.faults()) == (422, {("credentials.token", "required_with_new_address")})
    assert sis.sent == []
    tester.post(stored, {"url": "https://elsewhere.example.com/aeries", "credentials": {"token": "new-one"}})
    assert {*sis.sent} == {("elsewhere.example.com:443", "new-one")}


def test_another_districts_integration_is_not_there(tester: Client, stored: str) -> None:
    tester.put("/v1/districts/hilltop", {"name": "Hilltop", "time_zone": "America/Chicago"})
    assert tester.post(stored.replace("lakeview", "hilltop"), {}).status == 404


# ---------------------------------------------------------------------------------------------- the way to the tester

FOUND = Findings(ok=True, checks=[Check(name="reachable", ok=True, detail="It is.")], suggestions=[])


@pytest.fixture
def inquiry(parts: Parts, client: Client, stored: str) -> Inquiry:
    integration_id = stored.split("/")[-2]
    return Inquiry(
        integration=parts.config.integration("lakeview", integration_id),
        school_year="2026-27",
        sealed=parts.config.sealed("lakeview", integration_id),
    )


def lambda_answers(**answer: Any) -> Callable[[Inquiry], tuple[Any, LambdaExaminer]]:
    """A real client of Lambda whose one answer is laid down."""

    def made(inquiry: Inquiry) -> tuple[Any, LambdaExaminer]:
        client = aws.client("lambda")
        stub = Stubber(client)
        stub.add_response("invoke", answer, {"FunctionName": "connection-tester", "Payload": pack(inquiry)})
        stub.activate()
        return stub, LambdaExaminer(client, "connection-tester")

    return made


def body(data: bytes) -> StreamingBody:
    return StreamingBody(io.BytesIO(data), len(data))


def test_the_tester_is_asked_with_sealed_secrets_only(inquiry: Inquiry) -> None:
    answer = {"StatusCode": 200, "Payload": body(msgspec.json.encode(FOUND))}
    stub, examiner = lambda_answers(**answer)(inquiry)
    assert examiner.examine(inquiry) == FOUND
    stub.assert_no_pending_responses()
    assert CREDENTIALS["aeries"]["token"] not in pack(inquiry).decode()
    assert unpack(json.loads(pack(inquiry))) == inquiry


@pytest.mark.parametrize(
    "answer",
    [
        {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": b'{"errorType": "ExaminationFailed"}'},
        {"StatusCode": 200, "Payload": b"null"},
        {"StatusCode": 200, "Payload": b'{"ok": "perhaps"}'},
    ],
    ids=["crashed", "empty", "garbled"],
)
def test_a_tester_that_fails_is_503(
    client: Client, parts: Parts, inquiry: Inquiry, answer: dict[str, Any]
) -> None:
    payload = answer["Payload"]
    _, examiner = lambda_answers(**{**answer, "Payload": body(payload)})(inquiry)
    with pytest.raises(StoreThrottled):
        examiner.examine(inquiry)

    class Answering:
        def examine(self, inquiry: Inquiry) -> Findings:
            return lambda_answers(**{**answer, "Payload": body(payload)})(inquiry)[1].examine(inquiry)

    failing = dataclasses.replace(client, api=build(dataclasses.replace(parts, examiner=Answering())))
    found = failing.post(f"{BASE}/test", unsaved())
    assert (found.status, found.json["code"]) == (503, "test_failed")
    assert found.headers["Retry-After"] == "5"


def test_a_tester_that_may_not_be_called_is_503(client: Client) -> None:
    """Moto knows no such function, as IAM would refuse one."""
    found = client.post(f"{BASE}/test", unsaved())
    assert (found.status, found.json["code"]) == (503, "test_failed")


def test_the_deployed_tester_opens_what_the_api_sealed_and_calls_nobody_inside(
    inquiry: Inquiry, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    deployed._examiner.cache_clear()
    inside = inquiry.integration.model_copy(update={"url": "https://localhost/aeries"})
    event = json.loads(pack(Inquiry(integration=inside, school_year="2026-27", sealed=inquiry.sealed)))
    found = deployed.handler(event, Context())
    deployed._examiner.cache_clear()
    assert found["ok"] is False
    reachable = next(check for check in found["checks"] if check["name"] == "reachable")
    assert (reachable["ok"], "not" in reachable["detail"]) == (False, True)


def test_secrets_sealed_for_another_integration_do_not_open(parts: Parts, inquiry: Inquiry) -> None:
    moved = inquiry.integration.model_copy(update={"id": "int_other"})
    examiner = SisExaminer(parts.config, parts.vault, parts.clock, lambda: pytest.fail("a SIS was called"))
    found = examiner.examine(Inquiry(integration=moved, school_year="2026-27", sealed=inquiry.sealed))
    assert [(c.name, c.ok) for c in found.checks] == [("credentials", False)]
    assert "Enter them again" in found.checks[0].detail


def test_a_crash_of_the_tester_tells_nobodys_data(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lambda logs the text of whatever a handler raises, and hands it to the caller."""
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    event = {"integration": f"CNRY{1}", "school_year": "2026-27", "sealed": {}}
    with pytest.raises(deployed.ExaminationFailed) as failure:
        deployed.handler(event, Context())
    assert "CNRY1" not in "".join(traceback.format_exception(failure.value))
    printed = capsys.readouterr()
    assert "test failed" in printed.out
    assert "CNRY" not in printed.out + printed.err
