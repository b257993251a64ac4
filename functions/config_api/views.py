"""What the API answers. Every model is closed: nothing that is not named here ever leaves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from rollcall.domain.blackout import Blackout
from rollcall.domain.district import District
from rollcall.domain.integration import CredentialInfo, Integration
from rollcall.domain.mapping import CodeMapping, Entity, Entry
from rollcall.domain.notification import Notifications, Recipient
from rollcall.domain.person import PersonType, Severity, Status
from rollcall.domain.plan import Change, ChangeKind, StoredPerson
from rollcall.domain.run import Mode, PullKind, Run, RunState, Trigger
from rollcall.domain.schedule import Frequency, Schedule, next_runs
from rollcall.domain.systems import (
    AeriesFields,
    IlluminateFields,
    OneRosterFields,
    PowerSchoolFields,
    PowerSchoolQueryFields,
    SchoolToolFields,
    System,
)


class View(BaseModel):
    """A closed answer."""

    model_config = ConfigDict(extra="forbid")


class SystemView(View):
    """A system that can be chosen.

    ``form`` is the JSON Schema of a new integration, ``existing`` of one that exists: labels are titles, help is
    descriptions, fields stand in the order of the screen, and ``x-entity`` says which mappings can be chosen.
    """

    system: System
    title: str
    credentials: list[str]
    form: dict[str, Any]
    existing: dict[str, Any]


class DistrictView(View):
    """A district. ``school_year`` is the current one."""

    id: str
    name: str
    time_zone: str
    school_year: str
    blackouts: list[Blackout]
    version: int
    created_at: datetime
    updated_at: datetime


class RecipientView(Recipient):
    """Somebody who is told. Nothing is sent before they have ``agreed``."""

    agreed: bool


class NotificationsView(View):
    """Who is told of what; version 0 until somebody has said."""

    recipients: list[RecipientView]
    failures_in_a_row: int
    digest_at: str
    next_digest_at: datetime | None
    version: int


class LastRun(View):
    """The run that is under way, or else the last one that ended."""

    id: str
    state: RunState
    ended_at: datetime | None


class _StoredIntegration(BaseModel):
    id: str
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    last_run: LastRun | None
    credentials: dict[str, CredentialInfo]


class PowerSchoolView(_StoredIntegration, PowerSchoolFields):
    """A PowerSchool integration."""

    model_config = ConfigDict(strict=False)


class PowerSchoolQueryView(_StoredIntegration, PowerSchoolQueryFields):
    """A PowerSchool Query integration."""

    model_config = ConfigDict(strict=False)


class AeriesView(_StoredIntegration, AeriesFields):
    """An Aeries integration."""

    model_config = ConfigDict(strict=False)


class IlluminateView(_StoredIntegration, IlluminateFields):
    """An Illuminate integration."""

    model_config = ConfigDict(strict=False)


class SchoolToolView(_StoredIntegration, SchoolToolFields):
    """A SchoolTool integration."""

    model_config = ConfigDict(strict=False)


class OneRosterView(_StoredIntegration, OneRosterFields):
    """A OneRoster integration."""

    model_config = ConfigDict(strict=False)


AnyView = (
    PowerSchoolView | PowerSchoolQueryView | AeriesView | IlluminateView | SchoolToolView | OneRosterView
)
IntegrationView = Annotated[AnyView, Field(discriminator="system")]
_INTEGRATION_VIEWS: dict[System, type[AnyView]] = {
    "powerschool": PowerSchoolView,
    "powerschool_query": PowerSchoolQueryView,
    "aeries": AeriesView,
    "illuminate": IlluminateView,
    "schooltool": SchoolToolView,
    "oneroster": OneRosterView,
}


class MappingHead(View):
    """A mapping without its rows, as lists show it."""

    id: str
    entity: Entity
    name: str
    ignore_case: bool
    ignore_leading_zeros: bool
    entry_count: int
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class MappingView(MappingHead):
    """A mapping."""

    entries: list[Entry]


class ScheduleView(View):
    """A schedule. ``next_runs`` are the coming five, none while it is inactive."""

    id: str
    name: str
    integration_ids: list[str]
    frequency: Frequency
    run_as: str
    active: bool
    next_runs: list[datetime]
    next_run_at: datetime | None
    last_run_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class CountsView(View):
    """How many people a run adds, changes, leaves alone, and so on."""

    add: int
    update: int
    inactivate: int
    reactivate: int
    unchanged: int
    reject: int
    held: int


class HoldView(View):
    """Why part of a plan waits for a person."""

    reason: str
    detail: str


class ProgressView(View):
    """Where a run stands."""

    stage: str
    done: int
    total: int | None


class FailureView(View):
    """Why a run ended badly."""

    code: str
    message: str


class CoverageView(View):
    """How much of a stream that is read record by record was read this time."""

    fetched: int
    of: int
    oldest: str | None


class RunView(View):
    """A run."""

    id: str
    integration_id: str
    system: str
    trigger: Trigger
    mode: Mode
    requested_by: str
    override: bool = Field(
        description="Whether an administrator started it in spite of the district's blackouts"
    )
    state: RunState
    counts: dict[PersonType, CountsView]
    holds: list[HoldView]
    issues: dict[Severity, int]
    issue_codes: dict[str, int]
    pull: PullKind | None = Field(
        description="Whether everybody was read, or only who changed since the last pull; null until that is known. "
        "A delta ends nobody for not being there: that waits for the next full pull"
    )
    coverage: dict[str, CoverageView]
    roster: dict[PersonType, dict[str, int]]
    plan_hash: str | None
    progress: ProgressView
    error: FailureView | None
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class IssueView(View):
    """One thing wrong with one record."""

    severity: Severity
    code: str
    person: str | None
    person_type: PersonType | None
    source_id: str | None
    field: str | None
    value: str | None
    message: str
    fix: str


class PhoneView(View):
    """A phone number, digits only."""

    number: str
    type: str


class AddressView(View):
    """An address."""

    type: str
    street: str | None
    city: str | None
    state: str | None
    postal_code: str | None


class EnrollmentView(View):
    """One stay at one school."""

    school: str
    school_year: str | None
    grade: str | None
    homeroom: str | None
    start_date: str | None
    drop_date: str | None
    primary: bool


class ContactView(View):
    """A student's tie to a contact."""

    person_id: str
    relationship: str | None
    priority: int
    lives_with: bool


