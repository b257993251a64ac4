"""What the audit says of a change: every field that somebody entered, and never a secret."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollcall.domain.audit import (
    AuditRecord,
    FieldChange,
    audit_record,
    credential_changes,
    differences,
    people_dropped,
    run_started,
)
from rollcall.domain.form import Record
from rollcall.domain.integration import CredentialInfo, Integration
from rollcall.domain.mapping import CodeMapping, Entry
from rollcall.domain.run import Run

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def integration(**fields: Any) -> Integration:
    base = {
        "id": "int_1",
        "district_id": "lakeview",
        "name": "I",
        "system": "aeries",
        "url": "https://a.example.org",
        "mappings": {"race": "map_1"},
        "source": "aeries:1",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Integration(**{**base, **fields})


def codes(*entries: tuple[str, str], **fields: Any) -> CodeMapping:
    return CodeMapping(
        id="map_1",
        district_id="lakeview",
        entity="race",
        name="R",
        entries=tuple(Entry(external=external, value=value) for external, value in entries),
        created_at=NOW,
        updated_at=NOW,
        **fields,
    )


def test_each_field_is_told_before_and_after() -> None:
    before = integration(primary_enrollment_codes=("A",))
    after = integration(
        name="Other",
        mappings={"race": "map_2", "gender": "map_3"},
        drop_students_not_in_file=True,
        primary_enrollment_codes=("A", "B"),
        version=2,
        updated_at=NOW + timedelta(days=1),
    )
    assert differences(before, after) == [
        FieldChange(field="drop_students_not_in_file", before=False, after=True),
        FieldChange(field="mappings.gender", after="map_3"),
        FieldChange(field="mappings.race", before="map_1", after="map_2"),
        FieldChange(field="name", before="I", after="Other"),
        FieldChange(field="primary_enrollment_codes", before=("A",), after=("A", "B")),
    ]
    assert differences(before, before) == []


def test_something_new_is_told_whole_without_what_is_blank() -> None:
    found = {change.field: change for change in differences(None, integration())}
    assert found["name"] == FieldChange(field="name", after="I")
    assert found["active"].after is True
    assert found.keys().isdisjoint({"token_url", "id", "version", "source", "primary_enrollment_codes"})


def test_of_a_long_list_only_what_came_and_went_is_counted() -> None:
    rows = [(str(number), "x") for number in range(500)]
    changed = codes(*rows[1:], ("500", "y"), ("501", "y"))
    assert differences(codes(*rows), changed) == [FieldChange(field="entries", added=2, removed=1)]
    numbers = tuple(str(number) for number in range(11))
    assert differences(integration(), integration(alternate_enrollment_codes=numbers)) == [
        FieldChange(field="alternate_enrollment_codes", added=11, removed=0)
    ]


def test_of_a_credential_only_that_it_was_entered() -> None:
    before = integration(credentials={"token": CredentialInfo(updated_at=NOW, ends_with="3f")})
    after = integration(credentials={"token": CredentialInfo(updated_at=NOW, ends_with="9c")})
    assert differences(before, after) == [], "not even how it ends"
    assert credential_changes(before.credentials, ["user_token", "token"]) == [
        FieldChange(field="credentials.token", before="set", after="replaced"),
        FieldChange(field="credentials.user_token", after="set"),
    ]


def record(**fields: Any) -> AuditRecord:
    values: dict[str, Any] = {"what": "integration.changed", "subject": "int_1", "changes": [], **fields}
    return audit_record("lakeview", NOW, "user@example.org", "request-1", **values)


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("integration.changed", True),
        ("credentials", True),
        ("credentials.token", True),
        ("credentials.tok", False),
        ("integration", False),
        ("name", False),
    ],
)
def test_a_record_is_about_its_action_and_its_fields(topic: str, expected: bool) -> None:
    changes = [FieldChange(field="credentials.token", after="set")]
    assert record(changes=changes).about(topic) == expected


def test_an_id_follows_from_what_was_done_where() -> None:
    assert record().id == record(changes=[FieldChange(field="name", after="x")]).id
    assert len({record().id, record(subject="int_2").id, record(what="integration.created").id}) == 3


def test_a_run_tells_who_asked_for_it_and_how_many_it_dropped() -> None:
    run = Run(id="run_1", district_id="d", integration_id="int_1", requested_by="u", queued_at=NOW)
    asked = run_started(run, "request-1")
    assert (asked.actor, asked.subject, asked.changes[0].after) == ("u", "run_1", "int_1")
    assert people_dropped(run, NOW, {}) is None
    run.dropped = {"contact": 3, "student": 2}
    dropped = people_dropped(run, NOW, {})
    assert dropped
    assert [(c.field, c.after) for c in dropped.changes] == [
        ("dropped.student", 2),
        ("dropped.contact", 3),
    ]


def test_what_is_dropped_after_an_approval_is_told_apart() -> None:
    run = Run(id="run_1", district_id="d", integration_id="int_1", requested_by="u", queued_at=NOW)
    run.dropped = {"contact": 3, "student": 12}
    later = people_dropped(run, NOW, {"contact": 3, "student": 2})
    assert later
    assert [(c.field, c.before, c.after) for c in later.changes] == [("dropped.student", 2, 12)]
    assert people_dropped(run, NOW, run.dropped) is None


def test_every_stored_thing_can_be_told_and_read_again() -> None:
    """Guards: a value that the audit's own record refuses, which would refuse the change itself."""
    everything: list[Record] = [integration(member_types=("student",)), codes(("1", "x"))]
    for thing in everything:
        whole = record(changes=differences(None, thing))
        assert AuditRecord.model_validate_json(whole.model_dump_json()) == whole
