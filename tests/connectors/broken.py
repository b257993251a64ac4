"""Connectors that are broken on purpose, each in one way, around a real one: what the laws are there to reject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any

import msgspec

from rollcall.connectors.base import Connector, Page, Part, Record, Stream, Survey
from rollcall.connectors.mapping import issue
from rollcall.domain.errors import SourceContract, SyncError
from rollcall.domain.person import Mapped, fingerprint


@dataclass
class Wrapper:
    """Passes everything on. ``send`` asks the SIS's network for any address, with the credentials."""

    inner: Connector
    send: Any = None

    @property
    def version(self) -> str:
        return self.inner.version

    @property
    def streams(self) -> tuple[Stream, ...]:
        return self.inner.streams

    def survey(self) -> Survey:
        return self.inner.survey()

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        return self.inner.pages(part, cursor, subjects)

    def split(self, stream: str, page: Page) -> Sequence[bytes | msgspec.Raw]:
        return self.inner.split(stream, page)

    def read(self, stream: str, raws: Sequence[bytes | msgspec.Raw]) -> list[Record]:
        return self.inner.read(stream, raws)

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        return self.inner.map(key, records, survey, today)


class SwallowsErrors(Wrapper):
    """Returns what it has when the SIS goes down."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        try:
            yield from self.inner.pages(part, cursor, subjects)
        except SyncError as error:
            if error.code != "source_unavailable":
                raise


class TakesHtmlForTheEnd(Wrapper):
    """Reports done when a web page comes instead of data."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        try:
            yield from self.inner.pages(part, cursor, subjects)
        except SyncError as error:
            if error.code != "endpoint_not_json":
                raise


class EndsOnAShortPage(Wrapper):
    """Takes the first page that is smaller than the one before for the last."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        largest = 0
        for page in self.inner.pages(part, cursor, subjects):
            rows = len(self.inner.split(part.stream, page))
            largest = max(largest, rows)
            short = rows < largest and part.stream == "students"
            yield msgspec.structs.replace(page, cursor=None) if short else page
            if short:
                return


class DropsTheLastPage(Wrapper):
    """Ends one page early."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        pages = list(self.inner.pages(part, cursor, subjects))
        # Some lists end with an empty page.
        full = [page for page in pages if self.inner.split(part.stream, page)] or pages
        yield from full[:-2]
        yield msgspec.structs.replace(full[-2] if len(full) > 1 else full[0], cursor=None)


class IgnoresTheCount(Wrapper):
    """Does not pass on what the SIS announces; or, where it announces nothing, makes it up."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        for page in self.inner.pages(part, cursor, subjects):
            made_up = len(self.inner.split(part.stream, page)) if page.announced is None else None
            yield msgspec.structs.replace(page, announced=made_up)


class LosesAPageOnResume(Wrapper):
    """Begins one page too late after a pause."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        pages = self.inner.pages(part, cursor, subjects)
        if cursor is not None:
            next(pages)
        yield from pages


class TurnsPagesAround(Wrapper):
    """Has another order every second run."""

    runs = count()
    turned = False

    def survey(self) -> Survey:
        self.turned = next(self.runs) % 2 == 1
        return self.inner.survey()

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        pages = list(self.inner.pages(part, cursor, subjects))
        bodies = [page.body for page in pages][:: -1 if self.turned else 1]
        for page, body in zip(pages, bodies, strict=True):
            yield msgspec.structs.replace(page, body=body)


class ForgetsWhoseRecord(Wrapper):
    """Gives every record of a page one id."""

    def read(self, stream: str, raws: Sequence[bytes | msgspec.Raw]) -> list[Record]:
        found = self.inner.read(stream, raws)
        return [msgspec.structs.replace(record, id=found[0].id) for record in found]


class LetsTheFirstRecordWin(Wrapper):
    """Takes a field from whichever record comes first."""

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        found = self.inner.map(key, records, survey, today)
        if found.person is None:
            return found
        marks = "".join(fingerprint(rows[0]).hex() for _, rows in sorted(records.items()))
        return msgspec.structs.replace(found, person=msgspec.structs.replace(found.person, middle_name=marks))


class CountsItsCalls(Wrapper):
    """Maps a person otherwise the second time, as one that looks at a clock does."""

    calls = count()

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        found = self.inner.map(key, records, survey, today)
        return msgspec.structs.replace(
            found, revisit_on=date.fromordinal(today.toordinal() + next(self.calls))
        )


class LooksAtTheCalendar(Wrapper):
    """Finds fault with a record from some day on, and does not say from which."""

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        found = self.inner.map(key, records, survey, today)
        late = issue("date_invalid", person_type="student", source_id=key.partition(":")[2])
        return msgspec.structs.replace(found, issues=(late,)) if today.year > 2026 else found


class SaysItOfNobody(Wrapper):
    """Finds fault with a record and does not say whose it is."""

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        found = self.inner.map(key, records, survey, today)
        return msgspec.structs.replace(found, issues=(issue("date_invalid"),))


class TellsWhatItSaw(Wrapper):
    """Puts the value that it could not read into its error."""

    def split(self, stream: str, page: Page) -> Sequence[bytes | msgspec.Raw]:
        try:
            return self.inner.split(stream, page)
        except SourceContract as error:
            raise SourceContract(error.code, f"Cannot read {page.body!r}.") from None

    def read(self, stream: str, raws: Sequence[bytes | msgspec.Raw]) -> list[Record]:
        try:
            return self.inner.read(stream, raws)
        except SourceContract as error:
            raise SourceContract(error.code, f"Cannot read {[bytes(raw) for raw in raws]}.") from None

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        try:
            yield from self.inner.pages(part, cursor, subjects)
        except SourceContract as error:
            raise SourceContract(error.code, f"{error.message} It was Quillfeather's.") from None


class FollowsAnywhere(Wrapper):
    """Goes where a link or redirect leads, credentials in hand."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        try:
            yield from self.inner.pages(part, cursor, subjects)
        except SyncError as error:
            if error.code in ("paging_foreign_host", "endpoint_redirects"):
                self.send("https://elsewhere.invalid/next")
            raise

    def survey(self) -> Survey:
        try:
            return self.inner.survey()
        except SyncError:
            self.send("https://elsewhere.invalid/next")
            raise


BROKEN: Mapping[type[Wrapper], str] = {
    SwallowsErrors: "fails_when_down",
    TakesHtmlForTheEnd: "fails_on_html",
    EndsOnAShortPage: "goes_on_after_a_short_page",
    DropsTheLastPage: "complete",
    IgnoresTheCount: "as_announced",
    LosesAPageOnResume: "resumable",
    TurnsPagesAround: "repeatable",
    ForgetsWhoseRecord: "unique",
    LetsTheFirstRecordWin: "pure",
    CountsItsCalls: "pure",
    LooksAtTheCalendar: "still",
    SaysItOfNobody: "to_the_point",
    TellsWhatItSaw: "fails_on_another_shape",
    FollowsAnywhere: "stays_at_home",
}
"""Each broken connector and the law that rejects it."""
