"""PowerQueries, tables and the plugin package."""

from __future__ import annotations

import zipfile
from pathlib import Path

import msgspec
import pytest

from simulators.district import District
from simulators.powerschool import Options
from simulators.powerschool.plugin import PluginRefused, load
from tests.simulators.calls import Caller, power_caller

MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<plugin xmlns="http://plugin.powerschool.pearson.com" name="{name}" version="1.0.0" description="test">
  <oauth/>
  <access_request>
    <field table="STUDENTS" field="DCID" access="ViewOnly"/>
    <field table="Students" field="Last_Name" access="ViewOnly"/>
    <field table="STUDENTS" field="ZIP" access="ViewOnly"/>
    <field table="PERSON" field="ID" access="ViewOnly"/>
    <field table="STUDENTCONTACTASSOC" field="CONTACTPRIORITYORDER" access="ViewOnly"/>
  </access_request>
  <publisher name="Example"><contact email="support@example.org"/></publisher>
</plugin>"""
QUERIES = """<queries>
  <query name="org.example.test.students.roster" coreTable="students" flattened="true">
    <args><arg name="status" required="true" multivalue="true"/></args>
    <columns>
      <column column="STUDENTS.DCID">dcid</column>
      <column column="STUDENTS.LAST_NAME">last_name</column>
      <column column="STUDENTS.ZIP">zip</column>
    </columns>
    <sql><![CDATA[select s.dcid, s.last_name, s.zip from students s
      where s.enroll_status in (:status) and s.entrydate <= sysdate order by s.dcid]]></sql>
  </query>
  <query name="org.example.test.students.secrets" coreTable="students" flattened="true">
    <columns><column column="STUDENTS.SSN">ssn</column></columns>
    <sql>select s.dcid from students s</sql>
  </query>
  <query name="org.example.test.contacts.all" coreTable="students">
    <columns>
      <column column="STUDENTS.DCID">students.dcid</column>
      <column column="PERSON.ID">person.id</column>
    </columns>
    <sql>select s.dcid, p.id from students s join studentcontactassoc a on a.studentdcid = s.dcid
      join person p on p.id = a.personid order by s.dcid, a.contactpriorityorder</sql>
  </query>
