"""Code mappings: what is found, what is not, and what cannot be written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.form import Invalid
from rollcall.domain.mapping import CodeMapping, Entry, Lookup, MappingForm, Unmapped, apply_form

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def mapping(*rows: tuple[str, str], **options: bool) -> CodeMapping:
    form = MappingForm(
        entity="grade_level",
        name="Grades",
        entries=[Entry(external=external, value=value) for external, value in rows],
        **options,
    )
    return apply_form("map_1", "lakeview", form, None, active=True, now=NOW)


@pytest.mark.parametrize(
    ("rows", "options", "external", "value"),
    [
        ([("1", "First")], {}, "1", "First"),
        ([("1", "First")], {}, 1, "First"),
        ([("1", "First")], {}, "  1 ", "First"),
        ([("k", "Kindergarten")], {"ignore_case": True}, "K", "Kindergarten"),
        ([("01", "First")], {"ignore_leading_zeros": True}, "1", "First"),
        ([("1", "First")], {"ignore_leading_zeros": True}, "001", "First"),
        ([("0", "Kindergarten")], {"ignore_leading_zeros": True}, "000", "Kindergarten"),
        ([("0", "Kindergarten")], {}, 0, "Kindergarten"),
        ([("1", "First")], {}, "", None),
        ([("1", "First")], {}, "   ", None),
        ([("1", "First")], {}, None, None),
        ([("", "Unknown")], {}, None, "Unknown"),
        ([("", "Unknown"), ("0", "Zero")], {"ignore_leading_zeros": True}, " ", "Unknown"),
    ],
)
def test_find(
    rows: list[tuple[str, str]], options: dict[str, bool], external: str | int | None, value: str | None
) -> None:
    assert Lookup(mapping(*rows, **options)).find(external) == value


@pytest.mark.parametrize(
    ("external", "options"), [("K", {}), ("01", {}), ("2", {"ignore_leading_zeros": True})]
)
def test_unknown_values_are_told_apart_from_blank_ones(external: str, options: dict[str, bool]) -> None:
    with pytest.raises(Unmapped) as caught:
        Lookup(mapping(("k", "Kindergarten"), ("1", "First"), **options)).find(external)
    assert caught.value.external == external
    assert external not in str(caught.value), "a value is never in the text of an error"


def test_reverse_lists_the_external_values() -> None:
    lookup = Lookup(mapping(("1", "First"), ("01", "First"), ("2", "Second")))
    assert lookup.reverse("First") == ["1", "01"]
    assert lookup.reverse("Third") == []


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ([("1", "a"), ("1", "b")], {}),
        ([("1", "a"), (" 1", "a")], {}),
        ([("k", "a"), ("K", "b")], {"ignore_case": True}),
        ([("0", "a"), ("00", "b")], {"ignore_leading_zeros": True}),
        ([("", "a"), ("  ", "b")], {}),
    ],
)
def test_the_same_external_value_twice_is_refused_naming_the_row(
    rows: list[tuple[str, str]], options: dict[str, bool]
) -> None:
    with pytest.raises(Invalid) as caught:
        mapping(*rows, **options)
    assert [(error.field, error.code) for error in caught.value.errors] == [
        ("entries.1.external", "duplicate")
    ]
    assert "Rows 1 and 2" in caught.value.errors[0].message


def test_zero_and_blank_are_two_values() -> None:
    """Stripping every zero would make 0 blank, and blank means no value."""
    lookup = Lookup(mapping(("", "None"), ("0", "Zero"), ignore_leading_zeros=True))
    assert (lookup.find("0"), lookup.find("")) == ("Zero", "None")


def test_the_entity_is_for_good() -> None:
    stored = mapping(("1", "First"))
    form = MappingForm(entity="race", name="Grades")
    with pytest.raises(Invalid) as caught:
        apply_form("map_1", "lakeview", form, stored, active=True, now=NOW)
    assert caught.value.errors[0].field == "entity"


def test_version_moves_with_results_and_with_nothing_else() -> None:
    base = mapping(("1", "First"), ("2", "Second"))
    version = Lookup(base).version
    assert Lookup(mapping(("2", "Second"), ("1", "First"))).version == version, "order does not matter"
    assert Lookup(base.model_copy(update={"name": "Other", "version": 9})).version == version
    assert Lookup(mapping(("1", "First"), ("2", "2nd"))).version != version
    assert Lookup(mapping(("1", "First"), ("2", "Second"), ignore_case=True)).version != version


@given(st.text(max_size=20), st.booleans(), st.booleans())
def test_every_external_value_finds_itself(external: str, ignore_case: bool, ignore_zeros: bool) -> None:
    lookup = Lookup(mapping((external, "x"), ignore_case=ignore_case, ignore_leading_zeros=ignore_zeros))
    assert lookup.find(external) == "x"
