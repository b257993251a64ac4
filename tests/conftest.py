"""What holds for every test."""

from __future__ import annotations

import os
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all that look at the console: Playwright cannot be started twice in a process."""
    # Most tests need none, and should not wait for its import.
    from local.browser import launched

    fonts = Path(__file__).parent / "support" / "fonts.conf"
    with launched({"FONTCONFIG_FILE": str(fonts)} if os.environ.get("SCREENSHOTS") else None) as browser:
        yield browser
