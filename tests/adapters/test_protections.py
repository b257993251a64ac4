"""Protections: versions, isolation and their audit; in memory and on DynamoDB alike."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rollcall.domain.errors import Conflict
from rollcall.domain.person import Person
from rollcall.domain.protection import Protection, keep, protection_audit
from rollcall.store.config import ConfigStore

from .conftest import NOW
from .test_audit import Stores, stores  # noqa: F401 - a fixture

NOOR = Person(type="student", source_id="1", first_name="Noor", last_name="Rivers", races=("a", "b"))


def protection(**fields: Any) -> Protection:
    base = {"district_id": "lakeview", "person_id": "per_1", "person_type": "student", "source_id": "1"}
    kept = {"kept": keep(NOOR, fields.get("fields", ())), "until": date(2026, 12, 31)}
    return Protection(**{**base, **kept, "reason": "r", "set_by": "u", "set_at": NOW, **fields})


def test_a_protection_follows_what_was_read(config: ConfigStore) -> None:
    assert config.protection("lakeview", "per_1") is None
    config.put_protection(protection())
    config.put_protection(protection())  # the same again: a reply was lost
    second = protection(version=2, fields=("races",), written=("races",))
    config.put_protection(second)
    for stale in (protection(reason="late"), protection(version=2), protection(version=4)):
        with pytest.raises(Conflict):
            config.put_protection(stale)
    assert config.protection("lakeview", "per_1") == second
    assert second.over(Person(type="student", source_id="1", first_name="Nori")) == Person(
        type="student", source_id="1", first_name="Nori", races=("a", "b")
    )
    over = second.released(date(2026, 11, 22), "u", NOW)
    config.put_protection(over)
    assert config.protections("lakeview") == [over]


def test_a_list_holds_only_the_districts_own(config: ConfigStore) -> None:
    for district_id, person_id in (("lakeview", "per_2"), ("lakeview", "per_1"), ("hilltop", "per_1")):
        config.put_protection(protection(district_id=district_id, person_id=person_id))
    assert [p.person_id for p in config.protections("lakeview")] == ["per_1", "per_2"]
    assert config.protections("nowhere") == []
    assert config.protection("nowhere", "per_1") is None


def test_a_protection_and_its_release_leave_a_record_each(stores: Stores) -> None:  # noqa: F811
    first = protection(fields=("races",), written=("races",))
    for _ in range(2):  # a reply was lost
        stores.config.put_protection(first, protection_audit(None, first, "request-1"))
    over = first.released(date(2026, 11, 22), "u", NOW)
    stores.config.put_protection(over, protection_audit(first, over, "request-2"))
    with pytest.raises(Conflict):
        stores.config.put_protection(
            first.model_copy(update={"reason": "late"}), protection_audit(None, first, "3")
        )
    found = {
        record.what: {c.field: (c.before, c.after) for c in record.changes} for record in stores.written()
    }
    assert found == {
        "person.protected": {
            "fields": (None, ("races",)), "until": (None, "2026-12-31"), "values.races": (None, "set")
        },
        "person.released": {
            "fields": (("races",), None), "until": ("2026-12-31", None), "values.races": ("set", None)
        },
    }  # fmt: skip
