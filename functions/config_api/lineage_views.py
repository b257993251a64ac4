"""What the API answers of where values come from, what became of a person, and which files a run left."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from config_api.people_views import person_view
from config_api.views import View
from rollcall.domain.lineage import RULES, FieldLineage, Lineage, Matched, Scalar
from rollcall.domain.mapping import Entity
from rollcall.domain.person import PersonType
from rollcall.domain.plan import Change, ChangeKind
from rollcall.domain.run import Run, Trigger

Outcome = Literal["applied", "waiting", "refused"]


class RawValueView(View):
    """One value as the SIS sent it: in which list and record, and the path that leads to it there.

    The stream `survey`, which has no records, is what the SIS said of itself, such as the numbers of its schools.
    """

    stream: str
    record_id: str
    path: str
    value: Scalar


class TranslationView(View):
    """The entry of a code mapping, in the version that the run used, that made `value` of `external`."""

    entity: Entity
    mapping_id: str
    mapping_name: str
    version: int
    external: str
    entry: str
    value: str
    matched: Matched


class RuleView(View):
    """What Rollcall itself decided, in a sentence."""

    code: str
    message: str


class FieldView(View):
    """One value of a person, under its path, with all that it hangs on."""

    field: str
    value: Scalar
    sources: list[RawValueView]
    translations: list[TranslationView]
    settings: list[str]
    rule: RuleView | None


class SourceRecordView(View):
    """A raw record that speaks of the person, and when and by which run it was received."""

    stream: str
    id: str
    run_id: str
    received_on: date
    carried_over: bool


class LineageView(View):
    """Where every value of a person comes from, by one run."""

    person_id: str
    type: PersonType
    run_id: str
    integration_id: str
    current: bool = Field(
        description="Whether the run is the last word: then these are the stored values, otherwise what the run made"
    )
    complete: bool = Field(description="False when there were more raw values than are tried out")
    issues: list[str] = Field(description="Codes of what was wrong with the person's records")
    kept_until: datetime
    records: list[SourceRecordView]
    fields: list[FieldView]


class FieldChangeView(View):
    """One field, before and after."""

    field: str
    before: Any
    after: Any


class HistoryView(View):
    """What one run did to a person. A change that waits is held, one that was refused was never written."""

    run_id: str
    integration_id: str
    trigger: Trigger
    at: datetime
    kind: ChangeKind
    dropped: bool
    outcome: Outcome
    fields: list[FieldChangeView]


class ReceivedPageView(View):
    """One answer of the SIS, under its name in the archive; `records` is null where it could not be read.

    `superseded`: its part was read once more, and this page was not used.
    """

    name: str
    stream: str
    part: str
    bytes: int
    records: int | None
    superseded: bool


class CarriedView(View):
    """Records that the run knew without receiving them: from which earlier run, and when that received them."""

    stream: str
    run_id: str
    received_on: date
    records: int


class ProcessedView(View):
    """What the run made of what it received: how many files, and their size as stored, which is packed."""

    name: Literal["people", "changes", "issues"]
    files: int
    stored_bytes: int


class RunFilesView(View):
    """The files of a run. What was carried over and processed is told with the first page of the list."""

    run_id: str
    received_on: date
    kept_until: datetime
    carried: list[CarriedView]
    processed: list[ProcessedView]
    items: list[ReceivedPageView]
    next: str | None


def lineage_view(
    person_id: str, person_type: PersonType, run: Run, lineage: Lineage, until: datetime
) -> LineageView:
    """A lineage as it is shown."""
    return LineageView(
        person_id=person_id,
        type=person_type,
        run_id=run.id,
        integration_id=run.integration_id,
        current=lineage.current,
        complete=lineage.complete,
        issues=list(lineage.issues),
        kept_until=until,
        records=[
            SourceRecordView(
                stream=record.stream,
                id=record.id,
                run_id=record.run_id,
                received_on=record.received_on,
                carried_over=record.run_id != run.id,
            )
            for record in lineage.records
        ],
        fields=[_field_view(field) for field in lineage.fields],
    )


def history_view(run: Run, change: Change, outcome: Outcome) -> HistoryView:
    """A change as part of a person's history. Of somebody who is added, every field that is not blank is told."""
    after = person_view(change.after).model_dump(mode="json")
    before = person_view(change.before).model_dump(mode="json") if change.before else {}
    names = change.fields if change.before else [name for name in after if after[name] not in (None, [], "")]
    return HistoryView(
        run_id=run.id,
        integration_id=run.integration_id,
        trigger=run.trigger,
        at=run.ended_at or run.started_at or run.queued_at,
        kind=change.kind,
        dropped=change.dropped,
        outcome=outcome,
        fields=[FieldChangeView(field=name, before=before.get(name), after=after[name]) for name in names],
    )


def _field_view(field: FieldLineage) -> FieldView:
    return FieldView(
        field=field.field,
        value=field.value,
        sources=[RawValueView(**_plain(raw)) for raw in field.sources],
        translations=[TranslationView(**_plain(entry)) for entry in field.translations],
        settings=list(field.settings),
        rule=RuleView(code=field.rule, message=RULES[field.rule]) if field.rule else None,
    )


def _plain(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
