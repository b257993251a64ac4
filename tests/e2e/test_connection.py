"""The connection test on the deployed template: the API asks the tester, which alone may open the credentials."""

from __future__ import annotations

from typing import Any

import pytest

from local.api import Api
from local.emulator import free_port
from local.stack import Stack
from local.tenants import Client

pytestmark = pytest.mark.e2e


def checks(found: Any) -> dict[str, bool | None]:
    return {check["name"]: check["ok"] for check in found["checks"]}


def test_a_connection_is_tested_before_and_after_it_is_saved(api: Api, client: Client, stack: Stack) -> None:
    path = f"{client.path}/integrations"
    form = {
        "system": client.tenant.system,
        "url": client.simulator.url,
        "credentials": client.simulator.credentials,
    }

    nobody = api.post(f"{path}/test", {**form, "url": f"http://127.0.0.1:{free_port()}"})
    assert not nobody["ok"]
    assert (checks(nobody)["reachable"], checks(nobody)["credentials"]) == (False, None)

    wrong = {key: secret[::-1] for key, secret in client.simulator.credentials.items()}
    stranger = api.post(f"{path}/test", {**form, "credentials": wrong})
    assert not stranger["ok"]
    assert (checks(stranger)["reachable"], checks(stranger)["credentials"]) == (True, False)

    new = api.post(f"{path}/test", form)
    assert new["ok"], new["checks"]
    assert not any(check["coverage"] for check in new["checks"]), "no mapping has been chosen yet"
    suggested = {s["entity"]: api.post(f"{client.path}/mappings", s)["id"] for s in new["suggestions"]}
    assert {"building", "gender", "grade_level", "race", "state"} <= suggested.keys()
    again = api.post(f"{path}/test", {**form, "mappings": suggested})
    assert again["ok"], again["checks"]
    assert checks(again)["coverage.grade_level"] is True, "what was suggested covers what was found"

    stored = api.post(f"{path}/{client.integration_id}/test", {})
    assert stored["ok"], stored["checks"]
    building = next(c["coverage"] for c in stored["checks"] if c["name"] == "coverage.building")
    assert building["mapped"] > 0
    secrets = [*client.simulator.credentials.values(), *wrong.values()]
    logged = "\n".join(stack.logs("connection-tester") + stack.logs("config-api"))
    assert not [secret for secret in secrets if secret in logged]
