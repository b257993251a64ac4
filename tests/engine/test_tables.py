"""The packed tables of a snapshot hold what was put into them, and differ where the records or the people do."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.person import PERSON_TYPES, fingerprint, person_key
from rollcall.engine import people_table
from rollcall.engine.blobs import compress, pack, unpack
from rollcall.engine.columns import Texts, Values
from rollcall.engine.people_table import (
    ENDED,
    MISSING,
    NOTED,
    NOTHING,
    REJECTED,
    REVISIT,
    UNDONE,
    WAITING,
    PeopleTable,
    PersonRow,
    loaded,
    takes_part,
)
from rollcall.engine.record_table import Recognition, RecordTable, differences
from rollcall.engine.snapshot import FORMAT, Snapshot, read_snapshot

ids = st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=4)
keys = st.builds(person_key, st.sampled_from(PERSON_TYPES), ids)
records = st.dictionaries(ids, st.tuples(st.sampled_from("ABC"), st.lists(keys, max_size=3, unique=True)))
rows = st.builds(
    PersonRow,
    mapped=st.sampled_from([b"a" * 16, b"b" * 16, NOTHING, bytes(8) + b"c" * 8, b"c" * 8 + bytes(8)]),
    household=st.sampled_from([b"h" * 8, b"h" * 16]),
    family=st.none() | ids,
    flags=st.integers(0, 255),
    revisit_on=st.none() | st.dates(date(2026, 11, 20), date(2026, 11, 25)),
    host_id=st.none() | ids,
)
people = st.dictionaries(keys, rows, max_size=12)


def table_of(found: dict[str, tuple[str, list[str]]], own: str = "student", blob: int = 0) -> RecordTable:
    table = RecordTable(own=own)
    for place, (record_id, (content, named)) in enumerate(found.items()):
        table.add(record_id, fingerprint(f"{record_id}{content}".encode()), blob, place, tuple(named))
    return table


def content(table: RecordTable) -> list[Any]:
    named = list(table.all_people())
    assert named == [table.people_at(at) for at in range(len(table))]
    prints = [table.print_at(at) for at in range(len(table))]
    return list(zip(table.ids, prints, table.blobs, table.places, named, strict=True))


@given(records)
def test_a_record_table_holds_what_was_added_and_comes_back_from_a_blob(found: dict[str, Any]) -> None:
    table = table_of(found)
    assert [(i, named) for i, _, _, _, named in content(table)] == [
        (i, tuple(n)) for i, (_, n) in found.items()
    ]
    assert content(unpack(pack(table), RecordTable)) == content(table)


def test_who_is_named_by_a_record_may_be_nobody_or_the_one_with_its_id() -> None:
    table = table_of({"1": ("A", []), "2": ("A", ["student:2"]), "3": ("A", ["student:2", "contact:9"])})
    assert list(table.all_people()) == [(), ("student:2",), ("student:2", "contact:9")]


@given(records, records, st.data())
def test_stretches_of_one_table_go_into_another(
    one: dict[str, Any], two: dict[str, Any], data: st.DataObject
) -> None:
    first, second = table_of(one), table_of(two, blob=1)
    start = data.draw(st.integers(0, len(second)))
    end = data.draw(st.integers(start, len(second)))
    expected = content(first) + content(second)[start:end]
    first.extend(second, start, end)
    assert content(first) == expected
    again = RecordTable(own="student")
    again.extend_anew(second, start, end, 7, 3)
    assert [(i, p, n) for i, p, _, _, n in content(again)] == [
        (i, p, n) for i, p, _, _, n in content(second)[start:end]
    ]
    assert [(b, at) for _, _, b, at, _ in content(again)] == [(7, 3 + n) for n in range(end - start)]


@given(st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("ABC"))))
def test_of_a_record_that_comes_twice_the_last_counts(found: list[tuple[str, str]]) -> None:
    table = RecordTable()
    for place, (record_id, text) in enumerate(found):
        table.add(record_id, fingerprint(text.encode()), 0, place, ())
    kept = table.last_of_each()
    assert dict(zip(kept.ids, (kept.print_at(at) for at in range(len(kept))), strict=True)) == {
        record_id: fingerprint(text.encode()) for record_id, text in found
    }
    assert len(kept) == len(dict(found))


@given(records, records, st.randoms(use_true_random=False))
def test_differences_are_those_of_the_records_in_whatever_order(before: Any, after: Any, random: Any) -> None:
    shuffled = list(after.items())
    random.shuffle(shuffled)
    old, new = table_of(before), table_of(dict(shuffled))
    fresh, left = differences(new, old)
    assert {new.ids[at] for at in fresh} == {
        i for i in after if i not in before or before[i][0] != after[i][0]
    }
    assert {old.ids[at] for at in left} == {
        i for i in before if i not in after or before[i][0] != after[i][0]
    }


def test_two_records_of_the_same_bytes_are_told_apart_by_their_ids() -> None:
    old, new = RecordTable(), RecordTable()
    for table, record_ids in ((old, "12"), (new, "21")):
        for place, record_id in enumerate(record_ids):
            table.add(record_id, fingerprint(b"[]"), 0, place, (f"student:{record_id}",))
    assert differences(new, old) == ([], [])


def places(table: RecordTable, records: list[str]) -> list[int]:
    """For each record, in which row of the table it is found, or -1."""
    recognition = Recognition(table)
    recognition.begin()
    stretches = list(recognition.stretches(b"".join(fingerprint(one.encode()) for one in records)))
    assert all(count > 0 for _, count in stretches)
    return [first + n if first >= 0 else -1 for first, count in stretches for n in range(count)]


@given(st.lists(st.integers(0, 400), unique=True), st.integers(0, 400))
def test_a_record_is_recognised_where_it_stands_or_not_at_all(taken: list[int], first: int) -> None:
    table = table_of({str(n): ("A", []) for n in range(400)})
    found = places(table, [f"{n}A" for n in [first, *taken]])
    for number, place in zip([first, *taken], found, strict=True):
        assert place == -1 or (place == number and number < len(table))


def test_most_of_a_pull_is_recognised_though_some_came_and_went() -> None:
    table = table_of({str(n): ("A", []) for n in range(3000)})
    now = [n for n in range(3000) if n % 50] + [5000]
    found = places(table, [f"{n}{'B' if n % 70 == 1 else 'A'}" for n in now])
    assert found == [-1 if n % 70 == 1 or n == 5000 else n for n in now]


@pytest.mark.parametrize("spread", [True, False], ids=["by their hash", "all of one hash"])
@given(people, st.dictionaries(keys, st.none() | rows, max_size=12))
def test_a_people_table_is_a_dict_that_is_overlaid(
    spread: bool, before: dict[str, PersonRow], changes: dict[str, PersonRow | None]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if not spread:
            patch.setattr(people_table, "_hash", lambda key: 7)
        table = PeopleTable.of(before).overlaid(changes)
        expected = {key: row for key, row in {**before, **changes}.items() if row is not None}
        assert dict(table.items()) == expected
        assert dict(unpack(pack(table), PeopleTable).items()) == expected
        for key in before.keys() | changes.keys():
            assert table.get(key) == expected.get(key)
            assert (key in table) == (key in expected)
        assert len(table) == len(expected)


@given(people)
def test_what_is_asked_of_all_is_what_their_rows_say(found: dict[str, PersonRow]) -> None:
    table = PeopleTable.of(found)
    mask = MISSING | UNDONE
    assert set(table.flagged(mask)) == {key for key, row in found.items() if row.flags & mask}
    restless = MISSING | REVISIT | WAITING | UNDONE
    assert set(table.restless()) == {
        key
        for key, row in found.items()
        if row.flags & restless or (row.flags & REJECTED and not row.flags & NOTED)
    }
    assert dict(table.standing()) == {key: row.flags for key, row in found.items()}
    assert set(table.loaded()) == {key for key, row in found.items() if loaded(row)}
    assert table.revisits == {key: row.revisit_on for key, row in found.items() if row.revisit_on}
    students = {key: row for key, row in found.items() if key.startswith("student:")}
    parting = {key: row for key, row in students.items() if takes_part(row)}
    members = {key: row.family for key, row in parting.items() if row.family}
    assert dict(table.members(set(members.values()))) == members
    assert table.family_sizes() == Counter(members.values())
    homes = {row.household for row in found.values()} - {b"h" * 8}
    assert dict(table.living_at(homes)) == {
        key: row.household for key, row in parting.items() if row.household in homes
    }
    assert table.count_loaded()["student"] == sum(map(loaded, students.values()))


@given(st.lists(st.text(st.characters(exclude_categories=("C",)), max_size=4)))
def test_texts_written_before_they_had_marks_are_read(texts: list[str]) -> None:
    """Guards: the last pull of a district misread on the night after an update."""
    bare, marked = Values(), Texts()
    for text in texts:
        bare.put(text.encode())
        marked.append(text)
    for found in (unpack(pack(bare), Texts), unpack(pack(marked), Texts)):
        assert (list(found), [found[at] for at in range(len(found))]) == (texts, texts)
        found.append("x")
        assert [*found] == [*texts, "x"]


def test_a_snapshot_of_the_first_format_keeps_what_is_known_of_people() -> None:
    row = PersonRow(mapped=b"m" * 16, family="fam_1", host_id="S1", flags=ENDED)
    first = {
        "settings": b"s" * 16,
        "blobs": ["runs/a"],
        "tables": {
            "students": {"own": "student", "ids": ["1"], "prints": b"p" * 16, "blobs": [0], "people": [None]}
        },
        "people": {"student:1": row},
        "buildings": {"north": 1},
    }
    found = read_snapshot(compress(msgspec.msgpack.encode(first)))
    assert found.people.get("student:1") == row
    assert found.buildings == {"north": 1}
    assert (found.settings, found.tables) == (b"", {}), "so that everybody is mapped again"
    assert read_snapshot(pack(Snapshot(people=PeopleTable.of({"student:1": row})))).format == FORMAT


@given(records, st.sets(keys, max_size=3))
def test_who_is_named_and_by_which_rows(found: dict[str, Any], asked: set[str]) -> None:
    table = table_of(found)
    named = [set(people) for people in table.all_people()]
    assert table.everybody() == set().union(*named)
    assert list(table.naming(asked)) == [at for at, people in enumerate(named) if people & asked]
