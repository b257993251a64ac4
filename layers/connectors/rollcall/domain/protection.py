"""Hand edits that the SIS does not overwrite: what of a person stays as somebody wants it, until they release it.

A protection says not only which fields stay but how: it holds their values, as they stood when it was made or as they
were written by hand. So whatever a run that began before it may still write, the next run puts back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

import msgspec
from msgspec.structs import replace
from pydantic import AwareDatetime

from rollcall.domain.audit import Action, AuditRecord, FieldChange, audit_record
from rollcall.domain.form import Record
from rollcall.domain.person import Person, PersonType, decode_person, encode_person

PROTECTABLE = tuple(name for name in Person.__struct_fields__ if name not in ("type", "source_id"))
"""Fields that can be kept as they are: all but those that say who somebody is."""

WRITABLE = (
    *("first_name", "middle_name", "last_name", "suffix", "birth_date"),
    *("gender", "ethnicity", "races", "language", "phones"),
)
"""Fields that can be written by hand: plain facts about one person. What must be unique, or hangs together with other
fields or people, is only kept as it is.
"""

REMEMBERED = timedelta(days=30)
"""How long runs look again at a person whose protection is over: every integration brings them up to date by then."""


class Protection(Record):
    """What of one person stays. Without ``fields`` it is all of them. ``kept`` is a person's document with the
    protected fields alone, ``written`` names those that were written by hand; both are blank once it is released.
    ``until`` is the last day, in the district's zone.
    """

    district_id: str
    person_id: str
    person_type: PersonType
    source_id: str
    fields: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    kept: str
    reason: str
    until: date | None = None
    set_by: str
    set_at: AwareDatetime
    released_on: date | None = None
    version: int = 1

    @property
    def whole(self) -> bool:
        """Whether all of the person is protected."""
        return not self.fields

    def covers(self, field: str) -> bool:
        """Whether a field is protected."""
        return self.whole or field in self.fields

    def in_force(self, today: date) -> bool:
        """Whether it counts on a day."""
        return self.released_on is None and (self.until is None or today <= self.until)

    def concerns(self, today: date) -> bool:
        """Whether a run on a day must look at the person: it counts, or did until lately."""
        over = self.released_on or self.until
        return self.in_force(today) or (over is not None and today <= over + REMEMBERED)

    def over(self, person: Person, among: Collection[str] = PROTECTABLE) -> Person:
        """The person with what is protected as it is to stay, as far as it is ``among`` these fields."""
        kept = decode_person(self.kept)
        names = [name for name in self.fields or PROTECTABLE if name in among]
        return replace(person, **{name: getattr(kept, name) for name in names})

    def released(self, today: date, by: str, at: AwareDatetime) -> Protection:
        """The same, over: who and when is remembered, the person's values are not."""
        blank = {"written": (), "kept": "", "reason": ""}
        over = {"released_on": today, "set_by": by, "set_at": at, "version": self.version + 1}
        return self.model_copy(update={**blank, **over})


def keep(person: Person, fields: Iterable[str]) -> str:
    """The document of a person's ``fields`` alone; of all of them if none is named."""
    names = tuple(fields) or PROTECTABLE
    who = Person(type=person.type, source_id=person.source_id)
    return encode_person(replace(who, **{name: getattr(person, name) for name in names})).decode()


def protection_audit(before: Protection | None, after: Protection, request_id: str) -> AuditRecord:
    """That somebody protected or released a person: names of fields and never a value, nor what was said of it."""
    old = before if before and before.released_on is None else None
    now = after if after.released_on is None else None
    known, given = set(old.written) if old else set(), set(now.written) if now else set()
    changes = [
        FieldChange(field=field, before=was, after=becomes)
        for field, was, becomes in (
            ("fields", _fields(old), _fields(now)),
            ("until", _until(old), _until(now)),
            *(
                (f"values.{name}", *_said(name in known, name in given))
                for name in WRITABLE
                if name in known | given
            ),
        )
        if was != becomes
    ]
    what: Action = "person.protected" if now else "person.released"
    return audit_record(
        after.district_id, after.set_at, after.set_by, request_id, what, after.person_id, changes
    )


def written_values(protection: Protection) -> dict[str, object]:
    """What was written by hand, by field, as plain data."""
    if not protection.written:
        return {}
    kept = decode_person(protection.kept)
    return {name: msgspec.to_builtins(getattr(kept, name)) for name in protection.written}


def _said(known: bool, given: bool) -> tuple[str | None, str | None]:
    return ("set" if known else None), ("replaced" if known else "set") if given else None


def _fields(protection: Protection | None) -> tuple[str, ...] | None:
    return (protection.fields or ("all",)) if protection else None


def _until(protection: Protection | None) -> str | None:
    return protection.until.isoformat() if protection and protection.until else None
