"""Exports in the bucket, beside the files that they speak of; both go when their time is over."""

from __future__ import annotations

import re

from rollcall.domain.errors import NotFound
from rollcall.domain.export import Export
from rollcall.domain.ports import Blobs

_ID = re.compile(r"exp_[0-9A-Z]{26}")


class Exports:
    """Exports by district: records under ``exports/<district>/records/``, files under ``exports/<district>/<id>/``."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def put(self, export: Export) -> None:
        """Replace what is stored. Only whoever makes the export writes it after it was asked for."""
        self._blobs.put(_record(export.district_id, export.id), export.model_dump_json().encode())

    def get(self, district_id: str, export_id: str) -> Export:
        """Raises ``NotFound``."""
        if not _ID.fullmatch(export_id):
            raise NotFound("export")
        try:
            return Export.model_validate_json(self._blobs.get(_record(district_id, export_id)))
        except NotFound:
            raise NotFound("export") from None

    def newest(self, district_id: str, limit: int, before: str | None) -> tuple[list[Export], str | None]:
        """Exports older than ``before``, newest first, and where to go on from (None: the end)."""
        folder = _record(district_id, "").removesuffix(".json")
        ids = [key[len(folder) : -len(".json")] for key in reversed(self._blobs.keys(folder))]
        rest = [export_id for export_id in ids if before is None or export_id < before]
        page = rest[:limit]
        return [self.get(district_id, export_id) for export_id in page], (
            page[-1] if len(rest) > limit else None
        )


def file_key(export: Export) -> str:
    """Where the finished file lies."""
    return f"exports/{export.district_id}/{export.id}/{export.file_name}"


def _record(district_id: str, export_id: str) -> str:
    return f"exports/{district_id}/records/{export_id}.json"
