"""What holds for every test."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# How fast a machine is says nothing of whether code is right: a busy one failed tests for taking their time.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


SERVICES = ("rollcall", "config_api", "connection_tester", "exporter", "scheduler", "sync_runner")


@pytest.fixture(autouse=True)
def open_handlers() -> None:
    """A function under test prints its log to that test's standard output, and is still set up to do so after it."""
    for name in SERVICES:
        logger = logging.getLogger(name)
        for handler in logger.handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream.closed:
                handler.stream = sys.stdout  # setStream would flush the closed one


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all that look at the console: Playwright cannot be started twice in a process."""
    # Most tests need none, and should not wait for its import.
    from local.browser import launched

    fonts = Path(__file__).parent / "support" / "fonts.conf"
    with launched({"FONTCONFIG_FILE": str(fonts)} if os.environ.get("SCREENSHOTS") else None) as browser:
        yield browser
