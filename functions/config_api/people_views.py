"""What the API answers of people, and of what a run does to them. Closed, like all views."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from pydantic import Field

from config_api.brief_views import BriefView
from config_api.judgement import HeldAs, Judgement
from config_api.judgement_views import ProofsView
from config_api.views import View
from rollcall.domain.family import LARGE_FAMILY
from rollcall.domain.person import PersonType, Severity, Status
from rollcall.domain.plan import Change, ChangeKind, StoredPerson


class IssueView(View):
    """One thing wrong with one record."""

    severity: Severity
    code: str
    person: str | None
    person_type: PersonType | None
    source_id: str | None
    field: str | None
    value: str | None
    message: str
    fix: str


class PhoneView(View):
    """A phone number, digits only."""

    number: str
    type: str


class AddressView(View):
    """An address."""

    type: str
    street: str | None
    city: str | None
    state: str | None
    postal_code: str | None


class EnrollmentView(View):
    """One stay at one school."""

    school: str
    school_year: str | None
    grade: str | None
    homeroom: str | None
    start_date: str | None
    drop_date: str | None
    primary: bool


class ContactView(View):
    """A student's tie to a contact."""

    person_id: str
    relationship: str | None
    priority: int
    lives_with: bool


class ReasonView(View):
    """Why people were kept out of the media application, and how many."""

    code: str
    count: int
    message: str
    fix: str


class ImportSummaryView(View):
    """What a run means to the media application, by member type.

    ``blocked`` people are kept out for one of the ``reasons``; ``rejected`` records could not be read at all.
    """

    run_id: str
    imported: dict[PersonType, int]
    staff_who_are_parents: int
    blocked: dict[PersonType, int]
    rejected: dict[PersonType, int]
    reasons: list[ReasonView]


class TwinView(View):
    """What was decided about a parent: the member of staff who they are too, or null for nobody. ``contact`` and
    ``staff`` say who these are, while they are known.
    """

    contact_id: str
    staff_id: str | None
    contact: BriefView | None
    staff: BriefView | None
    decided_by: str
    decided_at: datetime


class TwinCandidateView(View):
    """A parent and a member of staff of one name, who may be one person; with what was decided of the parent."""

    contact: BriefView
    staff: BriefView
    decision: TwinView | None


class MediaView(View):
    """A person's place in the media application's roster."""

    status: Literal["invited", "blocked", "uninvited"]
    reasons: list[str]
    opt_out: bool
    same_as: str | None


class PhotoView(View):
    """A person's photo: where it is read, and the SHA-256 of its bytes, which moves when the photo does."""

    url: str
    sha256: str


class PersonView(View):
    """A person."""

    id: str
    type: PersonType
    status: Status
    integration_id: str
    source_id: str
    local_id: str | None
    state_id: str | None
    pos_id: str | None
    host_id: str | None
    first_name: str | None
    middle_name: str | None
    last_name: str | None
    suffix: str | None
    birth_date: str | None
    gender: str | None
    ethnicity: str | None
    races: list[str]
    language: str | None
    email: str | None
    phones: list[PhoneView]
    addresses: list[AddressView]
    grade: str | None
    enrollments: list[EnrollmentView]
    schools: list[str]
    family_id: str | None
    contacts: list[ContactView]
    allergies: list[str]
    photo: PhotoView | None
    grad_year: int | None
    media: MediaView | None


class ChangeView(View):
    """One person's change, whole before and whole after; ``fields`` names what differs."""

    kind: ChangeKind
    type: PersonType
    person_id: str
    before: PersonView | None
    after: PersonView
    fields: list[str]
    held: HeldAs | None = Field(description="What became of a change that waited for a person")
    proofs: ProofsView | None = Field(description="Why somebody who is not in the file may be ended")


class FamilyView(View):
    """A family. ``size`` counts the students who are active; ``identifier_fields`` are those that must match."""

    id: str
    members: list[PersonView]
    size: int
    identifier_fields: list[str]
    implausible: bool


def person_view(stored: StoredPerson) -> PersonView:
    """A person with every field, also those that the stored document leaves out."""
    fields = {"id": stored.id, "integration_id": stored.integration_id, **_fields(stored.person)}
    if stored.person.photo:
        url = f"/v1/districts/{stored.district_id}/people/{stored.id}/photo"
        fields["photo"] = {"url": url, "sha256": stored.person.photo}
    return PersonView.model_validate(fields)


def family_view(family_id: str, members: Sequence[StoredPerson], identifier: Sequence[str]) -> FamilyView:
    """A family with everybody who was ever in it and is stored."""
    size = sum(member.person.status == "active" for member in members)
    return FamilyView(
        id=family_id,
        members=[person_view(person) for person in members],
        size=size,
        identifier_fields=list(identifier),
        implausible=size > LARGE_FAMILY,
    )


def change_view(change: Change, judgement: Judgement) -> ChangeView:
    """A change of a plan, and how it was judged."""
    proofs = judgement.proofs(change)
    return ChangeView(
        kind=change.kind,
        type=change.type,
        person_id=change.after.id,
        before=person_view(change.before) if change.before else None,
        after=person_view(change.after),
        fields=list(change.fields),
        held=judgement.held_as(change),
        proofs=ProofsView.model_validate(msgspec.to_builtins(proofs)) if proofs else None,
    )


def _fields(struct: Any) -> Any:
    """A struct as plain data with its defaults, which its own encoding leaves out."""
    if isinstance(struct, msgspec.Struct):
        return {name: _fields(getattr(struct, name)) for name in struct.__struct_fields__}
    if isinstance(struct, tuple):
        return [_fields(element) for element in struct]
    return struct
