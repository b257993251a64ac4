"""Testing a connection: ask piece by piece, read a sample, and compare it all with the chosen mappings.

Nothing is stored. A sample is mapped as a sync would map it, by lookups that remember what they were asked for: what a
mapping lacks is then told of the very values that a sync would look up.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from itertools import groupby, islice, zip_longest

import msgspec

from rollcall.connectors.base import Connector, Inspector, Part, Step, Survey, records_of
from rollcall.domain.errors import NeedsAttention, OutOfTime, SourceTransient, SyncError
from rollcall.domain.inspection import (
    Check,
    Code,
    CodeTable,
    Findings,
    Recorder,
    Suggestion,
    compare,
    covers,
    in_words,
    may_show,
)
from rollcall.domain.mapping import Entity, Lookup
from rollcall.domain.standard import state_table, suggestion

MAX_RECORDS = 5_000
MAX_PAGES = 2
"""Of each part: a list without a total is known to be over only by the page after it."""
MAX_SUBJECTS = 20

_NOT_REACHED = "Not looked at in the time that a test may take."
_IN_VAIN = "Not looked at, because of what is said above."
_NOT_THERE = frozenset({"address_not_allowed", "endpoint_wrong", "endpoint_redirects", "endpoint_not_json"})
_ANY_WILL_DO = frozenset({"building", "academic_year"})
"""Entities of which a district need not map everything: schools that it leaves out, years that are over."""

log = logging.getLogger(__name__)


class Tally(msgspec.Struct):
    """What a sample shows of one stream: records counted, parts looked at, and how many of these have more."""

    count: int = 0
    parts: int = 0
    open: int = 0


def inspect(
    connector: Connector,
    inspector: Inspector,
    recorders: Mapping[Entity, Recorder],
    lookups: Mapping[Entity, Lookup],
    today: date,
    *,
    encrypted: bool,
) -> Findings:
    """Test one connection. ``connector`` looks up in ``recorders``; ``lookups`` are the mappings that were chosen."""
    checks, in_time = _ask(inspector.steps(), encrypted)
    tables: dict[Entity, CodeTable] = {}
    if in_time:
        permitted = all(check.ok for check in checks)
        checks += _read_tables(inspector, tables)
        checks.append(_count(connector, recorders, today, permitted))
        checks += _coverage(tables, recorders, lookups)
    else:
        checks.append(Check(name="counts", ok=None, detail=_IN_VAIN))
    ok = all(check.ok or (check.ok is False and _only_gaps(check)) for check in checks)
    return Findings(ok=ok, checks=checks, suggestions=_suggestions(tables, recorders) if tables else [])


def refused(error: SyncError) -> Findings:
    """The outcome when there is nothing to ask with, such as a secret that is missing."""
    return Findings(
        ok=False, checks=[Check(name="credentials", ok=False, detail=error.message)], suggestions=[]
    )


def _only_gaps(check: Check) -> bool:
    """A gap in a mapping costs values or records and stops no sync; without a school or a year there is none."""
    return check.coverage is not None and check.coverage.entity not in _ANY_WILL_DO


# ------------------------------------------------------------------------------------------------------------ asking


def _ask(steps: Sequence[Step], encrypted: bool) -> tuple[list[Check], bool]:
    """A check for every step, and whether anything beyond them can be asked."""
    checks: list[Check] = []
    for position, step in enumerate(steps):
        try:
            found = [Check(name=step.name, ok=True, detail=step.ask())]
            checks += _connected(encrypted) + found if position == 0 else found
            continue
        except OutOfTime:
            names = ("reachable", "tls", step.name) if position == 0 else (step.name,)
            found = [Check(name=name, ok=None, detail=_NOT_REACHED) for name in names]
            over, why = True, _NOT_REACHED
        except SyncError as error:
            log.info("test: %s failed, %s", step.name, error.code)
            found, over, why = [_failure(step, error)], _ends(step, error), _IN_VAIN
            if position == 0:
                found = _not_connected(found[0], error, encrypted)
        checks += found
        if over:
            checks += [Check(name=later.name, ok=None, detail=why) for later in steps[position + 1 :]]
            return checks, False
    return checks, True


def _failure(step: Step, error: SyncError) -> Check:
    advice = f" {step.grant}" if error.code == "permission_missing" and step.grant else ""
    return Check(name=step.name, ok=False, detail=error.message + advice)


def _ends(step: Step, error: SyncError) -> bool:
    return step.vital or isinstance(error, SourceTransient)


def _connected(encrypted: bool) -> list[Check]:
    """What the first answer proves beside itself."""
    detail = "The connection is encrypted, with a certificate that is valid for the address."
    if not encrypted:
        detail = "The address begins with http://, which only the local stack accepts: nothing is encrypted."
    return [
        Check(name="reachable", ok=True, detail="The address answers."),
        Check(name="tls", ok=True, detail=detail),
    ]


def _not_connected(failure: Check, error: SyncError, encrypted: bool) -> list[Check]:
    """The first failure, told as what it is: nobody there, no certificate, or no entry."""
    reachable, tls = _connected(encrypted)
    later = Check(name=failure.name, ok=None, detail=_IN_VAIN)
    if error.code == "tls_failed":
        return [reachable, msgspec.structs.replace(tls, ok=False, detail=failure.detail), later]
    if error.code in _NOT_THERE or not isinstance(error, NeedsAttention) or error.code == "host_not_found":
        return [
            msgspec.structs.replace(reachable, ok=False, detail=failure.detail),
            Check(name="tls", ok=None, detail=_IN_VAIN),
            later,
        ]
    return [reachable, tls, failure]


def _read_tables(inspector: Inspector, tables: dict[Entity, CodeTable]) -> list[Check]:
    """Fill ``tables``; a check only when that fails, because a SIS need not have any."""
    try:
        for table in inspector.codes():
            tables[table.entity] = table
    except OutOfTime:
        return [Check(name="code_tables", ok=None, detail=_NOT_REACHED)]
    except SyncError as error:
        return [Check(name="code_tables", ok=False, detail=error.message)]
    return []


# ------------------------------------------------------------------------------------------------------------ sample


def _count(connector: Connector, recorders: Mapping[Entity, Recorder], today: date, permitted: bool) -> Check:
    """Read a sample, map it, and say how many records of each kind there are."""
    if not permitted:
        return Check(name="counts", ok=None, detail=_IN_VAIN)
    try:
        sample = _sample(connector, recorders, today)
    except SyncError as error:
        return Check(name="counts", ok=False, detail=error.message)
    if not any(tally.parts for tally in sample.tallies.values()):
        return Check(name="counts", ok=None, detail=_NOT_REACHED)
    told = ", ".join(sample.in_words(stream) for stream in sample.tallies)
    return Check(name="counts", ok=True, detail=f"Records: {told}.")


def _sample(connector: Connector, recorders: Mapping[Entity, Recorder], today: date) -> _Sample:
    """Read the beginning of every part and map whom it speaks of, for what the recorders learn by it."""
    sample = _Sample(connector)
    with suppress(OutOfTime):
        try:
            sample.read()
        except SourceTransient as error:
            # A long list may take a SIS longer than somebody waits; a sync is more patient.
            if error.code != "source_timeout" or not sample.people:
                raise
    if sample.survey is None:
        return sample
    for recorder in recorders.values():
        recorder.seen.clear()
    for key, records in sample.people.items():
        connector.map(key, records, sample.survey, today)
    return sample


class _Sample:
    """What was read before the time or the measure was full."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._streams = {stream.name: stream for stream in connector.streams}
        self._ids: dict[str, list[str]] = defaultdict(list)
        self._received = 0
        self.survey: Survey | None = None
        self.people: dict[str, dict[str, list[bytes]]] = defaultdict(lambda: defaultdict(list))
        self.tallies: dict[str, Tally] = {}

    def read(self) -> None:
        """Raises ``OutOfTime`` with what is there so far."""
        survey = self.survey = self._connector.survey()
        lists = [part for part in survey.parts if not self._streams[part.stream].per]
        self.tallies = {part.stream: Tally() for part in lists}
        for part in _in_turn(lists):
            if self._received < MAX_RECORDS:
                self._count(part)
        for part in survey.parts:
            over = self._streams[part.stream].per
            if over and self._ids[over]:
                self._pages(part, self._ids[over][:MAX_SUBJECTS])

    def in_words(self, stream: str) -> str:
        """``students 412``, or ``students at least 412`` when not every part was counted to its end."""
        tally, parts = self.tallies[stream], self.survey.parts if self.survey else []
        exact = not tally.open and tally.parts == sum(part.stream == stream for part in parts)
        return f"{stream} {'' if exact else 'at least '}{tally.count}"

    def _count(self, part: Part) -> None:
        before, (announced, ended) = self._received, self._pages(part)
        tally, received = self.tallies[part.stream], self._received - before
        tally.count += received if announced is None else max(announced, received)
        tally.open += announced is None and not ended
        tally.parts += 1

    def _pages(self, part: Part, subjects: Sequence[str] = ()) -> tuple[int | None, bool]:
        """Read some pages: how many records the SIS announced for all of them, and whether it was all."""
        announced, ended = None, False
        for page in islice(self._connector.pages(part, None, subjects), max(MAX_PAGES, len(subjects))):
            for record in records_of(self._connector, part.stream, page):
                self._received += 1
                self._ids[part.stream].append(record.id)
                for key in record.people:
                    self.people[key][part.stream].append(bytes(record.raw))
            announced, ended = page.announced, page.cursor is None
        return announced, ended


