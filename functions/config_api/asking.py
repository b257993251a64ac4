"""Asking for a run on behalf of whoever made the request."""

from __future__ import annotations

from config_api.api import Api
from config_api.audited import started
from config_api.once import Making
from rollcall.domain.errors import Conflict
from rollcall.domain.integration import Integration
from rollcall.domain.run import CHECK_AFTER, Mode, Run, Trigger
from rollcall.engine.start import start


def refuse_inactive(integration: Integration) -> None:
    """Raise ``Conflict`` for an integration that may not run."""
    if not integration.active:
        raise Conflict("integration_inactive", "The integration is inactive; activate it to run it.")


def ask_for_run(
    api: Api,
    making: Making,
    integration: Integration,
    *,
    mode: Mode = "sync",
    trigger: Trigger = "manual",
    override: bool = False,
    retry_of: str | None = None,
) -> Run:
    """The run that was put on the queue, or the one that an earlier request under the same claim had put there."""
    run = new_run(api, making, integration, mode, trigger, override=override)
    run.retry_of = retry_of
    return start(api.parts.runs, api.parts.queue, run, started(api, run))


def new_run(
    api: Api, making: Making, integration: Integration, mode: Mode, trigger: Trigger, *, override: bool
) -> Run:
    """A run that the caller wants, on no record yet."""
    return Run(
        id=making.new_id("run"),
        district_id=integration.district_id,
        integration_id=integration.id,
        system=integration.system,
        trigger=trigger,
        mode=mode,
        requested_by=api.caller.user,
        override=override,
        queued_at=making.now,
        check_at=making.now + CHECK_AFTER,
    )
