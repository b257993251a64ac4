"""Families: what matches, what never matches, and which id survives what."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.family import assign, identifier, large, whole
from rollcall.domain.person import Address, Household

HOME = Address(street="8 North Reed Lane", city="Marsh Point", state="CA", postal_code="95990")
RIVERS = Household(
    hoh_first_name="Tamsin",
    hoh_last_name="Rivers",
    hoh_home_phone="555-555-0148",
    household_home_address=HOME,
)
ALL = ["hoh_first_name", "hoh_last_name", "hoh_home_phone", "household_home_address"]


def with_(**fields: object) -> Household:
    values = {name: getattr(RIVERS, name) for name in RIVERS.__struct_fields__} | fields
    return Household(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        with_(hoh_last_name=" RIVERS "),
        with_(hoh_first_name="tamsin"),
        with_(hoh_home_phone="(555) 555 0148"),
        with_(hoh_home_phone="1-555-555-0148"),
        with_(
            household_home_address=Address(
                street="8 N. Reed Ln", city="MARSH POINT", state="CA", postal_code="95990-1234"
            )
        ),
        with_(
            household_home_address=Address(
                type="mailing", street="8 N Reed Ln.", city="Marsh Point", state="ca", postal_code="95990"
            )
        ),
    ],
)
def test_the_same_household_written_otherwise_matches(other: Household) -> None:
    assert identifier(other, ALL) == identifier(RIVERS, ALL)


@pytest.mark.parametrize(
    "other",
    [
        with_(hoh_last_name="Rivera"),
        with_(hoh_home_phone="555-555-0149"),
        with_(
            household_home_address=Address(
                street="9 North Reed Lane", city="Marsh Point", state="CA", postal_code="95990"
            )
        ),
        with_(
            household_home_address=Address(
                street="8 North Reed Lane Apt 2", city="Marsh Point", state="CA", postal_code="95990"
            )
        ),
    ],
)
def test_one_field_that_differs_is_another_household(other: Household) -> None:
    assert identifier(other, ALL) != identifier(RIVERS, ALL)


@pytest.mark.parametrize("value", [None, "", "  ", "000-0000", "N/A", "UNKNOWN", "none", "-"])
@pytest.mark.parametrize("name", ["hoh_first_name", "hoh_last_name", "hoh_home_phone"])
def test_blanks_and_placeholders_never_match(name: str, value: str | None) -> None:
    """Guards: strangers whose clerk typed 000-0000 sharing free-meal eligibility."""
    assert not whole(identifier(with_(**{name: value}), ALL))


@pytest.mark.parametrize("phone", ["555-0", "999-999-9999", "555 123 4567", "0000000000"])
def test_phones_that_are_no_phones_never_match(phone: str) -> None:
    assert not whole(identifier(with_(hoh_home_phone=phone), ["hoh_home_phone"]))


def test_an_address_without_a_street_never_matches() -> None:
    """Guards: every homeless student of a town becoming one family."""
    nowhere = Address(city="Marsh Point", state="CA", postal_code="95990")
    assert not whole(identifier(with_(household_home_address=nowhere), ["household_home_address"]))


def test_no_chosen_field_means_no_family() -> None:
    assert not whole(identifier(RIVERS, []))


def test_values_cannot_run_into_each_other() -> None:
    one = Household(hoh_first_name="Ann", hoh_last_name="Alee")
    two = Household(hoh_first_name="Anna", hoh_last_name="Lee")
    assert identifier(one, ["hoh_first_name", "hoh_last_name"]) != identifier(
        two, ["hoh_first_name", "hoh_last_name"]
    )


def mint(head: str) -> str:
    return f"new-{head}"


def test_siblings_share_and_others_do_not() -> None:
    families = assign({"a": b"1", "b": b"1", "c": b"2", "d": None, "e": None}, {}, "abcde", mint)
    assert families["a"] == families["b"]
    assert len(set(families.values())) == 4


def test_the_family_keeps_its_id_when_a_sibling_leaves() -> None:
    assert assign({"b": b"1"}, {"b": "F"}, (), mint) == {"b": "F"}


def test_the_family_keeps_its_id_when_all_its_phones_change() -> None:
    assert assign({"a": b"9", "b": b"9"}, {"a": "F", "b": "F"}, "ab", mint) == {"a": "F", "b": "F"}


def test_who_stays_keeps_the_id_when_one_of_two_moves_out() -> None:
    """Guards: the sibling with the lower id taking the family along."""
    families = assign({"a": b"2", "b": b"1"}, {"a": "F", "b": "F"}, {"a"}, mint)
    assert families == {"a": "new-a", "b": "F"}


def test_the_larger_share_keeps_the_id_of_a_merger() -> None:
    prior = {"a": "F", "b": "G", "c": "G"}
    assert set(assign(dict.fromkeys("abc", b"1"), prior, "a", mint).values()) == {"G"}


households = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=2), st.sampled_from([None, b"1", b"2", b"3", b"4"])
)


@settings(deadline=None)
@given(households, st.data())
def test_grouping_is_an_equivalence_whatever_the_order(
    identifiers: dict[str, bytes | None], data: st.DataObject
) -> None:
    prior = {m: data.draw(st.sampled_from("FGH")) for m in identifiers if data.draw(st.booleans())}
    moved = {m for m in identifiers if data.draw(st.booleans())}
    families = assign(identifiers, prior, moved, mint)
    assert families.keys() == identifiers.keys()
    for one, value in identifiers.items():
        for two, other in identifiers.items():
            same = one == two or (value is not None and value == other)
            assert (families[one] == families[two]) is same
    shuffled = dict(data.draw(st.permutations(list(identifiers.items()))))
    assert assign(shuffled, prior, moved, mint) == families


@settings(deadline=None)
@given(households)
def test_a_second_run_changes_no_family(identifiers: dict[str, bytes | None]) -> None:
    first = assign(identifiers, {}, identifiers, mint)
    assert assign(identifiers, first, (), mint) == first


def test_implausible_families_are_named() -> None:
    assert large({"F": 13, "G": 12}) == {"F": 13}