</queries>"""
ROSTER = "/ws/schema/query/org.example.test.students.roster"


def package(
    path: Path, manifest: str = MANIFEST.format(name="Test"), queries: str = QUERIES, folder: str = ""
) -> Path:
    target = path / "plugin.zip"
    with zipfile.ZipFile(target, "w") as file:
        file.writestr(f"{folder}plugin.xml", manifest)
        file.writestr(f"{folder}queries_root/test.named_queries.xml", queries)
    return target


@pytest.fixture(scope="module")
def plugged(shared: District, tmp_path_factory: pytest.TempPathFactory) -> Caller:
    return power_caller(shared, Options(plugin=package(tmp_path_factory.mktemp("plugin"))))


def test_a_query_of_a_real_plugin_runs_as_its_own_sql(shared: District, plugged: Caller):
    active = [s for s in shared.students if s.status == "active"]
    assert plugged.post(f"{ROSTER}/count", {"status": ["0"]}) == {"count": len(active)}
    first = plugged.post(ROSTER, {"status": "0"}, "pagesize=0")
    assert len(first["record"]) == len(active)
    assert all(isinstance(value, str) for row in first["record"] for value in row.values())
    zips = {row.get("zip") for row in first["record"]}
    assert "01234" in zips, "here the leading zero survives"
    both = plugged.post(f"{ROSTER}/count", {"status": ["0", "2"]})["count"]
    assert both == sum(s.status in ("active", "transferred") for s in shared.students)


def test_nulls_are_left_out(shared: District, plugged: Caller):
    homeless = {
        str(s.id) for s in shared.students if s.active and not shared.household(s.household_id).address.zip
    }
    rows = plugged.post(ROSTER, {"status": "0"}, "pagesize=0")["record"]
    assert homeless
    assert {row["dcid"] for row in rows if "zip" not in row} == homeless


def test_paging_an_empty_page_and_the_default_size(plugged: Caller):
    assert len(plugged.post(ROSTER, {"status": "0"})["record"]) == 100
    assert plugged.post(ROSTER, {"status": "0"}, "page=999") == {"@extensions": ""}
    assert plugged.post(ROSTER, {"status": "0"}, "pagesize=1&count=true")["count"] > 100


def test_one_row_is_still_a_list(plugged: Caller):
    assert len(plugged.post(ROSTER, {"status": "0"}, "pagesize=1")["record"]) == 1


def test_nested_shape_and_joins(shared: District, plugged: Caller):
    rows = plugged.post("/ws/schema/query/org.example.test.contacts.all", {}, "pagesize=0")["record"]
    pairs = [(row["tables"]["students"]["dcid"], row["tables"]["person"]["id"]) for row in rows]
    assert pairs == [(str(s.id), str(link.guardian_id)) for s in shared.students for link in s.links]


def test_a_column_that_was_not_granted_fails_the_whole_query(plugged: Caller):
    status, _, body = plugged.raw("/ws/schema/query/org.example.test.students.secrets", "", "POST", b"{}")
    assert status == 400
    document = msgspec.json.decode(body)
    assert document["message"] == "Validation Failed"
    assert document["errors"][0]["code"] == "No access to the field"


def test_unknown_query_and_bad_arguments(plugged: Caller):
    assert plugged.raw("/ws/schema/query/org.example.none", "", "POST", b"{}")[0] == 404
    assert plugged.raw(ROSTER, "", "POST", b'{"stat": "0"}')[0] == 400
    assert plugged.raw(ROSTER, "", "POST", b"")[0] == 400
    assert plugged.raw(ROSTER)[0] == 405


def test_an_empty_body_means_no_arguments(power: Caller):
    path = "/ws/schema/query/com.pearson.core.student.student_dcid_id_map"
    assert power.raw(path, "", "POST", b"")[0] == 200


def test_tables_need_a_projection_and_filter_by_column(shared: District, power: Caller):
    path, query = "/ws/schema/table/students", "q=enroll_status==0;grade_level=ge=9"
    assert power.get(f"{path}/count", query)["count"] == sum(
        s.active and s.home.grade in ("9", "10", "11", "12") for s in shared.students
    )
    bare = power.get(path, f"{query}&pagesize=1")["record"][0]
    assert bare["tables"]["students"] == {}
    full = power.get(path, f"{query}&pagesize=1&projection=dcid,student_number")["record"]
    assert set(full[0]["tables"]["students"]) == {"dcid", "student_number"}
    assert power.raw("/ws/schema/table/nothing")[0] == 404
    key = shared.students[0].id
    assert power.get(f"{path}/{key}", "projection=*")["tables"]["students"]["dcid"] == str(key)


def test_students_id_is_not_their_dcid(power: Caller):
    row = power.get("/ws/schema/table/students", "pagesize=1&projection=id,dcid")["record"][0]["tables"][
        "students"
    ]
    assert row["id"] != row["dcid"]


def test_tables_refuse_what_the_plugin_did_not_ask_for(plugged: Caller):
    assert plugged.raw("/ws/schema/table/students", "projection=dob")[0] == 403
    columns = plugged.get("/ws/schema/table/students/metadata")["columns"]
    assert {"name": "DOB", "access": "NoAccess"} in columns


@pytest.mark.parametrize(
    ("manifest", "queries", "folder"),
    [
        (MANIFEST.format(name="N" * 41), QUERIES, ""),
        (MANIFEST.format(name="Test").replace("ViewOnly", "Peek"), QUERIES, ""),
        (MANIFEST.format(name="Test").replace("<oauth/>", ""), QUERIES, ""),
        (MANIFEST.format(name="Test"), QUERIES.replace("org.example.test.students.roster", "roster"), ""),
        (MANIFEST.format(name="Test"), QUERIES.replace("STUDENTS.SSN", "SSN"), ""),
        (MANIFEST.format(name="Test"), QUERIES, "enclosing/"),
    ],
)
def test_bad_plugins_are_refused(tmp_path: Path, manifest: str, queries: str, folder: str):
    with pytest.raises(PluginRefused):
        load(package(tmp_path, manifest, queries, folder))


def test_an_edit_shows_in_the_next_query(district: District):
    caller = power_caller(district)
    query = "projection=last_name"
    key = district.students[0].id
    caller.get(f"/ws/schema/table/students/{key}", query)
    caller.app.change("rename", student_id=key, last="Changed")
    assert (
        caller.get(f"/ws/schema/table/students/{key}", query)["tables"]["students"]["last_name"] == "Changed"
    )


def test_either_shape_can_be_forced(shared: District, tmp_path: Path):
    plugin = package(tmp_path).read_bytes()
    (flat,) = power_caller(shared, Options(plugin=plugin, query_shape="flat")).post(
        "/ws/schema/query/org.example.test.contacts.all", {}, "pagesize=1"
    )["record"]
    assert set(flat) == {"_name", "students.dcid", "person.id"}
    caller = power_caller(shared, Options(plugin=plugin, query_shape="nested"))
    (nested,) = caller.post(ROSTER, {"status": "0"}, "pagesize=1")["record"]
    assert set(nested["tables"]["students"]) >= {"dcid", "last_name"}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<oauth/>", "<oauth/><oauth/>", "twice"),
        ("</plugin>", "", "not XML"),
        (">zip<", ">dcid<", "key of its own"),
        (":status", "0", "does not use the argument"),
    ],
)
def test_more_that_a_server_refuses(tmp_path: Path, old: str, new: str, reason: str):
    manifest = MANIFEST.format(name="Test").replace(old, new)
    with pytest.raises(PluginRefused, match=reason):
        load(package(tmp_path, manifest, QUERIES.replace(old, new)))
