"""What the API answers. Every model is closed: nothing that is not named here ever leaves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from rollcall.domain.blackout import Blackout
from rollcall.domain.district import District, calendar_school_year
from rollcall.domain.family_change import FamilyChangeKind, Review
from rollcall.domain.forms import (
    AeriesFields,
    IlluminateFields,
    OneRosterFields,
    PowerSchoolFields,
    PowerSchoolQueryFields,
    SchoolToolFields,
)
from rollcall.domain.integration import CredentialInfo, Integration
from rollcall.domain.mapping import CodeMapping, Entity, Entry
from rollcall.domain.notification import Notifications, Recipient
from rollcall.domain.person import PersonType, Severity
from rollcall.domain.run import Decision, Mode, PullKind, Run, RunState, Trigger
from rollcall.domain.systems import System
from rollcall.domain.thresholds import ThresholdOverride, Thresholds


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
    """A district. ``school_year`` is the current one; it is fixed if it is not the calendar's."""

    id: str
    name: str
    time_zone: str
    school_year: str
    calendar_school_year: str
    thresholds: Thresholds
    two_person_approval: bool
    review_families: Review
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
    threshold_override: ThresholdOverride | None


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


class DecisionView(View):
    """Who decided about a run, when, and what they said."""

    by: str
    at: datetime
    comment: str


class ApprovalView(DecisionView):
    """Who let a held plan go on; ``leave_out`` are the family changes that they did not let go on."""

    leave_out: list[str]


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


class TrendView(View):
    """How a run's distinct issues compare with those of the last completed sync: what stands, what came, what went."""

    new: int
    persisting: int
    fixed: int


class StageView(View):
    """When a run was in a stage; ``ended_at`` is null while it still is."""

    stage: str
    started_at: datetime
    ended_at: datetime | None


class RunView(View):
    """A run."""

    id: str
    integration_id: str
    system: str
    trigger: Trigger
    mode: Mode
    requested_by: str
    retry_of: str | None = Field(description="The run that this one tries again")
    override: bool = Field(
        description="Whether an administrator started it in spite of the district's blackouts"
    )
    undoes: str | None = Field(description="The run that this one undoes; null for every other trigger")
    undone_by: str | None = Field(
        description="The last run that was started to undo this one; whether it did, its own state says"
    )
    state: RunState
    counts: dict[PersonType, CountsView]
    holds: list[HoldView]
    approvals: list[ApprovalView]
    rejection: DecisionView | None
    cancellation: DecisionView | None
    cancel_requested: DecisionView | None = Field(
        description="Who asked that the run be cancelled, until its runner has done so"
    )
    issues: dict[Severity, int]
    issue_codes: dict[str, int]
    pull: PullKind | None = Field(
        description="Whether everybody was read, or only who changed since the last pull; null until that is known, "
        "and where the last pull is planned again. A delta ends nobody for not being there: that waits for the next "
        "full pull"
    )
    coverage: dict[str, CoverageView]
    roster: dict[PersonType, dict[str, int]]
    dropped: dict[PersonType, int] = Field(
        description="Who is ended for not being in the file; `inactivate` counts them too"
    )
    protected: int = Field(description="Of how many people something stays, whatever the SIS says")
    families: dict[FamilyChangeKind, int] = Field(
        description="What becomes of families, by kind; none by the first load of an integration"
    )
    trend: TrendView | None = Field(description="Null until the plan is complete")
    plan_hash: str | None
    progress: ProgressView
    stages: list[StageView]
    error: FailureView | None
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


def district_view(district: District, now: datetime) -> DistrictView:
    """A district, at an instant that says which school year it is."""
    fields = district.model_dump(exclude={"fixed_school_year"})
    return DistrictView(
        **fields,
        school_year=district.school_year_at(now),
        calendar_school_year=calendar_school_year(now, district.time_zone),
    )


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


def run_view(run: Run, cancels: Mapping[str, Decision] | None = None) -> RunView:
    """A run without what only the engine needs. ``cancels`` are those who asked to cancel runs, by run."""
    request = (cancels or {}).get(run.id)
    fields = msgspec.to_builtins(run)
    fields["cancel_requested"] = msgspec.to_builtins(request) if request and not run.ended else None
    return RunView.model_validate({name: fields[name] for name in RunView.model_fields})
