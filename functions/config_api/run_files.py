"""What a run left in the bucket, for as long as it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import TypeVar

from config_api.problems import Problem
from rollcall.domain.errors import NotFound
from rollcall.domain.ports import Blobs
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, unpack_lines

T = TypeVar("T")


def issue_files(run: Run) -> list[str]:
    """Keys of the files that hold a run's issues."""
    return [RunFolder(run).issues(part) for part in range(int(run.checkpoint.get("issue_files", 0)))]


def plan_files(run: Run) -> list[str]:
    """Keys of the files that hold a run's changes."""
    return [RunFolder(run).plan(part) for part in range(int(run.checkpoint.get("plan_files", 0)))]


def lines_of(blobs: Blobs, keys: list[str], kind: type[T]) -> Iterator[T]:
    """Everything in the files, one file at a time. Raises :class:`Problem` when their retention is over."""
    for key in keys:
        try:
            data = blobs.get(key)
        except NotFound:
            detail = "The files of this run are no longer kept; its counts still are."
            raise Problem(HTTPStatus.NOT_FOUND, "run_files_deleted", detail) from None
        yield from unpack_lines(data, kind)
