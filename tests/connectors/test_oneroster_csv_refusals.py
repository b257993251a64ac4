"""What is refused of a zip of CSV files, and in which words."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from rollcall.connectors import registry
from rollcall.connectors.base import Connector
from rollcall.connectors.oneroster_core import package
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import HttpSender
from rollcall.domain.errors import NeedsAttention, SyncError
from simulators import oneroster
from simulators.district import generate
from simulators.serving import serve
from tests.connectors.build import integration, lookups
from tests.connectors.csv_export import FILES, PEOPLE, files, packed, read, reader, zipped


def refused(body: bytes) -> SyncError:
    with pytest.raises(SyncError) as caught:
        read(body)
    assert "Quill" not in str(caught.value)
    return caught.value


MANIFEST = files()["manifest"]


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"manifest": None}, "export_no_manifest", "manifest.csv"),
        ({"manifest": "propertyName,value\r\n"}, "export_no_manifest", "oneroster.version"),
        ({"manifest": MANIFEST.replace("oneroster.version,1.1", "oneroster.version,2")}, "export_wrong_version", "1.1"),
        ({"manifest": MANIFEST.replace("manifest.version,1.0", "manifest.version,2.0")}, "export_wrong_version", "1.0"),
        ({"manifest": MANIFEST.replace("file.users,bulk", "file.users,delta")}, "export_is_delta", "users.csv"),
        ({"manifest": MANIFEST.replace("file.users,bulk", "file.users,absent")}, "export_file_missing", "users.csv"),
        ({"manifest": MANIFEST.replace("file.users,bulk\r\n", "")}, "export_file_missing", "users.csv"),
        ({"users": None}, "export_file_missing", "users.csv"),
        ({"demographics": None}, "export_file_missing", "demographics.csv"),
        ({"users": ""}, "export_column_missing", "sourcedId"),
        ({"users": PEOPLE["1.1"].replace("givenName", "givenname", 1)}, "export_column_missing", "givenName"),
        ({"users": PEOPLE["1.1"].replace("password", "email", 1)}, "export_column_missing", "email"),
        ({"users": PEOPLE["1.2"]}, "export_column_missing", "role"),
        ({"users": PEOPLE["1.1"].replace(",secret", "")}, "export_row_malformed", "users.csv, row 2, has 17"),
        ({"users": PEOPLE["1.1"].replace("s-2", " ")}, "export_row_malformed", "row 3, has no sourcedId"),
        ({"users": PEOPLE["1.1"].replace("Odo", '"Odo')}, "export_row_malformed", "row 3"),
        ({"users": PEOPLE["1.1"].replace("Odo", '"O"do"')}, "export_row_malformed", "row 3"),
        ({"users": PEOPLE["1.1"] + '"' + "x" * package.MAX_ROW_BYTES}, "export_row_malformed", "row 6, is too long"),
        ({"demographics": FILES["demographics"].replace(",true\r\n", "\r\n")}, "export_row_malformed", "demographics"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named(changed: dict[str, str | None], code: str, said: str) -> None:
    error = refused(zipped(**changed))
    assert error.code == code
    assert said in error.message


def test_a_missing_file_of_roles() -> None:
    assert (
        refused(zipped("1.2", roles=None)).message == "The export has no roles.csv; include it in bulk mode."
    )


def test_another_encoding_names_the_row() -> None:
    entries = {f"{name}.csv": text.encode() for name, text in files().items()}
    entries["users.csv"] = entries["users.csv"].replace(b"Odo", b"\xd6do")
    error = refused(packed(entries))
    assert (error.code, error.message.startswith("users.csv, row 3,")) == ("export_not_utf8", True)


WHOLE = zipped()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<!DOCTYPE html><html></html>", "export_not_zip"),
        (b'{"orgs":[]}', "export_not_zip"),
        (b"", "source_interrupted"),
        (WHOLE[: len(WHOLE) // 2], "source_interrupted"),
        (WHOLE[:-1], "source_interrupted"),
        (packed({"export/manifest.csv": b""}), "export_no_manifest"),
        (b"PK\x01\x02" * (package.MAX_ENTRIES + 1) + WHOLE, "export_too_large"),
    ],
)
def test_what_is_no_export(body: bytes, code: str) -> None:
    assert refused(body).code == code


def directory(body: bytes, name: str, offset: int, layout: str, value: int) -> bytes:
    """``body`` with one field of an entry of the zip's directory written over."""
    at = body.rindex(name.encode()) - 46 + offset
    return body[:at] + struct.pack(layout, value) + body[at + struct.calcsize(layout) :]


