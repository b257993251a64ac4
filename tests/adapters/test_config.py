"""Configuration stores: versions, isolation, due schedules; in memory and on DynamoDB alike."""

from datetime import timedelta

import pytest

from rollcall.domain.district import District
from rollcall.domain.errors import Conflict, NotFound
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import CodeMapping, Entry
from rollcall.domain.onboarding import Onboarding
from rollcall.domain.reconciliation import Confirmed, ReconciliationHead
from rollcall.domain.schedule import Daily, Schedule
from rollcall.store.config import ConfigStore
from rollcall.store.memory import MemoryVault
from rollcall.store.memory_config import MemoryConfig
from rollcall.store.vault import VaultSecrets

from .conftest import NOW


def district(**fields: object) -> District:
    return District(
        **{"id": "lakeview", "name": "L", "time_zone": "UTC", "created_at": NOW, "updated_at": NOW, **fields}
    )


def integration(**fields: object) -> Integration:
    base = {
        "id": "int_1",
        "district_id": "lakeview",
        "name": "I",
        "system": "aeries",
        "url": "https://a.example.org",
    }
    rest = {"mappings": {"race": "map_1"}, "source": "aeries:1", "created_at": NOW, "updated_at": NOW}
    return Integration(**{**base, **rest, **fields})


def mapping(**fields: object) -> CodeMapping:
    base = {
        "id": "map_1",
        "district_id": "lakeview",
        "entity": "race",
        "name": "R",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return CodeMapping(**{**base, "entries": (Entry(external="1", value="x"),), **fields})


def schedule(number: int = 1, **fields: object) -> Schedule:
    return Schedule(
        **{
            "id": f"sch_{number}",
            "district_id": "lakeview",
            "name": "S",
            "integration_ids": ("int_1",),
            "frequency": Daily(every="day", at="02:00"),
            "run_as": "u",
            "next_run_at": NOW,
            "created_at": NOW,
            "updated_at": NOW,
            **fields,
        }
    )


def reconciliation(version: int = 1, name: str = "u", **fields: object) -> ReconciliationHead:
    base = {"district_id": "lakeview", "integration_id": "int_1", "file": "f", "run_id": "run_1", "open": 0}
    return ReconciliationHead(
        **{**base, "counts": {}, "version": version, "updated_by": name, "updated_at": NOW, **fields}
    )


def onboarding(**fields: object) -> Onboarding:
    base = {"id": "onb_1", "district_id": "lakeview", "name": "S", "portal_url": "https://ps.example.org"}
    rest = {
        "organization_id": "7",
        "system": "powerschool",
        "member_types": ("staff",),
        "integration_id": "int_1",
    }
    return Onboarding(**{**base, **rest, "created_at": NOW, "updated_at": NOW, **fields})


RECORDS = [
    (district, "put_district", lambda store: store.district("lakeview")),
    (lambda **f: integration(**f), "put_integration", lambda store: store.integration("lakeview", "int_1")),
    (mapping, "put_mapping", lambda store: store.mappings("lakeview", ["map_1"])["map_1"]),
    (onboarding, "put_onboarding", lambda store: store.onboarding("lakeview", "onb_1")),
    (schedule, "put_schedule", lambda store: store.schedule("lakeview", "sch_1")),
]


def put(store: ConfigStore, method: str, record: object) -> None:
    getattr(store, method)(record, {}) if method == "put_integration" else getattr(store, method)(record)


@pytest.mark.parametrize(("make", "method", "read"), RECORDS)
def test_versions_follow_one_another(config: ConfigStore, make, method, read) -> None:
    with pytest.raises(NotFound):
        read(config)
    put(config, method, make())
    assert read(config) == make()
    put(config, method, make())  # the same again: a reply was lost
    second = make(version=2, name="Other")
    put(config, method, second)
    for stale in (make(name="Late"), make(version=2, name="Late"), make(version=4, name="Early")):
        with pytest.raises(Conflict):
            put(config, method, stale)
    assert read(config) == second


def test_a_reconciliation_follows_what_was_read(config: ConfigStore) -> None:
    assert config.reconciliation("lakeview", "int_1") is None
    config.put_reconciliation(reconciliation())
    config.put_reconciliation(reconciliation())  # the same again: a reply was lost
    letters = {"student": "S"}
    confirmed = Confirmed(file="f", letters=letters, by="u", at=NOW, since=NOW, accepted=2)
    second = reconciliation(version=2, confirmed=confirmed, counts={"matched": 3})
    config.put_reconciliation(second)
    for stale in (reconciliation(name="late"), reconciliation(2, "late"), reconciliation(4)):
        with pytest.raises(Conflict):
            config.put_reconciliation(stale)
    assert config.reconciliation("lakeview", "int_1") == second
    assert config.reconciliation("hilltop", "int_1") is None
    assert config.reconciliation("lakeview", "int_2") is None


def test_lists_hold_only_the_districts_own(config: ConfigStore) -> None:
    for district_id in ("lakeview", "hilltop"):
        config.put_integration(integration(district_id=district_id), {})
        config.put_mapping(mapping(district_id=district_id))
        config.put_schedule(schedule(district_id=district_id))
    assert config.integrations("hilltop") == [integration(district_id="hilltop")]
    assert config.mapping_heads("hilltop") == [(mapping(district_id="hilltop", entries=()), 1)]
    assert config.schedules("hilltop") == [schedule(district_id="hilltop")]
    assert config.integrations("nowhere") == []


def test_a_missing_mapping_is_missed(config: ConfigStore) -> None:
    config.put_mapping(mapping())
    assert config.mappings("lakeview", []) == {}
    assert list(config.mappings("lakeview", ["map_1", "map_1"])) == ["map_1"]
    with pytest.raises(NotFound):
        config.mappings("lakeview", ["map_1", "map_2"])


def test_mappings_are_written_together_or_not_at_all(config: ConfigStore) -> None:
    """Guards: half of an operator's answers standing, because somebody else wrote one of the mappings."""
    first, other = mapping(), mapping(id="map_2", entity="gender")
    config.put_mappings([first, other])
    config.put_mapping(mapping(id="map_2", entity="gender", version=2, name="Edited"))
    both = [mapping(version=2, name="New"), mapping(id="map_2", entity="gender", version=2, name="New")]
    with pytest.raises(Conflict):
        config.put_mappings(both)
    assert config.mappings("lakeview", ["map_1"])["map_1"] == first
    both = [mapping(version=2, name="New"), mapping(id="map_2", entity="gender", version=3, name="New")]
    for _ in range(2):  # the same again: a reply was lost
        config.put_mappings(both)
    assert config.mappings("lakeview", ["map_1", "map_2"]) == {made.id: made for made in both}


def test_secrets_that_are_left_out_stay(config: ConfigStore) -> None:
    config.put_integration(integration(), {"a": "1", "b": "2"})
    config.put_integration(integration(version=2), {"b": "3"})
    config.put_integration(integration(version=3), {})
    assert config.sealed("lakeview", "int_1") == {"a": "1", "b": "3"}
    assert config.sealed("hilltop", "int_1") == {}


def test_a_refused_write_leaves_the_secrets_alone(config: ConfigStore) -> None:
    config.put_integration(integration(), {"a": "1"})
    with pytest.raises(Conflict):
        config.put_integration(integration(name="Late"), {"a": "2"})
    assert config.sealed("lakeview", "int_1") == {"a": "1"}


def test_an_onboarding_goes_with_its_credentials_and_its_integration(config: ConfigStore) -> None:
    config.put_onboarding(onboarding())
    config.put_onboarding(onboarding(version=2), {"a": "1"})
    assert config.sealed("lakeview", "int_1") == {"a": "1"}
    config.put_onboarding(onboarding(version=3), integration=integration())
    assert config.integration("lakeview", "int_1") == integration()
    assert config.sealed("lakeview", "int_1") == {"a": "1"}, "they were there before it"
    second = integration(version=2, name="Second")
    for late, made in (
        (onboarding(version=3, name="Late"), second),
        (onboarding(version=4), integration(version=3)),
    ):
        with pytest.raises(Conflict):
            config.put_onboarding(late, {"a": "2"}, made)
    assert config.sealed("lakeview", "int_1") == {"a": "1"}
    assert config.onboarding("lakeview", "onb_1") == onboarding(version=3)
    config.put_onboarding(onboarding(version=4), {"a": "2"}, second)
    config.put_onboarding(onboarding(version=4), {"a": "2"}, second)  # the same again: a reply was lost
    assert config.integration("lakeview", "int_1") == second


def test_a_plugin_is_found_without_its_district(config: ConfigStore) -> None:
    for district_id, onboarding_id in (("lakeview", "onb_1"), ("hilltop", "onb_2")):
        config.put_onboarding(onboarding(district_id=district_id, id=onboarding_id))
    assert config.registering("onb_2") == onboarding(district_id="hilltop", id="onb_2")
    assert [item.id for item in config.onboardings("lakeview")] == ["onb_1"]
    for unknown in ("onb_3", "lakeview", "é"):
        with pytest.raises(NotFound):
            config.registering(unknown)


def test_what_was_validated_is_remembered_by_integration(config: ConfigStore) -> None:
    assert config.validations("lakeview") == {}
    later = NOW + timedelta(minutes=1)
    for integration_id, at in (("int_1", NOW), ("int_2", NOW), ("int_1", later)):
        config.note_validated("lakeview", integration_id, at)
    assert config.validations("lakeview") == {"int_1": later, "int_2": NOW}
    assert config.validations("hilltop") == {}


def test_due_schedules_are_the_active_ones_whose_time_has_come(config: ConfigStore) -> None:
    for number in range(1, 13):
        config.put_schedule(schedule(number, next_run_at=NOW + timedelta(minutes=number % 4)))
    config.put_schedule(schedule(20, active=False, next_run_at=None))
    due = config.due_schedules(NOW + timedelta(minutes=1), 100)
    assert [item.id for item in due] == ["sch_12", "sch_4", "sch_8", "sch_1", "sch_5", "sch_9"]
    assert [item.id for item in config.due_schedules(NOW + timedelta(minutes=1), 2)] == ["sch_12", "sch_4"]


def test_advance_only_from_what_was_read(config: ConfigStore) -> None:
    config.put_schedule(schedule())
    read = config.schedule("lakeview", "sch_1")
    later = NOW + timedelta(days=1)
    config.advance(read, later)
    config.advance(read, NOW + timedelta(days=2))  # a second scheduler, with the same read
    assert config.schedule("lakeview", "sch_1") == schedule(next_run_at=later, last_run_at=NOW)
    edited = schedule(version=2, next_run_at=NOW + timedelta(days=5), last_run_at=NOW)
    config.put_schedule(edited)
    config.advance(schedule(next_run_at=later, last_run_at=NOW), NOW + timedelta(days=9))
    assert config.schedule("lakeview", "sch_1") == edited
    off = schedule(version=3, active=False, next_run_at=None)
    config.put_schedule(off)
    assert config.due_schedules(NOW + timedelta(days=30), 9) == []


def test_credentials_are_opened_by_key() -> None:
    config, vault = MemoryConfig(), MemoryVault()
    config.put_integration(integration(), {"token": vault.seal("lakeview", "int_1", "s3cret")})
    assert VaultSecrets(config, vault).credentials("lakeview", "int_1") == {"token": "s3cret"}
