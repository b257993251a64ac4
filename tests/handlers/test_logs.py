"""What the API logs, at the most talkative level: neither a secret nor anything that was typed."""

import json
from typing import Any

import pytest

from config_api import app
from config_api.bootstrap import Parts
from rollcall.domain.errors import StoreError

from .conftest import Client, Forms, Wired


def test_no_secret_is_logged(
    handler: Any,
    client: Client,
    form: Forms,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """botocore logs the plaintext that it sends to KMS when its logger is set to DEBUG with ours."""
    caller = Client(Wired(handler), groups="[lakeview/admin]")
    made = caller.post("/v1/districts/lakeview/integrations", form(name="CNRYname"))
    assert made.status == 201, made.text
    caller.post("/v1/districts/lakeview/integrations", form(url="https://CNRYuser:CNRYpass@x.org"))
    caller.get("/v1/districts/lakeview/people", search="CNRYperson")
    caller.get("/v1/districts/hilltop/people/per_CNRY")
    printed = capsys.readouterr()
    assert "access refused" in printed.out, "our own log lines do come out"
    assert "CNRY" not in printed.out + printed.err + caplog.text
    assert "Q05SW" not in printed.out + printed.err, "nor in Base64, as KMS gets it"


def test_every_answer_is_logged_by_route_status_and_time(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """API Gateway's own log knows one route for all of them."""
    caplog.set_level("INFO")
    client.get("/v1/districts/lakeview/people/per_CNRY")
    client.get("/v1/nowhere/CNRY")
    known, unknown = (record for record in caplog.records if record.message == "answered")
    assert known.route == "GET /v1/districts/<district_id>/people/<person_id>"
    assert (known.district_id, known.status) == ("lakeview", 404)
    assert known.request.startswith("request-")
    assert known.milliseconds >= 0
    assert unknown.status == 404
    assert not hasattr(unknown, "route")
    assert "CNRY" not in caplog.text


def test_an_unforeseen_error_is_logged_by_kind_and_place(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def district(self, district_id: str) -> Any:
            raise KeyError("CNRYvalue")

    parts = client.api.parts
    broken = Parts(**{**vars(parts), "config": Broken()})
    answer = Client(app.build(broken)).get("/v1/districts/lakeview")
    assert (answer.status, answer.json["code"]) == (500, "internal_error")
    assert "CNRY" not in answer.text + caplog.text
    record = next(record for record in caplog.records if record.message == "request failed")
    assert (record.error, record.code) == ("KeyError", "internal_error")


@pytest.mark.parametrize(("code", "status"), [("store_throttled", 503), ("store_refused", 500)])
def test_a_store_that_fails_is_told_as_such(client: Client, code: str, status: int) -> None:
    from rollcall.domain.errors import StoreThrottled

    class Failing:
        def district(self, district_id: str) -> Any:
            raise (StoreThrottled if status == 503 else StoreError)(
                code, "The database is busy; try again later."
            )

    broken = Parts(**{**vars(client.api.parts), "config": Failing()})
    answer = Client(app.build(broken)).get("/v1/districts/lakeview")
    assert (answer.status, answer.json["code"]) == (status, code)
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert json.loads(answer.text)["detail"] == "The database is busy; try again later."
