from __future__ import annotations

import pytest

from simulators.codes import code_tables, labels
from simulators.district import District, values
from tests.simulators.calls import Caller

ENTITIES = {"building", "ethnicity", "gender", "grade_level", "language", "race", "relationship", "state"}


@pytest.mark.parametrize("system", ["powerschool", "powerschool_query", "aeries"])
def test_the_tables_are_complete_and_unambiguous(shared: District, system: str):
    tables = code_tables(system, shared)
    more = {"aeries": {"academic_year"}, "powerschool_query": {"allergy"}}
    assert set(tables) == ENTITIES | more.get(system, set())
    for entity, rows in tables.items():
        externals = [external for external, _ in rows]
        assert len(set(externals)) == len(externals), entity
    assert {value for _, value in tables["grade_level"]} == set(values.GRADES)
    assert ("101", "LKV-ES1") in tables["building"]
    assert len(dict(tables["race"]).values()) > len(set(dict(tables["race"]).values())), (
        "several codes mean one value"
    )


def test_the_academic_year_follows_today(shared: District):
    assert code_tables("aeries", shared)["academic_year"][0] == ("2026-2027", "2026-27")


def test_every_code_on_the_wire_is_in_its_table(shared: District, eagle: Caller, power: Caller):
    tables = {entity: dict(rows) for entity, rows in code_tables("aeries", shared).items()}
    for school in shared.schools:
        if school.holding:
            continue
        for row in eagle.get(f"/schools/{school.code}/students"):
            assert row["Gender"] in {"", *tables["gender"]}
            assert str(row["Grade"]) in tables["grade_level"]
            assert row["RaceCode1"] in {"", *tables["race"]}
            assert row["HomeLanguageCode"] in {"", *tables["language"]}
            assert str(row["SchoolCode"]) in tables["building"]
            assert row["ResidenceAddressState"] in {"", *tables["state"]}
    tables = {entity: dict(rows) for entity, rows in code_tables("powerschool", shared).items()}
    query = "q=school_enrollment.enroll_status==A&expansions=demographics,school_enrollment,ethnicity_race"
    for row in power.get("/ws/v1/district/student", query)["students"]["student"]:
        assert row["demographics"].get("gender", "") in {"", *tables["gender"]}
        assert str(row["school_enrollment"]["grade_level"]) in tables["grade_level"]
        assert str(row["school_enrollment"]["school_number"]) in tables["building"]


def test_labels_are_words(shared: District):
    assert labels("aeries")["relationship"]["60"] == "Foster Parent"


def test_every_allergy_on_the_wire_is_in_its_table(shared: District):
    items = {
        i.strip() for s in shared.students for i in s.allergies.replace(";", ",").split(",") if i.strip()
    }
    assert items == set(dict(code_tables("powerschool_query", shared)["allergy"]))
