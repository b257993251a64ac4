"""The story of `make evening`: a rollover arrives, the run is held, an operator looks, approves, and takes it back.

Its status says whether everything went as told.
"""

from collections import Counter
from contextlib import ExitStack
from typing import Any

from rich.console import Console

from local.api import Api
from local.paths import STATE
from local.stack import Stack
from local.tenants import Client, Tenant, set_up
from local.watching import everything, follow, run_now, told

TENANT = Tenant("lakeview", "Lakeview Unified", "powerschool", 7)
PEOPLE = 300
SHOWN = 5


class Unexpected(Exception):
    """The evening went another way."""


def main() -> int:
    """Play the evening."""
    console = Console(highlight=False)
    with ExitStack() as cleanup:
        console.rule("Rollcall on this machine")
        stack = cleanup.enter_context(Stack("evening", console.print))
        client = cleanup.enter_context(set_up(stack.api(), TENANT, STATE / "evening", PEOPLE))
        try:
            _Evening(stack.api(), client, console).play()
        except Unexpected as error:
            console.print(f"  {error}")
            return 1
    return 0


class _Evening:
    def __init__(self, api: Api, client: Client, console: Console) -> None:
        self._api, self._client, self._console = api, client, console

    def play(self) -> None:
        self._console.rule("A school year's first sync")
        self._ends(run_now(self._api, self._client), "completed")
        before = self._grades()

        self._console.rule("In the evening the SIS rolls over")
        touched = self._client.simulator.change("rollover")
        graduates = touched["detail"]["graduates"]
        self._console.print(
            f"  {len(touched['student_ids'])} students move one grade up, {graduates} of them graduate"
        )

        self._console.rule("The nightly run")
        held = self._ends(run_now(self._api, self._client), "held")
        if held["holds"][0]["reason"] != "rollover":
            raise Unexpected("The run does not say that it looks like a rollover.")

        self._console.rule("The operator looks before anything happens")
        self._ends(run_now(self._api, self._client, "preview"), "completed")
        for change in list(everything(self._api, f"{self._client.path}/runs/{held['id']}/changes"))[:SHOWN]:
            self._console.print(f"  {told(change)}")
        self._expect(self._grades() == before, "nobody has moved")

        self._console.rule("… approves")
        words = {"plan_hash": held["plan_hash"], "comment": "The new school year."}
        self._ends(self._post(held, "approve", words), "completed")
        after = self._grades()
        self._expect(after != before, "everybody has moved")

        self._console.rule("… and takes it back: it was a week too early")
        undo = self._ends(self._post(held, "undo", {"comment": "A week too early."}), "completed")
        self._expect(self._grades() == before, "everybody is back")

        self._console.rule("The next night asks again, and does not do it by itself")
        again = self._ends(run_now(self._api, self._client), "held")
        self._expect(self._grades() == before, "everybody is still back")
        self._console.rule(f"{held['id']} undone by {undo['id']}; {again['id']} waits")

    def _ends(self, run: dict[str, Any], state: str) -> dict[str, Any]:
        (ended,) = follow(self._api, [self._client], [run], self._console)
        if ended["state"] != state:
            raise Unexpected(f"The run is {ended['state']}, not {state}.")
        return ended

    def _post(self, run: dict[str, Any], what: str, words: dict[str, str]) -> dict[str, Any]:
        answer: dict[str, Any] = self._api.post(f"{self._client.path}/runs/{run['id']}/{what}", words)
        return answer

    def _grades(self) -> dict[str, str]:
        """Where every active student is, by id."""
        people = everything(self._api, f"{self._client.path}/people?type=student&status=active")
        return {person["id"]: str(person.get("grade")) for person in people}

    def _expect(self, true: bool, what: str) -> None:
        if not true:
            raise Unexpected(f"Not so: {what}.")
        grades = Counter(self._grades().values())
        self._console.print(f"  {what}: " + ", ".join(f"{grade}: {n}" for grade, n in sorted(grades.items())))
