"""Reading one Illuminate row by lists of names: a field may be missing, null, or a number where text is expected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from rollcall.connectors.illuminate import field_map as f
from rollcall.connectors.illuminate.field_map import Names, Place
from rollcall.connectors.mapping import Draft
from rollcall.connectors.records import Scalar, digits, flag, text
from rollcall.domain.person import Address

Row = dict[str, Any]

_decoder = msgspec.json.Decoder(Row)


def read(records: Iterable[bytes]) -> list[Row]:
    """Rows in an order of their own, so that it does not matter in which they came."""
    return [_decoder.decode(raw) for raw in sorted(records)]


def value(row: Row, names: Names) -> Scalar:
    """The first value that is given; ``msgspec.ValidationError`` for one that holds others."""
    for name in names:
        found = row.get(name)
        if found is None:
            continue
        if isinstance(found, int | float):
            return found
        if not isinstance(found, str):
            raise msgspec.ValidationError("a value holds others")
        if text(found) is not None:
            return found
    return None


def code(row: Row, names: Names) -> str | None:
    """A value as a mapping lists it: true and false are ``true`` and ``false``, a number is its digits."""
    found = value(row, names)
    return str(found).lower() if isinstance(found, bool) else text(found)


def is_set(row: Row, names: Names) -> bool:
    """A flag; one that is not given is not set."""
    return flag(value(row, names))


def addresses(row: Row, draft: Draft) -> tuple[Address | None, Address | None]:
    """The home and the mailing address: from a list or an object of addresses, else from the row's own fields.

    Of a list those count that nobody has moved out of; the primary one is the home.
    """
    places = [p for p in _nested(row, f.NESTED_ADDRESSES) if value(p, f.MOVED_OUT) is None]
    if not places:
        return _address(draft, "home", row, f.HOME_PLACE), _address(draft, "mailing", row, f.MAILING_PLACE)
    places.sort(key=lambda p: (not is_set(p, f.IS_PRIMARY_ADDRESS), msgspec.json.encode(p)))
    homes = [p for p in places if is_set(p, f.IS_PRIMARY_ADDRESS) or not is_set(p, f.IS_MAILING)]
    mailings = [p for p in places if is_set(p, f.IS_MAILING)]
    return (
        _address(draft, "home", homes[0], f.NESTED_PLACE) if homes else None,
        _address(draft, "mailing", mailings[0], f.NESTED_PLACE) if mailings else None,
    )


def phones(row: Row) -> list[tuple[str, Scalar]]:
    """``(type, number)`` pairs, the primary one first."""
    listed = _nested(row, f.NESTED_PHONES)
    listed.sort(key=lambda p: (not is_set(p, f.IS_PRIMARY_PHONE), msgspec.json.encode(p)))
    found = [(_phone_type(p), value(p, f.PHONE_NUMBER)) for p in listed]
    return found + [(kind, value(row, names)) for kind, names in f.FLAT_PHONES]


def home_phone(row: Row) -> str | None:
    """The digits of the first home number."""
    return next((digits(number) for kind, number in phones(row) if kind == "home" and digits(number)), None)


def _phone_type(phone: Row) -> str:
    return f.PHONE_TYPES.get((text(value(phone, f.PHONE_TYPE)) or "").lower(), "other")


def _nested(row: Row, names: Names) -> list[Row]:
    """The objects under the first name that holds any."""
    for name in names:
        found = row.get(name)
        if isinstance(found, dict):
            return [found]
        if isinstance(found, list) and found:
            if not all(isinstance(item, dict) for item in found):
                raise msgspec.ValidationError("a list holds something else than objects")
            return list(found)
    return []


def _address(draft: Draft, kind: str, row: Row, place: Place) -> Address | None:
    lines = (text(_plain(row, place.street)), text(_plain(row, place.second)))
    street = " ".join(line for line in lines if line) or None
    return draft.address(
        kind, street, value(row, place.city), value(row, place.state), value(row, place.postal_code)
    )


def _plain(row: Row, names: Names) -> Scalar:
    # A row whose addresses have all been moved out of still has them under a name of the flat form.
    return value({name: row.get(name) for name in names if not isinstance(row.get(name), dict | list)}, names)
