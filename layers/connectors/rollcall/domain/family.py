"""Families: who shares a household, and under which id (domain sheet §6).

Sharing a household passes free-meal eligibility between siblings, so both mistakes cost: a false merge misuses public
money, a false split denies a meal. Therefore *all* chosen fields must match after normalising, a blank or placeholder
value never matches anybody, and an id once given stays with the household through leavers, shared changes and re-runs.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache

from scourgify import normalize_address_record
from scourgify.exceptions import AddressNormalizationError

from rollcall.domain.person import Address, Household, fingerprint

FIELD = 8
"""Bytes of an identifier that stand for one field."""

_BLANK = bytes(FIELD)

LARGE_FAMILY = 12
"""A family with more students than this is reported: more likely a bad identifier than a household."""

_PLACEHOLDERS = frozenset(
    {
        "unknown",
        "none",
        "na",
        "null",
        "test",
        "tbd",
        "noaddress",
        "nophone",
        "homeless",
        "sameasabove",
        "same",
        "x",
        "xx",
    }
)
_SEPARATORS = re.compile(r"[\W_]+")
_MIN_PHONE_DIGITS = 7
_UNIT = re.compile(r"^(?:APT|UNIT|STE|#)\s*")


def identifier(household: Household, fields: Sequence[str]) -> bytes:
    """Eight bytes for each chosen field, in alphabetical order: equal where two students agree, zero where the field is
    blank. Students whose identifiers are equal and :func:`whole` share a household.
    """
    values = ((name, _normal(name, household)) for name in sorted(fields))
    return b"".join(
        _BLANK if value is None else fingerprint(f"{name}={value}".encode())[:FIELD] for name, value in values
    )


def whole(found: bytes) -> bool:
    """Whether no chosen field is blank: only then can the identifier match another."""
    return bool(found) and _BLANK not in _pieces(found)


def unlike(identifiers: Collection[bytes], fields: Sequence[str]) -> tuple[str, ...]:
    """Names of the chosen fields in which identifiers differ, or that are blank in one."""
    return tuple(
        name
        for name, *pieces in zip(sorted(fields), *map(_pieces, identifiers), strict=False)
        if len(set(pieces)) > 1 or _BLANK in pieces
    )


def _pieces(found: bytes) -> list[bytes]:
    return [found[at : at + FIELD] for at in range(0, len(found), FIELD)]


def assign(
    identifiers: Mapping[str, bytes | None],
    prior: Mapping[str, str],
    moved: Collection[str],
    mint: Callable[[str], str],
) -> dict[str, str]:
    """A family id for every student named in ``identifiers``.

    Students with one identifier are one family; a student without is a family of one. Where several families meet or
    one falls apart, the id stays with the larger share of those who had it, and at a tie with those who stayed where
    they were (who are not in ``moved``). ``mint(member)`` makes a new id, given the group's first member. The answer
    does not depend on any order.
    """
    groups: dict[bytes | str, list[str]] = defaultdict(list)
    for member, value in identifiers.items():
        groups[member if value is None else value].append(member)
    heads = {min(members): members for members in groups.values()}
    claims = []
    for head, members in heads.items():
        had = Counter(prior[m] for m in members if m in prior)
        stayed = Counter(prior[m] for m in members if m in prior and m not in moved)
        claims += [(-count, -stayed[family], family, head) for family, count in had.items()]
    given: dict[str, str] = {}
    taken: set[str] = set()
    for _, _, family, head in sorted(claims):
        if head not in given and family not in taken:
            given[head] = family
            taken.add(family)
    return {member: given.get(head) or mint(head) for head, members in heads.items() for member in members}


def large(sizes: Mapping[str, int]) -> dict[str, int]:
    """Those families that have more members than is plausible."""
    return dict(sorted((family, size) for family, size in sizes.items() if size > LARGE_FAMILY))


def _normal(field: str, household: Household) -> str | None:
    if field == "household_home_address":
        return _address(household.household_home_address)
    if field == "hoh_home_phone":
        return _phone(household.hoh_home_phone)
    return _text(getattr(household, field))


def _text(value: str | None) -> str | None:
    folded = _SEPARATORS.sub("", unicodedata.normalize("NFKC", value or "").casefold())
    return None if not folded or folded in _PLACEHOLDERS or set(folded) <= {"0"} else folded


def _phone(value: str | None) -> str | None:
    digits = re.sub(r"\D", "", value or "")
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    # 000-0000, 555-0000 typed as all one digit, 123-4567: what clerks enter to get past a required field
    if (
        len(digits) < _MIN_PHONE_DIGITS
        or len(set(digits)) == 1
        or digits[-7:] in {"0000000", "1234567", "9999999"}
    ):
        return None
    return digits


def _address(value: Address | None) -> str | None:
    if value is None or _text(value.street) is None:
        return None
    return _usps(value.street or "", value.city or "", value.state or "", (value.postal_code or "")[:5])


@lru_cache(maxsize=4096)
def _usps(street: str, city: str, state: str, postal_code: str) -> str | None:
    """The address with USPS abbreviations, or plainly folded when the library cannot read it (rural, foreign)."""
    record = {
        "address_line_1": street,
        "address_line_2": None,
        "city": city or None,
        "state": state or None,
        "postal_code": postal_code or None,
    }
    try:
        clean = normalize_address_record(record)
    except AddressNormalizationError:
        return _text(f"{street} {city} {state} {postal_code}")
    unit = _UNIT.sub("#", clean["address_line_2"] or "")
    parts = (clean["address_line_1"], unit, clean["city"], clean["state"], clean["postal_code"])
    return _text(" ".join(part for part in parts if part))