@pytest.mark.parametrize(
    ("offset", "layout", "value", "code"),
    [
        (8, "<H", 1, "export_damaged"),  # encrypted
        (10, "<H", 99, "export_damaged"),  # an unknown method
        (16, "<I", 7, "export_damaged"),  # another checksum
        (24, "<I", 10, "export_damaged"),  # smaller than it is: reading ends there, with another checksum
        (24, "<I", package.MAX_FILE_BYTES + 1, "export_too_large"),
        (42, "<I", 3, "export_damaged"),  # begins elsewhere
    ],
)
def test_a_directory_that_is_wrong(offset: int, layout: str, value: int, code: str) -> None:
    assert refused(directory(zipped(), "users.csv", offset, layout, value)).code == code


@pytest.mark.parametrize(
    ("limit", "most"), [("MAX_TOTAL_BYTES", 500), ("MAX_SMALL_FILE_BYTES", 100), ("MAX_RATIO", 0.001)]
)
def test_limits(limit: str, most: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, limit, most)
    assert refused(zipped()).code == "export_too_large"


def test_a_bomb_is_refused_by_what_it_declares() -> None:
    assert refused(zipped(users=PEOPLE["1.1"] + "\n" * 20_000_000)).code == "export_too_large"


def test_files_that_are_not_needed_may_be_anything() -> None:
    entries = {f"{name}.csv": text.encode() for name, text in files().items()}
    entries["manifest.csv"] += b"file.results,delta\r\n"
    assert len(reader(packed({**entries, "results.csv": b"\0" * 20_000_000})).survey().parts) == 4


def test_last_years_export_needs_attention() -> None:
    sessions = FILES["academicSessions"].replace("2027", "2026").replace("2026-08", "2025-08")
    with pytest.raises(NeedsAttention) as caught:
        reader(zipped(academicSessions=sessions)).survey()
    assert caught.value.code == "academic_year_not_available"


# --------------------------------------------------------------------------------------------------- over HTTP


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[oneroster.Options, Any, str]]:
    options = oneroster.Options()
    app = oneroster.create_app(generate(7, 100, today=date(2026, 11, 2)), options)
    with serve(app) as url:
        yield options, app, url.removesuffix(app.base_path) + options.csv_path


def over_http(url: str, secret: str, **options: Any) -> Connector:
    credentials = {"consumer_token": oneroster.Options().client_id, "consumer_secret": secret}
    transport = Transport(HttpSender("loopback", 1), **{"sleep": lambda _: None, **options})
    stored = integration("oneroster", delivery="csv", url=url)
    codes = lookups(building={str(code): str(code) for code in range(100, 110)})
    return registry.connect(stored, "2026-27", codes, credentials, transport)


def test_the_simulator_is_read_over_http(served: tuple[oneroster.Options, Any, str]) -> None:
    options, _, url = served
    found = over_http(url, options.client_secret)
    survey = found.survey()
    assert sum(page.announced or 0 for part in survey.parts for page in found.pages(part, None)) > 100
    with pytest.raises(NeedsAttention) as caught:
        over_http(url, "wrong").survey()
    assert caught.value.code == "credentials_rejected"


@pytest.mark.parametrize(
    ("kind", "params", "seconds", "code"),
    [
        ("truncated", {"content_length": "wrong"}, 20.0, "source_interrupted"),
        ("reset", {}, 20.0, "source_interrupted"),
        ("gzip_bomb", {"megabytes": 130}, 20.0, "answer_too_large"),
        ("slow_drip", {}, 0.5, "source_timeout"),
    ],
)
def test_faults_on_the_wire(
    served: tuple[oneroster.Options, Any, str], kind: str, params: dict[str, Any], seconds: float, code: str
) -> None:
    options, app, url = served
    app.faults.add(kind, options.csv_path, **params)
    try:
        with pytest.raises(SyncError) as caught:
            over_http(url, options.client_secret, answer_seconds=seconds, patience=seconds).survey()
    finally:
        app.faults.clear()
    assert caught.value.code == code