class ReasonView(View):
    """Why people were kept out of the media application, and how many."""

    code: str
    count: int
    message: str
    fix: str


class ImportSummaryView(View):
    """What a run means to the media application, by member type.

    ``blocked`` people are kept out for one of the ``reasons``; ``rejected`` records could not be read at all.
    """

    run_id: str
    imported: dict[PersonType, int]
    staff_who_are_parents: int
    blocked: dict[PersonType, int]
    rejected: dict[PersonType, int]
    reasons: list[ReasonView]


class TwinView(View):
    """What was decided about a parent: the member of staff who they are too, or null for nobody."""

    contact_id: str
    staff_id: str | None
    decided_by: str
    decided_at: datetime


class MediaView(View):
    """A person's place in the media application's roster."""

    status: Literal["invited", "blocked", "uninvited"]
    reasons: list[str]
    opt_out: bool
    same_as: str | None


class PhotoView(View):
    """A person's photo: where it is read, and the SHA-256 of its bytes, which moves when the photo does."""

    url: str
    sha256: str


class PersonView(View):
    """A person."""

    id: str
    type: PersonType
    status: Status
    integration_id: str
    source_id: str
    local_id: str | None
    state_id: str | None
    pos_id: str | None
    host_id: str | None
    first_name: str | None
    middle_name: str | None
    last_name: str | None
    suffix: str | None
    birth_date: str | None
    gender: str | None
    ethnicity: str | None
    races: list[str]
    language: str | None
    email: str | None
    phones: list[PhoneView]
    addresses: list[AddressView]
    grade: str | None
    enrollments: list[EnrollmentView]
    schools: list[str]
    family_id: str | None
    contacts: list[ContactView]
    allergies: list[str]
    photo: PhotoView | None
    grad_year: int | None
    media: MediaView | None


