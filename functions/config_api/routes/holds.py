"""Held runs: letting them go on, or not; and other limits for a while."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body
from msgspec.structs import replace
from pydantic import AwareDatetime, Field, StringConstraints

from config_api.api import Api
from config_api.audited import audited
from config_api.judgement import Judgement
from config_api.once import IfMatch, Making, check_version
from config_api.problems import Problem
from config_api.views import AnyView, IntegrationView, RunView, integration_view, run_view
from rollcall.domain.audit import Action, AuditRecord, run_decided
from rollcall.domain.errors import NotFound
from rollcall.domain.form import FieldError, Form, Reason, invalid, raise_if_any
from rollcall.domain.run import CHECK_AFTER, Approval, Decision, Failure, Progress, Run
from rollcall.domain.thresholds import ThresholdOverride, Thresholds

LONGEST_OVERRIDE = timedelta(days=30)
MOST_LEFT_OUT = 1000
_FAMILY_CHANGE = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_PLAN_HASH = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class ApprovalForm(Form):
    """The plan that was looked at, by its hash, and why it may go on. Family changes may be left out: they wait on, and
    the next sync plans them again.
    """

    plan_hash: _PLAN_HASH
    comment: Reason
    leave_out: Annotated[list[_FAMILY_CHANGE], Field(max_length=MOST_LEFT_OUT)] = Field(
        default_factory=list, description="Ids of family changes that are not let go on"
    )


class RejectionForm(Form):
    """Why a plan may not go on."""

    comment: Reason


class OverrideForm(Form):
    """Other limits for one integration until a moment at most 30 days ahead; null takes them back."""

    thresholds: Thresholds | None
    expires_at: AwareDatetime | None = Field(default=None, strict=False)
    reason: Reason
    version: int | None = None


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
    """Declare the routes."""
    parts = api.parts

    @api.route(
        "POST",
        "/v1/districts/<district_id>/runs/<run_id>/approve",
        "Let a held run go on, as far as it was looked at",
        right="operator",
        status=HTTPStatus.ACCEPTED,
    )
    def approve_run(district_id: str, run_id: str, form: Annotated[ApprovalForm, Body()]) -> RunView:
        run = _held(district_id, run_id)
        if form.plan_hash != run.plan_hash:
            raise invalid("plan_hash", "another_plan", "Give the plan_hash of the run as it was read.")
        if _overtaken(run):
            detail = (
                "A newer sync has run since, so this plan can no longer be approved. Look at the newer one."
            )
            raise Problem(HTTPStatus.CONFLICT, "superseded", detail)
        user, now = api.caller.user, parts.clock.now()
        if any(approval.by == user for approval in run.approvals):
            detail = "You have approved this run already; another person must do so too."
            raise Problem(HTTPStatus.CONFLICT, "second_person_needed", detail)
        left_out = _left_out(run, form.leave_out)
        after = replace(run, approvals=[*run.approvals, Approval(user, now, form.comment, left_out)])
        needed = 2 if parts.config.district(district_id).two_person_approval else 1
        if len(after.approvals) < needed:
            parts.runs.decide(run, after, _audit(run, "run.approved", form.comment, left_out))
            return run_view(after)
        after = replace(
            after,
            state="applying",
            slice=run.slice + 1,
            sweeps=0,
            check_at=now + CHECK_AFTER,
            progress=Progress(stage="approved", done=0, total=run.progress.total),
        )
        parts.runs.decide(run, after, _audit(run, "run.approved", form.comment, left_out))
        parts.queue.send(after.message(), dedup=f"{after.id}#{after.slice}")
        return run_view(after)

    @api.route(
        "POST",
        "/v1/districts/<district_id>/runs/<run_id>/reject",
        "Do not let a held run go on; the next sync plans the same again",
        right="operator",
    )
    def reject_run(district_id: str, run_id: str, form: Annotated[RejectionForm, Body()]) -> RunView:
        run, now = _held(district_id, run_id), parts.clock.now()
        after = replace(
            run,
            state="rejected",
            # What was said stays in the run: its error goes out with its event.
            error=Failure("rejected", "A person looked at what waited and did not let it go on."),
            rejection=Decision(api.caller.user, now, form.comment),
            ended_at=now,
        )
        parts.runs.decide(run, after, _audit(run, "run.rejected", form.comment))
        return run_view(after)

    @api.route(
        "PUT",
        "/v1/districts/<district_id>/integrations/<integration_id>/thresholds",
        "Other limits for one integration, for a while",
        right="admin",
    )
    def override_thresholds(
        district_id: str,
        integration_id: str,
        form: Annotated[OverrideForm, Body()],
        if_match: IfMatch = None,
    ) -> IntegrationView:
        stored = parts.config.integration(district_id, integration_id)
        check_version(stored.version, if_match, form.version)
        making = Making(parts.clock.now(), None)
        override = None
        if form.thresholds is not None:
            if form.expires_at is None or not making.now < form.expires_at <= making.now + LONGEST_OVERRIDE:
                raise invalid("expires_at", "out_of_range", "Choose a moment within the next 30 days.")
            override = ThresholdOverride(
                thresholds=form.thresholds,
                expires_at=form.expires_at,
                reason=form.reason,
                set_by=api.caller.user,
            )
        changed = stored.model_copy(
            update={
                "threshold_override": override,
                "version": stored.version + 1,
                "updated_at": making.now,
            }
        )
        audit = audited(api, district_id, "integration.changed", integration_id, making.now, stored, changed)
        parts.config.put_integration(changed, {}, audit)
        view: AnyView = integration_view(changed, None)
        return view

    def _held(district_id: str, run_id: str) -> Run:
        run = parts.runs.get(district_id, run_id)
        if run is None:
            raise NotFound("run")
        if run.state != "held":
            detail = f"The run is {run.state}; only a held run can be decided about."
            raise Problem(HTTPStatus.CONFLICT, "not_held", detail)
        return run

    def _audit(run: Run, what: Action, comment: str, left_out: tuple[str, ...] = ()) -> AuditRecord:
        return run_decided(run, parts.clock.now(), api.caller.user, api.request_id, what, comment, left_out)

    def _left_out(run: Run, wanted: list[str]) -> tuple[str, ...]:
        waiting = set(Judgement(parts.blobs, run).held.values()) if wanted else set()
        raise_if_any(
            [
                FieldError(
                    field=f"leave_out.{number}",
                    code="not_waiting",
                    message="Give the id of a family change of this run that waits.",
                )
                for number, family_change in enumerate(wanted)
                if family_change not in waiting
            ]
        )
        return tuple(sorted(set(wanted)))

    def _overtaken(run: Run) -> bool:
        return parts.runs.state(run.district_id, run.integration_id).snapshot != run.id
