"""The form of the source document, row by row: what each system's form takes, needs and refuses.

``ROWS`` is the document's table, written down here and nowhere else; what the rows do to people who are synced is in
``tests/sync/test_form_effects.py``.
"""

from __future__ import annotations

import copy
from typing import Any, Literal, NamedTuple

import jsonschema
import pytest

from .conftest import Client, Forms

BASE = "/v1/districts/lakeview/integrations"
ALL = ("aeries", "illuminate", "powerschool", "powerschool_query", "schooltool", "oneroster")
AERIES = ("aeries",)
OAUTH = ("illuminate", "powerschool", "powerschool_query", "oneroster")


class Row(NamedTuple):
    """A row: its path, a value to save, where it is required and where it may be left out."""

    path: str
    value: Any
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def systems(self) -> tuple[str, ...]:
        return self.required + self.optional


ENTITY = Literal["mapping of this entity"]
ROWS = [
    Row("name", "Lakeview nightly", ALL),
    Row("url", "https://other.example.org/sis", ALL),
    Row("credentials.consumer_token", "CNRYtoken000021", OAUTH, ("schooltool",)),
    Row("credentials.consumer_secret", "CNRYsecret00022", OAUTH, ("schooltool",)),
    Row("credentials.token", "CNRYcertificate23", AERIES),
    Row("credentials.user_token", "CNRYuser0000024", ("illuminate",)),
    Row("credentials.user_secret", "CNRYuser0000025", ("illuminate",)),
    Row("mappings.academic_year", ENTITY, AERIES),
    *(
        Row(f"mappings.{entity}", ENTITY, ALL)
        for entity in (
            "building", "ethnicity", "grade_level", "race", "state", "gender", "language", "relationship",
        )
    ),
    Row("mappings.allergy", ENTITY, (), ("powerschool_query",)),
    Row("family_identifier", ["hoh_first_name"], (), ALL),
    Row("family_identifier", ["hoh_last_name"], (), ALL),
    Row("family_identifier", ["hoh_home_phone"], (), ALL),
    Row("family_identifier", ["household_home_address"], (), ALL),
    Row("family_identifier", ["family_key"], (), AERIES),
    Row("primary_enrollment_codes", ["", "R"], (), AERIES),
    Row("alternate_enrollment_codes", ["C"], (), AERIES),
    Row("enrollment_code_field", "AttendanceProgramCodeAdditional1", (), AERIES),
    Row("use_local_id_as_pin", True, (), AERIES),
    Row("use_contact_record", True, (), AERIES),
    Row("use_change_feed", True, (), AERIES),
    Row("delivery", "csv", (), ("oneroster",)),
    Row("enrollment_code_field", "AttendanceProgramCodeAdditional1", (), AERIES),
    Row("use_change_feed", True, (), AERIES),
    Row("drop_students_not_in_file", True, (), ALL),
    Row("member_types", ["student"], (), ALL),
]  # fmt: skip
REQUIRED = [(row, system) for row in ROWS for system in row.required]
TAKEN = [(row, system) for row in ROWS for system in row.systems]
FOREIGN = [(row, system) for row in ROWS for system in ALL if system not in row.systems]


def name_of(value: object) -> str:
    return f"{value.path}-{value.value}" if isinstance(value, Row) else str(value)


def put(body: dict[str, Any], path: str, value: Any) -> None:
    section, _, name = path.rpartition(".")
    (body[section] if section else body)[name] = value


def take(body: dict[str, Any], path: str) -> Any:
    section, _, name = path.rpartition(".")
    return (body[section] if section else body).pop(name)


def value_of(row: Row, client: Client) -> Any:
    if row.value is not ENTITY:
        return row.value
    entity = row.path.removeprefix("mappings.")
    return client.post("/v1/districts/lakeview/mappings", {"entity": entity, "name": "Chosen"}).json["id"]


@pytest.mark.parametrize(("row", "system"), TAKEN, ids=name_of)
def test_it_is_saved(row: Row, system: str, client: Client, form: Forms) -> None:
    """Also over an integration that exists: by writing it anew and by changing this field alone."""
    body, value = form(system), value_of(row, client)
    put(body, row.path, value)
    made = client.post(BASE, body)
    assert made.status == 201, made.text
    path = f"{BASE}/{made.json['id']}"
    read = client.get(path).json
    section, _, name = row.path.rpartition(".")
    if section == "credentials":
        assert read["credentials"][name]["ends_with"] == value[-2:]
        assert value not in client.get(path).text
    else:
        assert (read[section] if section else read)[name] == value
    patch = {section: {name: value}} if section else {name: value}
    assert client.patch(path, {**patch, "version": 1}).status == 200
    assert client.put(path, {**body, "version": 2}).status == 200


@pytest.mark.parametrize(("row", "system"), REQUIRED, ids=name_of)
def test_it_is_missed(row: Row, system: str, client: Client, form: Forms) -> None:
    body = form(system)
    take(body, row.path)
    assert client.post(BASE, body).faults() == {(row.path, "required")}


