"""What coverage says, what a sample may show, and what a first mapping makes of a code."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rollcall.domain.district import school_year_of
from rollcall.domain.inspection import (
    MAX_GAPS,
    Code,
    CodeTable,
    Recorder,
    compare,
    in_words,
)
from rollcall.domain.mapping import CodeMapping, Entity, Entry, Lookup, MappingForm, Unmapped, apply_form
from rollcall.domain.standard import STATES, grade_range, standard_value, state_table, suggestion

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def lookup(*externals: str, **options: bool) -> Lookup:
    entries = tuple(Entry(external=external, value="x") for external in externals)
    return Lookup(
        CodeMapping(
            id="map_1", district_id="d", entity="race", name="r", entries=entries, created_at=NOW,
            updated_at=NOW, **options,
        )
    )  # fmt: skip


def test_a_code_table_is_counted_and_what_people_have_comes_first() -> None:
    table = CodeTable("race", (Code("1"), Code("2", "Two"), Code("3", "Three")))
    found = compare("race", table, {"3": 7}, lookup("1"))
    assert (found.basis, found.mapped, found.total) == ("code_table", 1, 3)
    assert [(gap.value, gap.label, gap.count) for gap in found.unmapped] == [
        ("3", "Three", 7),
        ("2", "Two", None),
    ]
    assert in_words(found) == "1 of 3 race codes are mapped; unmapped: 3 (Three), 2 (Two)."


def test_a_lookup_that_ignores_zeros_covers_what_a_sync_would_find() -> None:
    table = CodeTable("race", (Code("07"),))
    assert compare("race", table, {}, lookup("7", ignore_leading_zeros=True)).mapped == 1
    assert compare("race", table, {}, lookup("7")).mapped == 0


def test_at_most_fifty_gaps_are_listed_and_all_are_counted() -> None:
    table = CodeTable("race", tuple(Code(str(n)) for n in range(420)))
    found = compare("race", table, {}, lookup("0"))
    assert (found.mapped, found.total, len(found.unmapped)) == (1, 420, MAX_GAPS)
    assert in_words(found).endswith(", 10 and 409 more.")


def test_what_people_have_and_the_table_lacks_is_told_with_the_table() -> None:
    """Such as a code that was retired while it still stands in records."""
    table = CodeTable("race", (Code("1", "One"), Code("2", "Two")))
    found = compare("race", table, {"9": 4, "1": 2, "said by phone": 1}, lookup("1", "2"))
    assert (found.basis, found.mapped, found.total) == ("code_table", 2, 4)
    assert [(gap.value, gap.count) for gap in found.unmapped] == [("9", 4)]


def test_a_sample_shows_codes_and_what_several_share_but_no_remark_about_one() -> None:
    seen = {"A1": 1, "Step Mother": 2, "his aunt Mary, ask at the desk": 1, "M": 5, "x" * 41: 1}
    found = compare("relationship", None, seen, lookup("M"))
    assert [(gap.value, gap.count) for gap in found.unmapped] == [("Step Mother", 2), ("A1", 1)]
    assert (found.mapped, found.total) == (1, 5)
    assert "Mary" not in in_words(found)
    assert in_words(found).endswith("unmapped: Step Mother, A1 and 2 more.")


def test_remarks_alone_are_counted_and_not_shown() -> None:
    words = in_words(compare("allergy", None, {"cannot eat nuts since May": 1}, lookup()))
    assert words == (
        "0 of 1 allergy values are mapped in a sample of the records; "
        "unmapped: 1 that are not shown, because each stands in one record only."
    )


def test_a_recorder_answers_as_its_mapping_and_remembers() -> None:
    recorder = Recorder(lookup("1"))
    assert recorder.find("1") == "x"
    assert recorder.find(" ") is None
    with pytest.raises(Unmapped):
        recorder.find(2)
    assert recorder.seen == {"1": 1, "2": 1}
    free = Recorder(None)
    assert (free.find("2"), free.find(None), free.reverse("2026-27")) == ("2", None, ["2026-27"])


@pytest.mark.parametrize(
    ("entity", "code", "value"),
    [
        ("grade_level", Code("0", "Kindergarten"), "K"),
        ("grade_level", Code("KG"), "K"),
        ("grade_level", Code("05"), "5"),
        ("grade_level", Code("13", "12th Grade"), "12"),
        ("grade_level", Code("12", "Twelfth Grade"), "12"),
        ("grade_level", Code("-1"), "TK"),
        ("grade_level", Code("-2"), "PK"),
        ("grade_level", Code("PKF", "Pre-K full day"), "PK"),
        ("grade_level", Code("UG", "Ungraded"), "Ungraded"),
        ("gender", Code("F"), "Female"),
        ("gender", Code("2", "Male"), "Male"),
        ("gender", Code("X", "Non-Binary"), "Nonbinary"),
        ("gender", Code("U", "Unknown"), "Unknown"),
        ("ethnicity", Code("Y"), "Hispanic"),
        ("ethnicity", Code("501", "Not Hispanic or Latino"), "Not Hispanic"),
        ("race", Code("201", "Chinese"), "Chinese"),
        ("language", Code("SPA"), "SPA"),
    ],
)
def test_our_value_for_a_code(entity: Entity, code: Code, value: str) -> None:
    assert standard_value(entity, code) == value


def test_two_schools_of_one_name_stay_two() -> None:
    table = CodeTable("building", (Code("1", "Lincoln"), Code("2", "Lincoln"), Code("3", "Reed"), Code("4")))
    assert [e["value"] for e in suggestion(table).entries] == ["1", "2", "Reed", "4"]


@pytest.mark.parametrize(
    "table",
    [
        state_table(),
        grade_range(-9, 99),
        CodeTable(
            "race", (Code("1", "One"), Code("1", "Again"), Code("2", "y" * 300), Code("z" * 300, "Long"))
        ),
    ],
    ids=lambda table: table.entity,
)
def test_a_suggestion_can_be_saved_as_it_is(table: CodeTable) -> None:
    import msgspec

    form = MappingForm.model_validate(msgspec.to_builtins(suggestion(table)))
    saved = apply_form("map_1", "d", form, None, active=True, now=NOW)
    assert saved.entity == table.entity
    assert saved.entries


def test_grades_of_schools_stay_within_what_schools_have() -> None:
    assert [code.value for code in grade_range(-9, 99).codes] == [str(grade) for grade in range(-2, 14)]


def test_every_state_is_there_once() -> None:
    assert len(STATES) == len(set(STATES)) == 59


@pytest.mark.parametrize(
    ("text", "year"), [("2026-2027", "2026-27"), ("2026", "2026-27"), ("1999/00", "1999-00"), ("next", None)]
)
def test_a_school_year_in_our_form(text: str, year: str | None) -> None:
    assert school_year_of(text) == year
