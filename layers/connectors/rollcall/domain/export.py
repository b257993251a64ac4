"""Exports: files of a whole district for one application, and the template of the nutrition file."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from rollcall.domain.destinations import Destination
from rollcall.domain.form import ONE_LINE, FieldError, Form, Record, raise_if_any, repeated

ExportKind = Literal[
    "nutrition_students",
    "media_users",
    "media_relationships",
    "media_groups",
    "media_memberships",
    "oneroster",
    "run_received",
    "run_processed",
]
RUN_KINDS: frozenset[ExportKind] = frozenset({"run_received", "run_processed"})
"""Archives of one run: its pages as received, or what it made of them. All others are files for an application."""

ExportState = Literal["queued", "running", "completed", "failed"]

StudentField = Literal[
    "local_id",
    "state_id",
    "pos_id",
    "source_id",
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "birth_date",
    "gender",
    "ethnicity",
    "races",
    "language",
    "email",
    "school",
    "school_year",
    "grade",
    "homeroom",
    "start_date",
    "other_schools",
    "family_id",
    "home_phone",
    "mobile_phone",
    "street",
    "city",
    "state",
    "postal_code",
    "mailing_street",
    "mailing_city",
    "mailing_state",
    "mailing_postal_code",
    "guardian_first_name",
    "guardian_last_name",
    "guardian_relationship",
    "guardian_phone",
    "guardian_email",
    "allergies",
]
"""What a column of the nutrition file may hold. ``school`` and what follows it are of the primary enrollment,
``guardian_…`` of the contact who comes first; ``races``, ``other_schools`` and ``allergies`` are lists."""

SILENT = timedelta(minutes=20)
"""Whoever makes an export is heard of every few seconds, and may start late by a quarter of an hour."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=60), *ONE_LINE]


class Column(Form):
    """One column: its heading, what it holds, and how many characters of that at most."""

    name: Word
    field: StudentField
    length: int | None = Field(default=None, ge=1, le=1000)


class Template(Form):
    """How a district wants its nutrition file. ``list_separator`` stands between the allergies of one student."""

    columns: Annotated[list[Column], Field(min_length=1, max_length=100)]
    delimiter: Literal[",", ";", "\t", "|"] = ","
    list_separator: Annotated[
        str, StringConstraints(min_length=1, max_length=5, strip_whitespace=False), *ONE_LINE
    ] = "; "

    def check(self) -> None:
        """Raise ``Invalid`` unless every column has a name of its own."""
        raise_if_any(
            FieldError(field=f"{error.field}.name", code=error.code, message=error.message)
            for error in repeated("columns", (column.name for column in self.columns))
        )


class ExportTemplate(Record):
    """A district's own template as stored."""

    district_id: str
    template: Template
    version: int
    updated_at: AwareDatetime


class ExportOptions(Form):
    """``bom`` begins a CSV file with a byte order mark, by which Excel knows UTF-8.

    ``destination`` says for whom a OneRoster package is; without it, for the nutrition application.
    """

    bom: bool | None = None
    destination: Destination | None = None


class ExportForm(Form):
    """An export as asked for."""

    kind: ExportKind
    options: ExportOptions = ExportOptions()
    run_id: Annotated[str, StringConstraints(max_length=64)] | None = None

    def check(self) -> None:
        """Raise ``Invalid`` for options that mean nothing to this kind, and for an archive of no run."""
        of_run = self.kind in RUN_KINDS
        wrong = ["bom"] if of_run or self.kind == "oneroster" else []
        wrong += ["destination"] if self.kind != "oneroster" else []
        given = {f"options.{name}": getattr(self.options, name) for name in wrong}
        given |= {} if of_run else {"run_id": self.run_id}
        message = f"This has no meaning for {self.kind}; leave it out."
        errors = [
            FieldError(field=field, code="not_for_kind", message=message)
            for field, value in given.items()
            if value is not None
        ]
        if of_run and self.run_id is None:
            errors.append(
                FieldError(field="run_id", code="required", message="Say which run it is to be of.")
            )
        raise_if_any(errors)