@pytest.mark.parametrize(("row", "system"), FOREIGN, ids=name_of)
def test_it_is_refused_where_it_does_not_belong(row: Row, system: str, client: Client, form: Forms) -> None:
    """Refused, not ignored: an administrator would think that it had been understood."""
    body = form(system)
    put(body, row.path, value_of(row, client))
    answer = client.post(BASE, body)
    field, code = (
        (f"{row.path}.0", "not_allowed") if row.path == "family_identifier" else (row.path, "unknown_field")
    )
    assert (answer.status, answer.faults()) == (422, {(field, code)})


def test_pictures_only_is_saved_with_what_it_needs_and_refuses_the_rest(client: Client, form: Forms) -> None:
    """Name, system, url, token and building, as the document says; all else would be ignored, so it is refused."""
    whole = form("aeries", pictures_only=True)
    needed = {**whole, "mappings": {"building": whole["mappings"]["building"]}, "family_identifier": []}
    assert client.post(BASE, needed).json["pictures_only"] is True
    for path in ("name", "url", "credentials.token", "mappings.building"):
        body = copy.deepcopy(needed)
        take(body, path)
        assert client.post(BASE, body).faults() == {(path, "required")}
    for row in ROWS:
        if "aeries" in row.systems and row.path not in (
            "name",
            "url",
            "credentials.token",
            "mappings.building",
        ):
            body = copy.deepcopy(needed)
            put(body, row.path, value_of(row, client))
            expected = set() if row.path == "member_types" else {(row.path, "not_with_pictures_only")}
            answer = client.post(BASE, body)
            assert (answer.faults() if answer.status == 422 else set()) == expected
    for system in ALL[1:]:
        refused = client.post(BASE, form(system, pictures_only=True))
        assert refused.faults() == {("pictures_only", "unknown_field")}


@pytest.mark.parametrize("system", ALL)
def test_active_is_for_existing_integrations_only(system: str, client: Client, form: Forms) -> None:
    body = form(system)
    assert client.post(BASE, {**body, "active": True}).faults() == {("active", "unknown_field")}
    path = f"{BASE}/{client.post(BASE, body).json['id']}"
    assert client.get(path).json["active"] is True
    del body["credentials"]
    assert client.put(path, {**body, "active": False, "version": 1}).json["active"] is False


def told(schema: dict[str, Any], path: str) -> dict[str, Any]:
    for name in path.split("."):
        schema = schema["properties"][name]
    return schema


@pytest.mark.parametrize("system", ALL)
def test_the_form_as_data_says_the_same(system: str, client: Client, form: Forms) -> None:
    """The console draws its fields from the schema alone, so the schema must refuse and need what the API does."""
    (item,) = [i for i in client.get("/v1/systems").json["items"] if i["system"] == system]
    schema = item["form"]
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema).is_valid
    assert check(form(system))
    for row in ROWS:
        body = form(system)
        put(body, row.path, "map_1" if row.value is ENTITY else row.value)
        assert check(body) == (system in row.systems), row.path
        if system in row.systems:
            assert told(schema, row.path)["title"]
            assert told(schema, row.path)["description"].endswith(".")
        body = form(system)
        if system in row.required:
            take(body, row.path)
            assert not check(body), row.path
    assert not check({**form(system), "active": True})
    if system == "aeries":
        photos = {
            **form(system),
            "pictures_only": True,
            "mappings": {"building": "map_1"},
            "family_identifier": [],
        }
        assert check(photos)
        assert not check({**photos, "pictures_only": False})
        assert not check({**photos, "use_contact_record": True})
        assert not check({**photos, "mappings": {}})
    existing = jsonschema.Draft202012Validator(item["existing"]).is_valid
    body = form(system)
    del body["credentials"]
    assert existing({**body, "active": False, "version": 3})


def test_fields_stand_in_the_order_of_the_screen_with_its_words(client: Client) -> None:
    items = {item["system"]: item for item in client.get("/v1/systems").json["items"]}
    aeries = items["aeries"]["form"]["properties"]
    assert list(aeries)[:3] == ["name", "system", "url"]
    assert list(aeries["mappings"]["properties"])[:3] == ["academic_year", "building", "ethnicity"]
    assert aeries["use_local_id_as_pin"]["title"] == "Use Local ID as Pin"
    assert aeries["family_identifier"]["items"]["oneOf"][0] == {"const": "family_key", "title": "Family Key"}
    assert aeries["mappings"]["properties"]["race"]["x-entity"] == "race"
    assert "family_key" not in str(items["powerschool"]["form"])


def test_fields_say_where_they_stand_what_they_begin_with_and_what_to_think_of(client: Client) -> None:
    """The console draws sections, defaults and warnings from the schema; a field without them would be lost in it."""
    for item in client.get("/v1/systems").json["items"]:
        for schema in (item["form"], item["existing"]):
            for name, part in schema["properties"].items():
                for path, field in part.get("properties", {name: part}).items():
                    assert field["x-section"], (item["system"], path)
            assert schema["properties"]["member_types"]["default"] == ["student", "staff", "contact"]
            drop = schema["properties"]["drop_students_not_in_file"]
            assert drop["x-warning"].startswith("Not recommended")
