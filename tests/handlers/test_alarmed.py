"""What operators of the stack are alarmed of: metrics of the scheduler, by the names that the template waits for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from scheduler.app import tick
from scheduler.bootstrap import Parts
from tests.template.expansion import source

from .conftest import Context
from .test_scheduler import later, make_parts
from .test_telling import end, want


@pytest.fixture
def parts() -> Parts:
    return make_parts()


def metrics(parts: Parts, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What a tick says to CloudWatch."""
    capsys.readouterr()
    tick(parts, Logger(service="test"), Context())  # type: ignore[arg-type]
    found: dict[str, Any] = next(
        json.loads(line) for line in capsys.readouterr().out.splitlines() if "EventsTold" in line
    )
    return found


def alarmed() -> list[dict[str, Any]]:
    """The alarms on metrics of our own."""
    resources = [resource["Properties"] for resource in source()["Resources"].values()]
    return [found for found in resources if found.get("Namespace") == "Rollcall"]


def counted(found: dict[str, Any]) -> tuple[float, float, float]:
    return tuple(found[name][0] for name in ("RunsFailed", "RunsFailingInARow", "RunsHeld"))  # type: ignore[return-value]


def test_every_alarm_waits_for_a_metric_that_comes(parts: Parts, capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a metric that was renamed, after which its alarm is silent for ever."""
    found = metrics(parts, capsys)
    (described,) = found["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == "Rollcall"
    names = {metric["Name"] for metric in described["Metrics"]}
    assert {alarm["MetricName"] for alarm in alarmed()} == {
        *("RunsFailed", "RunsFailingInARow", "RunsHeld", "SilentIntegrations")
    }
    for alarm in alarmed():
        assert alarm["MetricName"] in names
        (dimension,) = alarm["Dimensions"]
        assert found[dimension["Name"]] == dimension["Value"]


def test_failures_are_counted_once_and_the_last_straw_too(
    parts: Parts, capsys: pytest.CaptureFixture[str]
) -> None:
    want(parts, failures_in_a_row=2)
    end(parts, 1)
    assert counted(metrics(parts, capsys)) == (1, 0, 0)
    assert counted(metrics(parts, capsys)) == (0, 0, 0)
    later(parts, minutes=1)
    end(parts, 2)
    assert counted(metrics(parts, capsys)) == (1, 1, 0)
    later(parts, minutes=1)
    end(parts, 3)
    assert counted(metrics(parts, capsys)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("state", "mode", "expected"),
    [
        ("held", "sync", (0, 0, 1)),
        ("completed", "sync", (0, 0, 0)),
        ("cancelled", "sync", (0, 0, 0)),
        ("failed", "preview", (0, 0, 0)),
    ],
)
def test_only_what_somebody_must_look_at_is_counted(
    parts: Parts, capsys: pytest.CaptureFixture[str], state: str, mode: str, expected: tuple[int, int, int]
) -> None:
    """Guards: a preview, for which somebody waits, that wakes an operator."""
    end(parts, 1, state, mode=mode)
    assert counted(metrics(parts, capsys)) == expected