def _in_turn(parts: Iterable[Part]) -> Iterator[Part]:
    """The first part of every stream, then the second of each, so that a short sample has something of all."""
    streams = [list(group) for _, group in groupby(parts, key=lambda part: part.stream)]
    for turn in zip_longest(*streams):
        yield from (part for part in turn if part is not None)


# ---------------------------------------------------------------------------------------------------------- mappings


def _coverage(
    tables: Mapping[Entity, CodeTable], recorders: Mapping[Entity, Recorder], lookups: Mapping[Entity, Lookup]
) -> list[Check]:
    checks = []
    sampled = any(recorder.seen for recorder in recorders.values())
    for entity, lookup in sorted(lookups.items()):
        seen = recorders[entity].seen if entity not in _ANY_WILL_DO else Counter[str]()
        if entity not in tables and not seen:
            continue
        found = compare(entity, tables.get(entity), seen, lookup)
        if entity in _ANY_WILL_DO:
            enough = found.mapped > 0
        elif sampled:
            # Code tables hold much that nobody has.
            enough = all(covers(lookup, value) for value in seen)
        else:
            enough = found.mapped == found.total
        checks.append(Check(name=f"coverage.{entity}", ok=enough, detail=in_words(found), coverage=found))
    return checks


def _suggestions(
    tables: Mapping[Entity, CodeTable], recorders: Mapping[Entity, Recorder]
) -> list[Suggestion]:
    """A first mapping for every entity: of its code table, else of what the sample holds. Allergies are no codes."""
    found: dict[Entity, CodeTable] = {"state": state_table(), **tables}
    for entity, recorder in recorders.items():
        shown = [Code(value) for value in sorted(recorder.seen) if may_show(value, recorder.seen[value])]
        table = found.get(entity, CodeTable(entity, (), open=entity != "allergy"))
        if table.open and shown:
            known = {code.value for code in table.codes}
            more = tuple(code for code in shown if code.value not in known)
            found[entity] = CodeTable(entity, table.codes + more)
    return [suggestion(found[entity]) for entity in sorted(found)]
