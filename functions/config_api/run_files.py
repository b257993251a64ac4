"""What a run left in the bucket, for as long as it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from config_api.problems import Problem
from rollcall.domain.errors import NotFound
from rollcall.domain.ports import Blobs
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, unpack_lines
from rollcall.store.runs import RunLog

T = TypeVar("T")


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


def lines_of(blobs: Blobs, keys: list[str], kind: type[T]) -> Iterator[T]:
    """Everything in the files, one file at a time. Raises :class:`Problem` when their retention is over."""
    for key in keys:
        yield from unpack_lines(kept(partial(blobs.get, key)), kind)
