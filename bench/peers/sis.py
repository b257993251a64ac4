"""What every peer needs of the SIS: its pages, fetched with the cheapest client there is, and how a row looks."""

from __future__ import annotations

import argparse
import http.client
import json
from collections.abc import Callable, Iterator, Sized
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

Page = TypeVar("Page", bound=Sized)

PAGE_SIZE = 500
YEAR = "2026"
KEY = ["StudentID", "SchoolCode"]

WHOLE_NUMBERS = frozenset(
    [
        "StudentID",
        "OldStudentID",
        "CounselorNumber",
        "SchoolCode",
        "StudentNumber",
        "Grade",
        "LowSchedulingPeriod",
        "HighSchedulingPeriod",
        "FamilyKey",
        "NextSchoolCode",
        "NextGrade",
    ]
)
DECIMALS = frozenset(["EarlyWarningPoints"])
TRUTHS = frozenset(["AddressVerified"])
"""Columns by type; all others are text."""


class Sis:
    """The students of a recorded Aeries."""

    def __init__(self, recording: Path, url: str) -> None:
        about = json.loads((recording / "about.json").read_text())
        self.schools: list[str] = [school for school, _ in about["mappings"]["building"]]
        self._host = urlsplit(url).netloc
        self._base: str = about["base_path"]
        self._headers = {"AERIES-CERT": about["credentials"]["token"]}

    def pages(self, school: str, read: Callable[[bytes], Page]) -> Iterator[Page]:
        """A school's pages as ``read`` makes them of JSON lists, until an empty one."""
        connection = http.client.HTTPConnection(self._host, timeout=60)
        start = 1
        while True:
            span = f"StartingRecord={start}&EndingRecord={start + PAGE_SIZE - 1}"
            path = f"{self._base}/api/v5/schools/{school}/students?DatabaseYear={YEAR}&{span}"
            connection.request("GET", path, headers=self._headers)
            answer = connection.getresponse()
            page = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"the server answers {answer.status}")
            if page.strip() == b"[]":
                connection.close()
                return
            rows = read(page)
            yield rows
            start += len(rows)

    def columns(self) -> list[str]:
        """The names of all columns, by one small request."""
        connection = http.client.HTTPConnection(self._host, timeout=60)
        path = f"{self._base}/api/v5/schools/{self.schools[0]}/students?DatabaseYear={YEAR}"
        connection.request("GET", f"{path}&StartingRecord=1&EndingRecord=1", headers=self._headers)
        rows: list[dict[str, Any]] = json.loads(connection.getresponse().read())
        connection.close()
        return list(rows[0])


def arguments(description: str, **choices: tuple[str, ...]) -> argparse.Namespace:
    """The command line that every peer has: what to read, from where, and where to keep it, and what one may choose."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--state", type=Path, required=True)
    for name, values in choices.items():
        parser.add_argument(f"--{name}", choices=values, default=values[0])
    return parser.parse_args()
