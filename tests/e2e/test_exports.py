"""Exports in the deployed template: asked for, made by a function of their own under its own role, and fetched."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from local.api import Api
from local.tenants import Client
from tests.e2e.conftest import TENANTS, everybody, until
from tests.exports.test_oneroster import check
from tests.support.exports import read

pytestmark = pytest.mark.e2e
one_system = pytest.mark.parametrize("client", TENANTS[:1], indirect=True, ids=lambda tenant: tenant.system)


def fetched(api: Api, client: Client, kind: str) -> tuple[Any, bytes]:
    asked = api.post(f"{client.path}/exports", {"kind": kind})
    assert asked["state"] == "queued", "the API does not wait for it"

    def ended() -> Any:
        export = api.get(f"{client.path}/exports/{asked['id']}")
        return export["state"] in ("completed", "failed") and export

    done = until(ended, f"the export of {kind}", 60)
    assert done["state"] == "completed", done["error"]
    answer = requests.get(done["download"], timeout=10)
    assert answer.status_code == 200
    return done, answer.content


@one_system
def test_a_district_leaves_as_files(api: Api, client: Client) -> None:
    active = [p for p in everybody(api, client) if p["type"] == "student" and p["status"] == "active"]
    done, data = fetched(api, client, "nutrition_students")
    assert sorted(row["Student ID"] for row in read(data)) == sorted(p["local_id"] for p in active)
    assert (done["rows"], done["size"]) == (len(active), len(data))
    _, data = fetched(api, client, "oneroster")
    assert len(check(data)["demographics"]) == len(active)
    kinds = [export["kind"] for export in api.get(f"{client.path}/exports")["items"]]
    assert kinds[:2] == ["oneroster", "nutrition_students"]
