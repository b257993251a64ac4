"""A district's administrator at the console: what they do there, step by step, with whichever hands they have.

Every step ends on what the console shows of it, as a person would wait for that; what is behind the screen is the
story's to check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, expect

from tests.e2e.hands import Hands, Name

ANSWER_MS = 120_000
"""How long a connection test or a run may take."""
FAMILY_LABELS = {
    "family_key": "Family Key",
    "hoh_last_name": "Head of Household Last Name",
    "hoh_home_phone": "Head of Household Home Phone",
    "household_home_address": "Household Home Address",
}


@dataclass(frozen=True)
class Sis:
    """A SIS, as its people tell the administrator of it. ``entities`` have codes there; those in ``own`` have codes
    that mean something else in the other systems.
    """

    title: str
    url: str
    credentials: Mapping[str, str]
    entities: Sequence[str]
    family_fields: Sequence[str]
    own: frozenset[str] = frozenset()
    returning: bool = False

    @property
    def name(self) -> str:
        """What the administrator calls its integration."""
        return f"{self.title} of Lakeview"


class Administrator:
    """At the console of one district."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._page = hands.page
        self._main = hands.page.get_by_role("main")

    def begins(self, district: str) -> None:
        """Nobody was ever here: the district is chosen first."""
        self._page.goto("/")
        self._hands.follow(self._main, re.compile(f"^{district}"))
        expect(self._page.get_by_role("heading", name="No integrations yet")).to_be_visible()

    def goes_to(self, screen: str) -> None:
        """Another screen, by the navigation."""
        navigation = self._page.get_by_role("navigation", name="Screens")
        link = navigation.get_by_role("link", name=screen, exact=True)
        self._hands.activate(link)
        expect(link).to_have_attribute("aria-current", "page")

    def adds_mapping(self, entity: str, file: Path) -> None:
        """From a spreadsheet that somebody saved as CSV."""
        name = f"{entity} codes"
        self._hands.press(self._main, "Add new mapping")
        editor = self._opened("Add mapping")
        self._hands.write(editor, "Name", name)
        self._hands.choose(editor, "Entity", entity)
        self._hands.hand_over(editor, "Import CSV", file)
        expect(editor.get_by_text(re.compile(rf"^{file.name}: \d+ rows added"))).to_be_visible()
        self._hands.press(editor, "Save")
        expect(editor).to_be_hidden()
        expect(self._row(name)).to_contain_text("Nobody")

    def adds_integration(self, sis: Sis) -> None:
        """All that the form asks for, tested before it is saved."""
        hands = self._hands
        hands.press(self._main, "Add new SIS integration")
        form = self._opened("Add SIS integration")
        hands.write(form, "Name", sis.name)
        hands.choose(form, "Student Information System", sis.title)
        hands.write(form, "Url", sis.url)
        for key, secret in sis.credentials.items():
            hands.write(form, _title(key), secret)
        for entity in sis.entities:
            if entity not in sis.own:
                hands.choose(form, _title(entity), f"{_title(entity)} codes")
        for field in sis.family_fields:
            hands.tick(form, FAMILY_LABELS[field])
        if sis.returning:
            hands.tick(form, "School media")
            hands.tick(form, "Returning School")
        hands.tick(form, "Drop Students Not In File")
        hands.press(form, "Test connection")
        expect(form.get_by_text(re.compile("^The connection works"))).to_be_visible(timeout=ANSWER_MS)
        for entity in sorted(sis.own):
            self._takes_codes_from(sis, form, _title(entity))
        hands.press(form, "Save")
        expect(form).to_be_hidden()
        expect(self._row(sis.name)).to_contain_text("Never run")

    def schedules(self, job: str, integrations: Sequence[str], at: time) -> None:
        """Every day at that time, the next five of which are shown before it is saved."""
        self._hands.press(self._main, "Add new job")
        form = self._opened("Add job")
        self._hands.write(form, "Name", job)
        for name in integrations:
            self._hands.tick(form, name)
        self._hands.choose(form, "Frequency", "Every day")
        self._hands.set_time(form, "Time", at)
        planned = form.get_by_role("region")
        expect(planned).to_contain_text(f"Every day at {at:%H:%M}")
        expect(planned.locator("time")).to_have_count(5)
        self._hands.press(form, "Save")
        expect(form).to_be_hidden()
        expect(self._row(job)).to_contain_text(f"Every day at {at:%H:%M}")

    def runs(self, *names: str, ends: str = "Completed") -> None:
        """By the refresh icons, one beside the other, followed until all have ended."""
        for name in names:
            self._hands.press(self._row(name), f"Run {name} now")
            expect(self._page.get_by_text(f"{name}: the update has begun.")).to_be_visible()
        for name in names:
            expect(self._row(name).get_by_role("progressbar")).to_have_count(0, timeout=ANSWER_MS)
            expect(self._row(name).get_by_text(ends, exact=True)).to_be_visible(timeout=ANSWER_MS)

    def answers(self, integration: str, value: str, suggestion: str) -> None:
        """An unmapped value, by what is suggested for it."""
        self._hands.choose(self._main, "Integration", integration)
        row = self._page.get_by_role("row").filter(has=self._page.get_by_text(value, exact=True))
        chip = row.get_by_role("button", name=re.compile(f"^{suggestion} "))
        self._hands.activate(chip)
        self._hands.press(row, f"Apply the answer for {value}")
        told = self._page.get_by_role("status").filter(has_text=f"{integration}: your answer")
        expect(told).to_contain_text("completed", timeout=ANSWER_MS)
        expect(row).to_have_count(0)

    def opens_newest_run(self, integration: str) -> None:
        """From the list of runs."""
        newest = self._page.get_by_role("row").filter(has_text=integration).first
        self._hands.follow(newest, re.compile(f"^{integration}"))
        expect(self._page.get_by_role("heading", name=integration, level=1)).to_be_visible()

    def approves(self, reason: str, why: str) -> None:
        """The hold of the run that is open, after a look at what waits."""
        panel = self._page.get_by_role("region", name="Part of this run waits for you")
        expect(panel).to_contain_text(reason)
        self._hands.press(panel, "Look at what waits")
        changes = self._page.get_by_role("list", name="Changes", exact=True)
        expect(changes.get_by_role("listitem").first).to_contain_text("Waits")
        self._hands.press(panel, "Approve…")
        asked = self._opened("Approve what waits?")
        self._hands.write(asked, "Why may it go on?", why)
        self._hands.press(asked, "Approve and write")
        self._ends("Completed")

    def undoes(self, why: str) -> None:
        """The run that is open; leads to the undo."""
        self._hands.press(self._main, "Undo run…")
        asked = self._opened("Undo this run?")
        self._hands.write(asked, "Why is it undone?", why)
        self._hands.press(asked, "Undo now")
        expect(self._page.get_by_text("It undoes another run.")).to_be_visible()
        self._ends("Completed")

    def previews_returning_school(self) -> None:
        """Whom the SIS has, to compare the accounts with."""
        self._hands.press(self._main, "Run a preview")
        upload = self._main.get_by_role("button", name="Upload the users")
        expect(upload).to_be_visible(timeout=ANSWER_MS)

    def reconciles(self, file: Path, twice: str) -> None:
        """The accounts of the list meet their owners; the one with the ID ``twice`` has none, another is left out."""
        hands = self._hands
        hands.press(self._main, "Upload the users")
        upload = self._opened("Upload the users")
        hands.hand_over(upload, "Users: choose a CSV file", file)
        expect(upload.get_by_text(f"{file.name}:")).to_be_visible()
        hands.press(upload, "Upload and compare")
        tiles = self._page.get_by_role("list", name="Users by state")
        hands.activate(tiles.get_by_role("button", name="Colliding"))
        colliding = self._page.get_by_role("row").filter(has=self._page.get_by_text(twice, exact=True))
        hands.activate(colliding.get_by_role("button", name=re.compile("^Decide about")))
        who = self._opened(re.compile("^Who is"))
        hands.tick(who, re.compile("^Nobody: retire the account"))
        hands.press(who, "Save decision")
        expect(who).to_be_hidden()
        expect(tiles.get_by_role("button", name="Retired")).to_contain_text("1")
        hands.press(self._main, "Accept proposals…")
        accept = self._opened("Accept proposals")
        hands.press(accept, "Accept one proposal")
        expect(accept).to_be_hidden()
        hands.press(self._main, "Confirm…")
        confirm = self._opened(re.compile("^Confirm the host IDs"))
        hands.press(confirm, "Confirm and leave one user out")
        expect(confirm).to_be_hidden()
        expect(self._main.get_by_text("Confirmed by operator@example.org")).to_be_visible()

    def _takes_codes_from(self, sis: Sis, form: Locator, label: str) -> None:
        """A new mapping that begins with the codes that the connection test was told."""
        self._hands.press(form, f"New {label} mapping…")
        editor = self._opened("Add mapping")
        expect(editor.get_by_label("Our value, row 1", exact=True)).not_to_have_value("")
        name = f"{label} codes of {sis.title}"
        self._hands.write(editor, "Name", name)
        self._hands.press(editor, "Save")
        expect(editor).to_be_hidden()
        expect(form.get_by_label(label, exact=True).locator("option:checked")).to_have_text(name)

    def _opened(self, title: Name) -> Locator:
        dialog = self._page.get_by_role("dialog", name=title)
        expect(dialog).to_be_visible()
        return dialog

    def _row(self, name: str) -> Locator:
        return self._page.get_by_role("row").filter(has_text=name)

    def _ends(self, state: str) -> None:
        summary = self._page.get_by_role("region", name="Summary")
        expect(summary.get_by_text(state, exact=True)).to_be_visible(timeout=ANSWER_MS)


def _title(key: Any) -> str:
    """A credential's or an entity's key as the form writes it."""
    return str(key).replace("_", " ").title()
