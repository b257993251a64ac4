"""Runs that are on their way, or went wrong: cancelling one, and trying one again."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import TypeAdapter

from config_api.api import Api
from config_api.asking import ask_for_run, refuse_inactive
from config_api.closed import refuse_in_blackout
from config_api.once import IdempotencyKey, Making, once
from config_api.problems import Problem
from config_api.views import RunView, run_view
from rollcall.domain.audit import run_cancelled
from rollcall.domain.errors import NotFound
from rollcall.domain.form import Form, Reason
from rollcall.domain.run import Decision, Run, RunState
from rollcall.engine.cancel import cancel

RETRIED: frozenset[RunState] = frozenset({"failed", "cancelled", "skipped", "rejected"})
_run = TypeAdapter(RunView)


class CancelForm(Form):
    """Why a run is not wanted any more."""

    comment: Reason


class RetryForm(Form):
    """Only an administrator may ``override`` a blackout."""

    override: bool = False


def register(api: Api) -> None:
    """Declare the routes."""
    parts = api.parts

    @api.route(
        "POST",
        "/v1/districts/<district_id>/runs/<run_id>/cancel",
        "Cancel a run: at once, or when its runner next looks. Nobody is changed by a run that was cancelled; one that "
        "was held has changed what did not have to wait",
        right="operator",
        status=HTTPStatus.ACCEPTED,
    )
    def cancel_run(district_id: str, run_id: str, form: Annotated[CancelForm, Body()]) -> RunView:
        request = Decision(api.caller.user, parts.clock.now(), form.comment)
        run = cancel(
            parts.runs,
            parts.queue,
            district_id,
            run_id,
            request,
            lambda run: run_cancelled(run, api.request_id, request),
        )
        return run_view(run, parts.runs.cancel_requests(district_id, [run_id]))

    @api.route(
        "POST",
        "/v1/districts/<district_id>/runs/<run_id>/retry",
        "Try a run again that failed or was cancelled, rejected or skipped: a new run of the same kind",
        right="operator",
        status=HTTPStatus.ACCEPTED,
        bodiless=True,
    )
    def retry_run(
        district_id: str,
        run_id: str,
        form: Annotated[RetryForm, Body()] = RetryForm(),  # noqa: B008 - frozen
        idempotency_key: IdempotencyKey = None,
    ) -> RunView:
        def make(making: Making) -> RunView:
            run = _retried(district_id, run_id)
            refuse_in_blackout(api, override=form.override)
            integration = parts.config.integration(district_id, run.integration_id)
            refuse_inactive(integration)
            again = ask_for_run(
                api,
                making,
                integration,
                mode=run.mode,
                # What planned the last pull again does so this time, too.
                trigger=run.trigger if run.reapplies else "retry",
                override=form.override,
                retry_of=run.id,
            )
            return run_view(again)

        return once(api, district_id, idempotency_key, _run, make)

    def _retried(district_id: str, run_id: str) -> Run:
        run = parts.runs.get(district_id, run_id)
        if run is None:
            raise NotFound("run")
        if run.state not in RETRIED:
            detail = f"The run is {run.state}; only one that failed or was cancelled, rejected or skipped is retried."
            raise Problem(HTTPStatus.CONFLICT, "not_retryable", detail)
        if run.trigger == "undo":
            detail = "An undo is not retried: ask for it again at the run that is to be undone."
            raise Problem(HTTPStatus.CONFLICT, "not_retryable", detail)
        return run
