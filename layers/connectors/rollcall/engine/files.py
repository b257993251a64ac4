"""Files that records name, such as photos: kept once by content, and never with the pages of a run."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from rollcall.connectors.base import Page, Record
from rollcall.engine.blobs import photo_key
from rollcall.engine.intake import Known
from rollcall.engine.job import Job


class Files:
    """Keeps the files of one stream's records. What a record of the snapshot names was kept by the run that made it."""

    def __init__(self, job: Job, known: Known) -> None:
        self._job = job
        self._known = known

    def keep(self, page: Page, records: Iterable[Record]) -> Page:
        """Store the files of records that are new or moved; return of the page what is kept.

        A preview changes nothing, so nobody may ever need them.
        """
        if page.files and self._job.run.mode != "preview":
            names = {r.file for r in records if r.file is not None and self._known.is_new(r)}
            self._job.blobs.put_all(
                {photo_key(self._job.run.district_id, name): page.files[name] for name in sorted(names)}
            )
        return replace(page, files={}, rows=None)
