"""Undoing a run."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body
from msgspec.structs import replace
from pydantic import TypeAdapter

from config_api.api import Api
from config_api.asking import new_run
from config_api.audited import started
from config_api.bootstrap import Parts
from config_api.closed import refuse_in_blackout
from config_api.once import IdempotencyKey, Making, once
from config_api.problems import Problem
from config_api.run_files import plan_files
from config_api.views import RunView, run_view
from rollcall.domain.audit import run_undone
from rollcall.domain.errors import NotFound
from rollcall.domain.form import Form, Reason
from rollcall.domain.run import Mode, Run
from rollcall.engine.start import start

_APPLIED = ("add", "update", "inactivate", "reactivate")
_run = TypeAdapter(RunView)


class UndoForm(Form):
    """Why a run is undone. A preview stops before anything is changed. Only an administrator may ``override`` a
    blackout.
    """

    comment: Reason
    mode: Mode = "sync"
    override: bool = False


def register(api: Api) -> None:
    """Declare the route."""
    parts = api.parts

    @api.route(
        "POST",
        "/v1/districts/<district_id>/runs/<run_id>/undo",
        "Put back everybody whom a run changed and nothing newer has touched; the SIS is not asked",
        right="operator",
        status=HTTPStatus.ACCEPTED,
    )
    def undo_run(
        district_id: str,
        run_id: str,
        form: Annotated[UndoForm, Body()],
        idempotency_key: IdempotencyKey = None,
    ) -> RunView:
        def make(making: Making) -> RunView:
            refuse_in_blackout(api, override=form.override)
            undone = parts.runs.get(district_id, run_id)
            if undone is None:
                raise NotFound("run")
            integration = parts.config.integration(district_id, undone.integration_id)
            run = replace(
                new_run(api, making, integration, form.mode, "undo", override=form.override), undoes=run_id
            )
            _refuse(parts, undone, run)
            if run.mode == "preview":
                return run_view(start(parts.runs, parts.queue, run, started(api, run)))
            if undone.undone_by != run.id:
                # Of two that ask at once only one gets its name in; the runner looks again.
                audit = run_undone(undone, run, api.request_id, form.comment)
                parts.runs.decide(undone, replace(undone, undone_by=run.id), audit)
            return run_view(start(parts.runs, parts.queue, run))

        return once(api, district_id, idempotency_key, _run, make)


def _refuse(parts: Parts, undone: Run, run: Run) -> None:
    """Raise 409 where there is nothing to undo, or nothing left to undo it with."""
    if undone.mode == "preview":
        raise _conflict("preview_run", "A preview changed nothing; there is nothing to undo.")
    if not undone.ended:
        detail = (
            f"The run is {undone.state}; wait for its end, or decide about what it holds, and undo it then."
        )
        raise _conflict("run_not_ended", detail)
    applied = undone.checkpoint.get("stage") in ("apply", "approved")
    if not applied or not any(counts[kind] for counts in undone.counts.values() for kind in _APPLIED):
        raise _conflict("nothing_applied", "The run changed nobody; there is nothing to undo.")
    other = parts.runs.get(undone.district_id, undone.undone_by) if undone.undone_by else None
    if other is not None and other.id != run.id and (not other.ended or other.state == "completed"):
        raise _conflict("undone_already", f"Run {other.id} undoes this run, or has; look at that one.")
    try:
        parts.blobs.get(plan_files(undone)[0])
    except NotFound:
        detail = "The files of this run are no longer kept, so it cannot be undone."
        raise _conflict("run_files_deleted", detail) from None


def _conflict(code: str, detail: str) -> Problem:
    return Problem(HTTPStatus.CONFLICT, code, detail)
