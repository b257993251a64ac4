"""The cost model's arithmetic, by hand, and the table as the template has it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from bench.cost import Bill, Limits, Line, Prices, Units, bill
from bench.items import INDEXES, read_units, size, write_units
from rollcall.domain.person import Person
from rollcall.domain.plan import StoredPerson
from tests.template.expansion import source

NONE = Line(0, 0)
PRICES = Prices(
    write_units=2,
    read_units=3,
    blob_writes=5,
    blob_reads=7,
    gigabyte_seconds=0.5,
    invocations=11,
    messages=13,
)
LIMITS = Limits(
    page_seconds=0.5,
    connections=4,
    table_writes=100,
    partition_writes=10,
    slice_seconds=60,
    memory_gigabytes=2,
    processor=0.5,
    people_per_cpu_second=10,
)


def units(**lines: Line) -> Units:
    return Units(**{**dict.fromkeys(Units.__struct_fields__, NONE), **lines})


def test_a_line_goes_through_what_was_measured() -> None:
    assert Line.through((100, 70), (1100, 570)) == Line(20, 0.5)
    assert Line(20, 0.5).at(10_000) == 5020


def test_a_line_needs_two_sizes_and_never_falls() -> None:
    with pytest.raises(ValueError, match="two sizes"):
        Line.through((100, 1), (100, 2))
    assert Line.through((100, 9), (200, 5)) == Line(9, 0)


def test_each_service_is_billed_by_what_it_counts() -> None:
    night = units(
        write_units=Line(0, 1), read_units=Line(4, 0), blob_writes=Line(1, 0.01), blob_reads=Line(2, 0)
    )
    found = bill(night, 1000, PRICES, LIMITS)
    assert found.dynamodb == 1000 * 2 + 4 * 3
    assert found.s3 == 11 * 5 + 2 * 7
    # ten seconds of writing, 2 GB, one slice
    assert found.compute == pytest.approx(10 * 2 * 0.5 + 11)
    assert found.queue == 3 * 13
    assert found.dollars == pytest.approx(2012 + 69 + 21 + 39)


def test_time_is_reading_working_and_writing() -> None:
    night = units(requests=Line(0, 0.8), cpu=Line(5, 0), people_written=Line(0, 0.05), write_units=Line(0, 1))
    found = bill(night, 1000, PRICES, LIMITS)
    assert found.sis_seconds == 800 * 0.5 / 4
    assert found.cpu_seconds == (5 + 50 / 10) / 0.5
    assert found.write_seconds == 1000 / 100
    assert found.hot_partition_seconds == 1000 / 10
    assert found.seconds == 130
    assert found.slices == 3
    assert found.binds == "SIS"


@pytest.mark.parametrize(
    ("night", "binds"),
    [
        (units(requests=Line(0, 1)), "SIS"),
        (units(cpu=Line(0, 1)), "Lambda processor"),
        (units(write_units=Line(0, 1)), "table writes"),
    ],
)
def test_what_takes_longest_binds(night: Units, binds: str) -> None:
    assert bill(night, 1000, PRICES, LIMITS).binds == binds


def test_a_night_of_nothing_is_still_one_slice() -> None:
    found = bill(units(), 1000, PRICES, LIMITS)
    assert isinstance(found, Bill)
    assert (found.slices, found.compute, found.dynamodb) == (1, 11, 0)


# ------------------------------------------------------------------------------------------------------ write units


def stored(**fields: object) -> StoredPerson:
    person = Person(type="student", source_id="1", status="active", first_name="Ada", last_name="Lee")
    return StoredPerson(
        id="per_1", district_id="lakeview", integration_id="int_1", person=replace(person, **fields)
    )


def test_an_item_has_the_size_that_aws_documents() -> None:
    assert size({"pk": "abc", "ä": "é"}) == 2 + 3 + 2 + 2
    assert size({"on": True, "n": 1200}) == 2 + 1 + 1 + 2
    assert size({"list": ["ab", "c"]}) == 4 + 3 + (1 + 2) + (1 + 1)
    assert size({"list": []}) == 4 + 3


def test_a_new_person_costs_an_item_and_a_row_of_each_index_that_has_their_key() -> None:
    assert write_units(None, stored()) == 1 + 1
    assert write_units(None, stored(local_id="7", state_id="8", family_id="9")) == 1 + 4
    assert write_units(None, stored(pos_id="7")) == 1 + 1 + 1


def test_an_update_costs_its_item_and_only_indexes_that_move() -> None:
    before = stored(local_id="7", email="a@example.org", pos_id="3")
    assert write_units(before, replace(before, person=replace(before.person, email="b@example.org"))) == 1
    renamed = replace(before, person=replace(before.person, last_name="Day"))
    assert write_units(before, renamed) == 1 + 2
    ended = replace(before, person=replace(before.person, status="ended"))
    assert write_units(before, ended) == 1 + 1
    freed = replace(before, person=replace(before.person, local_id=None))
    assert write_units(before, freed) == 1 + 1


def test_a_large_item_costs_a_unit_a_kilobyte() -> None:
    assert write_units(None, stored(email="x" * 3000)) == 4 + 1
    assert write_units(stored(email="x" * 3000), stored()) == 4


def test_a_scan_reads_half_a_unit_for_four_kilobytes() -> None:
    assert read_units([stored(email="x" * 8192)]) == 1.5


def test_indexes_are_those_of_the_template() -> None:
    table = next(
        found["Properties"]
        for found in source()["Resources"].values()
        if found["Type"] == "AWS::DynamoDB::Table"
        and any(key["AttributeName"] == "family_pk" for key in found["Properties"]["AttributeDefinitions"])
    )
    found = {
        index["IndexName"]: (
            tuple(key["AttributeName"] for key in index["KeySchema"]),
            tuple(index["Projection"].get("NonKeyAttributes", ())),
        )
        for index in table["GlobalSecondaryIndexes"]
    }
    assert found == INDEXES


def test_a_runner_has_the_time_and_memory_of_the_template() -> None:
    template = source()
    runner = next(
        found["Properties"]
        for found in template["Resources"].values()
        if found.get("Properties", {}).get("Handler") == "sync_runner.app.handler"
    )
    assert Limits().slice_seconds == runner["Timeout"]
    assert Limits().memory_gigabytes * 1024 == template["Parameters"]["RunnerMemory"]["Default"]
