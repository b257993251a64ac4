"""The two ways in which a person works with the console: with a mouse, and with nothing but the keyboard.

Each is told the control by its role and its name, as assistive technology tells them. The keyboard never jumps: it
steps from wherever the focus is, and a control that it does not reach fails the story.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from datetime import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

Place = Page | Locator
Name = str | re.Pattern[str]

MOST_STEPS = 100
"""More than half of the controls of the largest form: a mapping shows fifty rows of three."""
WAY = """wanted => {
  const modal = [...document.querySelectorAll("dialog:modal")].at(-1);
  const stops = [...(modal ?? document).querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility());
  const steps = stops.indexOf(wanted[0]) - stops.indexOf(document.activeElement);
  const forward = (steps + stops.length) % stops.length;
  return forward <= stops.length / 2 ? "Tab" : "Shift+Tab";
}"""
FOCUSED = "element => element === document.activeElement"


class Hands(ABC):
    """Works the controls of a page. Each is looked for within a place: the page, a dialog, a row."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, where: Place, name: str) -> None:
        """A button."""
        button = where.get_by_role("button", name=name, exact=True)
        expect(button).not_to_have_attribute("aria-disabled", "true")
        self.activate(button)

    def follow(self, where: Place, name: Name) -> None:
        """A link."""
        self.activate(where.get_by_role("link", name=name))

    def hand_over(self, where: Place, name: str, file: Path) -> None:
        """A button that opens the system's own dialog for files, where the file is chosen."""
        with self.page.expect_file_chooser() as chooser:
            self.press(where, name)
        chooser.value.set_files(file)

    @abstractmethod
    def activate(self, control: Locator) -> None:
        """A button or a link."""

    @abstractmethod
    def write(self, where: Place, label: str, text: str) -> None:
        """Put a text in the place of what a field holds."""

    @abstractmethod
    def set_time(self, where: Place, label: str, at: time) -> None:
        """Put a time of the day in the place of what a field holds."""

    @abstractmethod
    def choose(self, where: Place, label: str, option: str) -> None:
        """One of the options of a list."""

    @abstractmethod
    def tick(self, where: Place, label: Name) -> None:
        """A check box or a radio button that is not ticked."""


class Mouse(Hands):
    """Points and clicks; types where it has clicked."""

    def activate(self, control: Locator) -> None:
        control.click()

    def write(self, where: Place, label: str, text: str) -> None:
        field = _field(where, label)
        field.click()
        field.fill(text)

    def set_time(self, where: Place, label: str, at: time) -> None:
        _field(where, label).fill(f"{at:%H:%M}")

    def choose(self, where: Place, label: str, option: str) -> None:
        _list(where, label).select_option(label=option)

    def tick(self, where: Place, label: Name) -> None:
        _field(where, label).check()


class Keyboard(Hands):
    """Steps with Tab; types, and presses Enter, Space and the arrows where it has come to."""

    def activate(self, control: Locator) -> None:
        self._reach(control)
        self.page.keyboard.press("Enter")

    def write(self, where: Place, label: str, text: str) -> None:
        self._reach(_field(where, label))
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def set_time(self, where: Place, label: str, at: time) -> None:
        field = _field(where, label)
        self._reach(field)
        # Hours, minutes and the half of the day are steps of one field, which goes on by itself.
        self.page.keyboard.type(f"{at:%I%M%p}")
        expect(field).to_have_value(f"{at:%H:%M}")

    def choose(self, where: Place, label: str, option: str) -> None:
        field = _list(where, label)
        expect(field.get_by_role("option", name=option, exact=True)).to_be_attached()
        self._reach(field)
        # What is typed on a list chooses the option that begins so.
        self.page.keyboard.type(option)
        expect(field.locator("option:checked")).to_have_text(option)

    def tick(self, where: Place, label: Name) -> None:
        control = _field(where, label)
        if control.get_attribute("type") == "radio":
            self._tick_radio(where, control)
        else:
            self._reach(control)
            self.page.keyboard.press("Space")
        expect(control).to_be_checked()

    def _tick_radio(self, where: Place, control: Locator) -> None:
        """Tab comes to one of a group only, and the arrows go through it."""
        group = where.get_by_role("radio")
        self._reach(group)
        for _ in range(group.count()):
            if control.evaluate(FOCUSED):
                break
            self.page.keyboard.press("ArrowDown")
        if not control.is_checked():
            self.page.keyboard.press("Space")

    def _reach(self, wanted: Locator) -> None:
        """Step until one of what is wanted has the focus, in the direction that looks shorter."""
        expect(wanted.first).to_be_visible()
        key = wanted.evaluate_all(WAY)
        for _ in range(MOST_STEPS):
            if wanted.evaluate_all(f"elements => elements.some({FOCUSED})"):
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"{MOST_STEPS} steps of the keyboard do not reach {wanted}")


def _field(where: Place, label: Name) -> Locator:
    return where.get_by_label(label, exact=True)


def _list(where: Place, label: str) -> Locator:
    """Where a label holds its list, the options are text of the label; only its role is then named by the rest."""
    return _field(where, label).or_(where.get_by_role("combobox", name=label, exact=True))
