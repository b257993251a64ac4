"""Which students' comings and goings are one change of families, and of which kind."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.family import identifier, unlike
from rollcall.domain.family_change import changes_family, exchanges
from rollcall.domain.person import Household


@pytest.mark.parametrize(
    ("passing", "staying", "kind"),
    [
        ({"a": (None, "F"), "b": (None, "F")}, {}, "form"),
        ({"a": (None, "F")}, {}, None),
        ({"a": (None, "F")}, {"b": "F"}, "join"),
        ({"a": (None, "F"), "c": ("F", None)}, {"b": "F"}, "join"),
        ({"a": ("F", None)}, {"b": "F"}, "leave"),
        ({"a": ("F", None)}, {}, None),
        ({"a": ("F", None), "b": ("F", None)}, {}, "dissolve"),
        ({"a": ("F", "G")}, {"b": "G"}, "merge"),
        ({"a": ("F", "G"), "b": ("H", "G")}, {"c": "G"}, "merge"),
        ({"a": ("F", "G"), "n": (None, "G"), "o": ("F", None)}, {"b": "G"}, "merge"),
        ({"a": ("F", "G")}, {"b": "F"}, "split"),
        ({"a": ("F", "G"), "b": ("F", "H")}, {}, "split"),
        ({"a": ("F", "G")}, {"b": "F", "c": "G"}, "move"),
        ({"a": ("F", "G"), "b": ("G", "F")}, {}, "move"),
        ({"a": ("F", "G"), "b": ("F", "G")}, {}, "move"),
    ],
)
def test_the_kind_says_what_becomes_of_the_families(passing: Any, staying: Any, kind: str | None) -> None:
    (exchange,) = exchanges(passing, staying.items())
    assert exchange.kind == kind
    assert (exchange.passing, exchange.staying) == (passing, staying)


families = st.sampled_from([None, *"FGHIJ"])
passages = st.dictionaries(
    st.integers(0, 20).map(str), st.tuples(families, families).filter(lambda p: p[0] != p[1])
)


@settings(deadline=None)
@given(passages, st.dictionaries(st.integers(21, 40).map(str), st.sampled_from("FGHIJ")), st.data())
def test_every_student_is_in_one_change_and_families_that_exchange_are_together(
    passing: Any, staying: dict[str, str], data: st.DataObject
) -> None:
    """Guards: one family in two changes, of which a person lets one go on and leaves the other out."""
    found = exchanges(passing, staying.items())
    of_family: dict[str, set[int]] = defaultdict(set)
    for number, exchange in enumerate(found):
        for family in exchange.before | exchange.after:
            of_family[family].add(number)
    assert all(len(numbers) == 1 for numbers in of_family.values())
    everybody = [student for exchange in found for student in (*exchange.passing, *exchange.staying)]
    assert len(everybody) == len(set(everybody))
    touched = {family for passage in passing.values() for family in passage if family}
    assert set(everybody) == {*passing, *(s for s, family in staying.items() if family in touched)}
    for exchange in found:
        # Least: whoever is together is so because somebody passes from one to another.
        crossing = sum(map(changes_family, exchange.passing.values()))
        assert len(exchange.before | exchange.after) <= crossing + 1
    shuffled = dict(data.draw(st.permutations(list(passing.items()))))
    assert exchanges(shuffled, staying.items()) == found


def test_what_tells_households_apart_is_named_and_so_is_what_is_blank() -> None:
    fields = ["hoh_last_name", "hoh_home_phone", "hoh_first_name"]
    one = Household(hoh_first_name="Ann", hoh_last_name="Reed", hoh_home_phone="555-555-0148")
    two = Household(hoh_first_name="ANN", hoh_last_name="Reed", hoh_home_phone="555-555-0149")
    blank = Household(hoh_first_name="Ann", hoh_last_name="N/A", hoh_home_phone="555-555-0148")
    ids = [identifier(household, fields) for household in (one, two, blank)]
    assert unlike(ids[:2], fields) == ("hoh_home_phone",)
    assert unlike([ids[0], ids[2]], fields) == ("hoh_last_name",)
    assert unlike([ids[2]], fields) == ("hoh_last_name",)
    assert unlike([ids[0]], fields) == ()