class ChangeView(View):
    """One person's change, whole before and whole after; ``fields`` names what differs."""

    kind: ChangeKind
    type: PersonType
    person_id: str
    before: PersonView | None
    after: PersonView
    fields: list[str]


class FamilyView(View):
    """A family."""

    id: str
    members: list[PersonView]


def district_view(district: District, now: datetime) -> DistrictView:
    """A district, at an instant that says which school year it is."""
    fields = district.model_dump(exclude={"fixed_school_year"})
    return DistrictView(**fields, school_year=district.school_year_at(now))


def notifications_view(notifications: Notifications, agreed: set[str]) -> NotificationsView:
    """Who is told, given who has agreed."""
    recipients = [
        RecipientView(**recipient.model_dump(), agreed=recipient.email.lower() in agreed)
        for recipient in notifications.recipients
    ]
    fields = notifications.model_dump(exclude={"district_id", "last_digest_at", "recipients"})
    return NotificationsView(**fields, recipients=recipients)


def integration_view(integration: Integration, last: Run | None) -> AnyView:
    """An integration with its last run."""
    view = _INTEGRATION_VIEWS[integration.system]
    last_run = LastRun(id=last.id, state=last.state, ended_at=last.ended_at) if last else None
    fields = integration.model_dump(mode="json", include=set(view.model_fields))
    return view.model_validate({**fields, "last_run": last_run})


def mapping_head(mapping: CodeMapping, entry_count: int) -> MappingHead:
    """A mapping without its rows."""
    fields = mapping.model_dump(exclude={"district_id", "entries"})
    return MappingHead(**fields, entry_count=entry_count)


def mapping_view(mapping: CodeMapping) -> MappingView:
    """A mapping with its rows."""
    fields = mapping.model_dump(exclude={"district_id"})
    return MappingView(**fields, entry_count=len(mapping.entries))


def schedule_view(schedule: Schedule, district: District, now: datetime) -> ScheduleView:
    """A schedule with its coming five runs."""
    coming: list[datetime] = []
    if schedule.next_run_at:
        after = max(now, schedule.next_run_at)
        later = next_runs(schedule.frequency, district.time_zone, after, 4, district.blackouts)
        coming = [schedule.next_run_at, *later]
    return ScheduleView(**schedule.model_dump(exclude={"district_id"}), next_runs=coming)


def run_view(run: Run) -> RunView:
    """A run without what only the engine needs."""
    fields = msgspec.to_builtins(run)
    return RunView.model_validate({name: fields[name] for name in RunView.model_fields})


def person_view(stored: StoredPerson) -> PersonView:
    """A person with every field, also those that the stored document leaves out."""
    fields = {"id": stored.id, "integration_id": stored.integration_id, **_fields(stored.person)}
    if stored.person.photo:
        url = f"/v1/districts/{stored.district_id}/people/{stored.id}/photo"
        fields["photo"] = {"url": url, "sha256": stored.person.photo}
    return PersonView.model_validate(fields)


def change_view(change: Change) -> ChangeView:
    """A change of a plan."""
    return ChangeView(
        kind=change.kind,
        type=change.type,
        person_id=change.after.id,
        before=person_view(change.before) if change.before else None,
        after=person_view(change.after),
        fields=list(change.fields),
    )


def _fields(struct: Any) -> Any:
    """A struct as plain data with its defaults, which its own encoding leaves out."""
    if isinstance(struct, msgspec.Struct):
        return {name: _fields(getattr(struct, name)) for name in struct.__struct_fields__}
    if isinstance(struct, tuple):
        return [_fields(element) for element in struct]
    return struct
