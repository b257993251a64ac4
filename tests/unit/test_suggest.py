"""Suggestions for unmapped values: what an operator would have chosen stands first, and nothing is ever sure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.mapping import CodeMapping, Entity, Entry
from rollcall.domain.suggest import AT_MOST, CONFIDENT, Suggester

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LANGUAGES = (("00", "English"), ("01", "Spanish"), ("02", "Vietnamese"), ("03", "Cantonese"))
SCHOOLS = (("101", "Lakeview High School"), ("102", "Harbor Middle School"), ("103", "Pine Elementary"))


def suggester(entity: Entity, *rows: tuple[str, str]) -> Suggester:
    return Suggester(
        CodeMapping(
            id="map_1",
            district_id="lakeview",
            entity=entity,
            name=entity,
            entries=tuple(Entry(external=external, value=value) for external, value in rows),
            created_at=NOW,
            updated_at=NOW,
        )
    )


@pytest.mark.parametrize(
    ("entity", "rows", "value", "label", "first"),
    [
        ("gender", [("F", "Female"), ("M", "Male")], "female", None, "Female"),
        ("gender", [("F", "F"), ("M", "M")], "Girl", None, "Female"),
        ("gender", [("F", "Female"), ("M", "Male")], " f.", None, "Female"),
        ("grade_level", [("1", "1"), ("KG", "K")], "0", None, "K"),
        ("grade_level", [("1", "1"), ("2", "2")], "02", None, "2"),
        ("grade_level", [("1", "1")], "Grade 7", None, "7"),
        ("language", LANGUAGES, "Spanish; Castilian", None, "Spanish"),
        ("language", LANGUAGES, "vietnamse", None, "Vietnamese"),
        ("building", SCHOOLS, "877", "Harbor Middle", "Harbor Middle School"),
        (
            "relationship",
            [("Mother", "Mother"), ("Step Mother", "Stepmother")],
            "Stepmothr",
            None,
            "Stepmother",
        ),
    ],
)
def test_the_likeliest_stands_first(
    entity: Entity, rows: list[tuple[str, str]], value: str, label: str | None, first: str
) -> None:
    found = suggester(entity, *rows).proposals(value, label)
    assert found[0].value == first
    assert all(proposal.why for proposal in found)


@pytest.mark.parametrize("value", ["104", "11", "9"])
def test_numbers_that_look_alike_suggest_nothing(value: str) -> None:
    """Guards: school 104 taken for school 103 because two of three digits agree."""
    assert suggester("building", *SCHOOLS).proposals(value, None) == []


@pytest.mark.parametrize("value", ["zz", "?", "-", "  "])
def test_nonsense_suggests_nothing(value: str) -> None:
    assert suggester("language", *LANGUAGES).proposals(value, None) == []


@given(
    st.sampled_from(get_args(Entity)),
    st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40).filter(str.strip)), max_size=20),
    st.text(max_size=200),
    st.none() | st.text(max_size=200),
)
def test_whatever_a_sis_writes_the_answer_is_short_ranked_and_unsure(
    entity: Entity, rows: list[tuple[str, str]], value: str, label: str | None
) -> None:
    found = suggester(entity, *rows).proposals(value, label)
    assert len(found) <= AT_MOST
    assert len({proposal.value for proposal in found}) == len(found)
    assert [p.confidence for p in found] == sorted((p.confidence for p in found), reverse=True)
    assert all(CONFIDENT <= p.confidence < 100 and p.value for p in found)


def test_a_number_below_nought_is_not_the_one_above() -> None:
    """Guards: PowerSchool's grade -2, which is pre-kindergarten, accepted as second grade."""
    found = suggester("grade_level", ("2", "2"), ("PK3", "PK")).proposals("-2", None)
    assert [proposal.value for proposal in found] == ["PK"]
    assert suggester("grade_level", ("-02", "PK")).proposals(" -2", None)[0].value == "PK"
