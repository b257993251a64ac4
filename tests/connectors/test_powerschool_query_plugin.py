"""The plugin package is what PowerSchool accepts, and what the connector asks."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from rollcall.connectors.powerschool_query import rows
from rollcall.connectors.powerschool_query.plugin import (
    NAME,
    VERSIONS,
    Registration,
    build_plugin,
    digest,
    version,
)
from rollcall.connectors.powerschool_query.queries import QUERIES, SCHOOLS, STREAMS, Query, streams_of
from rollcall.connectors.powerschool_query.school_plugin import build_school_plugin, streams_needed
from rollcall.domain.onboarding import Onboarding, hand_out, plugin_name
from simulators.powerschool import database
from simulators.powerschool.plugin import load

NAMESPACE = "{http://plugin.powerschool.pearson.com}"
# What Oracle does not take as a name, as far as somebody might choose it.
RESERVED = {
    "access", "add", "all", "and", "any", "as", "asc", "by", "char", "check", "column", "comment", "date", "desc",
    "file", "group", "index", "integer", "level", "mode", "number", "option", "or", "order", "public", "row", "rows",
    "select", "session", "set", "share", "size", "start", "table", "then", "to", "uid", "union", "user", "values",
    "view", "where", "with",
}  # fmt: skip


@pytest.fixture(scope="module")
def package() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(build_plugin(NAME, version())))


@pytest.fixture(scope="module")
def manifest(package: zipfile.ZipFile) -> ET.Element:
    return ET.fromstring(package.read("plugin.xml"))


def test_files_lie_at_the_root(package: zipfile.ZipFile) -> None:
    assert package.namelist() == ["plugin.xml", "queries_root/rollcall.named_queries.xml"]
    assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_manifest_keeps_the_rules(manifest: ET.Element) -> None:
    assert manifest.tag == f"{NAMESPACE}plugin"
    assert 1 <= len(manifest.get("name", "")) <= 40
    assert 1 <= len(manifest.get("version", "")) <= 20
    assert len(manifest.get("description", "")) <= 256
    tags = [child.tag.removeprefix(NAMESPACE) for child in manifest]
    assert sorted(tags) == ["access_request", "oauth", "publisher"]
    publisher = manifest.find(f"{NAMESPACE}publisher")
    assert publisher is not None
    assert 1 <= len(publisher.get("name", "")) <= 100
    assert 1 <= len(publisher[0].get("email", "")) <= 40


def test_every_field_that_is_read_is_asked_for_once_and_nothing_else(manifest: ET.Element) -> None:
    asked = [
        (f.get("table", ""), f.get("field", ""), f.get("access")) for f in manifest.iter(f"{NAMESPACE}field")
    ]
    assert len(set(asked)) == len(asked)
    assert {access for _, _, access in asked} == {"ViewOnly"}
    assert all(len(table) <= 30 and len(field) <= 30 for table, field, _ in asked)
    names = {f"{table}.{field}".lower() for table, field, _ in asked}
    # Worked out from the SQL's words alone: every name that stands behind a dot.
    fields = {name for query in QUERIES for name in re.findall(r"\.(\w+)", query.sql)}
    assert {name.partition(".")[2] for name in names} == fields
    known = {f"{table}.{column}" for table in database.TABLES for column in database.columns(table)}
    assert names <= known, "only tables and columns of the fact sheet"
    assert not [name for name in names if re.search("ssn|lunch|alert|password|photo", name)]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.area)
def test_a_query_keeps_the_rules(query: Query) -> None:
    assert len(query.name.split(".")) == 5
    assert len(query.name) <= 200
    assert " order by " in query.sql.replace("\n", " "), "pages are cut from the result"
    assert "~(" not in query.sql, "PS-HTML would be interpreted"
    assert "]]>" not in query.sql
    assert (":school" in query.sql) == query.by_school
    assert not set(query.columns) & RESERVED
    assert all(len(key) <= 30 and key == key.lower() for key in query.columns)
    assert {*query.key, *query.people.values()} <= set(query.columns)
    assert all(query.checked(key) in query.fields() for key in query.columns)


def test_columns_stand_in_the_order_of_the_select_list(package: zipfile.ZipFile) -> None:
    document = ET.fromstring(package.read("queries_root/rollcall.named_queries.xml"))
    found = document.findall("query")
    assert [item.get("name") for item in found] == [query.name for query in QUERIES]
    for item in found:
        keys = [column.text for column in item.iterfind("columns/column")]
        assert re.findall(r" as (\w+)(?:,|\n)", item.findtext("sql", "")) == keys


def test_the_connector_reads_every_column_and_no_other() -> None:
    models = {"students": rows.Student, "races": rows.Race, "contacts": rows.ContactDetail, "phones": rows.Phone,
              "addresses": rows.Address, "staff": rows.Staff}  # fmt: skip
    keys = set(rows.Keys.__struct_fields__)
    for stream, query in STREAMS.items():
        model = set(models[stream].__struct_fields__)
        assert model <= set(query.columns), stream
        assert set(query.columns) - model <= keys, stream


def test_the_simulator_installs_it() -> None:
    plugin = load(build_plugin(NAME, version()))
    assert set(plugin.queries) == {query.name for query in QUERIES}


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert build_plugin("A", "1") == build_plugin("A", "1") != build_plugin("A", "2")
    name = ET.fromstring(zipfile.ZipFile(io.BytesIO(build_plugin('A "<&>', "1"))).read("plugin.xml")).get(
        "name"
    )
    assert name == 'A "<&>'


@pytest.mark.parametrize(("name", "number"), [("", "1"), ("x" * 41, "1"), ("x", ""), ("x", "1" * 21)])
def test_what_powerschool_would_refuse_is_not_built(name: str, number: str) -> None:
    with pytest.raises(ValueError, match="at most"):
        build_plugin(name, number)


def test_the_version_rises_with_the_definitions() -> None:
    """A failure here means: the definitions have changed, so add a higher version with the digest that is shown."""
    assert VERSIONS[-1][1] == digest()
    numbers = [tuple(map(int, number.split("."))) for number, _ in VERSIONS]
    assert numbers == sorted(set(numbers))
    assert len({mark for _, mark in VERSIONS}) == len(VERSIONS)


@pytest.mark.parametrize(
    ("member_types", "family_identifier", "streams"),
    [
        ({"staff"}, (), ["staff"]),
        ({"staff"}, ("hoh_last_name",), ["staff"]),
        ({"student"}, (), ["students", "races"]),
        ({"student"}, ("household_home_address",), ["students", "races"]),
        ({"student"}, ("hoh_last_name",), ["students", "races", "contacts", "phones"]),
        ({"contact"}, (), ["contacts", "phones", "addresses"]),
        ({"student", "staff", "contact"}, (), list(STREAMS)),
    ],
)
def test_member_types_say_which_queries_are_needed(
    member_types: set[str], family_identifier: tuple[str, ...], streams: list[str]
) -> None:
    assert list(streams_of(member_types, family_identifier)) == streams


@pytest.mark.parametrize("streams", [(), ("staff",), ("students", "races"), tuple(STREAMS)])
def test_a_part_of_the_queries_asks_for_just_what_it_reads(streams: tuple[str, ...]) -> None:
    queries = (SCHOOLS, *(STREAMS[stream] for stream in streams))
    plugin = load(build_plugin("A", "1", queries=queries))
    assert set(plugin.queries) == {query.name for query in queries}
    assert plugin.granted == {f"{table}.{field}" for query in queries for table, field in query.fields()}


def test_without_queries_there_is_only_the_oauth_client() -> None:
    package = build_plugin("A", "1", queries=())
    assert zipfile.ZipFile(io.BytesIO(package)).namelist() == ["plugin.xml"]
    manifest = ET.fromstring(zipfile.ZipFile(io.BytesIO(package)).read("plugin.xml"))
    assert sorted(child.tag.removeprefix(NAMESPACE) for child in manifest) == ["oauth", "publisher"]


def test_a_registration_stands_in_the_manifest_as_it_is_given() -> None:
    given = Registration("https://api.example.org/v1/registrations/onb_1?a=1&b=2", '<"secret">&')
    assert load(build_plugin("A", "1", registration=given)).registration == given
    assert load(build_plugin("A", "1")).registration is None


@pytest.mark.parametrize(
    "changes", [{"description": "x" * 257}, {"registration": Registration("https://" + "x" * 1000, "s")}]
)
def test_what_is_too_long_for_powerschool_is_not_built(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at most"):
        build_plugin("A", "1", **changes)


@pytest.mark.parametrize("system", ["powerschool", "powerschool_query"])
def test_the_longest_and_the_oddest_school_gets_a_plugin(system: Any) -> None:
    """Guards against a name that no XML can hold, or a description that PowerSchool refuses."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for name in ("W" * 100, 'A "<&>\ufffe\u2028 School'):
        school = Onboarding(
            id="onb_1",
            district_id="lakeview",
            name=name,
            portal_url="https://ps.example.org",
            organization_id="9" * 40,
            system=system,
            member_types=("student", "staff", "contact"),
            integration_id="int_1",
            created_at=now,
            updated_at=now,
        )
        reads = streams_needed(school, None)
        handed = hand_out(school, plugin_name(name, ()), "mark", reads, None, now)
        plugin = load(build_school_plugin(handed, None))
        assert f"(organization {'9' * 40})" in plugin.description
        assert len(plugin.queries) == (7 if system == "powerschool_query" else 0)


def test_building_it_needs_no_http_client() -> None:
    """The API builds it, and starts cold."""
    code = (
        "import sys, rollcall.connectors.powerschool_query.plugin;"
        "print([m for m in ('requests', 'urllib3', 'boto3') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert answer.stdout.strip() == "[]"