class ExportFailure(Record):
    """Why an export ended badly: a stable code and a sentence for the administrator."""

    code: str
    message: str


class ReceivedChunk(Record):
    """Some pages of a run that were received together. ``superseded``: their part was read once more."""

    stream: str
    part: str
    superseded: bool = False


class ExportedRun(Record):
    """What making an archive of a run needs to know of it."""

    id: str
    integration_id: str
    integration_name: str
    system: str
    chunks: tuple[ReceivedChunk, ...] = ()


class Export(Record):
    """An export as stored, with all that making it needs to know of the district.

    ``integration_ids`` are those that feed the nutrition application; who is in the media roster says so in person.
    ``people`` counts who has been looked at, or of a ``run`` the files, ``rows`` what was written, ``shortened`` the
    cells that were cut to the length of their column.
    """

    id: str
    district_id: str
    district_name: str
    school_year: str
    integration_ids: tuple[str, ...] = ()
    kind: ExportKind
    options: ExportOptions
    template: Template | None = None
    run: ExportedRun | None = None
    requested_by: str
    requested_at: AwareDatetime
    state: ExportState = "queued"
    attempts: int = 0
    people: int = 0
    rows: int = 0
    shortened: int = 0
    size: int | None = None
    error: ExportFailure | None = None
    started_at: AwareDatetime | None = None
    updated_at: AwareDatetime
    ended_at: AwareDatetime | None = None

    @property
    def ended(self) -> bool:
        """True when nothing will change any more."""
        return self.state in ("completed", "failed")

    @property
    def destination(self) -> Destination:
        """Whose view of the people the file shows."""
        if self.kind == "oneroster":
            return self.options.destination or "nutrition"
        return "nutrition" if self.kind == "nutrition_students" else "media"

    @property
    def file_name(self) -> str:
        """What the file is called, by whom and when it was asked for."""
        if self.run is not None:
            return f"{self.run.id}-{self.kind.removeprefix('run_')}.zip"
        day = self.requested_at.date().isoformat()
        kind = f"oneroster-{self.destination}" if self.kind == "oneroster" else self.kind.replace("_", "-")
        return f"{self.district_id}-{kind}-{day}.{'zip' if self.kind == 'oneroster' else 'csv'}"

    def seen(self, now: datetime) -> Export:
        """The export as it is to be shown: one that has not been heard of for too long has failed."""
        if self.ended or now - self.updated_at < SILENT:
            return self
        failure = ExportFailure(
            code="export_stopped", message="The export stopped without a word; ask for it again."
        )
        return self.model_copy(update={"state": "failed", "error": failure})


_COLUMNS: tuple[tuple[str, StudentField, int], ...] = (
    ("Student ID", "local_id", 20),
    ("State ID", "state_id", 20),
    ("PIN", "pos_id", 20),
    ("First Name", "first_name", 50),
    ("Middle Name", "middle_name", 50),
    ("Last Name", "last_name", 50),
    ("Suffix", "suffix", 10),
    ("Birth Date", "birth_date", 10),
    ("Gender", "gender", 20),
    ("Ethnicity", "ethnicity", 50),
    ("Race", "races", 100),
    ("Language", "language", 50),
    ("School", "school", 50),
    ("School Year", "school_year", 7),
    ("Grade", "grade", 10),
    ("Homeroom", "homeroom", 50),
    ("Enrollment Date", "start_date", 10),
    ("Family ID", "family_id", 40),
    ("Street", "street", 100),
    ("City", "city", 50),
    ("State", "state", 20),
    ("Postal Code", "postal_code", 10),
    ("Home Phone", "home_phone", 20),
    ("Guardian First Name", "guardian_first_name", 50),
    ("Guardian Last Name", "guardian_last_name", 50),
    ("Guardian Phone", "guardian_phone", 20),
    ("Guardian Email", "guardian_email", 100),
    # Domain sheet §5: the products take 50 characters of allergies.
    ("Allergies", "allergies", 50),
)

DEFAULT = Template(
    columns=[Column(name=name, field=field, length=length) for name, field, length in _COLUMNS]
)
"""The template of a district that has none of its own."""
