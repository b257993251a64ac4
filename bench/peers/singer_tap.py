"""A Singer tap of singer-sdk with its fast writer. Its target is target-duckdb, a process of its own behind a pipe."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecWriter

from bench.peers.sis import DECIMALS, KEY, TRUTHS, WHOLE_NUMBERS, Sis


class Students(Stream):
    """All students; school by school, as taps read."""

    name = "students"
    primary_keys: ClassVar[list[str]] = KEY

    def __init__(self, tap: Tap, sis: Sis) -> None:
        self._sis = sis
        columns = [th.Property(name, _type_of(name)) for name in sis.columns()]
        super().__init__(tap, schema=th.PropertiesList(*columns).to_dict())

    def get_records(self, context: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:
        for school in self._sis.schools:
            for rows in self._sis.pages(school, msgspec.json.decode):
                yield from rows


class TapAeries(Tap):
    """One stream."""

    name = "tap-aeries"
    message_writer_class = MsgSpecWriter
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("recording", th.StringType, required=True),
        th.Property("url", th.StringType, required=True),
    ).to_dict()

    def discover_streams(self) -> list[Stream]:
        return [Students(self, Sis(Path(self.config["recording"]), self.config["url"]))]


def _type_of(name: str) -> Any:
    if name in WHOLE_NUMBERS:
        return th.IntegerType
    if name in DECIMALS:
        return th.NumberType
    return th.BooleanType if name in TRUTHS else th.StringType


if __name__ == "__main__":
    os.environ.setdefault("SINGER_SDK_LOG_LEVEL", "ERROR")
    TapAeries.cli()
