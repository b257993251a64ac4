"""The handler of the scheduler's rule."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from rollcall.domain.errors import StoreError
from rollcall.store.logs import structured_logger
from scheduler.bootstrap import Parts, Settings, bootstrap
from scheduler.due import Asked, ask_for_due_runs
from scheduler.sweeper import Swept, sweep

MARGIN = timedelta(seconds=10)
"""Left of the function's time when a tick stops; what is left over is due in the next one."""


@cache
def _parts() -> Parts:
    return bootstrap(Settings.from_env(os.environ))


@cache
def _logger() -> Logger:
    return structured_logger("scheduler")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One tick; returns what it did."""
    return tick(_parts(), _logger(), context)


def tick(parts: Parts, logger: Logger, context: LambdaContext) -> dict[str, Any]:
    """Ask for what is due, then look after runs that have stopped. Neither waits for the other to succeed."""
    deadline = parts.clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis()) - MARGIN
    asked, swept = Asked(), Swept()
    failure: StoreError | None = None
    try:
        asked = ask_for_due_runs(parts, deadline)
    except StoreError as error:
        failure = error
    swept = sweep(parts, f"sweeper:{context.aws_request_id}", deadline)
    done = {**asdict(asked), "swept": asdict(swept)}
    logger.info("tick", extra=done)
    _measure(asked, swept)
    if failure:
        raise failure
    return done


def _measure(asked: Asked, swept: Swept) -> None:
    metrics = Metrics(namespace="Rollcall", service="scheduler")
    metrics.add_metric("SecondsLate", MetricUnit.Seconds, asked.seconds_late)
    metrics.add_metric("RunsAskedFor", MetricUnit.Count, asked.runs)
    metrics.add_metric("RunsSentAgain", MetricUnit.Count, swept.resent)
    metrics.add_metric("RunsAbandoned", MetricUnit.Count, swept.abandoned)
    metrics.add_metric("SchedulerFailures", MetricUnit.Count, asked.failed + swept.failed)
    metrics.flush_metrics()
