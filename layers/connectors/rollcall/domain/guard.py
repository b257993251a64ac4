"""What no approval can override: a pull that proves nothing changes nobody.

A failed source looks like an empty one. So a stream that had people and now has none, a building that emptied over
night, or answers that name nobody any more fail the run before anything is planned.
"""

from __future__ import annotations

from collections.abc import Mapping

from rollcall.domain.errors import SourceContract

EMPTY_BUILDING_FLOOR = 5
"""A building that had fewer students may close over night; one that had as many or more may not."""

SILENCE_FLOOR = 5
"""So many students may lose all their contacts over night; more of them, and nobody keeping one, may not."""


def refuse_silence(stream: str, named_before: int, named_now: int) -> None:
    """Raise ``SourceContract`` (``empty_pull``) when the answers of a stream that is read record by record fall silent.

    Counts are of the records asked for this time: how many named somebody last time, and how many of these still do.
    """
    if named_before >= SILENCE_FLOOR and named_now == 0:
        raise SourceContract(
            "empty_pull",
            f"The SIS sent no {stream} for any of {named_before} students who had some last time. Nothing was changed. "
            "Check that the credentials may still read them.",
        )


def refuse_empty(
    streams: Mapping[str, int],
    streams_before: Mapping[str, int],
    buildings: Mapping[str, int],
    buildings_before: Mapping[str, int],
) -> None:
    """Raise ``SourceContract`` (``empty_pull``, ``empty_building``) unless the counts are believable.

    Counts are distinct records per stream, and students per building of the fetch scope. A building that is no longer
    in the scope was taken out by an administrator and is not judged.
    """
    if streams.get("students") == 0 or not any(streams.values()):
        what = next((name for name in ("students", "photos") if name in streams), "people")
        raise SourceContract(
            "empty_pull",
            f"The SIS sent no {what} at all. Nothing was changed. Check that the credentials may still read them.",
        )
    for stream, before in sorted(streams_before.items()):
        if before and streams.get(stream) == 0:
            raise SourceContract(
                "empty_pull",
                f"The SIS sent no {stream}, but {before} last time. Nothing was changed. "
                "Check that the credentials may still read them.",
            )
    for building, before in sorted(buildings_before.items()):
        if before >= EMPTY_BUILDING_FLOOR and buildings.get(building) == 0:
            raise SourceContract(
                "empty_building",
                f"The SIS sent no students for building {building}, but {before} last time. Nothing was changed. "
                "If the building has closed, take it out of the building mapping.",
            )
