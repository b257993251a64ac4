"""The CSV package."""

from __future__ import annotations

import base64
import csv
import io
import zipfile
from typing import Any

import pytest

from simulators import oneroster
from simulators.district import District
from simulators.inprocess import call
from simulators.oneroster.package import FAULTS, FILES
from tests.simulators.test_oneroster import all_of, roster

Tables = dict[str, list[dict[str, str]]]


def unpacked(body: bytes) -> Tables:
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        return {
            name.removesuffix(".csv"): list(
                csv.DictReader(io.StringIO(package.read(name).decode(), newline=""))
            )
            for name in package.namelist()
        }


def package(district: District, version: str = "1.1", **switches: Any) -> Tables:
    return unpacked(oneroster.csv_zip(district, oneroster.Options(advertised=version, **switches)))


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_the_manifest_names_every_file(district: District, version: str):
    tables = package(district, version)
    manifest = {row["propertyName"]: row["value"] for row in tables.pop("manifest")}
    assert (manifest["manifest.version"], manifest["oneroster.version"]) == ("1.0", version)
    named = {key.removeprefix("file."): value for key, value in manifest.items() if key.startswith("file.")}
    assert set(named) == set(FILES[version])
    assert {name for name, value in named.items() if value == "bulk"} == set(tables)
    assert ("roles" in tables) == (version == "1.2")
    assert set(named.values()) == {"bulk", "absent"}


def test_headers_are_those_of_the_standard(district: District):
    users = list(package(district, metadata=False)["users"][0])
    assert ",".join(users) == (
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,"
        "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
    )
    assert list(package(district)["users"][0])[-1].startswith("metadata.")
    assert "preferredGivenName" in package(district, "1.2")["users"][0]
    assert "role" not in package(district, "1.2")["users"][0]


def test_bulk_rows_are_the_active_rows_of_the_service(shared: District):
    tables, client = package(shared), roster(shared)
    for name in ("orgs", "users", "enrollments", "demographics", "classes", "courses", "academicSessions"):
        rows = [row for row in all_of(client, name) if row["status"] == "active"]
        assert [row["sourcedId"] for row in tables[name]] == [row["sourcedId"] for row in rows]
        assert {(row["status"], row["dateLastModified"]) for row in tables[name]} == {("", "")}


def test_cells(shared: District):
    tables, client = package(shared), roster(shared)
    users = {row["sourcedId"]: row for row in all_of(client, "users")}
    for row in tables["users"]:
        record = users[row["sourcedId"]]
        assert row["agentSourcedIds"] == ",".join(ref["sourcedId"] for ref in record["agents"])
        assert row["orgSourcedIds"] == ",".join(ref["sourcedId"] for ref in record["orgs"])
        assert row["givenName"] == record.get("givenName", "")
        assert row["email"] == record.get("email", "")
    student = next(row for row in tables["users"] if row["role"] == "student" and row["userIds"])
    assert student["userIds"].startswith("{stateId:")
    assert any("," in row["agentSourcedIds"] for row in tables["users"])
    assert {row["primary"] for row in tables["enrollments"]} == {"true", "false"}
    ids = {row["sourcedId"] for row in tables["classes"]}
    assert {row["classSourcedId"] for row in tables["enrollments"]} <= ids
    assert {row["termSourcedIds"] for row in tables["classes"]} == {"session-2027-term1,session-2027-term2"}


def test_roles_have_a_file_of_their_own_in_1_2(shared: District):
    tables = package(shared, "1.2")
    users = {row["sourcedId"]: row for row in tables["users"]}
    assert {row["userSourcedId"] for row in tables["roles"]} == set(users)
    for row in tables["roles"]:
        if row["roleType"] == "primary":
            assert row["orgSourcedId"] == users[row["userSourcedId"]]["primaryOrgSourcedId"]
    assert any(row["preferredGivenName"] for row in tables["users"])


def test_dates_are_days_whatever_the_service_sends(district: District):
    tables = package(district, date_times=True, legacy_birthdate=True, json_booleans=True)
    assert all(len(row["birthDate"]) in (0, 10) for row in tables["demographics"])
    assert any(row["birthDate"] for row in tables["demographics"])
    assert {row["enabledUser"] for row in tables["users"]} == {"true"}


def test_without_demographics(district: District):
    tables = package(district, demographics="403")
    assert "demographics" not in tables
    assert {"propertyName": "file.demographics", "value": "absent"} in tables["manifest"]


def test_the_control_api_serves_it(district: District):
    app = oneroster.create_app(district)
    status, headers, body = call(app, "GET", "/_sim/csv.zip")
    assert (status, headers["content-type"]) == (200, "application/zip")
    assert unpacked(body) == package(district)
    app.change("enroll", school_code=101, first="Ödön", last='O"Neill, jr')
    _, _, body = call(app, "GET", "/_sim/csv.zip", "version=1.2")
    assert ("Ödön", 'O"Neill, jr') in {
        (row["givenName"], row["familyName"]) for row in unpacked(body)["users"]
    }
    assert call(app, "GET", "/_sim/csv.zip", "version=9")[0] == 404


def fetched(app: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
    options = oneroster.Options()
    client = base64.b64encode(f"{options.client_id}:{options.client_secret}".encode()).decode()
    return call(app, "GET", options.csv_path, headers={"Authorization": f"Basic {client}", **headers})


def test_the_export_is_fetched_with_a_password(district: District):
    app = oneroster.create_app(district)
    status, headers, body = fetched(app)
    assert (status, headers["content-type"]) == (200, "application/zip")
    assert unpacked(body) == package(district)
    for authorization in ("", "Basic eDp5", "Bearer x"):
        status, headers, body = fetched(app, Authorization=authorization)
        assert (status, headers["www-authenticate"], body) == (401, 'Basic realm="exports"', b"")
    assert call(app, "POST", oneroster.Options().csv_path)[0] == 401
    opened = oneroster.create_app(district, oneroster.Options(csv_open=True))
    assert call(opened, "GET", oneroster.Options().csv_path)[0] == 200
    assert call(opened, "POST", oneroster.Options().csv_path)[0] == 405


def test_the_export_says_whether_it_is_another(district: District):
    app = oneroster.create_app(district)
    _, before, body = fetched(app)
    assert fetched(app)[2] == body, "the same district gives the same bytes"
    assert "GMT" in before["last-modified"]
    assert fetched(app, **{"If-None-Match": before["etag"]})[::2] == (304, b"")
    district.change_some(1, seed=3)
    status, after, _ = fetched(app, **{"If-None-Match": before["etag"]})
    assert (status, after["etag"] == before["etag"]) == (200, False)


def test_the_export_as_a_spreadsheet_leaves_it(shared: District):
    plain, loose = (
        zipfile.ZipFile(io.BytesIO(oneroster.csv_zip(shared, oneroster.Options(csv_form=form))))
        for form in ("plain", "loose")
    )
    with plain, loose:
        text = loose.read("users.csv")
        assert text.startswith(b'\xef\xbb\xbf"sourcedId"')
        assert b"\r\n" not in text
        assert text.endswith(b",,\n\n")
        assert b'"=""' in text
        assert text.count(b"student-") >= plain.read("users.csv").count(b"student-") > 10


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_makes_another_export(district: District, fault: str):
    assert oneroster.csv_zip(district, oneroster.Options(csv_fault=fault)) != oneroster.csv_zip(district)
