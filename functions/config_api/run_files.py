"""What a run left in the bucket, for as long as it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from config_api.listing import decode_cursor, encode_cursor
from config_api.problems import Problem
from rollcall.domain.errors import NotFound
from rollcall.domain.ports import Blobs
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, unpack_lines
from rollcall.store.runs import RunLog

T = TypeVar("T")
FILES_PER_REQUEST = 10


def stored_run(runs: RunLog, district_id: str, run_id: str) -> Run:
    """Raises ``NotFound``."""
    run = runs.get(district_id, run_id)
    if run is None:
        raise NotFound("run")
    return run


def kept(read: Callable[[], T]) -> T:
    """What ``read`` answers. Raises :class:`Problem` when the retention of the files that it reads is over."""
    try:
        return read()
    except NotFound as error:
        if error.what != "file":
            raise
        detail = "The files of this run are no longer kept; its counts still are."
        raise Problem(HTTPStatus.NOT_FOUND, "run_files_deleted", detail) from None


def issue_files(run: Run) -> list[str]:
    """Keys of the files that hold a run's issues."""
    return [RunFolder(run).issues(part) for part in range(int(run.checkpoint.get("issue_files", 0)))]


def plan_files(run: Run) -> list[str]:
    """Keys of the files that hold a run's changes."""
    return [RunFolder(run).plan(part) for part in range(int(run.checkpoint.get("plan_files", 0)))]


def family_files(run: Run) -> list[str]:
    """Keys of the files that hold a run's family changes."""
    return [RunFolder(run).families(part) for part in range(int(run.checkpoint.get("family_files", 0)))]


def page_of_lines(
    blobs: Blobs, keys: list[str], kind: type[T], keep: Callable[[T], bool], limit: int, cursor: str | None
) -> tuple[list[T], str | None]:
    """A page of what lies in a run's files. A page may be short: each request opens a bounded number of files."""
    first, line = decode_cursor(cursor, tuple[int, int]) or (0, 0)
    found: list[T] = []
    for part in range(first, min(first + FILES_PER_REQUEST, len(keys))):
        for number, value in enumerate(lines_of(blobs, [keys[part]], kind)):
            if (part == first and number < line) or not keep(value):
                continue
            if len(found) == limit:
                return found, encode_cursor((part, number))
            found.append(value)
    rest = first + FILES_PER_REQUEST
    return found, encode_cursor((rest, 0)) if rest < len(keys) else None


def lines_of(blobs: Blobs, keys: list[str], kind: type[T]) -> Iterator[T]:
    """Everything in the files, one file at a time. Raises :class:`Problem` when their retention is over."""
    for key in keys:
        yield from unpack_lines(kept(partial(blobs.get, key)), kind)
