"""Values are gathered in bounded memory, and answers go into mappings whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from rollcall.domain.form import Invalid
from rollcall.domain.mapping import MAX_ENTRIES, CodeMapping, Entity, Entry
from rollcall.domain.person import Issue, Severity
from rollcall.domain.unmapped import MAX_VALUES, SAMPLES, Answer, Answers, Tally, answered

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def issue(code: str, value: str | None, severity: Severity = "warning", field: str = "f") -> Issue:
    return Issue(severity=severity, code=code, message="m", fix="f", field=field, value=value)


def tally(*found: tuple[Issue, str | None]) -> list[tuple[Any, ...]]:
    gathered = Tally()
    for one, person in found:
        gathered.add(one, person)
    return [(v.entity, v.value, v.severity, v.count, v.samples) for v in gathered.result().values]


def test_only_unmapped_values_are_gathered() -> None:
    found = [issue("email_invalid", "x"), issue("grade_level_missing", None), issue("gender_unmapped", None)]
    assert tally(*((one, "per_1") for one in found)) == []


def test_somebody_who_has_a_value_twice_counts_once() -> None:
    """A home and a mailing address in one unmapped state are one person's."""
    twice = [(issue("state_unmapped", "ZZ", field=field), "per_1") for field in ("home", "mailing")]
    assert tally(*twice, (issue("state_unmapped", "ZZ"), "per_2")) == [
        ("state", "ZZ", "warning", 2, ["per_1", "per_2"])
    ]


def test_what_keeps_people_out_comes_first_and_then_what_most_have() -> None:
    found = tally(
        *((issue("race_unmapped", "9"), f"per_{n}") for n in range(7)),
        (issue("language_unmapped", "XX"), "per_1"),
        (issue("grade_level_unmapped", "T", "warning"), "per_8"),
        (issue("grade_level_unmapped", "T", "error"), "per_9"),
    )
    assert [row[1:4] for row in found] == [("T", "error", 2), ("9", "warning", 7), ("XX", "warning", 1)]
    assert len(found[1][4]) == SAMPLES


def test_free_text_of_everybody_is_cut_and_what_keeps_people_out_stays() -> None:
    """Guards: a field that holds a sentence of every student, and a run that dies of remembering all of them."""
    gathered = Tally()
    gathered.add(issue("grade_level_unmapped", "T", "error"), "per_0")
    for n in range(3 * MAX_VALUES):
        gathered.add(issue("allergy_unmapped", f"note {n}"), f"per_{n}")
    found = gathered.result()
    assert (found.cut, len(found.values), found.values[0].value) == (True, MAX_VALUES, "T")
    assert not Tally().result().cut


# ------------------------------------------------------------------------------------------------------ answers


def mapping(entity: Entity, *rows: tuple[str, str], **options: bool) -> CodeMapping:
    return CodeMapping(
        id=f"map_{entity}",
        district_id="lakeview",
        entity=entity,
        name=entity,
        entries=tuple(Entry(external=external, value=value) for external, value in rows),
        version=3,
        created_at=NOW,
        updated_at=NOW,
        **options,
    )


MAPPINGS = {
    "gender": mapping("gender", ("F", "Female"), ignore_case=True),
    "grade_level": mapping("grade_level", ("1", "1"), ignore_leading_zeros=True),
}


def answer(*rows: tuple[Entity, str, str], mappings: Any = MAPPINGS) -> dict[str, CodeMapping]:
    answers = [Answer(entity=entity, external=external, value=value) for entity, external, value in rows]
    return {changed.entity: changed for changed in answered(mappings, answers, NOW)}


def faults(*rows: tuple[Entity, str, str]) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        answer(*rows)
    return [(error.field, error.code) for error in refused.value.errors]


def test_entries_are_added_behind_those_that_stand() -> None:
    changed = answer(("gender", "U", "Unknown"), ("grade_level", "TK", "TK"), ("gender", "X", "Nonbinary"))
    assert [(e.external, e.value) for e in changed["gender"].entries] == [
        ("F", "Female"),
        ("U", "Unknown"),
        ("X", "Nonbinary"),
    ]
    assert {m.version for m in changed.values()} == {4}
    assert changed["gender"].ignore_case


def test_the_same_answer_again_changes_nothing() -> None:
    """Guards: a repeated request that is refused because its first attempt got half-way."""
    assert answer(("gender", "f", "Female")) == {}
    assert list(answer(("gender", "f", "Female"), ("grade_level", "2", "2"))) == ["grade_level"]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert faults(
        ("gender", "f", "Male"),
        ("grade_level", "7", "7"),
        ("race", "1", "White"),
        ("grade_level", "007", "8"),
    ) == [
        ("entries.0.external", "already_mapped"),
        ("entries.2.entity", "not_chosen"),
        ("entries.3.external", "duplicate"),
    ]


def test_a_mapping_does_not_grow_beyond_its_bound() -> None:
    full = mapping("race", *((str(n), "x") for n in range(MAX_ENTRIES)))
    with pytest.raises(Invalid) as refused:
        answer(("race", "one more", "x"), mappings={"race": full})
    assert [(error.field, error.code) for error in refused.value.errors] == [("entries", "too_many")]


@pytest.mark.parametrize("external", ["", "   "])
def test_a_blank_is_no_value_to_answer(external: str) -> None:
    with pytest.raises(ValidationError):
        Answers.model_validate({"entries": [{"entity": "race", "external": external, "value": "x"}]})
