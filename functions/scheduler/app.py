"""The handler of the scheduler's rule."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from rollcall.domain.errors import StoreError
from rollcall.store.logs import structured_logger
from scheduler.bootstrap import Parts, Settings, bootstrap
from scheduler.digests import Digested, send_digests
from scheduler.due import Asked, ask_for_due_runs
from scheduler.silence import Watched, watch
from scheduler.sweeper import Swept, sweep
from scheduler.telling import Told, tell

Done = TypeVar("Done")

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
    """Ask for what is due, look after runs that have stopped, watch for silence, and tell what has happened.

    None waits for another to succeed; the first failure is raised at the end.
    """
    deadline = parts.clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis()) - MARGIN
    failures: list[StoreError] = []

    def attempt(step: Callable[[], Done], nothing: Done) -> Done:
        try:
            return step()
        except StoreError as error:
            failures.append(error)
            return nothing

    asked = attempt(lambda: ask_for_due_runs(parts, deadline), Asked())
    swept = attempt(lambda: sweep(parts, f"sweeper:{context.aws_request_id}", deadline), Swept())
    watched = attempt(lambda: watch(parts, deadline), Watched())
    told = attempt(lambda: tell(parts, deadline), Told())
    digested = attempt(lambda: send_digests(parts, deadline), Digested())
    done = {
        **asdict(asked),
        "swept": asdict(swept),
        "watched": asdict(watched),
        "told": asdict(told),
        "digested": asdict(digested),
    }
    logger.info("tick", extra=done)
    metrics = Metrics(namespace="Rollcall", service="scheduler")
    metrics.add_metric("SecondsLate", MetricUnit.Seconds, asked.seconds_late)
    failed = asked.failed + swept.failed + watched.failed + told.failed + digested.failed
    counts = {
        "RunsAskedFor": asked.runs,
        "RunsSentAgain": swept.resent,
        "RunsAbandoned": swept.abandoned,
        "EventsTold": told.events,
        "MailsSent": told.mails + digested.mails,
        "RunsFailed": told.runs_failed,
        "RunsFailingInARow": told.runs_failing,
        "RunsHeld": told.runs_held,
        "SilentIntegrations": watched.silent,
        "SchedulerFailures": failed,
    }
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    metrics.flush_metrics()
    if failures:
        raise failures[0]
    return done
